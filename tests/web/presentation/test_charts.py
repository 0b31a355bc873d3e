"""Charts: well-formed SVG that is told to those who do not see it, and that holds whatever it is given."""

import re
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from houblon.web.presentation.charts import HEIGHT, WIDTH, Caption, Mark, bars, columns, curve

NAMES = st.text(max_size=12).map(lambda text: re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", "", text))
AMOUNTS = st.integers(-1_000_000, 10_000_000_000).map(lambda cents: cents / 100)


def caption():
    return Caption("essai", "<Titre> & « titre »", "Ce qu'il montre")


def checked(chart):
    """The drawing, whose numbers are all finite, and in which nothing is styled in place."""
    root = ElementTree.fromstring(str(chart))
    assert root.get("role") == "img" and root.get("aria-labelledby") == "essai-title essai-desc"
    assert root.find("title").text == "<Titre> & « titre »" and root.find("desc").text == "Ce qu'il montre"
    assert "style=" not in chart and not re.search(r"\b(nan|inf)\b", str(chart))
    return root


@given(st.lists(st.tuples(NAMES, AMOUNTS, AMOUNTS), min_size=1, max_size=70))
def test_columns_stand_on_the_axis_and_stay_inside(rows):
    names, after, before = zip(*rows, strict=True)
    root = checked(columns(caption(), names, after, before, ("après", "avant"), str))
    drawn = [each for each in root.iter("rect") if each.get("height") != "12"]
    assert len(drawn) >= len(rows) - 1
    for each in drawn:
        assert 0 <= float(each.get("y")) <= HEIGHT and float(each.get("height")) >= 0
        assert float(each.get("x")) >= 0 and float(each.get("x")) + float(each.get("width")) <= WIDTH


@given(
    st.lists(st.tuples(st.integers(-1_000, 100_000), AMOUNTS), min_size=2, max_size=27, unique_by=lambda each: each[0])
)
def test_a_curve_goes_through_its_points_and_marks_the_chosen_one(points):
    points = sorted(points)
    chosen = points[len(points) // 2]
    marks = [Mark(chosen[0], "choisi : <b>", "chosen"), Mark(points[0][0], "avant", "earlier")]
    root = checked(curve(caption(), points, marks, str, str))
    dots = [(float(each.get("cx")), float(each.get("cy"))) for each in root.iter("circle")]
    line = next(each for each in root.iter("path") if each.get("class") == "after line").get("d")
    assert all(f"{_short(x)} {_short(y)}" in line for x, y in dots)
    assert len(dots) == 2 and any(each.text == "choisi : <b>" for each in root.iter("text"))


@given(st.lists(st.tuples(NAMES, AMOUNTS, NAMES), min_size=1, max_size=8))
def test_bars_are_as_long_as_their_share(rows):
    root = checked(bars(caption(), rows))
    lengths = [float(each.get("width")) for each in root.iter("rect") if each.get("class") == "after"]
    most = max(1, *(abs(value) for _, value, _ in rows))
    assert all(abs(length - WIDTH * abs(row[1]) / most) < 0.01 for length, row in zip(lengths, rows, strict=True))


def _short(value):
    return f"{value:.2f}".rstrip("0").rstrip(".")

"""Charts as SVG drawn on the server: no script, no inline style, readable in print and in grey.

What a chart shows is told by its title and description to those who do not see it; the page puts the
figures in a table beside it. Shapes differ as well as colours: filled columns beside a dashed line.
Classes are coloured by `simulations.css`; sizes are those of a phone, so that text stays readable there.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from xml.etree.ElementTree import Element, SubElement, tostring  # nosec B405 - written here, never parsed

import msgspec
from markupsafe import Markup

WIDTH, HEIGHT = 360, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 54, 18, 46, 30
_ROW, _BAR = 44, 12
Label = Callable[[float], str]


class Caption(msgspec.Struct, frozen=True):
    """Who a chart is: an id of its own on the page, its title, what it shows in a sentence."""

    id: str
    title: str
    summary: str


class Mark(msgspec.Struct, frozen=True):
    """A value on the horizontal axis that is worth a line: `chosen` or `earlier`, and its label."""

    at: float
    label: str
    kind: str


def columns(
    caption: Caption,
    names: Sequence[str],
    after: Sequence[float],
    before: Sequence[float],
    keys: tuple[str, str],
    label: Label,
) -> Markup:
    """A column for each name of `after`, and a dashed line of steps for `before`; `keys` name them in that order."""
    svg, plot = _frame(caption)
    low, high, step = _scale(min(0.0, *after, *before), max(*after, *before, 1.0))
    y = _line(low, high, HEIGHT - _BOTTOM, _TOP)
    _across(plot, low, high, step, y, label)
    band = (WIDTH - _LEFT - _RIGHT) / len(names)
    for place, value in enumerate(after):
        top = y(max(value, 0))
        size = max(abs(y(value) - y(0)), 0)
        _shape(plot, "rect", "after", x=_LEFT + band * (place + 0.14), y=top, width=band * 0.72, height=size)
    corners = [(_LEFT + band * (place + side), y(value)) for place, value in enumerate(before) for side in (0, 1)]
    _shape(plot, "path", "before", d=_path(corners))
    for place in _some(len(names), 3):
        _text(plot, names[place], _LEFT + band * (place + 0.5), HEIGHT - 10, "tick", "middle")
    _legend(plot, keys)
    return _written(svg)


def curve(
    caption: Caption, points: Sequence[tuple[float, float]], marks: Sequence[Mark], across: Label, up: Label
) -> Markup:
    """A line through the points, with a vertical line at each mark, its label above."""
    svg, plot = _frame(caption)
    heights = [value for _, value in points]
    low, high, step = _scale(min(heights), max(heights))
    y = _line(low, high, HEIGHT - _BOTTOM, _TOP)
    x = _line(points[0][0], points[-1][0], _LEFT, WIDTH - _RIGHT)
    _across(plot, low, high, step, y, up)
    first, last = points[0][0], points[-1][0]
    for at in _round_values(first, last):
        _shape(plot, "path", "axis", d=_path([(x(at), HEIGHT - _BOTTOM), (x(at), HEIGHT - _BOTTOM + 4)]))
        _text(plot, across(at), x(at), HEIGHT - 10, "tick", "middle")
    _shape(plot, "path", "after line", d=_path([(x(at), y(value)) for at, value in points]))
    # Labels one above the other, and all to the side where there is room: no line crosses a label so.
    to_right = sum(x(mark.at) for mark in marks) < len(marks) * WIDTH * 0.55
    anchor = "start" if to_right else "end"
    for row, mark in enumerate(sorted(marks, key=lambda each: each.at, reverse=not to_right)):
        place, height = x(mark.at), 14 + 16 * row
        _shape(plot, "path", f"mark {mark.kind}", d=_path([(place, height + 4), (place, HEIGHT - _BOTTOM)]))
        _text(plot, mark.label, place + (4 if anchor == "start" else -4), height, f"label {mark.kind}", anchor)
        for at, value in points:
            if at == mark.at:
                _shape(plot, "circle", f"dot {mark.kind}", cx=place, cy=y(value), r=4)
    return _written(svg)


def bars(caption: Caption, rows: Sequence[tuple[str, float, str]]) -> Markup:
    """A bar for each row, `(name, value, value as text)`, the names above and the texts at the end."""
    svg, plot = _frame(caption, _ROW * len(rows) + 6)
    most = max([abs(value) for _, value, _ in rows] + [1])
    for place, (name, value, said) in enumerate(rows):
        top = _ROW * place
        _text(plot, name, 0, top + 16, "name", "start")
        _text(plot, said, WIDTH, top + 16, "figure", "end")
        _shape(plot, "rect", "rest", x=0, y=top + 22, width=WIDTH, height=_BAR)
        _shape(plot, "rect", "after", x=0, y=top + 22, width=WIDTH * abs(value) / most, height=_BAR)
    return _written(svg)


def _frame(caption: Caption, height: float = HEIGHT) -> tuple[Element, Element]:
    svg = Element("svg", {"class": "chart", "viewBox": f"0 0 {WIDTH} {_figure(height)}", "role": "img"})
    svg.set("aria-labelledby", f"{caption.id}-title {caption.id}-desc")
    SubElement(svg, "title", {"id": f"{caption.id}-title"}).text = caption.title
    SubElement(svg, "desc", {"id": f"{caption.id}-desc"}).text = caption.summary
    # Read once, as one picture: its texts are in the description and in the table.
    return svg, SubElement(svg, "g", {"aria-hidden": "true"})


def _across(plot: Element, low: float, high: float, step: float, y: Callable[[float], float], label: Label) -> None:
    """Horizontal lines at round values, each with its label."""
    for place in range(round((high - low) / step) + 1):
        value = low + step * place
        kind = "axis" if place == 0 else "grid"
        _shape(plot, "path", kind, d=_path([(_LEFT, y(value)), (WIDTH - _RIGHT, y(value))]))
        _text(plot, label(value), _LEFT - 6, y(value) + 4, "tick", "end")


def _legend(plot: Element, keys: tuple[str, str]) -> None:
    after, before = keys
    _shape(plot, "rect", "after", x=_LEFT, y=8, width=14, height=12)
    _text(plot, after, _LEFT + 20, 18, "key", "start")
    middle = (WIDTH + _LEFT) / 2
    _shape(plot, "path", "before", d=_path([(middle, 14), (middle + 24, 14)]))
    _text(plot, before, middle + 30, 18, "key", "start")


def _scale(least: float, most: float) -> tuple[float, float, float]:
    """Round ends and a round step for an axis that holds all values in some four steps."""
    span = max(most - least, abs(most) * 0.02, 1e-9)
    power = 10 ** math.floor(math.log10(span / 4))
    step = next(power * each for each in (1, 2, 2.5, 5, 10) if power * each * 4 >= span * 0.999)
    low = math.floor(least / step + 1e-9) * step
    return low, max(math.ceil(most / step - 1e-9) * step, low + step), step


def _round_values(first: float, last: float) -> list[float]:
    """Round values between the two, some four."""
    _low, _high, step = _scale(first, last)
    return [step * place for place in range(math.ceil(first / step - 1e-9), math.floor(last / step + 1e-9) + 1)]


def _line(start: float, end: float, first: float, last: float) -> Callable[[float], float]:
    """The straight line that takes `start` to `first` and `end` to `last`."""
    slope = (last - first) / ((end - start) or 1)
    return lambda value: first + (value - start) * slope


def _some(count: int, most: int) -> list[int]:
    """At most `most` places of `count`, evenly, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return sorted({round(place * (count - 1) / (most - 1)) for place in range(most)})


def _path(corners: Sequence[tuple[float, float]]) -> str:
    kept = [corners[0], *(there for here, there in pairwise(corners) if there != here)]
    return "M" + "L".join(f"{_figure(x)} {_figure(y)}" for x, y in kept)


def _shape(parent: Element, tag: str, kind: str, **attributes: float | str) -> None:
    said = {name: value if isinstance(value, str) else _figure(value) for name, value in attributes.items()}
    SubElement(parent, tag, {"class": kind, **said})


def _text(parent: Element, words: str, x: float, y: float, kind: str, anchor: str) -> None:
    said = {"class": kind, "x": _figure(x), "y": _figure(y), "text-anchor": anchor}
    SubElement(parent, "text", said).text = words


def _figure(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _written(svg: Element) -> Markup:
    # Every text is escaped by the tree.
    return Markup(tostring(svg, encoding="unicode"))  # nosec B704

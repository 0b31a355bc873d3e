"""The charts of a report, in the words and formats of the request."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

from houblon.engine.conditions.figures import NBSP, number_text
from houblon.engine.core.money import cents_written
from houblon.engine.core.problem import Text
from houblon.web.foundation import format
from houblon.web.foundation.language import current
from houblon.web.presentation.charts import Caption, Mark, bars, columns, curve

_ROWS = 8


def cash_chart(document: Mapping[str, Any]) -> Markup | None:
    """What is due by week: columns after, a dashed line before."""
    weeks = document["due"]["weeks"]
    if not weeks:
        return None
    sums = {side: sum(cents_written(week[side]) for week in weeks) for side in ("before", "after")}
    caption = Caption(
        "encaisse",
        _("Encaissements attendus, par semaine"),
        _(
            "De la semaine du %(first)s à celle du %(last)s : %(before)s avant, %(after)s après.",
            first=format.day(weeks[0]["week"], current()),
            last=format.day(weeks[-1]["week"], current()),
            **{side: format.money(amount, current()) for side, amount in sums.items()},
        ),
    )
    names = [_short(week["week"]) for week in weeks]
    after, before = ([cents_written(week[side]) / 100 for week in weeks] for side in ("after", "before"))
    return columns(caption, names, after, before, (_("après"), _("avant")), brief_money)


def shifts_chart(document: Mapping[str, Any]) -> Markup | None:
    """By how many days due dates move; None where a sentence says it."""
    moved = _moved(document)
    if len(moved) < 2:
        return None
    caption = Caption("decalages", _("Échéances déplacées"), shifts_said(document))
    most = sorted(sorted(moved, key=lambda each: -each["orders"])[:_ROWS], key=lambda each: each["days"])
    return bars(caption, [(shift_text(each["days"]), each["orders"], _count(each)) for each in most])


def shifts_said(document: Mapping[str, Any]) -> str:
    """The same in words; empty where no due date moves."""
    return "; ".join(f"{_count(each)}, {shift_text(each['days'])}" for each in _moved(document))


def _moved(document: Mapping[str, Any]) -> list[Any]:
    return [each for each in document["due"]["shifts"] if each["days"]]


def groups_chart(document: Mapping[str, Any]) -> Markup | None:
    """The groups that are affected, by money."""
    groups = document["groups"][:_ROWS]
    if len(groups) < 2:
        return None
    rows = [(each["name"], cents_written(each["value"]) / 100, _amount(each)) for each in groups]
    said = "; ".join(f"{name}, {amount}" for name, _value, amount in rows)
    return bars(Caption("groupes", _("Groupes touchés, par montant"), said), rows)


def explorer_charts(each: Mapping[str, Any], said: Callable[[Any], Text]) -> list[Markup]:
    """What is accepted automatically as a threshold moves: the rate, and the money."""
    points, id = each["points"], f"{each['path']}-{each['group']}-{each.get('place', 0)}".translate(_PLAIN)
    chosen, earlier = each["chosen"], each["before"]
    marks = []
    if chosen is not None:
        marks.append(Mark(_number(chosen), _("choisi : %(value)s", value=said(chosen).in_(current())), "chosen"))
    if earlier is not None and earlier != chosen:
        marks.append(Mark(_number(earlier), _("avant : %(value)s", value=said(earlier).in_(current())), "earlier"))
    ends = {"first": said(points[0]["minimum"]).in_(current()), "last": said(points[-1]["minimum"]).in_(current())}
    rate = Caption(
        f"taux-{id}",
        _("Part acceptée d’elle-même"),
        _(
            "De %(high)s à %(first)s, à %(low)s à %(last)s.",
            high=_percent(points[0]["rate"]),
            low=_percent(points[-1]["rate"]),
            **ends,
        ),
    )
    money = Caption(
        f"montant-{id}",
        _("Montant accepté sans personne"),
        _(
            "De %(high)s à %(first)s, à %(low)s à %(last)s.",
            high=_amount(points[0]),
            low=_amount(points[-1]),
            **ends,
        ),
    )
    is_money = isinstance(points[0]["minimum"], str)
    across = brief_money if is_money else lambda value: number_text(round(value, 2)).in_(current())
    places = [_number(point["minimum"]) for point in points]
    return [
        curve(rate, list(zip(places, [point["rate"] or 0 for point in points], strict=True)), marks, across, _percent),
        curve(
            money,
            list(zip(places, [cents_written(point["value"]) / 100 for point in points], strict=True)),
            marks,
            across,
            brief_money,
        ),
    ]


_PLAIN = str.maketrans(dict.fromkeys("/._ ", "-"))


def shift_text(days: int) -> str:
    """« 15 jours plus tôt »; « le même jour » for none."""
    if days < 0:
        return ngettext("%(num)s jour plus tôt", "%(num)s jours plus tôt", -days)
    if days > 0:
        return ngettext("%(num)s jour plus tard", "%(num)s jours plus tard", days)
    return _("le même jour")


def brief_money(value: float) -> str:
    """« 250 $ », « 12,5 k$ », « 1,2 M$ »: as short as an axis needs."""
    for size, letter in ((1_000_000, "M"), (10_000, "k")):
        if abs(value) >= size:
            number = number_text(round(value / (1_000_000 if letter == "M" else 1_000), 2))
            return Text(f"{number.fr}{NBSP}{letter}$", f"${number.en}{letter}").in_(current())
    number = number_text(round(value, 2))
    return Text(f"{number.fr}{NBSP}$", f"${number.en}").in_(current())


def _percent(value: float | None) -> str:
    number = number_text(round(value or 0, 2))
    return Text(f"{number.fr}{NBSP}%", f"{number.en}%").in_(current())


def _number(value: str | int) -> float:
    return cents_written(value) / 100 if isinstance(value, str) else value


def _amount(each: Mapping[str, Any]) -> str:
    return format.money(cents_written(each["value"]), current())


def _count(each: Mapping[str, Any]) -> str:
    count = format.number(each["orders"], current())
    return ngettext("%(count)s commande", "%(count)s commandes", each["orders"], count=count)


def _short(week: str) -> str:
    day = date.fromisoformat(week)
    return format.short_day(day, day, current())

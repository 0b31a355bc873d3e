"""A scenario in words: its order member by member, and the decision that it must get."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from houblon.engine.conditions.figures import NBSP, money_text, number_text
from houblon.engine.core.money import cents_written
from houblon.engine.core.problem import Text, step
from houblon.engine.proofs.claims import OUTCOME_NAMES
from houblon.engine.schedule.cadence import day_text
from houblon.rules.model.statements import ABSENT
from houblon.web.presentation.order_places import place_in_order

NOTHING = Text("—", "—")
_YES, _NO = Text("oui", "yes"), Text("non", "no")
_MONEY = ("unit_price", "discount", "deposit", "amount", "credit_limit", "outstanding_balance", "overdue_balance")
_NO_DUE = Text("sans échéance", "no due date")
_EMPTY = Text("aucune", "none")
_OUTCOMES = {outcome.value: said for outcome, said in OUTCOME_NAMES.items()}


def order_text(order: Mapping[str, Any]) -> Text:
    """Whose order it is and how much of what: what tells it from others at a glance."""
    buyer, lines = order.get("buyer") or {}, order.get("lines") or []
    who = str(buyer.get("name") or buyer.get("id") or "—")
    items = sum(each.get("quantity", 0) for each in lines)
    count = number_text(items)
    plural = "s" if items >= 2 else ""
    english = "" if items == 1 else "s"
    return Text(f"{who}, {count.fr} article{plural}", f"{who}, {count.en} item{english}")


def order_parts(before: Any, after: Any) -> Iterator[tuple[Text, Text, Text]]:
    """Label, before and after of each member that differs; a side that is no order has none."""
    left, right = ({} if side is ABSENT else dict(_leaves(side, "")) for side in (before, after))
    for pointer in dict.fromkeys((*left, *right)):
        if left.get(pointer) != right.get(pointer):
            name = pointer.rpartition("/")[2]
            label = place_in_order(pointer) or Text(name, name)
            yield label, _side(left, pointer, name), _side(right, pointer, name)


def expectation_text(expect: Mapping[str, Any]) -> Text:
    """« en attente, pour minimum_items, échéance le 19 juin 2021 »: all that is expected, and nothing else."""
    parts = [_OUTCOMES[expect["outcome"]]]
    if "reasons" in expect:
        codes = ", ".join(expect["reasons"])
        parts.append(Text(f"motifs{NBSP}: {codes or _EMPTY.fr}", f"reasons: {codes or _EMPTY.en}"))
    if "due_date" in expect:
        due = expect["due_date"]
        day = None if due is None else day_text(date.fromisoformat(due))
        parts.append(_NO_DUE if day is None else Text(f"échéance le {day.fr}", f"due {day.en}"))
    return Text(", ".join(each.fr for each in parts), ", ".join(each.en for each in parts))


def moment_text(written: str) -> Text:
    """A scenario's moment, on the clock of its own offset."""
    at = datetime.fromisoformat(written)
    said = day_text(at.date())
    return Text(f"{said.fr} à {at.hour}{NBSP}h{NBSP}{at.minute:02d}", f"{said.en}, {at:%H:%M}")


def _leaves(value: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    members = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else None
    if members is None or not value or (isinstance(value, list) and not isinstance(value[0], Mapping)):
        yield pointer, value
        return
    for name, each in members:
        yield from _leaves(each, step(pointer, name))


def _side(leaves: Mapping[str, Any], pointer: str, name: str) -> Text:
    value = leaves.get(pointer)
    if value is None or value in ("", [], {}):
        return NOTHING
    if isinstance(value, bool):
        return _YES if value else _NO
    if isinstance(value, list):
        listed = ", ".join(map(str, value))
        return Text(listed, listed)
    if name in _SPECIAL:
        return _SPECIAL[name](str(value))
    return number_text(value) if isinstance(value, int) else Text(str(value), str(value))


def _money(written: str) -> Text:
    try:
        return money_text(cents_written(written))
    except ValueError:
        return Text(written, written)


def _day(written: str) -> Text:
    return day_text(date.fromisoformat(written))


_SPECIAL: Mapping[str, Callable[[str], Text]] = {
    **dict.fromkeys(_MONEY, _money),
    "placed_at": moment_text,
    "planned_delivery": _day,
}

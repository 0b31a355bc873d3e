"""Members of an order that nobody knows: they are kept, no rule reads them, and whoever wrote them is told."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from houblon.engine.core.order import Buyer, Charge, Line, Order, Payment, StatedTotal
from houblon.engine.core.problem import Problem, problem, step

MOST = 20  # that are told of one order
_LONGEST = 60
_ORDER, _BUYER, _LINE = (frozenset(each.__struct_fields__) for each in (Order, Buyer, Line))
_OTHERS = {
    "charges": frozenset(Charge.__struct_fields__),
    "payment": frozenset(Payment.__struct_fields__),
    "stated_total": frozenset(StatedTotal.__struct_fields__),
}
_PLAIN = _ORDER - _OTHERS.keys()


def unknown_members(document: Any) -> tuple[Problem, ...]:
    """A warning for each member of an order that is not known, of its lines' once each; `document` is that of an order
    that was decoded."""
    # This runs for every order, and nearly all of them hold nothing else.
    is_known = (
        _PLAIN.issuperset(document)
        and _BUYER.issuperset(document["buyer"])
        and all(map(_LINE.issuperset, document["lines"]))
    )
    return () if is_known else tuple(_warnings(document))


def _warnings(document: dict[str, Any]) -> Iterator[Problem]:
    seen: set[tuple[str, str]] = set()
    for place, pointer, part, known in _parts(document):
        for name in part:
            if name not in known and (place, name) not in seen and len(seen) < MOST:
                seen.add((place, name))
                yield _warning(step(pointer, name), name, known)


def _parts(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any], frozenset[str]]]:
    """The place of each part of an order, its pointer, the part, and the members that are known there."""
    yield "", "", document, _ORDER
    for place, known in ("buyer", _BUYER), ("lines", _LINE), *_OTHERS.items():
        value = document.get(place)
        if isinstance(value, list):
            for index, each in enumerate(value):
                yield place, step("", place, index), each, known
        elif value is not None:
            yield place, step("", place), value, known


def _warning(pointer: str, name: str, known: frozenset[str]) -> Problem:
    near = get_close_matches(name[:_LONGEST].lower(), sorted(known), 1, 0.75)
    fr = f" Vouliez-vous dire « {near[0]} » ?" if near else ""
    en = f" Did you mean “{near[0]}”?" if near else ""
    return problem(
        "unknown_member",
        pointer[:500],
        f"Personne ne lit ce membre : il est gardé, sans plus.{fr}",
        f"Nobody reads this member: it is kept, no more.{en}",
    )

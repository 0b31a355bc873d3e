"""A shop's payload to an order of the house, by a mapping that people can read and change.

A mapping is JSON: members of the order, each with the rule that finds its value in the payload.
What no rule finds is left out, so that it stays an unknown fact; nothing is ever made up. The
forms of a rule are in `orders/intake/mapping_forms.py` and in docs/shops.md.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Any

import msgspec

from houblon.engine.core.order import MOST_CHARGES, Buyer, Charge, Line, Order, Payment, StatedTotal
from houblon.engine.core.problem import Faults, refuse, step
from houblon.engine.core.texts import clean_id, is_id
from houblon.orders.intake.mapping_forms import read_rule
from houblon.orders.intake.mapping_rules import NOTHING, Rule, Scope, Several
from houblon.orders.intake.shop_values import Unfit

FORMAT = 1
MAX_LINES, MAX_PARTS = 5_000, 20
# ISO 4217's code of no currency: what is mapped and does not say its own is not the installation's by a guess.
NO_CURRENCY = "XXX"
_NESTED = {"buyer": Buyer, "payment": Payment, "stated_total": StatedTotal}
_LISTED = {"lines": Line, "charges": Charge}
_STRUCTS = {"order": Order, **_NESTED, **_LISTED}
PARTS = {name: frozenset(struct.__struct_fields__) for name, struct in _STRUCTS.items()}
PARTS["order"] -= _NESTED.keys() | _LISTED.keys()
_REQUIRED = {
    "order": ("id", "placed_at"),
    "buyer": ("id",),
    "lines": ("sku", "quantity", "unit_price"),
    "charges": ("kind", "amount"),
    "payment": ("state",),
    "stated_total": ("amount",),
}
_MEMBERS = {"houblon_mapping", "lines_from", "lines_but", *PARTS}
_PART = {"from", "of"}
Rules = Mapping[str, Rule]


class Part(msgspec.Struct, frozen=True):
    """Lines or charges: one of each object that `source` finds, or one in all where there is no source."""

    rules: Rules
    source: Rule | None
    pointer: str = ""

    def scopes(self, scope: Scope, faults: Faults) -> Iterator[Scope]:
        if self.source is None:
            yield scope
            return
        try:
            found = self.source.find(scope)
        except Unfit as unfit:
            faults.add("mapping", self.pointer, unfit.fr, unfit.en)
            return
        if found is NOTHING:
            return
        if not isinstance(found, list):
            faults.add("type", self.pointer, "Une liste est attendue.", "A list is expected.")
            return
        for place, each in enumerate(found):
            if isinstance(each, dict):
                yield scope.at(each)
            else:
                faults.add(
                    "type", step(self.pointer, place), "Un objet JSON est attendu.", "A JSON object is expected."
                )


class OrderMapping(msgspec.Struct, frozen=True):
    """A checked mapping: rules by member for the order and what is one in it, parts for its lines and charges."""

    order: Rules
    nested: Mapping[str, Rules]
    listed: Mapping[str, tuple[Part, ...]]


def read_mapping(document: object) -> OrderMapping:
    """The mapping in a JSON document. Raises Invalid with every fault, each at its pointer."""
    if not isinstance(document, dict):
        raise refuse("type", "", "Une correspondance est un objet JSON.", "A mapping is a JSON object.")
    faults = Faults()
    if document.get("houblon_mapping") is True or document.get("houblon_mapping") != FORMAT:
        faults.add(
            "format", "/houblon_mapping", f"Le format connu est {FORMAT}.", f"The format known here is {FORMAT}."
        )
    for member in document.keys() - _MEMBERS:
        faults.add("unknown_member", step("", member), "Ce membre n’existe pas ici.", "There is no such member here.")
    order = _read_rules(document.get("order"), "order", "/order", faults)
    nested = {
        name: _read_rules(document.get(name), name, f"/{name}", faults)
        for name in _NESTED
        if name in document or name == "buyer"
    }
    listed = {"lines": _read_lines(document, faults), "charges": ()}
    if "charges" in document:
        listed["charges"] = _read_parts(document["charges"], "charges", faults)
    faults.raise_if_any()
    return OrderMapping(order, nested, listed)


def map_order(
    mapping: OrderMapping,
    payload: object,
    zone: tzinfo,
    groups: Collection[str] = (),
    seen: set[tuple[int, str]] | None = None,
) -> dict[str, Any]:
    """The order that the payload speaks of, as a JSON document; `groups` are the ids that there are.

    Days are those of `zone`, the installation's. `seen` is given what is looked at, for `unread`.

    What the payload does not say is absent. Raises Invalid where a value is not what a rule needs;
    pointers start with the member of the order that it was for.
    """
    if not isinstance(payload, dict):
        raise refuse("type", "", "Un objet JSON est attendu.", "A JSON object is expected.")
    faults, scope = Faults(), Scope(payload, payload, zone, frozenset(groups), {}, seen)
    order = _found(mapping.order, scope, "", faults)
    order.setdefault("currency", NO_CURRENCY)
    for name, rules in mapping.nested.items():
        found = _found(rules, scope, f"/{name}", faults)
        if name == "buyer" or all(member in found for member in _REQUIRED[name]):
            order[name] = found
    order["lines"] = [line for line in _made(mapping, "lines", scope, MAX_LINES, faults) if line.get("quantity") != 0]
    charges = _made(mapping, "charges", scope, MOST_CHARGES, faults)
    if kept := [charge for charge in charges if charge.get("amount") not in ("0.00", "-0.00")]:
        order["charges"] = kept
    faults.raise_if_any()
    return order


def ids_of_payload(mapping: OrderMapping, payload: object, zone: tzinfo) -> tuple[str | None, str | None]:
    """The ids of the order and of its buyer, each where it can be read, whatever else of the payload can't be."""
    if not isinstance(payload, dict):
        return None, None
    scope, unread = Scope(payload, payload, zone), Faults()
    found = []
    for rules in (mapping.order, mapping.nested["buyer"]):
        value = None
        with unread.gather():
            value = _found({"id": rules["id"]}, scope, "", unread).get("id")
        found.append(usable_id(value))
    return found[0], found[1]


def usable_id(value: object) -> str | None:
    """An id as the house keeps it; None for what can't be one."""
    id = clean_id(value) if isinstance(value, str) else ""
    return id if is_id(id) else None


def _made(mapping: OrderMapping, name: str, scope: Scope, most: int, faults: Faults) -> list[dict[str, Any]]:
    """The lines or charges that a payload speaks of. Of a line nothing may be left: all of it was refunded."""
    made: list[dict[str, Any]] = []
    for part in mapping.listed[name]:
        for each in part.scopes(scope, faults):
            found = _found(part.rules, each, step(f"/{name}", len(made)), faults)
            if part.source is not None or all(member in found for member in _REQUIRED[name]):
                made.append(found)
            if len(made) > most:
                raise refuse("lines", f"/{name}", "Trop de lignes.", "Too many lines.")
    return made


def _read_lines(document: Mapping[str, Any], faults: Faults) -> tuple[Part, ...]:
    """`lines` as rules for each of `lines_from`, without those that `lines_but` speaks of; or as parts that say their
    own source."""
    if isinstance(document.get("lines"), list):
        if "lines_from" in document:
            faults.add(
                "unknown_member",
                "/lines_from",
                "Des lignes en plusieurs parts disent chacune d’où elles viennent.",
                "Lines in several parts each say where they come from.",
            )
        return _read_parts(document["lines"], "lines", faults)
    rules = _read_rules(document.get("lines"), "lines", "/lines", faults)
    source: Rule | None = None
    with faults.gather("/lines_from"):
        source = read_rule(document.get("lines_from"))
    if source is not None and "lines_but" in document:
        with faults.gather("/lines_but"):
            source = Several((source,), None, read_rule(document["lines_but"]))
    return (Part(rules, source, "/lines"),)


def _read_parts(document: object, name: str, faults: Faults) -> tuple[Part, ...]:
    pointer = f"/{name}"
    if not isinstance(document, list) or not 1 <= len(document) <= MAX_PARTS:
        faults.add("list", pointer, f"De 1 à {MAX_PARTS} parts.", f"1 to {MAX_PARTS} parts.")
        return ()
    return tuple(_read_part(part, name, step(pointer, place), faults) for place, part in enumerate(document))


def _read_part(document: object, name: str, pointer: str, faults: Faults) -> Part:
    if not isinstance(document, dict):
        faults.add("type", pointer, "Un objet « from, of ».", 'An object "from, of".')
        return Part({}, None)
    for member in document.keys() - _PART:
        faults.add(
            "unknown_member", step(pointer, member), "Ce membre n’existe pas ici.", "There is no such member here."
        )
    source: Rule | None = None
    if "from" in document:
        with faults.gather(step(pointer, "from")):
            source = read_rule(document["from"])
    return Part(_read_rules(document.get("of"), name, step(pointer, "of"), faults), source, f"/{name}")


def _read_rules(document: object, name: str, pointer: str, faults: Faults) -> dict[str, Rule]:
    if not isinstance(document, dict):
        faults.add("type", pointer, "Un objet « membre : règle ».", 'An object "member: rule".')
        _check_required((), name, pointer, faults)
        return {}
    rules = {}
    for member, rule in document.items():
        if member not in PARTS[name]:
            faults.add(
                "unknown_member",
                step(pointer, member),
                "Une commande n’a pas ce membre.",
                "An order has no such member.",
            )
            continue
        with faults.gather(step(pointer, member)):
            rules[member] = read_rule(rule)
    _check_required(tuple(document), name, pointer, faults)
    return rules


def _check_required(said: Sequence[str], name: str, pointer: str, faults: Faults) -> None:
    for member in _REQUIRED[name]:
        if member not in said:
            faults.add(
                "required",
                step(pointer, member),
                "Sans ce membre, aucune commande ne se lit.",
                "Without this member no order can be read.",
            )


def _found(rules: Rules, scope: Scope, pointer: str, faults: Faults) -> dict[str, Any]:
    found = {}
    for member, rule in rules.items():
        try:
            value = rule.find(scope)
        except Unfit as unfit:
            faults.add("mapping", step(pointer, member), unfit.fr, unfit.en)
            continue
        if value is not NOTHING:
            found[member] = value
    return found

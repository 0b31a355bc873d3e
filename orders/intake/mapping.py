"""A shop's payload to an order of the house, by a mapping that people can read and change.

A mapping is JSON: members of the order, each with the rule that finds its value in the payload.
What no rule finds is left out, so that it stays an unknown fact; nothing is ever made up. The
forms of a rule are in `orders/intake/mapping_forms.py` and in docs/shops.md.
"""

from collections.abc import Collection, Mapping
from datetime import tzinfo
from typing import Any

import msgspec

from houblon.engine.core.order import Buyer, Line, Order
from houblon.engine.core.problem import Faults, refuse, step
from houblon.orders.intake.mapping_forms import read_rule
from houblon.orders.intake.mapping_rules import NOTHING, Rule, Scope
from houblon.orders.intake.shop_values import Unfit

FORMAT = 1
MAX_LINES = 5_000
_ORDER = frozenset(Order.__struct_fields__) - {"buyer", "lines"}
_BUYER = frozenset(Buyer.__struct_fields__)
_LINE = frozenset(Line.__struct_fields__)
_PARTS = {"order": _ORDER, "buyer": _BUYER, "lines": _LINE}
_MEMBERS = {"houblon_mapping", "lines_from", *_PARTS}


class OrderMapping(msgspec.Struct, frozen=True):
    """A checked mapping: rules by member for the order, its buyer and each line of `lines_from`."""

    order: Mapping[str, Rule]
    buyer: Mapping[str, Rule]
    lines: Mapping[str, Rule]
    lines_from: Rule


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
    parts = {name: _read_part(document.get(name), name, faults) for name in _PARTS}
    lines_from: Rule | None = None
    with faults.gather("/lines_from"):
        lines_from = read_rule(document.get("lines_from"))
    for name, required in (
        ("order", ("id", "placed_at")),
        ("buyer", ("id",)),
        ("lines", ("sku", "quantity", "unit_price")),
    ):
        for member in required:
            if member not in (document.get(name) or ()):
                faults.add(
                    "required",
                    step("", name, member),
                    "Sans ce membre, aucune commande ne se lit.",
                    "Without this member no order can be read.",
                )
    faults.raise_if_any()
    assert lines_from is not None
    return OrderMapping(parts["order"], parts["buyer"], parts["lines"], lines_from)


def map_order(mapping: OrderMapping, payload: object, zone: tzinfo, groups: Collection[str] = ()) -> dict[str, Any]:
    """The order that the payload speaks of, as a JSON document; `groups` are the ids that there are.

    Days are those of `zone`, the installation's.

    What the payload does not say is absent. Raises Invalid where a value is not what a rule needs;
    pointers start with the member of the order that it was for.
    """
    if not isinstance(payload, dict):
        raise refuse("type", "", "Un objet JSON est attendu.", "A JSON object is expected.")
    faults, scope = Faults(), Scope(payload, payload, zone, frozenset(groups), {})
    order = _found(mapping.order, scope, "", faults)
    order["buyer"] = _found(mapping.buyer, scope, "/buyer", faults)
    lines = mapping.lines_from.find(scope)
    order["lines"] = []
    if isinstance(lines, list):
        if len(lines) > MAX_LINES:
            raise refuse("lines", "/lines", "Trop de lignes.", "Too many lines.")
        for index, line in enumerate(lines):
            pointer = step("/lines", index)
            if not isinstance(line, dict):
                faults.add("type", pointer, "Une ligne est un objet JSON.", "A line is a JSON object.")
                continue
            made = _found(mapping.lines, Scope(line, payload, zone, scope.groups, scope.kept), pointer, faults)
            # A line of which nothing is left (all of it refunded) is not part of the order any more.
            if made.get("quantity") != 0:
                order["lines"].append(made)
    elif lines is not NOTHING:
        faults.add("type", "/lines", "Une liste de lignes est attendue.", "A list of lines is expected.")
    faults.raise_if_any()
    return order


def _read_part(document: object, name: str, faults: Faults) -> dict[str, Rule]:
    if not isinstance(document, dict):
        faults.add("type", f"/{name}", "Un objet « membre : règle ».", 'An object "member: rule".')
        return {}
    rules = {}
    for member, rule in document.items():
        pointer = step("", name, member)
        if member not in _PARTS[name]:
            faults.add("unknown_member", pointer, "Une commande n’a pas ce membre.", "An order has no such member.")
            continue
        with faults.gather(pointer):
            rules[member] = read_rule(rule)
    return rules


def _found(rules: Mapping[str, Rule], scope: Scope, pointer: str, faults: Faults) -> dict[str, Any]:
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

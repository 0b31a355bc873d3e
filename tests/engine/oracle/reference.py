"""The design read plainly: a tree walk over rule documents, slow and obvious, as an oracle.

It shares nothing with the compiled engine but the facts and the vocabulary's scales. Three values:
True, False and None for unknown, joined as strong Kleene logic says.
"""

import re
from decimal import Decimal

import msgspec

from houblon.engine.conditions.vocabulary import FACTS

EPSILON = Decimal("0.000001")


def read(document, facts):
    """The value of a condition document: True, False or None."""
    if "all" in document:
        values = [read(member, facts) for member in document["all"]]
        return False if False in values else None if None in values else True
    if "any" in document:
        values = [read(member, facts) for member in document["any"]]
        return True if True in values else None if None in values else False
    actual = getattr(facts, document["name"])
    if actual is None:
        return None
    return holds(FACTS[document["name"]], actual, document["operator"], document["value"])


def holds(fact, actual, operator, value):
    if fact.kind == "numeric":
        gap = Decimal(actual) / fact.scale - Decimal(value)
        return {
            "equal_to": abs(gap) <= EPSILON,
            "greater_than": gap > EPSILON,
            "less_than": -gap > EPSILON,
            "greater_than_or_equal_to": gap >= -EPSILON,
            "less_than_or_equal_to": gap <= EPSILON,
        }[operator]
    if fact.kind == "boolean":
        return actual is (operator == "is_true")
    if fact.kind == "string":
        return {
            "equal_to": lambda: actual == value,
            "equal_to_case_insensitive": lambda: actual.lower() == value.lower(),
            "starts_with": lambda: actual.startswith(value),
            "ends_with": lambda: actual.endswith(value),
            "contains": lambda: value in actual,
            "non_empty": lambda: actual != "",
            "matches_regex": lambda: re.search(value, actual) is not None,
        }[operator]()
    if fact.kind == "select":
        return (actual.lower() == value.lower()) is (operator == "contains")
    present, wanted = [each.lower() for each in actual], [each.lower() for each in value]
    shared = [each for each in wanted if each in present]
    return {
        "contains_all": len(shared) == len(wanted),
        "is_contained_by": all(each in wanted for each in present),
        "shares_at_least_one_element_with": bool(shared),
        "shares_exactly_one_element_with": len(shared) == 1,
        "shares_no_elements_with": not shared,
    }[operator]


def decide(settings, rules, chain, facts):
    """`(outcome, terms, issue, missing)` of one order.

    `settings` are plain values by path, `rules` are `(group, document)` pairs. Every way in which
    the unknown rules could turn out is tried; what differs among them is not known.
    """
    known, unknown = [], []
    facts = _with_limit(settings, facts)
    for group, document in [*rules, *_limits(settings)]:
        if document.get("enabled", True):
            value = read(document["conditions"], facts)
            if value is not False:
                (known if value else unknown).append((group, document["actions"]))
    answers = {
        _settled(settings, chain, facts, [*known, *(each for bit, each in enumerate(unknown) if mask >> bit & 1)])
        for mask in range(1 << len(unknown))
    }
    outcomes = {outcome for outcome, _, _ in answers}
    missing = len(answers) > 1
    outcome = "held" if missing else outcomes.pop()
    _, terms, issue = answers.pop() if len(answers) == 1 else (None, None, False)
    return outcome, terms, issue, missing


def _with_limit(settings, facts):
    """The limit of a setting is that of whoever has none of their own."""
    limit = settings["acceptance.credit_limit"]
    if limit is None or facts.credit_limit is not None:
        return facts
    cents = int(Decimal(limit) * 100)
    owed = facts.outstanding_balance
    left = None if owed is None else cents - owed - facts.order_value
    return msgspec.structs.replace(facts, credit_limit=cents, credit_available=left)


def _limits(settings):
    hold = [{"name": "hold", "params": {"reason": "limit"}}]
    days = settings["acceptance.maximum_days_overdue"]
    if settings["acceptance.credit_limit"] is not None:
        yield "tous", {"conditions": {"name": "credit_available", "operator": "less_than", "value": 0}, "actions": hold}
    if days is not None:
        yield (
            "tous",
            {"conditions": {"name": "days_overdue", "operator": "greater_than", "value": days}, "actions": hold},
        )


def _settled(settings, chain, facts, fired):
    """Outcome, terms and whether the invoice is issued, once every rule is known."""
    doing = {name for _, actions in fired for name in (action["name"] for action in actions)}
    if "refuse" in doing:
        return "refused", None, False
    held = settings["acceptance.mode"] == "manual" or "hold" in doing or not facts.all_available
    if "waive_minimums" not in doing:
        items, value = settings["acceptance.minimum_items"], settings["acceptance.minimum_value"]
        held = held or (items is not None and facts.item_count < items)
        held = held or (value is not None and Decimal(facts.order_value) / 100 < Decimal(value))
    held = held or facts.order_value < 0
    claims = [
        (chain.index(group), action["params"]["days"])
        for group, actions in fired
        for action in actions
        if action["name"] == "set_terms"
    ]
    terms = ("net", min(claims)[1]) if claims else _plain(settings["invoicing.terms"])
    issue = settings["invoicing.trigger"] == "on_acceptance" and "withhold_invoice" not in doing
    withheld = "withhold_invoice" in doing and settings["invoicing.trigger"] != "manual"
    return "held" if held else "accepted", terms, (issue, withheld)


def _plain(terms):
    return (terms["kind"], terms.get("days", 0))

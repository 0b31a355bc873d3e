"""Policies and orders by the thousand, from a seed: what the long comparison with the oracle runs on."""

import random
from typing import Any

from houblon.engine.conditions.vocabulary import FACTS, NO_INPUT, OPERATORS, Kind
from houblon.engine.core.order import Order
from houblon.engine.policy.policy import Policy
from tests.engine.policy.policies import CHAIN, order, policy, rule

NUMBERS = [-5, 0, 0.01, 1, 2, 9, 15, 23, 24, 25, 30, 31, 100, 150, 199.99, 200, 200.000001, 200.01, 250, 1000]
WORDS = ["a", "B", "qc", "QC", "on", "ipa", "Stout", "IPA-24", "risque", "bars", "É", "monday", "wednesday"]
MONEY = ["0.00", "0.01", "8.33", "8.34", "150.00", "199.99", "200.00", "1000.00"]


def random_policy(chance: random.Random) -> Policy:
    """A policy of a chain of three groups with up to eight rules."""
    rules = {f"regle-{index}": (chance.choice(CHAIN), _rule(chance)) for index in range(chance.randint(0, 8))}
    return policy(
        rules,
        CHAIN,
        acceptance_mode=chance.choice(["automatic", "automatic", "automatic", "manual"]),
        acceptance_minimum_items=chance.choice([None, None, 1, 24]),
        acceptance_minimum_value=chance.choice([None, None, "8.33", "200.00"]),
        acceptance_credit_limit=chance.choice([None, None, "8.33", "1000.00"]),
        acceptance_maximum_days_overdue=chance.choice([None, None, 0, 30]),
        invoicing_trigger=chance.choice(["on_acceptance", "on_acceptance", "on_delivery", "manual"]),
        invoicing_terms=chance.choice([{"kind": "net", "days": 30}, {"kind": "on_receipt"}]),
    )


def _rule(chance: random.Random) -> dict[str, Any]:
    actions = dict(_action(chance) for _ in range(chance.randint(1, 2)))
    return rule(_condition(chance, 3), *actions.items())


def _action(chance: random.Random) -> tuple[str, dict[str, Any]]:
    name = chance.choice(["hold", "refuse", "waive_minimums", "set_terms", "set_terms", "withhold_invoice", "tag"])
    if name == "set_terms":
        return name, {"days": chance.choice([0, 15, 30, 45])}
    return name, {"label": "vu"} if name == "tag" else {"reason": chance.choice(["urgent", "gros_montant"])}


def _condition(chance: random.Random, depth: int) -> dict[str, Any]:
    if depth == 0 or chance.random() < 0.4:
        return _comparison(chance)
    members = [_condition(chance, depth - 1) for _ in range(chance.randint(1, 3))]
    return {chance.choice(["all", "any"]): members}


def _comparison(chance: random.Random) -> dict[str, Any]:
    fact = chance.choice(list(FACTS.values()))
    operator = chance.choice(OPERATORS[fact.kind])
    return {"name": fact.name, "operator": operator, "value": _value(chance, fact, operator)}


def _value(chance: random.Random, fact: Any, operator: str) -> Any:
    if operator in NO_INPUT:
        return ""
    if fact.kind is Kind.NUMERIC:
        return chance.choice(NUMBERS)
    if operator == "matches_regex":
        return chance.choice(["^a", r"\d+$", "urgent|vite", r"\w\W", "[^a-z]"])
    words = list(fact.options) if fact.closed else WORDS
    if fact.kind is Kind.SELECT_MULTIPLE:
        return [chance.choice(words) for _ in range(chance.randint(0, 3))]
    return chance.choice(words)


def random_order(chance: random.Random, complete: bool) -> Order:
    """An order near the values that policies name; unless `complete`, some of it is not said."""

    def maybe(*values: Any) -> Any:
        return chance.choice(values) if complete or chance.random() < 0.6 else None

    lines = [
        {
            "sku": chance.choice(WORDS),
            "quantity": chance.choice([1, 2, 23, 24, 25]),
            "unit_price": chance.choice(MONEY),
            "discount": maybe("0.00", "0.01"),
            "category": maybe("ipa", "Stout", "É"),
            "available": chance.choice([None, True, True, True, False]),
        }
        for _ in range(chance.randint(1, 3))
    ]
    return order(
        placed_at=f"2021-05-{chance.randint(10, 16)}T{chance.choice(['00', '09', '23'])}:30:00-04:00",
        buyer={
            "id": chance.choice(WORDS),
            "province": maybe("QC", "ON", "N.-B."),
            "country": maybe("CA", "Canada"),
            "is_first_order": maybe(True, False),
            "overdue_balance": maybe(*MONEY),
            "days_overdue": maybe(0, 1, 15, 30, 31),
            "outstanding_balance": maybe(*MONEY),
            "credit_limit": maybe(*MONEY),
        },
        lines=lines,
        planned_delivery=maybe("2021-05-12", "2021-05-14", "2021-06-11"),
        distributor=maybe("a", "B"),
        delivery_method=maybe("pickup", "distributor"),
        source=maybe("retailer", "on"),
        charges=maybe([{"kind": "fee", "amount": chance.choice(["-0.01", *MONEY])}]),
        payment=maybe({"state": "paid"}, {"state": "unpaid"}),
        note=chance.choice([None, "", "urgent", "a1", "vite !", "É"]),
    )

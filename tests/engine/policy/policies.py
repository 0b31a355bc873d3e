"""Policies, orders and facts for tests: valid, boundary and incomplete ones."""

from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from houblon.engine.conditions.vocabulary import FACTS, NO_INPUT, OPERATORS, Kind
from houblon.engine.core.order import Order, order_of, read_facts
from houblon.engine.decide.evaluate import Installation
from houblon.engine.policy.decision import Provenance
from houblon.engine.policy.policy import BASE, Policy, Setting, policy_of, rule_of
from houblon.engine.policy.settings import SETTINGS, check_setting

ZONE = ZoneInfo("America/Toronto")
INSTALLATION = Installation(ZONE, "CAD")
CHAIN = ("risque", "bars", BASE)
TOUS: dict[str, Any] = {
    "acceptance.mode": "automatic",
    "acceptance.minimum_items": 24,
    "acceptance.minimum_value": "200.00",
    "acceptance.amendable": False,
    "invoicing.trigger": "on_acceptance",
    "invoicing.terms": {"kind": "net", "days": 30},
    "invoicing.discount_percent": None,
    "invoicing.tax_exempt": False,
    "invoicing.deposit_exempt": False,
    "invoicing.note": None,
    "invoicing.reminders": None,
    "messages.before_order": None,
    "messages.confirmation": None,
    "messages.order_note": None,
    "messages.reminder": None,
    "notifications.buyer": ["order.accepted", "invoice.issued"],
    "notifications.team": {"events": ["order.held"], "to": []},
}


def policy(rules: dict[str, Any] | None = None, chain: tuple[str, ...] = (BASE,), **settings: Any) -> Policy:
    """Tous with some settings changed (`acceptance_mode="manual"`) and rules as `{id: (group, document)}`."""
    unstated = {path: kind.unstated for path, kind in SETTINGS.items() if not kind.is_required}
    values = {**unstated, **TOUS, **{path.replace("_", ".", 1): value for path, value in settings.items()}}
    assert set(values) == set(SETTINGS)
    stated = {path: Setting(check_setting(path, value), Provenance(BASE, 3)) for path, value in values.items()}
    written = [rule_of(id, document, Provenance(group, 2)) for id, (group, document) in (rules or {}).items()]
    return policy_of(chain, 7, stated, tuple(written))


def rule(conditions: Any, *actions: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {"conditions": conditions, "actions": [{"name": name, "params": params} for name, params in actions]}


def order(items: int = 24, price: str = "54.00", buyer: dict[str, Any] | None = None, **members: Any) -> Order:
    """An order of one line, accepted by Tous unless something is changed."""
    return order_of(
        {
            "id": "PO-1",
            "placed_at": "2021-05-12T09:30:00-04:00",
            "buyer": {"id": "depanneur-42", **(buyer or {})},
            "lines": [{"sku": "IPA-24", "quantity": items, "unit_price": price}],
            **members,
        }
    )


_EDGES = {
    "cents": [0, 1, 150, 200, 200.01, 199.99, 250, 1000, -5],
    "items": [1, 23, 24, 25, 100],
    "lines": [1, 2, 3],
    "days": [0, 1, 30, 31],
    "hours": [0, 9, 12, 23],
}
_WORDS = ["a", "B", "qc", "QC", "on", "ipa", "stout", "IPA-24"]


@st.composite
def comparisons(draw: Any) -> dict[str, Any]:
    """A comparison document with a value at or near where orders stand."""
    fact = FACTS[draw(st.sampled_from(sorted(FACTS)))]
    operator = draw(st.sampled_from(OPERATORS[fact.kind]))
    return {"name": fact.name, "operator": operator, "value": draw(_rule_values(fact, operator))}


def _rule_values(fact: Any, operator: str) -> st.SearchStrategy[Any]:
    if operator in NO_INPUT:
        return st.just("")
    if fact.kind is Kind.NUMERIC:
        return st.sampled_from(_EDGES[fact.unit])
    if operator == "matches_regex":
        return st.sampled_from(["^a", "[0-9]+$", "urgent|vite"])
    words = st.sampled_from(list(fact.options) or _WORDS) if fact.closed else st.sampled_from(_WORDS)
    return words if fact.kind in (Kind.STRING, Kind.SELECT) else st.lists(words, max_size=3)


def conditions() -> st.SearchStrategy[dict[str, Any]]:
    """Condition documents, a few blocks deep."""
    return st.recursive(
        comparisons(),
        lambda inner: st.builds(
            lambda word, members: {word: members},
            st.sampled_from(["all", "any"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
        max_leaves=5,
    )


_CODES = st.sampled_from(["urgent", "gros_montant"])
actions = st.one_of(
    st.tuples(
        st.sampled_from(["hold", "refuse", "waive_minimums", "withhold_invoice"]),
        st.builds(lambda code: {"reason": code}, _CODES),
    ),
    st.tuples(st.just("set_terms"), st.builds(lambda days: {"days": days}, st.sampled_from([0, 15, 30, 45]))),
    st.tuples(st.just("tag"), st.just({"label": "vu"})),
)


@st.composite
def rule_tables(draw: Any, groups: tuple[str, ...] = CHAIN) -> dict[str, Any]:
    """Rules by id, each with the group of the chain that states it."""
    count = draw(st.integers(0, 5))
    return {
        f"regle-{index}": (
            draw(st.sampled_from(groups)),
            rule(draw(conditions()), *draw(st.lists(actions, min_size=1, max_size=2, unique_by=lambda a: a[0]))),
        )
        for index in range(count)
    }


@st.composite
def policies(draw: Any) -> Policy:
    """Policies of a chain of three groups, with settings of every kind that decides."""
    return policy(
        draw(rule_tables()),
        CHAIN,
        acceptance_mode=draw(st.sampled_from(["automatic", "automatic", "manual"])),
        acceptance_minimum_items=draw(st.sampled_from([None, 1, 24])),
        acceptance_minimum_value=draw(st.sampled_from([None, "0.00", "200.00"])),
        acceptance_credit_limit=draw(st.sampled_from([None, None, "0.00", "400.00"])),
        acceptance_maximum_days_overdue=draw(st.sampled_from([None, None, 0, 30])),
        invoicing_trigger=draw(st.sampled_from(["on_acceptance", "on_acceptance", "on_delivery", "manual"])),
        invoicing_terms=draw(st.sampled_from([{"kind": "net", "days": 30}, {"kind": "on_receipt"}])),
    )


def _optional(values: Any) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), st.sampled_from(values))


@st.composite
def orders(draw: Any, complete: bool = False) -> Order:
    """Orders near the edges that policies have; some say little unless `complete`."""
    maybe = st.sampled_from if complete else _optional
    money = ["0.00", "0.01", "150.00", "200.00", "1000.00"]
    buyer = {
        "id": draw(st.sampled_from(["a", "depanneur-42"])),
        "province": draw(maybe(["QC", "ON"])),
        "country": draw(maybe(["CA", "Canada"])),
        "is_first_order": draw(maybe([True, False])),
        "overdue_balance": draw(maybe(money)),
        "days_overdue": draw(maybe([0, 1, 30, 31])),
        "outstanding_balance": draw(maybe(money)),
        "credit_limit": draw(maybe(money)),
    }
    line = st.builds(
        lambda quantity, price, category, available: {
            "sku": "IPA-24",
            "quantity": quantity,
            "unit_price": price,
            "category": category,
            "available": available,
        },
        st.sampled_from([1, 23, 24, 25]),
        st.sampled_from(["0.01", "1.00", "8.33", "8.34", "200.00", "199.99"]),
        maybe(["ipa", "Stout"]),
        st.sampled_from([None, True, True, False]),
    )
    return order(
        buyer=buyer,
        lines=draw(st.lists(line, min_size=1, max_size=3)),
        planned_delivery=draw(maybe(["2021-05-12", "2021-05-13", "2021-06-11"])),
        distributor=draw(maybe(["a", "B"])),
        delivery_method=draw(maybe(["pickup", "distributor"])),
        source=draw(maybe(["retailer", "shopify"])),
        charges=draw(maybe([[], [{"kind": "fee", "amount": "-0.01"}], [{"kind": "shipping", "amount": "200.00"}]])),
        payment=draw(maybe([{"state": "paid"}, {"state": "partial"}])),
        note=draw(st.sampled_from([None, "", "urgent", "a1"])),
    )


def facts_of(order: Order, chain: tuple[str, ...] = CHAIN, limit: int | None = None) -> Any:
    return read_facts(order, chain[:-1], ZONE, limit=limit)

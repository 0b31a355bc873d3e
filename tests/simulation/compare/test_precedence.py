"""One table of precedence: the Python verdict and the SQL verdict agree on whatever fires, is unknown or bars."""

import ast
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from houblon.engine.decide.precedence import BARRED, BY_RULES, OTHERWISE, OUTCOMES, PRECEDENCE, settled
from houblon.engine.policy.decision import Outcome
from houblon.rules.policies import Policies
from houblon.simulation.compare.query import Plan
from houblon.simulation.facts.fill import Taken, fill_sheet
from houblon.simulation.facts.sheet import connect
from tests.clock import NOW
from tests.engine.policy.policies import INSTALLATION, ZONE, order
from tests.simulation.contents import content, decided, group

ROOT = Path(__file__).resolve().parents[3]
READERS = (
    "engine/decide/verdict.py",
    "simulation/compare/verdicts.py",
    "orders/queries/recent_orders.py",
    "simulation/compare/changed_orders.py",
)
# Each rule reads a fact of its own, which an order makes true, false or leaves unsaid.
FACTS = ("days_overdue", "overdue_balance", "outstanding_balance", "credit_limit")
ACTIONS = st.sampled_from(
    [
        {"name": "refuse", "params": {"reason": "non"}},
        {"name": "hold", "params": {"reason": "attendre"}},
        {"name": "waive_minimums", "params": {"reason": "confiance"}},
        {"name": "withhold_invoice", "params": {"reason": "plus_tard"}},
        {"name": "set_terms", "params": {"days": 0}},
        {"name": "set_terms", "params": {"days": 45}},
    ]
)
RULE = st.lists(ACTIONS, min_size=1, max_size=2, unique_by=lambda action: action["name"])
# Of which group each of the rules is, and what it does.
RULES = st.lists(st.tuples(st.sampled_from(["tous", "risque", "bars"]), RULE), min_size=1, max_size=4)
SETTINGS = st.fixed_dictionaries(
    {
        "acceptance.mode": st.sampled_from(["automatic", "automatic", "manual"]),
        "acceptance.minimum_items": st.sampled_from([None, 24]),
        "invoicing.trigger": st.sampled_from(["on_acceptance", "on_delivery", "manual"]),
    }
)
CHAINS = [(), ("risque",), ("risque", "bars")]


def content_of(number, rules, stated):
    """A version whose rules read a fact each: above one, the rule fires."""
    by_group = {"tous": {}, "risque": {}, "bars": {}}
    for place, ((of, actions), fact) in enumerate(zip(rules, FACTS, strict=False)):
        condition = {"all": [{"name": fact, "operator": "greater_than", "value": 1}]}
        label = {"fr": f"Règle {place}", "en": f"Rule {place}"}
        by_group[of][f"regle-{place}"] = {"label": label, "conditions": condition, "actions": actions}
    groups = [
        group(id, 10 * rank, stated if id == "tous" else None, made) for rank, (id, made) in enumerate(by_group.items())
    ]
    return content(number, *groups)


def orders_of(count):
    """Every mixture of true, false and unsaid of the first `count` facts; few items and many; barred and not."""
    mixtures = [()]
    for fact in FACTS[:count]:
        values = (None, 0, 5) if fact == "days_overdue" else (None, "0.00", "5.00")
        mixtures = [(*each, (fact, value)) for each in mixtures for value in values]
    barring = [{}, {"currency": "USD"}, {"groups": ("inconnu",)}]
    for place, mixture in enumerate(mixtures):
        for items in (1, 24):
            barred = barring[place % 3] if place % 2 else {}
            said = {name: value for name, value in mixture if value is not None}
            if "groups" in barred:
                said["groups"] = list(barred["groups"])
            currency = {"currency": barred["currency"]} if "currency" in barred else {}
            yield order(items, "10.00", {"id": f"b{place}", **said}, **currency)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(RULES, SETTINGS, RULES, SETTINGS)
def test_python_and_sql_agree_whatever_fires_is_unknown_or_bars(tmp_path_factory, one, stated, other, stated_after):
    contents = content_of(1, one, stated), content_of(2, other, stated_after)
    taken = [
        Taken(each, NOW, CHAINS[place % 3]) for place, each in enumerate(orders_of(min(3, max(len(one), len(other)))))
    ]
    sheet = fill_sheet(tmp_path_factory.mktemp("colonnes") / "sheet.parquet", taken, ZONE)
    plan = Plan(sheet, Policies(None), *contents, INSTALLATION)
    with connect() as connection:
        pairs = dict(connection.execute(f"SELECT position, {plan.pair_sql} FROM {plan.source}").fetchall())
    for position, each in enumerate(taken):
        for version, verdict in zip(contents, plan.verdicts(pairs[position]), strict=True):
            decision = decided(version, each)
            assert verdict.outcome is decision.outcome
            if decision.invoice is not None:
                assert (verdict.terms, verdict.issue) == (decision.invoice.terms, decision.invoice.issue)


def test_the_table_says_what_the_design_says():
    assert [rank.effect for rank in PRECEDENCE] == ["refuse", BARRED, "hold", "accept"]
    assert [rank.outcome.value for rank in PRECEDENCE] == ["refused", "held", "held", "accepted"]
    assert OUTCOMES == (Outcome.REFUSED, Outcome.HELD, Outcome.ACCEPTED) and OTHERWISE is Outcome.HELD
    assert [rank.waived_by for rank in BY_RULES] == [None, "waive_minimums", None]


@pytest.mark.parametrize("outcome", Outcome)
def test_what_bars_an_order_takes_an_acceptance_back_and_no_refusal(outcome):
    assert settled(outcome, ()) is outcome
    assert settled(outcome, ("currency",)) is (Outcome.REFUSED if outcome is Outcome.REFUSED else Outcome.HELD)


@pytest.mark.parametrize("reader", READERS)
def test_each_reader_takes_the_order_of_outcomes_from_the_table(reader):
    tree = ast.parse((ROOT / reader).read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert "houblon.engine.decide.precedence" in imported


def test_nothing_else_in_the_product_compares_an_outcome_to_put_another_in_its_place():
    """What bars an order was once said three times: `held if barred and accepted`."""
    found = [
        path.relative_to(ROOT).as_posix()
        for layer in ("engine", "rules", "orders", "simulation", "web")
        for path in (ROOT / layer).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.IfExp) and isinstance(node.body, ast.Attribute)
        if isinstance(node.body.value, ast.Name) and node.body.value.id == "Outcome"
    ]
    assert found == []

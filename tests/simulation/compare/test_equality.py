"""A simulation decides every order as the engine does: outcome, reasons, terms, invoicing."""

import random
from collections import Counter
from datetime import timedelta

import msgspec
import pytest

from houblon.engine.core.account import Account
from houblon.engine.core.order import with_limit
from houblon.engine.decide.bars import contradictions
from houblon.engine.policy.decision import Outcome
from houblon.rules.policies import Policies
from houblon.simulation.compare import query
from houblon.simulation.compare.changed_orders import reasons_of
from houblon.simulation.compare.query import Plan
from houblon.simulation.facts.fill import Taken, fill_sheet
from houblon.simulation.facts.sheet import connect, facts_reader
from tests.clock import NOW
from tests.engine.oracle.generated import _rule, random_order
from tests.engine.policy.policies import INSTALLATION, ZONE
from tests.simulation.contents import GROUPS, decided, random_content


def random_taken(chance, number):
    order = random_order(chance, complete=chance.random() < 0.3)
    claimed = chance.choice([None, None, ("risque",), ("bars", "risque"), ("personne",)])
    order = msgspec.structs.replace(
        order,
        id=f"PO-{number}",
        currency=chance.choice([None, "CAD", "cad", "USD"]),
        buyer=msgspec.structs.replace(order.buyer, groups=claimed),
    )
    kept = chance.choice([(), (), (GROUPS[0],), GROUPS])
    account = None
    if chance.random() < 0.4:
        owed = [chance.choice((0, 0, 100, 99_000)) for _ in range(2)]
        limit = chance.choice((None, None, 0, 833, 100_000))
        account = Account(*owed, chance.choice((0, 0, 1, 30, 31)), chance.random() < 0.5, limit)
    return Taken(order, NOW + timedelta(hours=chance.randrange(24 * 40)), kept, account=account)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("many", [1, 1_000], ids=["most likely first", "all at once"])
def test_every_order_is_decided_as_the_engine_decides_it(tmp_path, monkeypatch, seed, many):
    monkeypatch.setattr(query, "MANY", many)
    chance = random.Random(seed)
    shared = {f"commune-{index}": _rule(chance) for index in range(chance.randint(0, 3))}
    contents = [random_content(chance, number, shared) for number in (1, 2)]
    taken = [random_taken(chance, number) for number in range(150)]
    sheet = fill_sheet(tmp_path / "sheet.parquet", taken, ZONE)
    plan = Plan(sheet, Policies(None), *contents, INSTALLATION)
    columns, facts_of = facts_reader(sheet.codes)
    with connect() as connection:
        found = {row[0]: (row[1:], lane, masks) for row, lane, *masks in plan.masks(connection, ["position", *columns])}
        pairs = dict(connection.execute(f"SELECT position, {plan.pair_sql} FROM {plan.source}").fetchall())
        totals = plan.totals(connection)
    expected: Counter = Counter()
    held_for_own = 0
    for position, each in enumerate(taken):
        row, lane, masks = found[position]
        for policy_side, mask, content, verdict in zip(
            (lane.before, lane.after), masks, contents, plan.verdicts(pairs[position]), strict=True
        ):
            decision = decided(content, each)
            judge = policy_side.judge
            assert policy_side.chain == decision.chain
            facts = with_limit(facts_of(row, policy_side.chain[:-1]), judge.credit_limit)
            assert judge.of_mask(mask) == judge.of_mask(judge.careful(facts))
            codes = {"currency", "unknown_group", "below_zero"}
            barred = [why for why in decision.reasons if why.code in codes or why.rule == "order.credit_limit"]
            held_for_own += any(why.rule == "order.credit_limit" for why in decision.reasons)
            own_limit = each.account is not None and each.account.credit_limit is not None
            own = contradictions(each.order, INSTALLATION)
            told = reasons_of(policy_side, mask, facts, each.order.currency, INSTALLATION, own, own_limit)
            assert {reason.code for reason in told} == {reason.code for reason in decision.reasons}
            outcome = judge.of_mask(mask).outcome
            outcome = Outcome.HELD if barred and outcome is Outcome.ACCEPTED else outcome
            assert (outcome, verdict.outcome) == (decision.outcome, decision.outcome), (position, policy_side.chain)
            if decision.invoice is not None:
                assert (verdict.terms, verdict.issue) == (decision.invoice.terms, decision.invoice.issue)
        expected[pairs[position]] += 1
    assert {code: count for code, (count, _) in totals.items()} == expected
    # Where a policy has no limit, some buyer's own one held an order.
    assert held_for_own or all(lane.before.judge.credit_limit and lane.after.judge.credit_limit for lane in plan.pairs)

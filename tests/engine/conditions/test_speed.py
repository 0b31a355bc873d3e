"""The compiled policy does a small part of run_all's work on the same rules and orders.

bench/engine.py has the times, which differ more: run_all also makes Decimals, and those are made in C.
"""

from zoneinfo import ZoneInfo

from bench import engine as bench
from houblon.engine.core.order import decode_order, read_facts
from houblon.engine.decide.verdict import Judge
from tests.effort import steps


def test_a_thirtieth_of_the_steps_of_business_rules_with_the_same_answers():
    policy = bench.policy(rules=10)
    facts = [read_facts(decode_order(body), (), ZoneInfo("America/Toronto")) for body in bench.bodies()]
    judge = Judge(policy)
    run_all = bench.business_rules(policy, facts)
    assert run_all() == [judge.careful(each) for each in facts]
    assert [judge.verdict(each) for each in facts] == [judge.of_mask(mask) for mask in run_all()]
    assert 30 * steps(lambda: [judge.verdict(each) for each in facts]) <= steps(run_all)

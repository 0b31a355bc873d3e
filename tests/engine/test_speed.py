"""The compiled policy is at least fifty times as fast as run_all on the same rules and orders."""

import statistics
import time
from zoneinfo import ZoneInfo

from bench import engine as bench
from engine.order import decode_order, read_facts
from engine.verdict import Judge


def seconds(run):
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def test_fifty_times_as_fast_as_business_rules_with_the_same_answers():
    policy = bench.policy(rules=10)
    facts = [read_facts(decode_order(body), (), ZoneInfo("America/Toronto")) for body in bench.bodies()]
    judge = Judge(policy)
    run_all = bench.business_rules(policy, facts)
    assert run_all() == [judge.careful(each) for each in facts]
    assert [judge.verdict(each) for each in facts] == [judge.of_mask(mask) for mask in run_all()]
    # Pairs taken one after the other, so that a slow moment of the machine falls on both.
    ratios = [
        seconds(run_all) / (seconds(lambda: [judge.verdict(each) for _ in range(20) for each in facts]) / 20)
        for _ in range(7)
    ]
    assert statistics.median(ratios) >= 50

"""How long proofs take, and what was proved attacked with orders on the edges of its policy.

    python -m bench.proofs [--guardrails 50] [--attack 100000]

Goals: 50 guardrails of 20 groups with 30 rules in 1 s, in 0.1 s when one setting changed; the difference of one chain
in 0.15 s; 300 MB.
"""

import argparse
import random
import resource
import sys
import time
from itertools import islice
from typing import Any

from houblon.engine.conditions.tree import comparisons_of
from houblon.engine.core.order import with_limit
from houblon.engine.decide.evaluate import judge_of
from houblon.engine.oracle.boundary import ORDINARY, edges_of
from houblon.engine.policy.lowering import lowered_rules
from houblon.engine.policy.policy import Policy
from houblon.engine.proofs.claims import is_broken, read_claim, read_when
from houblon.engine.proofs.questions import NO_STOCK, PROVED, Question
from tests.engine.oracle.generated import random_policy
from tests.engine.policy.policies import INSTALLATION, policy, rule

GROUPS, RULES = 20, 30
# Facts that stand each by itself: any values of these together are those of some order.
FREE = (
    "order_value",
    "item_count",
    "days_overdue",
    "overdue_balance",
    "placed_hour",
    "charges_value",
    "is_first_order",
    "is_paid",
)


def policies(change: str = "200.00") -> list[Policy]:
    """A policy for each group, with rules of its own and of Tous; the first has another minimum."""
    chance, made = random.Random(7), []
    common = {f"commune-{place}": ("tous", _rule(chance)) for place in range(RULES // 2)}
    for number in range(GROUPS):
        own = {f"propre-{place}": (f"groupe-{number}", _rule(chance)) for place in range(RULES - len(common))}
        minimum = change if number == 0 else "200.00"
        made.append(policy({**common, **own}, (f"groupe-{number}", "tous"), acceptance_minimum_value=minimum))
    return made


def _rule(chance: random.Random) -> dict[str, Any]:
    tests = [
        {"name": "order_value", "operator": "greater_than", "value": chance.randint(1, 50) * 100},
        {"name": "item_count", "operator": "less_than", "value": chance.randint(1, 60)},
        {"name": "province", "operator": "contains", "value": chance.choice(["QC", "ON", "NB"])},
        {"name": "days_overdue", "operator": "greater_than", "value": chance.randint(0, 60)},
        {"name": "is_first_order", "operator": "is_true", "value": ""},
        {"name": "categories", "operator": "shares_at_least_one_element_with", "value": [chance.choice("abc")]},
    ]
    actions = [
        ("hold", {"reason": "x"}),
        ("set_terms", {"days": chance.choice([0, 15, 30, 45])}),
        ("tag", {"label": "vu"}),
    ]
    return rule({"all": chance.sample(tests, 3)}, chance.choice(actions))


def questions(of: list[Policy], guardrails: int) -> list[Question]:
    claims = [
        ({"never": "accepted"}, lambda n: {"name": "order_value", "operator": "less_than", "value": 100 + n}),
        ({"terms_at_most_days": 60}, lambda n: None),
        ({"never": "refused"}, lambda n: {"name": "item_count", "operator": "greater_than", "value": n}),
        ({"accepted_is_invoiced": True}, lambda n: {"name": "placed_hour", "operator": "less_than", "value": n % 24}),
        ({"always": ["held", "refused"]}, lambda n: {"name": "item_count", "operator": "less_than", "value": n % 24}),
    ]
    return [
        Question(read_claim(claims[n % 5][0]), each, read_when(claims[n % 5][1](n)))
        for each in of
        for n in range(guardrails)
    ]


def _timed(what: str, run: Any) -> Any:
    start = time.perf_counter()
    found = run()
    print(f"{what}: {time.perf_counter() - start:.2f} s")
    return found


def measure(guardrails: int) -> None:
    from houblon.engine.proofs.compare import difference
    from houblon.engine.proofs.prove import answer_all

    asked = questions(policies(), guardrails)
    found = _timed(f"{len(asked)} questions, cold", lambda: list(answer_all(asked, INSTALLATION, NO_STOCK)))
    print({result: sum(1 for each in found if each.result == result) for result in ("proved", "broken", "unknown")})
    changed = questions(policies("250.00")[:1], guardrails)
    _timed("when one setting changed", lambda: list(answer_all(changed, INSTALLATION, NO_STOCK)))
    before, after = policies()[0], policies("250.00")[0]
    regions = _timed("the difference of one chain", lambda: difference(before, after, INSTALLATION, NO_STOCK).regions)
    print(f"{len(regions)} regions")
    print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


def attack(count: int) -> None:
    """Break what was proved of generated policies, with orders on the edges of all of their numbers at once."""
    from houblon.engine.proofs.prove import answer_all

    tried, proved, seed = 0, 0, 0
    while tried < count:
        chance = random.Random(seed)
        asked = random_policy(chance)
        claims = (
            {"never": "accepted"},
            {"never": "refused"},
            {"accepted_is_invoiced": True},
            {"terms_at_most_days": 30},
        )
        every = [Question(read_claim(claim), asked) for claim in claims]
        judge, seed = judge_of(asked), seed + 1
        edges = edges_of(test for each in lowered_rules(asked) for test in comparisons_of(each.condition))
        kept = [
            question
            for question, proof in zip(every, answer_all(every, INSTALLATION, NO_STOCK), strict=True)
            if proof.result == PROVED
        ]
        proved += len(kept)
        for facts in islice(_on_edges(chance, edges), 500 if kept else 0):
            read = with_limit(facts, judge.credit_limit)
            for question in kept:
                tried += 1
                assert not is_broken(question.claim, judge.verdict(read).outcome, judge, read), (seed, question, facts)
    print(f"{proved} proofs of {seed} policies stood against {tried} orders on their edges")


def _on_edges(chance: random.Random, edges: Any) -> Any:
    from msgspec.structs import replace

    values = {name: [each for each in edges.get(name, ()) if _can_be(name, each)] for name in FREE}
    while True:
        moved = {name: chance.choice(each) for name, each in values.items() if each}
        made = replace(ORDINARY, line_count=1, skus=("X",), categories=None, buyer_groups=("risque", "bars"), **moved)
        left = (made.credit_limit or 0) - (made.outstanding_balance or 0) - made.order_value
        yield replace(made, largest_line_value=made.order_value, credit_available=left)


def _can_be(name: str, value: Any) -> bool:
    low = {"item_count": 1, "placed_hour": 0, "days_overdue": 0}.get(name)
    return low is None or (value >= low and (name != "placed_hour" or value <= 23))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--guardrails", type=int, default=50)
    parser.add_argument("--attack", type=int, help="so many orders, instead of measuring")
    arguments = parser.parse_args()
    if arguments.attack:
        attack(arguments.attack)
    else:
        measure(arguments.guardrails)
    return 0


if __name__ == "__main__":
    sys.exit(main())

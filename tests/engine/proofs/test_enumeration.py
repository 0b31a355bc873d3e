"""Small policies, asked about by the prover and by trying every kind of order: the same answers, both ways."""

import random
from functools import cache

import pytest

from houblon.engine.decide.evaluate import judge_of
from houblon.engine.decide.precedence import settled
from houblon.engine.proofs.claims import is_broken
from houblon.engine.proofs.questions import BROKEN, PROVED
from tests.engine.policy.policies import CHAIN, policy, rule
from tests.engine.proofs import small
from tests.engine.proofs.test_logic import prover_of

POLICIES = 12
all_facts = cache(small.all_facts)


def _condition(chance, tests, depth=2):
    if depth == 0 or chance.random() < 0.3:
        return chance.choice(tests)
    members = [_condition(chance, tests, depth - 1) for _ in range(chance.randint(1, 3))]
    return {chance.choice(["all", "any"]): members}


def small_policy(chance, name):
    actions = [
        ("hold", {"reason": "x"}),
        ("refuse", {"reason": "x"}),
        ("waive_minimums", {"reason": "x"}),
        ("withhold_invoice", {"reason": "x"}),
        ("set_terms", {"days": 10}),
        ("set_terms", {"days": 60}),
    ]
    rules = {
        f"regle-{place}": (
            chance.choice(CHAIN),
            rule(_condition(chance, small.comparisons(name)), chance.choice(actions)),
        )
        for place in range(chance.randint(1, 4))
    }
    minimums = {"acceptance_minimum_items": chance.choice([None, None, 2]) if name == "amounts" else None}
    minimums["acceptance_minimum_value"] = chance.choice([None, None, "2.00"]) if name == "amounts" else None
    return policy(rules, CHAIN, acceptance_mode=chance.choice(["automatic"] * 3 + ["manual"]), **minimums)


def is_broken_by_any(claim, asked, orders):
    judge = judge_of(asked)
    return any(
        is_broken(claim, settled(judge.verdict(facts).outcome, barred), judge, facts)
        for facts in orders
        for barred in (False, True)
    )


@pytest.mark.parametrize("name", small.NAMES)
def test_the_prover_finds_what_trying_every_order_finds(name):
    chance = random.Random(name)
    found = set()
    for _ in range(POLICIES):
        prover = prover_of(small_policy(chance, name))
        for question, proof in zip(prover.questions, prover.answers(), strict=True):
            expected = BROKEN if is_broken_by_any(question.claim, question.policy, all_facts(name)) else PROVED
            assert proof.result == expected, (question, proof)
            found.add((question.claim.kind, expected))
    assert len(found) >= 8  # each kind of claim, kept and broken

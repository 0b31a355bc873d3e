"""The formulas say of every order what the engine says of it, and let every order through."""

import random
import subprocess
import sys

import z3
from hypothesis import given, settings
from hypothesis import strategies as st

from houblon.engine.core.order import with_limit
from houblon.engine.decide.evaluate import judge_of
from houblon.engine.policy.lowering import lowered_rules
from houblon.engine.proofs.claims import is_broken, read_claim
from houblon.engine.proofs.prove import Prover
from houblon.engine.proofs.questions import PROVED, UNKNOWN, Question
from tests.engine.oracle.generated import random_order, random_policy
from tests.engine.policy.policies import INSTALLATION, facts_of
from tests.engine.proofs.pinning import pinned

CLAIMS = (
    {"never": "accepted"},
    {"never": "held"},
    {"never": "refused"},
    {"always": ["held", "refused"]},
    {"accepted_is_invoiced": True},
    {"terms_at_most_days": 30},
    {"terms_at_most_days": 14},
)


def prover_of(policy, claims=CLAIMS):
    return Prover([Question(read_claim(claim), policy) for claim in claims], INSTALLATION)


def agree(prover, facts):
    """Raises AssertionError where the formulas and the engine say different things of the facts."""
    policy = prover.questions[0].policy
    verdict, judge, count = prover.verdict(policy), judge_of(policy), len(lowered_rules(policy))
    solver = prover.search.solver
    solver.push()
    solver.add(*pinned(prover.symbols, facts), z3.Not(prover.reading.barred))
    try:
        assert solver.check() == z3.sat, f"no order can be {facts}"
        model = solver.model()
    finally:
        solver.pop()

    def holds(formula):
        return z3.is_true(model.eval(formula, model_completion=True))

    mask = judge.careful(with_limit(facts, judge.credit_limit))
    fired = sum(1 << bit for bit, each in enumerate(verdict.fired) if holds(each))
    unknown = sum(1 << bit for bit, each in enumerate(verdict.unknown) if holds(each))
    assert fired | unknown << count == mask
    told = judge.of_mask(mask)
    assert [outcome for outcome, each in verdict.outcomes.items() if holds(each)] == [told.outcome]
    assert holds(verdict.doubt) is bool(told.doubts)
    assert [terms for terms, each in verdict.terms if holds(each)] == [told.terms]
    assert holds(verdict.owed) is told.owed


def attack(prover, question, orders):
    """Raises AssertionError where an order breaks what was proved."""
    judge = judge_of(question.policy)
    for facts in (with_limit(each, judge.credit_limit) for each in orders):
        outcome = judge.verdict(facts).outcome
        assert not is_broken(question.claim, outcome, judge, facts), (question.claim, facts)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_formulas_and_engine_agree_and_what_is_proved_stands(seed):
    chance = random.Random(seed)
    prover = prover_of(random_policy(chance))
    orders = [facts_of(random_order(chance, chance.random() < 0.5)) for _ in range(10)]
    for facts in orders:
        agree(prover, facts)
    # What is broken was shown by an order that the engine decided: `prove` raises otherwise.
    for question, proof in zip(prover.questions, prover.answers(), strict=True):
        assert proof.result != UNKNOWN
        if proof.result == PROVED:
            attack(prover, question, orders)


def test_who_proves_nothing_does_not_wait_for_z3():
    code = "import sys, houblon.web.app.serve, houblon.web.cli.main; print('z3' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split()[-1] == "False"

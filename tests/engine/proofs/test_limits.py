"""What a buyer owes, in proofs: a policy's credit limit is that of every buyer who has none of their own."""

import pytest

from houblon.engine.proofs.prove import prove
from tests.engine.policy.policies import INSTALLATION, policy
from tests.engine.proofs.test_claims import BARS, asked, said

FREE = {"acceptance_minimum_items": None, "acceptance_minimum_value": None}


def limited(limit, **more):
    return {**FREE, "acceptance_credit_limit": limit, **more}


@pytest.mark.parametrize(("days", "result"), [(30, "proved"), (31, "broken")])
def test_no_order_passes_with_an_invoice_that_is_later_than_allowed(days, result):
    late = {"all": [said("days_overdue", "greater_than", 30)]}
    asked_of = asked({"never": "accepted"}, when=late, acceptance_maximum_days_overdue=days)
    assert prove(asked_of, INSTALLATION).result == result


@pytest.mark.parametrize(
    ("limit", "other", "result"),
    [("1000.00", "5000.00", "proved"), ("5000.00", "1000.00", "broken"), ("5000.00", None, "broken")],
)
def test_less_credit_is_not_looser_than_more(limit, other, result):
    # Where the other has no limit, nothing is unknown to it: only what owes more than the limit is not looser.
    than = policy(**(limited(other) if other else {**FREE, "acceptance_mode": "manual"}))
    question = asked({"not_looser_than": "tous"}, chain=BARS, other=than, **limited(limit))
    proof = prove(question, INSTALLATION)
    assert proof.result == result
    if result == "broken":
        assert proof.decision.outcome == "accepted"


def test_an_order_beyond_the_credit_is_never_accepted():
    beyond = {"all": [said("credit_available", "less_than", 0)]}
    assert prove(asked({"never": "accepted"}, when=beyond, **limited("5000.00")), INSTALLATION).result == "proved"
    assert prove(asked({"never": "accepted"}, when=beyond, **FREE), INSTALLATION).result == "broken"

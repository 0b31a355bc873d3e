"""What the prover is asked, and what it answers: known to those who don't prove, so that they don't wait for z3."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from houblon.engine.conditions.tree import Condition
from houblon.engine.core.problem import Text
from houblon.engine.policy.decision import Decision, Outcome
from houblon.engine.policy.policy import Policy
from houblon.engine.proofs.claims import Claim

PROVED, BROKEN, UNKNOWN = "proved", "broken", "unknown"


class Question(msgspec.Struct, frozen=True):
    """A claim about the orders of a policy's chain for which `when` holds; `other` is the policy of `not_looser_than`."""

    claim: Claim
    policy: Policy
    when: Condition | None = None
    other: Policy | None = None


class Proof(msgspec.Struct, frozen=True):
    """What came of a question. `order` breaks the claim, as a JSON document, and `decision` is what it gets.

    `fault`: the prover and the engine said different things of `order`, which is an error of ours.
    """

    result: str
    because: Text
    order: Any = None
    decision: Decision | None = None
    fault: str = ""


class Stock(msgspec.Struct, frozen=True):
    """What real orders of a house name: what an order is made of where the question leaves it open.

    `kept` are the groups of retailers whose ids conditions may name; `day` is the one around which orders are placed.
    """

    day: date = date(2026, 6, 1)
    skus: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    distributors: tuple[str, ...] = ()
    buyers: tuple[str, ...] = ()
    kept: Mapping[str, tuple[str, ...]] = {}


NO_STOCK = Stock()


EQUAL, STRICTER, LOOSER, MIXED = "equal", "stricter", "looser", "mixed"


class Region(msgspec.Struct, frozen=True):
    """Orders that had the one outcome and would have the other: in words, and one of them."""

    before: Outcome
    after: Outcome
    sentence: Text
    witness: Any


class Difference(msgspec.Struct, frozen=True):
    """How one policy differs from another over every possible order; UNKNOWN where nobody can tell.

    `invoicing`: whether orders that both accept may be invoiced otherwise, or on other terms.
    """

    verdict: str
    regions: tuple[Region, ...]
    invoicing: bool

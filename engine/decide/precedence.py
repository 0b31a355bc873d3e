"""Which effect beats which, as data: one table that every reader of a verdict derives its own form from.

Read downward, the first rank that acts on an order gives its outcome; where none does, a person decides.
`Judge` reads it of bitmasks, `houblon.simulation.compare.verdicts` of columns in SQL, and what bars an
order whatever its policy says meets the policy's verdict by `settled`.
"""

from collections.abc import Iterable

import msgspec

from houblon.engine.policy.decision import Outcome
from houblon.engine.policy.lowering import MINIMUMS
from houblon.engine.policy.policy import Rule


class Rank(msgspec.Struct, frozen=True):
    """An effect and the outcome that it gives: the action of a rule, or `barred`.

    `waived_by` is the action that takes the WAIVABLE rules out of it.
    """

    effect: str
    outcome: Outcome
    waived_by: str | None = None


# What holds an order back whatever its policy says: an unknown group, another currency.
BARRED = "barred"
PRECEDENCE = (
    Rank("refuse", Outcome.REFUSED),
    Rank(BARRED, Outcome.HELD),
    Rank("hold", Outcome.HELD, waived_by="waive_minimums"),
    Rank("accept", Outcome.ACCEPTED),
)
OTHERWISE = Outcome.HELD
# What is unknown and could have changed the answer: nothing is accepted on a guess.
IN_DOUBT = Outcome.HELD
WAIVABLE = frozenset(MINIMUMS)
ADJUSTMENTS = ("waive_minimums", "set_terms", "withhold_invoice")

# What follows from the table.
OUTCOMES = tuple(dict.fromkeys(rank.outcome for rank in PRECEDENCE))
BY_RULES = tuple(rank for rank in PRECEDENCE if rank.effect != BARRED)
WAIVERS = frozenset(rank.waived_by for rank in PRECEDENCE if rank.waived_by)
_BARRED = next(rank.outcome for rank in PRECEDENCE if rank.effect == BARRED)


def settled(outcome: Outcome, is_barred: object) -> Outcome:
    """What a policy's outcome becomes where something bars the order: the one that stands first."""
    return min(outcome, _BARRED, key=OUTCOMES.index) if is_barred else outcome


def effects_of(outcome: Outcome) -> tuple[str, ...]:
    """The actions of rules that count in an outcome; nothing adjusts what the first rank ends."""
    ranked = tuple(rank.effect for rank in BY_RULES if rank.outcome is outcome)
    return ranked if outcome is OUTCOMES[0] else (*ranked, *ADJUSTMENTS)


def doing(rules: Iterable[Rule], action: str | None) -> list[Rule]:
    """The rules that have the action."""
    return [rule for rule in rules if any(each.name == action for each in rule.actions)]


def claim_of(rule: Rule, chain: tuple[str, ...]) -> tuple[int, int] | None:
    """Where a rule that sets terms stands among such: the highest group first, in it the shortest terms.

    The second of the two is the days. None for a rule that sets none.
    """
    days = [each.params["days"] for each in rule.actions if each.name == "set_terms"]
    return (chain.index(rule.provenance.group), min(days)) if days and rule.provenance is not None else None

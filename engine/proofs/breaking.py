"""A claim as a formula of the orders that break it."""

from houblon.engine.conditions.targets.logic import Formula, Symbols, all_of, any_of, negated
from houblon.engine.policy.decision import Outcome
from houblon.engine.proofs.claims import Claim, is_longer
from houblon.engine.proofs.verdict import PossibleVerdict


def breaking(claim: Claim, symbols: Symbols, verdict: PossibleVerdict, other: PossibleVerdict | None = None) -> Formula:
    """That the verdict breaks the claim; `other` is that of the group alone, of `not_looser_than`."""
    accepted = verdict.outcomes[Outcome.ACCEPTED]
    if claim.kind == "accepted_is_invoiced":
        return all_of(symbols, [accepted, negated(symbols, verdict.owed)])
    if claim.kind == "terms_at_most_days":
        longer = [holds for terms, holds in verdict.terms if is_longer(terms, claim.days)]
        return all_of(symbols, [negated(symbols, verdict.outcomes[Outcome.REFUSED]), any_of(symbols, longer)])
    if claim.kind == "not_looser_than":
        assert other is not None
        return all_of(symbols, [accepted, negated(symbols, other.outcomes[Outcome.ACCEPTED])])
    return any_of(symbols, [verdict.outcomes[outcome] for outcome in claim.outcomes])

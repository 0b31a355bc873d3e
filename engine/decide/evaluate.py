"""decide(order, policy): refuse beats hold beats accept; if nothing accepts, the order is held.

Acceptance has one source, automatic mode; every other rule holds back or adjusts. What can't be
known under strong Kleene logic is held, never guessed. Order of rules never matters.
"""

from datetime import datetime
from functools import lru_cache

from houblon.engine.core.account import Account, has_own_limit, origins
from houblon.engine.core.order import READING, Facts, Order, read_facts
from houblon.engine.decide.bars import barred_by, over_own_limit
from houblon.engine.decide.installation import Installation as Installation
from houblon.engine.decide.obligations import obligations
from houblon.engine.decide.precedence import settled
from houblon.engine.decide.reasons import reasons
from houblon.engine.decide.trace import traced
from houblon.engine.decide.verdict import Judge, Verdict
from houblon.engine.policy.decision import Decision, Invoicing, Outcome
from houblon.engine.policy.policy import Policy
from houblon.engine.policy.terms import due_date
from houblon.engine.schedule.calendar import Cycle


def decide(
    order: Order,
    policy: Policy,
    *,
    accepted_at: datetime,
    cycle: Cycle | None,
    installation: Installation,
    unknown_groups: tuple[str, ...] = (),
    trace: bool = False,
    reading: int = READING,
    known_province: str | None = None,
    account: Account | None = None,
) -> Decision:
    """The decision about `order` by `policy`.

    `accepted_at` (with its zone) is the instant from which dates count, `cycle` is that of the
    order's distributor. `unknown_groups` are those the order names and nobody made; `known_province`
    is the one that its buyer is kept in, `account` what is known of what they owe: None where the order says that.
    """
    judge = judge_of(policy)
    facts = facts_of(order, policy, installation, reading, account)
    readings = None
    if trace:
        verdict, readings = traced(judge, facts)
    else:
        verdict = judge.verdict(facts)
    barred = barred_by(order, installation, unknown_groups, policy, reading, known_province)
    if has_own_limit(account):
        barred += over_own_limit(policy, facts)
    outcome = settled(verdict.outcome, barred)
    duties = verdict.duties
    if outcome is not verdict.outcome:
        duties = (*obligations(policy, outcome, False), *verdict.asked)
    invoice = None
    if outcome is Outcome.ACCEPTED:
        invoice = _invoicing(order, policy, verdict, accepted_at, cycle, installation)
    return Decision(
        order.id,
        outcome,
        policy.version,
        policy.hash,
        policy.chain,
        reasons(verdict, outcome, barred, facts),
        duties,
        invoice,
        readings,
        origins(account, judge.credit_limit, order.buyer.credit_limit),
    )


def invoicing(
    order: Order,
    policy: Policy,
    *,
    accepted_at: datetime,
    cycle: Cycle | None,
    installation: Installation,
    reading: int = READING,
    account: Account | None = None,
) -> Invoicing:
    """How the order is invoiced when a person accepts it at `accepted_at`, whatever held it."""
    verdict = judge_of(policy).verdict(facts_of(order, policy, installation, reading, account))
    return _invoicing(order, policy, verdict, accepted_at, cycle, installation)


def facts_of(
    order: Order,
    policy: Policy,
    installation: Installation,
    reading: int = READING,
    account: Account | None = None,
) -> Facts:
    limit = judge_of(policy).credit_limit
    return read_facts(order, policy.chain[:-1], installation.zone, reading, account, limit)


@lru_cache(maxsize=2_048)
def judge_of(policy: Policy) -> Judge:
    """The policy compiled; those in use stay so."""
    return Judge(policy)


def _invoicing(
    order: Order,
    policy: Policy,
    verdict: Verdict,
    accepted_at: datetime,
    cycle: Cycle | None,
    installation: Installation,
) -> Invoicing:
    due = due_date(
        verdict.terms,
        accepted_at,
        str(installation.zone),
        planned_delivery=order.planned_delivery,
        cycle=cycle,
    )
    return Invoicing(verdict.trigger, verdict.issue, verdict.terms, policy.version, policy.hash, due, verdict.owed)

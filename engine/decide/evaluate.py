"""decide(order, policy): refuse beats hold beats accept; if nothing accepts, the order is held.

Acceptance has one source, automatic mode; every other rule holds back or adjusts. What can't be
known under strong Kleene logic is held, never guessed. Order of rules never matters.
"""

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from houblon.engine.core.order import Facts, Order, read_facts
from houblon.engine.decide.obligations import obligations
from houblon.engine.decide.precedence import settled
from houblon.engine.decide.reasons import not_in_currency, reasons, unknown_group
from houblon.engine.decide.trace import traced
from houblon.engine.decide.verdict import Judge, Verdict
from houblon.engine.policy.decision import Decision, Invoicing, Outcome, Reason
from houblon.engine.policy.policy import Policy
from houblon.engine.policy.terms import due_date
from houblon.engine.schedule.calendar import Cycle


class Installation(msgspec.Struct, frozen=True):
    """Where Houblon runs: the producer's zone and currency (ISO 4217)."""

    zone: ZoneInfo
    currency: str = "CAD"


def decide(
    order: Order,
    policy: Policy,
    *,
    accepted_at: datetime,
    cycle: Cycle | None,
    installation: Installation,
    unknown_groups: tuple[str, ...] = (),
    trace: bool = False,
) -> Decision:
    """The decision about `order` by `policy`.

    `accepted_at` (with its zone) is the instant from which dates count, `cycle` is that of the
    order's distributor. `unknown_groups` are those the order names and nobody made.
    """
    judge = judge_of(policy)
    facts = facts_of(order, policy, installation)
    readings = None
    if trace:
        verdict, readings = traced(judge, facts)
    else:
        verdict = judge.verdict(facts)
    barred = barred_by(order.currency, installation, unknown_groups)
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
    )


def invoicing(
    order: Order, policy: Policy, *, accepted_at: datetime, cycle: Cycle | None, installation: Installation
) -> Invoicing:
    """How the order is invoiced when a person accepts it at `accepted_at`, whatever held it."""
    verdict = judge_of(policy).verdict(facts_of(order, policy, installation))
    return _invoicing(order, policy, verdict, accepted_at, cycle, installation)


def facts_of(order: Order, policy: Policy, installation: Installation) -> Facts:
    return read_facts(order, policy.chain[:-1], installation.zone)


@lru_cache(maxsize=2_048)
def judge_of(policy: Policy) -> Judge:
    """The policy compiled; those in use stay so."""
    return Judge(policy)


def barred_by(currency: str | None, installation: Installation, unknown_groups: tuple[str, ...]) -> tuple[Reason, ...]:
    """What holds any order whatever its policy says."""
    if not unknown_groups and (currency is None or currency.upper() == installation.currency):
        return ()
    barred = [unknown_group(group) for group in unknown_groups]
    if currency is not None and currency.upper() != installation.currency:
        barred.append(not_in_currency(currency, installation.currency))
    return tuple(barred)


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

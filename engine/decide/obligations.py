"""Obligations: what must follow an outcome, whoever decides it."""

from functools import lru_cache

from houblon.engine.policy.decision import Obligation, Outcome
from houblon.engine.policy.policy import Policy


@lru_cache(maxsize=2_048)
def obligations(policy: Policy, outcome: Outcome, issues: bool) -> tuple[Obligation, ...]:
    """What must follow an outcome, by rule or by a person: the invoice where it `issues` one, and who is told of what."""
    events = [f"order.{outcome}"]
    duties = []
    if issues:
        duties.append(Obligation("issue_invoice"))
        events.append("invoice.issued")
    notified = policy.settings["notifications.buyer"].value
    duties += [Obligation("notify_buyer", event=event) for event in events if event in notified]
    team = policy.settings["notifications.team"].value["events"]
    duties += [Obligation("notify_team", event=event) for event in events if event in team]
    return tuple(duties)

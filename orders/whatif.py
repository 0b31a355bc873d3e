"""What would happen to an order: decided like a real one, and nothing is recorded."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from engine.decision import Decision, Invoicing, Outcome, decision_document, invoicing_document
from engine.evaluate import decide, invoicing
from engine.order import Order
from engine.policy import Policy
from engine.problem import refuse
from orders.desk import Desk
from orders.retailers import memberships_of
from rules.content import Content
from rules.drafts import preview
from rules.inherit import chain_of
from rules.proposal import UnknownProposal
from rules.store import UnknownVersion


class WhatIf(msgspec.Struct, frozen=True):
    """A decision that was not recorded; `if_accepted` is what would follow if a person accepted."""

    decision: Decision
    policy: Policy
    content: Content
    if_accepted: Invoicing | None

    def document(self) -> dict[str, Any]:
        """The decision as it goes out, with `if_accepted` when it is held."""
        document = decision_document(self.decision)
        if self.if_accepted is not None:
            document["if_accepted"] = invoicing_document(self.if_accepted)
        return document


def what_if(
    connection: Connection,
    desk: Desk,
    order: Order,
    *,
    now: datetime,
    accepted_at: datetime | None = None,
    as_of: datetime | None = None,
    version: int | None = None,
    proposal: str | None = None,
    trace: bool = False,
) -> WhatIf:
    """Decide `order` by `version` or `proposal`, else by the version in force `as_of`, else `now`.

    A future `as_of` counts what is scheduled until then. `accepted_at` moves dates only; unless
    given, dates count from `as_of` or `now`. Raises Invalid when there is no such version or
    proposal, and when the proposal's documents contradict each other.
    """
    content = content_asked(desk, now=now, as_of=as_of, version=version, proposal=proposal)
    return what_if_in(connection, desk, content, order, accepted_at=accepted_at or as_of or now, trace=trace)


def what_if_in(
    connection: Connection, desk: Desk, content: Content, order: Order, *, accepted_at: datetime, trace: bool = False
) -> WhatIf:
    """Decide `order` by what a content holds; dates count from `accepted_at`."""
    kept = memberships_of(connection, order.buyer.id)
    chain, unknown = chain_of(content, kept, order.buyer.groups or ())
    policy = desk.policies.policy_in(content, chain)
    dates: dict[str, Any] = {
        "accepted_at": accepted_at,
        "cycle": content.cycles.get(order.distributor or ""),
        "installation": desk.installation,
    }
    decision = decide(order, policy, unknown_groups=unknown, trace=trace, **dates)
    held = decision.outcome is Outcome.HELD
    return WhatIf(decision, policy, content, invoicing(order, policy, **dates) if held else None)


def content_asked(
    desk: Desk,
    *,
    now: datetime,
    as_of: datetime | None = None,
    version: int | None = None,
    proposal: str | None = None,
) -> Content:
    """What `version` or `proposal` holds, else what is in force `as_of`, else `now`. Raises Invalid."""
    policies = desk.policies
    if version and proposal:
        raise refuse(
            "both", "/proposal", "Une version ou un brouillon, pas les deux.", "A version or a proposal, not both."
        )
    try:
        if proposal:
            history = policies.store.history()
            return preview(history, history.proposal(proposal), as_of or now).content
        if version:
            return policies.content(version)
    except UnknownProposal:
        raise refuse(
            "unknown_proposal", "/proposal", "Ce brouillon n’existe pas.", "There is no such proposal."
        ) from None
    except UnknownVersion:
        raise refuse(
            "unknown_version", "/version", "Cette version n’existe pas.", "There is no such version."
        ) from None
    current = policies.in_force(min(as_of or now, now)).number
    return policies.foreseen(as_of) if as_of and as_of > now else policies.content(current)

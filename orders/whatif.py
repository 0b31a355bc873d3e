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
from rules.inherit import chain_of
from rules.store import UnknownVersion


class WhatIf(msgspec.Struct, frozen=True):
    """A decision that was not recorded; `if_accepted` is what would follow if a person accepted."""

    decision: Decision
    policy: Policy
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
    trace: bool = False,
) -> WhatIf:
    """Decide `order` by `version`, else by the version in force `as_of`, else `now`.

    `accepted_at` moves dates only; unless given, dates count from `as_of` or `now`. Raises Invalid
    when there is no such version.
    """
    try:
        number = desk.policies.store.version(version).number if version else desk.policies.in_force(as_of or now).number
    except UnknownVersion:
        raise refuse("unknown_version", "/version", "Cette version n’existe pas.", "There is no such version.") from None
    content = desk.policies.content(number)
    kept = memberships_of(connection, order.buyer.id)
    chain, unknown = chain_of(content, kept, order.buyer.groups or ())
    policy = desk.policies.policy(chain, number)
    dates: dict[str, Any] = {
        "accepted_at": accepted_at or as_of or now,
        "cycle": content.cycles.get(order.distributor or ""),
        "installation": desk.installation,
    }
    decision = decide(order, policy, unknown_groups=unknown, trace=trace, **dates)
    held = decision.outcome is Outcome.HELD
    return WhatIf(decision, policy, invoicing(order, policy, **dates) if held else None)

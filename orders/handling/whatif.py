"""What would happen to an order: decided like a real one, and nothing is recorded."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from houblon.engine.core.account import Account
from houblon.engine.core.order import Order
from houblon.engine.core.problem import refuse
from houblon.engine.decide.evaluate import decide, invoicing
from houblon.engine.policy.decision import Decision, Invoicing, Outcome, decision_document, invoicing_document
from houblon.engine.policy.policy import Policy
from houblon.orders.db.statements import Reader
from houblon.orders.products.availability import in_stock
from houblon.orders.retailers.accounts import account_of
from houblon.orders.retailers.brought import groups_of
from houblon.orders.retailers.memberships import kept_province
from houblon.orders.retailers.names import HOUSE, BuyerIds, ids_to_be, with_buyer
from houblon.orders.services import Services
from houblon.rules.model.content import Content
from houblon.rules.model.inherit import buyer_chain
from houblon.rules.model.proposal import UnknownProposal
from houblon.rules.policies import Policies
from houblon.rules.publishing.drafts import preview
from houblon.rules.store.documents import UnknownVersion


class WhatIf(msgspec.Struct, frozen=True):
    """A decision that was not recorded, by a version or a `proposal`, of the `order` as it was read; `if_accepted` is what
    would follow if a person accepted, `account` what the ledger knows of what the buyer owes, where that counts."""

    decision: Decision
    policy: Policy
    content: Content
    if_accepted: Invoicing | None
    order: Order
    proposal: str | None = None
    account: Account | None = None

    def document(self) -> dict[str, Any]:
        """The decision as it goes out, with `if_accepted` when it is held."""
        document = decision_document(self.decision)
        if self.if_accepted is not None:
            document["if_accepted"] = invoicing_document(self.if_accepted)
        if not self.proposal:
            return document
        return {**_without_version(document, self.content.version.number), "proposal": self.proposal}


def what_if(
    reader: Reader,
    services: Services,
    order: Order,
    *,
    now: datetime,
    accepted_at: datetime | None = None,
    as_of: datetime | None = None,
    version: int | None = None,
    proposal: str | None = None,
    trace: bool = False,
    buyer_source: str = HOUSE,
    ids: BuyerIds | None = None,
    key: int = 0,
) -> WhatIf:
    """`what_if_of` an order whose buyer's groups are read by `reader`.

    The buyer's id is the one that `buyer_source` calls them; `ids` are where it leads, if that is known;
    `key` is the order's own where it is recorded.
    """
    found = ids or ids_to_be(reader, buyer_source, order.buyer.id)
    buyers = in_stock(reader, with_buyer(order, found.retailer))
    groups = groups_of(reader, services.policies.store.recent(), found.retailer)
    province = kept_province(reader, buyers.buyer, found.own)
    return what_if_of(
        services,
        buyers,
        groups,
        now=now,
        accepted_at=accepted_at,
        as_of=as_of,
        version=version,
        proposal=proposal,
        trace=trace,
        province=province,
        account=account_of(reader, services, found.retailer, now, key),
    )


def what_if_of(
    services: Services,
    order: Order,
    kept: Iterable[str],
    *,
    now: datetime,
    accepted_at: datetime | None = None,
    as_of: datetime | None = None,
    version: int | None = None,
    proposal: str | None = None,
    trace: bool = False,
    province: str | None = None,
    account: Account | None = None,
) -> WhatIf:
    """Decide `order`, of a buyer kept in the groups `kept`, by `version` or `proposal`, else by the version
    in force `as_of`, else `now`.

    A future `as_of` counts what is scheduled until then. `accepted_at` moves dates only; unless
    given, dates count from `as_of` or `now`. Raises Invalid when there is no such version or
    proposal, and when the proposal's documents contradict each other.
    """
    content = content_asked(services, now=now, as_of=as_of, version=version, proposal=proposal)
    return what_if_in(
        services,
        content,
        order,
        kept,
        accepted_at=accepted_at or as_of or now,
        trace=trace,
        province=province,
        proposal=proposal,
        account=account,
    )


def what_if_in(
    services: Services,
    content: Content,
    order: Order,
    kept: Iterable[str],
    *,
    accepted_at: datetime,
    trace: bool = False,
    province: str | None = None,
    proposal: str | None = None,
    account: Account | None = None,
) -> WhatIf:
    """Decide `order`, of a buyer kept in the groups `kept`, by what a content holds; dates count from `accepted_at`.

    `province` is the one that the buyer is kept in, `proposal` the one whose content it is, `account` what
    the ledger knows of what they owe.
    """
    chain, unknown = buyer_chain(content, order.buyer, kept)
    policy = services.policies.policy_in(content, chain)
    dates: dict[str, Any] = {
        "accepted_at": accepted_at,
        "cycle": content.cycle_of(order.distributor),
        "installation": services.installation,
        "account": account,
    }
    decision = decide(order, policy, unknown_groups=unknown, trace=trace, known_province=province, **dates)
    held = decision.outcome is Outcome.HELD
    follows = invoicing(order, policy, **dates) if held else None
    return WhatIf(decision, policy, content, follows, order, proposal, account)


def _without_version(found: Any, number: int) -> Any:
    """A decision by a proposal: it would be that version, but is none yet, and there may never be one of that number."""
    if isinstance(found, dict):
        return {
            name: None if name == "version" and value == number else _without_version(value, number)
            for name, value in found.items()
        }
    return [_without_version(each, number) for each in found] if isinstance(found, list | tuple) else found


def content_asked(
    services: Services,
    *,
    now: datetime,
    as_of: datetime | None = None,
    version: int | None = None,
    proposal: str | None = None,
) -> Content:
    """What `version` or `proposal` holds, else what is in force `as_of`, else `now`. Raises Invalid."""
    policies = services.policies
    if version and proposal:
        raise refuse(
            "both", "/proposal", "Une version ou un brouillon, pas les deux.", "A version or a proposal, not both."
        )
    if proposal:
        return proposed_content(policies, proposal, as_of or now)
    if version:
        return version_content(policies, version)
    if as_of is None or as_of == now:
        return policies.live(now)
    return policies.scheduled_content(as_of) if as_of > now else policies.content(policies.in_force(as_of).number)


def proposed_content(policies: Policies, proposal: str, at: datetime) -> Content:
    """What publishing the proposal at `at` would give. Raises Invalid when there is no such proposal."""
    history = policies.store.history()
    try:
        return preview(history, history.proposal(proposal), at).content
    except UnknownProposal:
        raise refuse(
            "unknown_proposal", "/proposal", "Ce brouillon n’existe pas.", "There is no such proposal."
        ) from None


def version_content(policies: Policies, version: int, pointer: str = "/version") -> Content:
    """What a version holds. Raises Invalid, about `pointer`, when there is no such version."""
    try:
        return policies.content(version)
    except UnknownVersion:
        raise refuse("unknown_version", pointer, "Cette version n’existe pas.", "There is no such version.") from None

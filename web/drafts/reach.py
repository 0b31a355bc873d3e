"""Whom one content concerns beside another: retailers whose policy is another, past orders that it decides otherwise."""

from collections import Counter
from typing import Any

import msgspec

from houblon.engine.policy.policy import rule_document
from houblon.orders.queries.recent_orders import Shift, decide_all, shift
from houblon.orders.retailers.memberships import count_in_no_group
from houblon.rules.model.content import Content
from houblon.rules.model.inherit import chain_of, resolve
from houblon.web.drafts.live_preview import paired, past_in
from houblon.web.foundation.current_app import house

Chain = tuple[str, ...]


class Affected(msgspec.Struct, frozen=True):
    """How many retailers have another policy, and what becomes of the last orders."""

    retailers: int
    shift: Shift


def reach_of(before: Content, after: Content) -> Affected:
    """What putting `after` in the place of `before` would touch."""
    installation = house().services.installation
    pairs = paired(decide_all(past_in(before), before, installation), decide_all(past_in(after), after, installation))
    return Affected(_retailers(before, after), shift([old for old, _ in pairs], [new for _, new in pairs]))


def _retailers(before: Content, after: Content) -> int:
    with house().services.ledger.reading() as connection:
        kept, others = house().everyone(connection), count_in_no_group(connection)
    chains = Counter(
        (_chain(before, buyer, groups), _chain(after, buyer, groups)) for buyer, groups in kept.items() if groups
    )
    chains[_chain(before, "", ()), _chain(after, "", ())] += others
    said: dict[tuple[bool, Chain], Any] = {}

    def policy(content: Content, chain: Chain) -> Any:
        key = (content is after, chain)
        if key not in said:
            said[key] = _said(content, chain)
        return said[key]

    return sum(count for (old, new), count in chains.items() if policy(before, old) != policy(after, new))


def _chain(content: Content, buyer: str, groups: Chain) -> Chain:
    return chain_of(content, content.moved.get(buyer, groups), ())[0]


def _said(content: Content, chain: Chain) -> Any:
    """What the policy says, whoever in the chain says it."""
    policy = resolve(content, chain)
    rules = [(rule.id, rule_document(rule)) for rule in policy.rules]
    return {path: setting.value for path, setting in policy.settings.items()}, rules

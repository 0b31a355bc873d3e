"""Whom one content concerns beside another: retailers whose policy is another, past orders that it decides otherwise."""

from collections import Counter
from typing import Any

import msgspec

from houblon.engine.policy.policy import BASE, rule_document
from houblon.orders.queries.recent_orders import Shift, decide_all, shift
from houblon.orders.retailers.memberships import count_in_no_group
from houblon.rules.model.content import Content
from houblon.rules.model.inherit import chain_of, resolve
from houblon.web.drafts.live_preview import paired, past_in
from houblon.web.foundation.current_app import house

Chain = tuple[str, ...]
_NONE: Chain = ()


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
        kept = house().everyone(connection)
        # In no group now, and put into one by what is tried or planned: known by an order or not.
        moved = dict.fromkeys((before.moved.keys() | after.moved.keys()) - kept.keys(), _NONE)
        walked = {**kept, **moved}
        others = count_in_no_group(connection, walked)
    chains = Counter((_chain(before, buyer, groups), _chain(after, buyer, groups)) for buyer, groups in walked.items())
    chains[(BASE,), (BASE,)] += others
    old = {chain: _said(before, chain) for chain in {old for old, _ in chains}}
    new = {chain: _said(after, chain) for chain in {new for _, new in chains}}
    return sum(count for (left, right), count in chains.items() if old[left] != new[right])


def _chain(content: Content, buyer: str, groups: Chain) -> Chain:
    return chain_of(content, content.moved.get(buyer, groups), ())[0]


def _said(content: Content, chain: Chain) -> Any:
    """What the policy says, whoever in the chain says it."""
    policy = resolve(content, chain)
    rules = [(rule.id, rule_document(rule)) for rule in policy.rules]
    return {path: setting.value for path, setting in policy.settings.items()}, rules

"""resolve(chain, version): the nearest statement wins, and its provenance is kept."""

from collections.abc import Iterable

from houblon.engine.core.order import Buyer
from houblon.engine.core.texts import identity
from houblon.engine.policy.decision import Provenance
from houblon.engine.policy.policy import BASE, Policy, Rule, Setting, policy_of
from houblon.engine.policy.settings import SETTINGS
from houblon.rules.model.content import Content, Group


def chain_of(
    content: Content, memberships: Iterable[str], claimed: Iterable[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The buyer's chain, highest rank first and Tous last, and the claimed groups that nobody made.

    Kept memberships always count; what an order claims only adds to them. A membership in a group
    that is no longer there counts for nothing.
    """
    # A group's id is its own identity: a-z, 0-9 and hyphens.
    claims = {identity(id): id for id in claimed}
    unknown = tuple(said for id, said in claims.items() if id not in content.groups and id != BASE)
    joined = {id for id in (*memberships, *claims) if id in content.groups and id != BASE}
    ranked = sorted(joined, key=lambda id: (-content.groups[id].rank, id))
    return (*ranked, BASE), unknown


def buyer_chain(content: Content, buyer: Buyer, kept: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """`chain_of` a buyer who is kept in the groups `kept`, unless the content brings others for them."""
    return chain_of(content, content.moved.get(buyer.id, kept), buyer.groups or ())


def resolve(content: Content, chain: tuple[str, ...]) -> Policy:
    """The policy in force for `chain`: one look-up a path along it."""
    groups = [content.groups[id] for id in chain]
    settings = {path: _setting(groups, path) for path in SETTINGS}
    ids = dict.fromkeys(id for group in reversed(groups) for id in group.rules)
    rules = [rule for id in ids if (rule := _rule(groups, id)) is not None]
    return policy_of(chain, content.version.number, settings, tuple(rules))


def _setting(groups: list[Group], path: str) -> Setting:
    group = next((group for group in groups if path in group.settings), None)
    if group is None:
        # A version of before there was such a setting: it has been so from the first one on.
        return Setting(SETTINGS[path].unstated, Provenance(BASE, 1))
    return Setting(group.settings[path], Provenance(group.id, group.since.get(path, 0)))


def _rule(groups: list[Group], id: str) -> Rule | None:
    return next(group.rules[id] for group in groups if id in group.rules)

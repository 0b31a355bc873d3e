"""What checks take as given, and what they are asked about."""

from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

import msgspec

from houblon.engine.decide.installation import Installation
from houblon.engine.policy.policy import BASE
from houblon.rules.model.content import Content
from houblon.rules.model.inherit import chain_of

Chain = tuple[str, ...]


class CheckContext(msgspec.Struct, frozen=True):
    """What checks take as given: where Houblon runs, which groups each known buyer is kept in (with what versions
    brought `through` this one; by default, the newest), and whether a second person must agree to what is published.
    """

    installation: Installation = Installation(ZoneInfo("America/Toronto"))
    memberships: Mapping[str, Chain] = {}
    approval: bool = False
    through: int | None = None

    def chains(self, content: Content, changed: Iterable[str]) -> list[Chain]:
        """The chains that a change of the groups `changed` touches: of each group, and of buyers in several.

        Those of buyers whom the content moves are among them, whatever their groups are.
        """
        touched = set(changed)
        single = [(BASE,), *((id, BASE) for id in content.groups if id != BASE)]
        kept = {**self.memberships, **content.moved}
        several = {chain_of(content, groups, ())[0] for groups in kept.values() if len(groups) > 1}
        moved = {chain_of(content, groups, ())[0] for groups in content.moved.values()}
        chains = [*single, *sorted(chain for chain in several if len(chain) > 2)]
        return [chain for chain in chains if chain in moved or not touched.isdisjoint(chain)]


class Touched(msgspec.Struct, frozen=True):
    """What a version changes: ids of groups, of cycles, of scenarios and of guardrails, and the buyers whom it moves."""

    groups: frozenset[str] = frozenset()
    cycles: frozenset[str] = frozenset()
    scenarios: frozenset[str] = frozenset()
    buyers: frozenset[str] = frozenset()
    guardrails: frozenset[str] = frozenset()

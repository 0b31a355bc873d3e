"""Policies ready to decide: resolved once for each chain and version, shared by every thread."""

from collections.abc import Callable
from datetime import datetime

from houblon.engine.policy.policy import Policy
from houblon.rules.checks.checks import CheckContext
from houblon.rules.model.content import Content, Version
from houblon.rules.model.inherit import resolve
from houblon.rules.publishing.schedule import promote_due
from houblon.rules.publishing.timeline import planned_content
from houblon.rules.store.caches import LruCache
from houblon.rules.store.documents import Store

_REMEMBERED = 4_096

Chain = tuple[str, ...]


class Policies:
    """The policies of a store's versions; `check_context` answers what checks take as given, when they run."""

    def __init__(self, store: Store, check_context: Callable[[], CheckContext] = CheckContext):
        self.store = store
        self.check_context = check_context
        # By the whole version, not its number: a restored store may give a number anew.
        self._resolved: LruCache[tuple[Version, tuple[str, ...]], Policy] = LruCache(_REMEMBERED)

    def in_force(self, at: datetime) -> Version:
        """The version in force at `at`, now or past; what was scheduled for that moment becomes one first."""
        history = self.store.history()
        if history.next_due is None or history.next_due > at:
            return history.in_force(at)
        promote_due(self.store, at, self.check_context())
        return self.store.in_force(at)

    def live(self, now: datetime) -> Content:
        """What is in force now: the newest version, whatever the clock says.

        A version is made the moment it comes into force. A clock that is set back afterwards must not
        bring an earlier one back.
        """
        history = self.store.recent()
        if history.next_due is not None and history.next_due <= now:
            promote_due(self.store, now, self.check_context())
            history = self.store.recent()
        return history.content(history.newest().number)

    def live_for(self, now: datetime, buyer: str, kept: Chain, through: int) -> tuple[Content, Chain]:
        """What is in force now, and the groups of a buyer with it: version and memberships always of one moment.

        `kept` are the groups that the ledger keeps for them, which knows the memberships that versions brought
        `through` this number. Where the version in force brought more since, these count already.
        """
        content = self.live(now)
        if content.version.number < through:
            # The ledger is ahead of what this process saw of the rules a moment ago.
            self.store.recent.invalidate()
            content = self.live(now)
        return content, self.kept_with(content, buyer, kept, through)

    def kept_with(self, content: Content, buyer: str, kept: Chain, through: int) -> Chain:
        """A buyer's groups with a published content, where the ledger keeps `kept`, brought `through` a version."""
        return self.store.recent().brought(through, content.version.number).get(buyer, kept)

    def scheduled_content(self, at: datetime) -> Content:
        """What will be in force at a future moment, as far as it is scheduled, with who will be moved by then."""
        return planned_content(self.store.history(), at)

    def content(self, version: int) -> Content:
        """What version number `version` holds. Raises UnknownVersion."""
        return self.store.content(version)

    def policy(self, chain: tuple[str, ...], version: int) -> Policy:
        """The policy of `chain` at `version`. Raises UnknownVersion."""
        return self.policy_in(self.store.content(version), chain)

    def policy_in(self, content: Content, chain: tuple[str, ...]) -> Policy:
        """The policy of `chain` in a content, a stored version's or one that may come to be."""
        return self._resolved.get((content.version, chain), lambda: resolve(content, chain))

"""Policies ready to decide: resolved once for each chain and version, shared by every thread."""

import threading
from collections import OrderedDict
from datetime import datetime

from engine.policy import Policy
from rules.content import Content, Version
from rules.inherit import resolve
from rules.store import Store

_REMEMBERED = 4_096


class Policies:
    """The policies of a store's versions."""

    def __init__(self, store: Store):
        self.store = store
        self._lock = threading.Lock()
        # By the whole version, not its number: a restored store may give a number anew.
        self._resolved: OrderedDict[tuple[Version, tuple[str, ...]], Policy] = OrderedDict()

    def in_force(self, at: datetime) -> Version:
        """The version in force at `at`."""
        return self.store.in_force(at)

    def content(self, version: int) -> Content:
        """What version number `version` holds. Raises UnknownVersion."""
        return self.store.content(version)

    def policy(self, chain: tuple[str, ...], version: int) -> Policy:
        """The policy of `chain` at `version`. Raises UnknownVersion."""
        content = self.store.content(version)
        key = (content.version, chain)
        with self._lock:
            found = self._resolved.get(key)
            if found is not None:
                self._resolved.move_to_end(key)
                return found
        found = resolve(content, chain)
        with self._lock:
            self._resolved[key] = found
            if len(self._resolved) > _REMEMBERED:
                self._resolved.popitem(last=False)
        return found

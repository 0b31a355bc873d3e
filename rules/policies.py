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
        self._resolved: OrderedDict[tuple[int, tuple[str, ...]], Policy] = OrderedDict()

    def in_force(self, at: datetime) -> Version:
        return self.store.in_force(at)

    def content(self, version: int) -> Content:
        return self.store.content(version)

    def policy(self, chain: tuple[str, ...], version: int) -> Policy:
        """The policy of `chain` at `version`. Raises UnknownVersion."""
        key = (version, chain)
        found = self._resolved.get(key)
        if found is None:
            found = resolve(self.store.content(version), chain)
            with self._lock:
                self._resolved[key] = found
                while len(self._resolved) > _REMEMBERED:
                    self._resolved.popitem(last=False)
        return found

"""Where orders come from: what kind of sender, whose groups by default, and how its payloads become orders."""

import json
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import Connection, func, insert, select, update

from houblon.engine.core.problem import Faults, refuse
from houblon.orders.credentials.credentials import STANDARD, Sender
from houblon.orders.db.tables import source_settings, sources, webhook_calls
from houblon.orders.intake.decode import parse_json
from houblon.orders.intake.mapping import OrderMapping, ids_of_payload, map_order, read_mapping, usable_id
from houblon.orders.intake.unread import Looked
from houblon.orders.retailers.names import HOUSE, keep_known_buyers
from houblon.rules.model.content import canonical

_FOLDER = Path(__file__).with_name("mappings")


class Source(msgspec.Struct, frozen=True):
    """A source, its secrets with the newest first, how its orders are read, and when its last call was answered.

    `groups` are those of buyers whose orders name none; a `mapping` that is None is its kind's own. `own_buyers` says
    whether its buyers' ids are its own: a shop's always are.
    """

    name: str
    kind: str
    secrets: tuple[Any, ...]
    groups: tuple[str, ...]
    mapping: dict[str, Any] | None
    last_call: datetime | None
    own_buyers: bool = False

    @property
    def active(self) -> tuple[Any, ...]:
        return tuple(each for each in self.secrets if each.active)

    @property
    def buyer_source(self) -> str:
        """Whose ids its buyers have: its own name, or nothing for the house's."""
        return self.name if self.own_buyers else HOUSE

    def sender(self, groups: Sequence[str] | None = None, mapping: dict[str, Any] | None | UnsetType = UNSET) -> Sender:
        """Who sends what a person reads again, or tries: nobody signs it. Other `groups` and another `mapping` than
        the source's may be tried."""
        return Sender(
            self.name,
            (),
            self.groups if groups is None else tuple(groups),
            self.mapping if isinstance(mapping, UnsetType) else mapping,
            self.buyer_source,
        )


def list_sources(connection: Connection) -> list[Source]:
    """Every source that ever had a secret, by name."""
    kept = {row.name: row for row in connection.execute(select(source_settings))}
    secrets: dict[str, list[Any]] = {}
    for row in connection.execute(select(sources).order_by(sources.c.name, sources.c.key.desc())):
        secrets.setdefault(row.name, []).append(row)
    last = select(func.max(webhook_calls.c.at))
    found = []
    for name, rows in secrets.items():
        said = kept.get(name)
        called = connection.execute(last.where(webhook_calls.c.source == name)).scalar_one()
        groups, mapping = (tuple(said.groups), said.mapping) if said else ((), None)
        own_buyers = rows[0].kind != STANDARD or (said is not None and said.own_buyers)
        found.append(Source(name, rows[0].kind, tuple(rows), groups, mapping, called, own_buyers))
    return found


def keep_own_buyers(connection: Connection, name: str, at: datetime) -> int:
    """From now on a source's buyers are its own, whatever ids the house has; whom it named before keep theirs.

    Returns how many it had named.
    """
    moved = connection.execute(update(source_settings).where(source_settings.c.name == name).values(own_buyers=True))
    if not moved.rowcount:
        new = insert(source_settings).values(name=name, groups=[], mapping=None, updated_at=at, own_buyers=True)
        connection.execute(new)
    return keep_known_buyers(connection, name, at)


def find_source(connection: Connection, name: str) -> Source | None:
    return next((each for each in list_sources(connection) if each.name == name), None)


def set_source(
    connection: Connection, name: str, groups: Sequence[str], mapping: dict[str, Any] | None, at: datetime
) -> None:
    """Say how a source's orders are read. Raises Invalid (pointers start with `/mapping`)."""
    if find_source(connection, name) is None:
        raise refuse("unknown_source", "/name", f"Il n’y a pas de source {name}.", f"There is no source {name}.")
    if mapping is not None:
        faults = Faults()
        with faults.gather("/mapping"):
            read_mapping(mapping)
        faults.raise_if_any()
    values = {"groups": list(groups), "mapping": mapping, "updated_at": at}
    moved = connection.execute(update(source_settings).where(source_settings.c.name == name).values(**values))
    if not moved.rowcount:
        connection.execute(insert(source_settings).values(name=name, **values))


@lru_cache
def default_mapping(kind: str) -> dict[str, Any] | None:
    """The mapping that a kind of shop comes with; None for those who send the house's own orders."""
    return None if kind == STANDARD else json.loads((_FOLDER / f"{kind}.json").read_text(encoding="utf-8"))


def order_body(
    sender: Sender,
    kind: str,
    body: bytes,
    groups: Callable[[], Collection[str]],
    zone: tzinfo,
    looked: Looked | None = None,
) -> bytes:
    """The order in the house's own writing; the very bytes where they are that already.

    `groups` answers the ids of the groups that there are; `zone` is the installation's; `looked` is given what a
    mapping read. Raises Invalid.
    """
    if mapping_of(sender, kind) is None and not sender.groups:
        return body
    return order_of_payload(sender, kind, parse_json(body), groups, zone, looked)


def order_of_payload(
    sender: Sender,
    kind: str,
    document: Any,
    groups: Callable[[], Collection[str]],
    zone: tzinfo,
    looked: Looked | None = None,
) -> bytes:
    """`order_body` of a payload that was parsed."""
    mapping = mapping_of(sender, kind)
    if mapping is not None:
        seen = None
        if looked is not None:
            looked.payload, seen = document, looked.seen
        document = map_order(_read(canonical(mapping)), document, zone, groups(), seen)
    if sender.groups and isinstance(document, dict):
        buyer = document.get("buyer")
        if isinstance(buyer, dict) and not buyer.get("groups"):
            buyer["groups"] = list(sender.groups)
    return msgspec.json.encode(document)


def mapping_of(sender: Sender, kind: str) -> dict[str, Any] | None:
    """The mapping that a sender's payloads are read with; None where they are orders of the house's own writing."""
    return default_mapping(kind) if sender.mapping is None else sender.mapping


def ids_in(sender: Sender, kind: str, payload: object, zone: tzinfo) -> tuple[str | None, str | None]:
    """The ids of the order and of its buyer in a payload, each where it can be read, whatever else can't be."""
    mapping = mapping_of(sender, kind)
    if mapping is not None:
        return ids_of_payload(_read(canonical(mapping)), payload, zone)
    order = payload if isinstance(payload, dict) else {}
    buyer = order.get("buyer")
    return usable_id(order.get("id")), usable_id(buyer.get("id") if isinstance(buyer, dict) else None)


@lru_cache(maxsize=256)
def _read(written: bytes) -> OrderMapping:
    return read_mapping(msgspec.json.decode(written))

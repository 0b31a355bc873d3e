"""Where orders come from: what kind of sender, whose groups by default, and how its payloads become orders."""

import json
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, case, func, insert, select, update

from engine.problem import refuse
from orders.doors import STANDARD, Sender
from orders.intake import parse_json
from orders.mapping import OrderMapping, map_order, read_mapping
from orders.tables import source_settings, sources
from rules.content import canonical

_FOLDER = Path(__file__).with_name("mappings")


class Source(msgspec.Struct, frozen=True):
    """A source as it is kept; `secrets` counts its active ones, `mapping` None is its kind's own."""

    name: str
    kind: str
    secrets: int
    groups: tuple[str, ...]
    mapping: dict[str, Any] | None
    created_at: datetime


def list_sources(connection: Connection) -> Sequence[Source]:
    """Every source, by name."""
    active = func.sum(case((sources.c.active, 1), else_=0))
    query = (
        select(
            sources.c.name,
            func.min(sources.c.kind),
            active,
            source_settings.c.groups,
            source_settings.c.mapping,
            func.min(sources.c.created_at, type_=sources.c.created_at.type),
        )
        .join(source_settings, source_settings.c.name == sources.c.name, isouter=True)
        .group_by(sources.c.name, source_settings.c.groups, source_settings.c.mapping)
        .order_by(sources.c.name)
    )
    return [
        Source(name, kind, int(count), tuple(groups or ()), mapping, at)
        for name, kind, count, groups, mapping, at in connection.execute(query)
    ]


def find_source(connection: Connection, name: str) -> Source | None:
    return next((each for each in list_sources(connection) if each.name == name), None)


def set_source(
    connection: Connection, name: str, groups: Sequence[str], mapping: dict[str, Any] | None, at: datetime
) -> None:
    """Say how a source's orders are read. Raises Invalid (pointers start with `/mapping`)."""
    if find_source(connection, name) is None:
        raise refuse("unknown_source", "/name", f"Il n’y a pas de source {name}.", f"There is no source {name}.")
    if mapping is not None:
        read_mapping(mapping)
    values = {"groups": list(groups), "mapping": mapping, "updated_at": at}
    moved = connection.execute(update(source_settings).where(source_settings.c.name == name).values(**values))
    if not moved.rowcount:
        connection.execute(insert(source_settings).values(name=name, **values))


@lru_cache
def default_mapping(kind: str) -> dict[str, Any] | None:
    """The mapping that a kind of shop comes with; None for those who send the house's own orders."""
    return None if kind == STANDARD else json.loads((_FOLDER / f"{kind}.json").read_text(encoding="utf-8"))


def order_body(sender: Sender, kind: str, body: bytes, groups: Callable[[], Collection[str]]) -> bytes:
    """The order in the house's own writing; the very bytes where they are that already.

    `groups` answers the ids of the groups that there are. Raises Invalid.
    """
    mapping = default_mapping(kind) if sender.mapping is None else sender.mapping
    if mapping is None and not sender.groups:
        return body
    document = parse_json(body)
    if mapping is not None:
        document = map_order(_read(canonical(mapping)), document, groups())
    if sender.groups and isinstance(document, dict):
        buyer = document.get("buyer")
        if isinstance(buyer, dict) and not buyer.get("groups"):
            buyer["groups"] = list(sender.groups)
    return msgspec.json.encode(document)


@lru_cache(maxsize=256)
def _read(written: bytes) -> OrderMapping:
    return read_mapping(msgspec.json.decode(written))

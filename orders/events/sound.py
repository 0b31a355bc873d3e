"""Whether events are what they say: each fact since the first one has its event, and each event its fact, once."""

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, Table, exists, func, literal, select

from houblon.orders.db.tables import decisions, events, invoices, transitions
from houblon.orders.events.catalogue import DECIDED
from houblon.orders.events.reading import began, removed_before


class Unsound(msgspec.Struct, frozen=True):
    """A fact without its event, or an event without its fact: which, and the key of what is there."""

    kind: str
    key: int
    is_missing: bool


def count_events(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(events)).scalar_one()


def unsound_events(connection: Connection, most: int = 20) -> list[Unsound]:
    """The first of them of each kind. What was there before events were, or is old enough to be removed, is not asked."""
    found: list[Unsound] = []
    for kind, facts in _facts(connection):
        missing = facts.where(~_has_event(facts, kind)).limit(most)
        found += [Unsound(kind, key, True) for (key,) in connection.execute(missing)]
    for kind in sorted(DECIDED):
        fact = exists().where(decisions.c.key == events.c.fact, decisions.c.order_key == events.c.order_key)
        lost = select(events.c.key).where(events.c.kind == kind, ~fact).order_by(events.c.key).limit(most)
        found += [Unsound(kind, key, False) for (key,) in connection.execute(lost)]
    return found


def _facts(connection: Connection) -> Iterator[tuple[str, Select[Any]]]:
    """Each kind of event with the rows that are its facts, by key."""
    before = removed_before(connection)
    moves = select(transitions.c.key).where(
        transitions.c.key > began(connection, transitions.name), transitions.c.at >= before
    )
    made = select(decisions.c.key).where(
        decisions.c.key > began(connection, decisions.name), decisions.c.made_at >= before
    )
    for kind in sorted(DECIDED):
        yield kind, made.where(decisions.c.outcome == kind.partition(".")[2])
    of_order, of_invoice = transitions.c.invoice_key.is_(None), transitions.c.invoice_key.is_not(None)
    for state in ("delivered", "cancelled"):
        yield f"order.{state}", moves.where(of_order, transitions.c.after == state, _is_move())
    for state in ("viewed", "paid", "credited"):
        yield f"invoice.{state}", moves.where(of_invoice, transitions.c.after == state)
    for kind, issued in (("invoice", "invoice.issued"), ("credit_note", "credit_note.issued")):
        is_kind = exists().where(invoices.c.key == transitions.c.invoice_key, invoices.c.kind == kind)
        yield issued, moves.where(of_invoice, transitions.c.after == "issued", is_kind)


def _is_move() -> ColumnElement[bool]:
    return transitions.c.before.is_distinct_from(transitions.c.after)


def _has_event(facts: Select[Any], kind: str) -> ColumnElement[bool]:
    table = facts.get_final_froms()[0]
    assert isinstance(table, Table)
    return exists().where(
        events.c.order_key == table.c.order_key, events.c.kind == literal(kind), events.c.fact == table.c.key
    )

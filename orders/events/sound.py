"""Whether events are what they say: each fact since the first one has its event, and each event its fact, once."""

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, and_, exists, func, select

from houblon.orders.db.tables import decisions, events, invoices, transitions
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
    before = removed_before(connection)
    found: list[Unsound] = []
    for kind, (table, is_fact) in _FACTS.items():
        same = (events.c.order_key == table.c.order_key, events.c.kind == kind, events.c.fact == table.c.key)
        at = table.c.made_at if table is decisions else table.c.at
        since = (table.c.key > began(connection, table.name), at >= before)
        missing = select(table.c.key).where(is_fact, *since, ~exists().where(*same))
        lost = select(events.c.key).where(events.c.kind == kind, ~exists().where(*same, is_fact))
        for query, is_missing in ((missing, True), (lost, False)):
            keys = connection.execute(query.limit(most)).scalars()
            found += [Unsound(kind, key, is_missing) for key in keys]
    return found


def _decided(outcome: str) -> tuple[Table, ColumnElement[bool]]:
    return decisions, decisions.c.outcome == outcome


def _moved(state: str) -> tuple[Table, ColumnElement[bool]]:
    return transitions, and_(
        transitions.c.invoice_key.is_(None), transitions.c.after == state, transitions.c.before != state
    )


def _became(state: str, kind: str = "invoice") -> tuple[Table, ColumnElement[bool]]:
    is_kind = exists().where(invoices.c.key == transitions.c.invoice_key, invoices.c.kind == kind)
    # A payment that is reversed puts its invoice back to what it was: it is not issued, or viewed, again.
    is_put_back = and_(transitions.c.before == "paid", transitions.c.after.in_(("issued", "sent", "viewed")))
    is_move = and_(transitions.c.invoice_key.is_not(None), transitions.c.after == state)
    return transitions, and_(is_move, func.coalesce(~is_put_back, True), is_kind)


# What the fact of each kind is, by the key of its row.
_FACTS = {
    "order.accepted": _decided("accepted"),
    "order.held": _decided("held"),
    "order.refused": _decided("refused"),
    "order.delivered": _moved("delivered"),
    "order.cancelled": _moved("cancelled"),
    "invoice.issued": _became("issued"),
    "invoice.viewed": _became("viewed"),
    "invoice.paid": _became("paid"),
    "invoice.credited": _became("credited"),
    "credit_note.issued": _became("issued", "credit_note"),
    "credit_note.viewed": _became("viewed", "credit_note"),
}

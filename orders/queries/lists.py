"""What pages ask of the ledger; lists are paged by key, so that a million orders stay fast."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, literal_column, or_, select

from houblon.orders.db.statements import AnyRow
from houblon.orders.db.tables import (
    decisions,
    invoices,
    memberships,
    orders,
    outbox,
    retailer_names,
    retailers,
    transitions,
)
from houblon.orders.invoicing.of_orders import IN_FORCE
from houblon.orders.outbox.delivery import has_a_place

PAGE = 50
# How many rows one page looks at for what no index finds; the next page goes on from there.
LOOKED_AT = 25_000
ORDER_COLUMNS = (
    orders.c.key,
    orders.c.source,
    orders.c.order_id,
    orders.c.state,
    orders.c.order_value,
    orders.c.item_count,
    orders.c.received_at,
    orders.c.placed_at,
    orders.c.retailer_id,
    retailers.c.name.label("retailer_name"),
)

# A list needs no document, and reading fifty of them takes longer than all the rest.
_INVOICE = tuple(column for column in invoices.c if column.name != "document")

# Literals: an index of one value's rows alone is used only by a query that names that value itself.
_ACCEPTED: ColumnElement[str] = literal_column("'accepted'")
_PARKED: ColumnElement[str] = literal_column("'parked'")
_WEBHOOK: ColumnElement[str] = literal_column("'webhook'")


class OrderFilter(msgspec.Struct, frozen=True):
    """Which orders a list shows; what is None or empty asks nothing.

    `search` matches order, retailer id or name; `group` is that of kept memberships; `since` and
    `until` bound the reception (until excluded); `at_least` is cents; `buyer` is a retailer's id.
    """

    state: str | None = None
    source: str | None = None
    order_id: str | None = None
    buyer: str | None = None
    search: str = ""
    group: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    at_least: int | None = None


EVERYTHING = OrderFilter()


def list_orders(
    connection: Connection,
    asked: OrderFilter = EVERYTHING,
    before: int | None = None,
    limit: int = PAGE,
    above: int = 0,
) -> Sequence[Row[Any]]:
    """Orders, newest first, below the key `before` and above the key `above`."""
    query = filtered(select(*ORDER_COLUMNS).join(retailers), asked).order_by(orders.c.key.desc()).limit(limit)
    if above:
        query = query.where(orders.c.key > above)
    return connection.execute(query if before is None else query.where(orders.c.key < before)).all()


def floor_of(connection: Connection, key: ColumnElement[int], before: int | None) -> int:
    """The key down to which one page looks; 0 when that is all there is."""
    top = before - 1 if before is not None else connection.execute(select(func.max(key))).scalar_one() or 0
    return max(0, top - LOOKED_AT)


def is_in(state: str) -> ColumnElement[bool]:
    """Orders in a state; the index knows those that are not accepted."""
    same = orders.c.state == state
    return same if state == "accepted" else same & (orders.c.state != _ACCEPTED)


def filtered(query: Any, asked: OrderFilter) -> Any:
    if asked.state:
        query = query.where(is_in(asked.state))
    if asked.source:
        query = query.where(orders.c.source == asked.source)
    if asked.order_id:
        # By the index of sources and ids, which holds no order whole, where no source is named.
        query = query.where(orders.c.key.in_(select(orders.c.key).where(orders.c.order_id == asked.order_id)))
    if asked.buyer:
        query = query.where(orders.c.retailer_id == asked.buyer)
    if asked.search:
        like = f"%{_escaped(asked.search)}%"
        query = query.where(
            orders.c.order_id.ilike(like, escape="\\")
            | retailers.c.name.ilike(like, escape="\\")
            | orders.c.retailer_id.ilike(like, escape="\\")
            | orders.c.retailer_id.in_(called(like))
        )
    if asked.group:
        members = select(memberships.c.retailer_id).where(memberships.c.group_id == asked.group)
        query = query.where(orders.c.retailer_id.in_(members))
    if asked.since:
        query = query.where(orders.c.received_at >= asked.since)
    if asked.until:
        query = query.where(orders.c.received_at < asked.until)
    return query if asked.at_least is None else query.where(orders.c.order_value >= asked.at_least)


def called(like: str) -> Select[Any]:
    """The retailers that a source calls so, or that one of such a name or id is joined to."""
    joined = retailers.alias()
    return (
        select(retailer_names.c.retailer_id)
        .join(joined, joined.c.id == retailer_names.c.own_id)
        .where(
            or_(
                *(
                    column.ilike(like, escape="\\")
                    for column in (retailer_names.c.name, joined.c.id, joined.c.name, joined.c.email)
                )
            )
        )
    )


def order_row(connection: Connection, key: int) -> AnyRow | None:
    """One order with its body, the hash of what it says, its retailer's name, and the addresses of whom it is from."""
    own = retailers.alias("own")
    query = (
        select(
            *ORDER_COLUMNS,
            orders.c.own_retailer_id,
            orders.c.body,
            orders.c.content_hash,
            func.coalesce(own.c.email, retailers.c.email).label("email"),
            func.coalesce(own.c.address, retailers.c.address).label("address"),
        )
        .select_from(orders)
        .join(retailers, retailers.c.id == orders.c.retailer_id)
        .join(own, own.c.id == orders.c.own_retailer_id, isouter=True)
        .where(orders.c.key == key)
    )
    return connection.execute(query).one_or_none()


def buyer_of(connection: Connection, order_key: int) -> str:
    """The id of the retailer whose order it is."""
    found: str = connection.execute(select(orders.c.retailer_id).where(orders.c.key == order_key)).scalar_one()
    return found


def decisions_of(connection: Connection, key: int) -> Sequence[Row[Any]]:
    """Every decision made about an order, the last one first."""
    query = select(decisions).where(decisions.c.order_key == key).order_by(decisions.c.key.desc())
    return connection.execute(query).all()


def decision_row(connection: Connection, key: int) -> Row[Any]:
    """One decision that is there."""
    return connection.execute(select(decisions).where(decisions.c.key == key)).one()


def transitions_of(connection: Connection, key: int) -> Sequence[Row[Any]]:
    """Who moved an order from where to where, the first move first."""
    query = select(transitions).where(transitions.c.order_key == key).order_by(transitions.c.key)
    return connection.execute(query).all()


def invoice_of_order(connection: Connection, key: int) -> Row[Any] | None:
    query = select(invoices).where(invoices.c.order_key == key, IN_FORCE)
    return connection.execute(query).one_or_none()


def invoices_of_orders(connection: Connection, keys: Iterable[int]) -> dict[int, Row[Any]]:
    """The invoices that some orders have, by the order's key."""
    query = select(*_INVOICE).where(invoices.c.order_key.in_(list(keys)), IN_FORCE)
    return {row.order_key: row for row in connection.execute(query)}


def invoice_row(connection: Connection, key: int) -> Row[Any] | None:
    return connection.execute(select(invoices).where(invoices.c.key == key)).one_or_none()


class InvoiceFilter(msgspec.Struct, frozen=True):
    """Which invoices a list shows, as `OrderFilter`; `since` and `until` bound their issue."""

    number: str | None = None
    state: str | None = None
    buyer: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        asked = {invoices.c.number: self.number, invoices.c.state: self.state, orders.c.retailer_id: self.buyer}
        found = [column == value for column, value in asked.items() if value is not None]
        if self.since is not None:
            found.append(invoices.c.issued_at >= self.since)
        if self.until is not None:
            found.append(invoices.c.issued_at < self.until)
        return found


def list_invoices(
    connection: Connection,
    before: int | None = None,
    limit: int = PAGE,
    where: Iterable[ColumnElement[bool]] = (),
) -> Sequence[AnyRow]:
    """Invoices and credit notes with their order's id and retailer, newest first, below the key `before`."""
    query = (
        select(
            *_INVOICE, orders.c.source, orders.c.order_id, orders.c.retailer_id, retailers.c.name.label("retailer_name")
        )
        .join(orders, orders.c.key == invoices.c.order_key)
        .join(retailers, retailers.c.id == orders.c.retailer_id)
        .where(*where)
        .order_by(invoices.c.key.desc())
        .limit(limit)
    )
    return connection.execute(query if before is None else query.where(invoices.c.key < before)).all()


def list_messages(
    connection: Connection,
    state: str | None = None,
    kind: str | None = None,
    before: tuple[datetime, str] | None = None,
    destination: str | None = None,
    limit: int = PAGE,
) -> Sequence[Row[Any]]:
    """Messages, newest first, below the instant and id `before`."""
    query = select(outbox).order_by(outbox.c.created_at.desc(), outbox.c.id.desc()).limit(limit)
    if state == "sent":
        # Most messages are: not the column itself, for which SQLite would read all of them and sort.
        query = query.where(func.coalesce(outbox.c.state, "") == state)
    elif state:
        query = query.where(outbox.c.state == (_PARKED if state == "parked" else state))
    if kind:
        query = query.where(outbox.c.kind == (_WEBHOOK if kind == "webhook" else kind))
    if destination:
        query = query.where(outbox.c.destination == destination)
        if destination != "mail":
            query = query.where(outbox.c.kind == _WEBHOOK)
    if before:
        at, id = before
        below = (outbox.c.created_at < at) | ((outbox.c.created_at == at) & (outbox.c.id < id))
        query = query.where(outbox.c.created_at <= at, below)
    return connection.execute(query).all()


def message_row(connection: Connection, id: str) -> Row[Any] | None:
    return connection.execute(select(outbox).where(outbox.c.id == id)).one_or_none()


def messages_of(connection: Connection, key: int) -> Sequence[Row[Any]]:
    """The messages about one order."""
    return connection.execute(select(outbox).where(outbox.c.order_key == key).order_by(outbox.c.created_at)).all()


def count_messages(connection: Connection) -> dict[str, int]:
    """How many messages are pending and parked: what was sent is never few, and counting it takes long."""
    query = select(outbox.c.state, func.count()).where(outbox.c.state.in_(("pending", "parked")))
    return dict(connection.execute(query.group_by(outbox.c.state)).all())


def count_sendable(connection: Connection, kind: str | None = None) -> int:
    """How many parked messages have somewhere to go, of one kind if it is given."""
    query = select(func.count()).select_from(outbox).where(outbox.c.state == "parked", has_a_place())
    return connection.execute(query.where(outbox.c.kind == kind) if kind else query).scalar_one()


def count_by_destination(connection: Connection) -> dict[tuple[str, str], int]:
    """`(destination, state)` → how many messages are pending or parked there."""
    query = (
        select(outbox.c.destination, outbox.c.state, func.count())
        .where(outbox.c.state.in_(("pending", "parked")))
        .group_by(outbox.c.destination, outbox.c.state)
    )
    return {(destination, state): count for destination, state, count in connection.execute(query)}


def count_orders(connection: Connection, since: datetime | None = None) -> dict[str, tuple[int, int]]:
    """`state → (orders, cents)`, of the orders received since a moment."""
    # Not the column itself: SQLite would read every order in the order of its index.
    state = func.coalesce(orders.c.state, "")
    query = select(state, func.count(), func.coalesce(func.sum(orders.c.order_value), 0)).group_by(state)
    if since:
        query = query.where(orders.c.received_at >= since)
    return {state: (count, int(value)) for state, count, value in connection.execute(query)}


def automatic_percent(connection: Connection, since: datetime) -> int | None:
    """Percent of the orders received since a moment that nobody had to decide; None when there were none."""
    query = select(func.count(), func.min(orders.c.key)).where(orders.c.received_at >= since)
    total, first = connection.execute(query).one()
    if not total:
        return None
    # Keys follow the reception: counting from the first one on needs no look at the orders themselves.
    by_person = select(func.count(transitions.c.order_key.distinct())).where(
        transitions.c.after == literal_column("'held'"), transitions.c.order_key >= first
    )
    held = connection.execute(by_person).scalar_one()
    percent: int = round(100 * (total - held) / total)
    return percent


class Receivable(msgspec.Struct, frozen=True):
    """How many invoices, for how many cents."""

    count: int
    amount: int


INVOICE_STATES = ("issued", "sent", "viewed", "paid", "credited")
UNPAID = ("issued", "sent", "viewed")
# What somebody still has to pay; one of 0.00 that an earlier Houblon issued is nobody's debt.
OWED = and_(invoices.c.kind == "invoice", invoices.c.state.in_(UNPAID), invoices.c.total > 0)

# What is left to pay of an invoice.
BALANCE: ColumnElement[int] = invoices.c.total - invoices.c.paid - invoices.c.credited


def is_owed(invoice: Any) -> bool:
    """OWED, of a row."""
    return invoice.kind == "invoice" and invoice.state in UNPAID and invoice.total > 0


def receivable(connection: Connection, due_before: date | None = None, since: datetime | None = None) -> Receivable:
    """What is left to pay of invoices: of all of them, those due before a day, or those issued since a moment."""
    query = select(func.count(), func.coalesce(func.sum(BALANCE), 0)).where(OWED)
    if due_before is not None:
        query = query.where(invoices.c.due_date < due_before.isoformat())
    if since is not None:
        query = query.where(invoices.c.issued_at >= since)
    count, amount = connection.execute(query).one()
    return Receivable(count, int(amount))


def count_held(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(orders).where(is_in("held"))).scalar_one()


def count_members(connection: Connection) -> dict[str, int]:
    """How many retailers each group has."""
    rows = connection.execute(select(memberships.c.group_id, func.count()).group_by(memberships.c.group_id))
    return dict(rows.all())


def count_retailers(connection: Connection) -> int:
    query = select(func.count()).select_from(retailers).where(retailers.c.joined_to.is_(None))
    return connection.execute(query).scalar_one()


def members_of(connection: Connection, group: str, limit: int = 500) -> Sequence[AnyRow]:
    """The retailers kept in a group, by name; one that never ordered has only its id."""
    query = (
        select(memberships.c.retailer_id, retailers.c.name, retailers.c.email)
        .join(retailers, retailers.c.id == memberships.c.retailer_id, isouter=True)
        .where(memberships.c.group_id == group)
        .order_by(retailers.c.name, memberships.c.retailer_id)
        .limit(limit)
    )
    return connection.execute(query).all()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")

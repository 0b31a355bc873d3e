"""What whoever sends an order is answered: the decision about it, and what the order has by now."""

from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, bindparam, select

from houblon.orders.db.statements import Prepared
from houblon.orders.db.tables import decisions, invoices, order_changes
from houblon.orders.handling.changes import history
from houblon.orders.invoicing.of_orders import IN_FORCE
from houblon.orders.records.decision_log import SYSTEM

_INVOICE = Prepared(
    select(invoices.c.key, invoices.c.number, invoices.c.total).where(
        invoices.c.order_key == bindparam("asked"), IN_FORCE
    )
)
_CHANGE = Prepared(select(order_changes.c.state).where(order_changes.c.decision_key == bindparam("asked")))


class InvoiceRef(NamedTuple):
    """The invoice that an order has: its key in the ledger, its number, its total in cents."""

    key: int
    number: str
    total: int


class Received(msgspec.Struct, frozen=True):
    """The order's key in the ledger, the decision's and its document, whether it was stored before this call, and the
    order's invoice, where it has one. `change` is what became of a change by which the order stays as it is."""

    order_key: int
    decision: int
    document: dict[str, Any]
    replayed: bool
    invoice: InvoiceRef | None = None
    change: str | None = None


def stored_decision(connection: Connection, key: int) -> Received:
    """The last decision by policy about what an order says; what a person did since is in its history."""
    row = connection.execute(
        select(decisions.c.key.label("decision_key"), decisions.c.order_key, decisions.c.document)
        .where(decisions.c.order_key == key, decisions.c.who == SYSTEM, ~history.OF_A_CHANGE)
        .order_by(decisions.c.key.desc())
        .limit(1)
    ).one()
    return stored(connection, row)


def stored(connection: Connection, decision: Any) -> Received:
    """A decision that was recorded before, with the invoice that its order has by now, and what became of the change
    that it was about."""
    key, order_key = decision.decision_key, decision.order_key
    change = _CHANGE.scalar(connection, {"asked": key})
    return Received(order_key, key, decision.document, True, invoice_ref(connection, order_key), change)


def stored_change(connection: Connection, change: Row[Any]) -> Received:
    """The decision about a change that is known."""
    query = select(decisions.c.key.label("decision_key"), decisions.c.order_key, decisions.c.document)
    return stored(connection, connection.execute(query.where(decisions.c.key == change.decision_key)).one())


def invoice_ref(connection: Connection, order_key: int) -> InvoiceRef | None:
    """The invoice that the order has now."""
    invoiced = _INVOICE.first(connection, {"asked": order_key})
    return InvoiceRef(*invoiced) if invoiced else None

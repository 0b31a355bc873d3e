"""What is over on one invoice applied to another of the same retailer: an entry on each, taken back together."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select

from houblon.engine.core.problem import refuse
from houblon.orders.db.statements import AnyRow
from houblon.orders.db.tables import applied_credits, invoices, orders
from houblon.orders.invoicing.payments import (
    APPLIED,
    Entered,
    Payment,
    already_settled,
    entered_for,
    is_settled,
    payable,
)
from houblon.orders.invoicing.transitions import balance_of, locked_invoice
from houblon.orders.records.audit import EntryOf, audited
from houblon.orders.services import Conflict, Services


def apply_credit(
    services: Services,
    invoice_key: int,
    source_key: int,
    amount: int | None = None,
    *,
    by: str,
    at: datetime,
    entry_of: EntryOf[Entered] | None = None,
) -> Entered:
    """Pay an invoice, or a part of it, with what is over on the invoice `source_key`: as much as both allow, or `amount`.

    Raises Conflict where nothing is over there, it is another retailer's, or nothing is to be paid; Invalid for an
    amount beyond either; LookupError where there is no such invoice.
    """

    def work(connection: Connection) -> Entered:
        # In the order of their keys, so that two people never wait for each other.
        rows = {key: locked_invoice(connection, key) for key in sorted({invoice_key, source_key})}
        invoice, source = payable(connection, invoice_key), rows[source_key]
        if is_settled(invoice):
            raise already_settled(connection, services, invoice)
        if invoice.retailer_id != source.retailer_id:
            raise Conflict(
                "other_retailer",
                f"La facture {source.number} n’est pas du même détaillant.",
                f"Invoice {source.number} is not the same retailer’s.",
            )
        over = -balance_of(source) if source.kind == "invoice" and source.total > 0 else 0
        if over <= 0:
            raise Conflict(
                "nothing_over",
                f"Rien n’est de trop sur la facture {source.number}.",
                f"Nothing is over on invoice {source.number}.",
            )
        most = min(over, balance_of(invoice))
        if amount is not None and not 0 < amount <= most:
            raise refuse(
                "amount",
                "/amount",
                "Un montant au-dessus de zéro, sans dépasser ce qui est de trop ni ce qui reste à payer.",
                "An amount above zero, beyond neither what is over nor what is left to pay.",
            )
        moved, on = most if amount is None else amount, at.astimezone(services.installation.zone).date()
        taken = entered_for(connection, source, Payment(-moved, on, invoice.number, APPLIED), by, at)
        given = entered_for(connection, invoice, Payment(moved, on, source.number, APPLIED), by, at)
        connection.execute(insert(applied_credits).values(taken_key=taken.key, given_key=given.key))
        return given

    return services.ledger.write(audited(work, entry_of))


def invoices_over(connection: Connection, retailer: str) -> Sequence[AnyRow]:
    """The invoices of a retailer on which something is over, the oldest first, with how much."""
    over = (invoices.c.paid + invoices.c.credited - invoices.c.total).label("over")
    query = (
        select(invoices.c.key, invoices.c.number, over)
        .join(orders, orders.c.key == invoices.c.order_key)
        .where(orders.c.retailer_id == retailer, invoices.c.kind == "invoice", invoices.c.total > 0, over > 0)
    )
    return connection.execute(query.order_by(invoices.c.key)).all()

"""Whether what is kept of invoices adds up: their payments, their credit notes, their states, and what was delivered."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, not_, or_, select

from houblon.engine.core.problem import Problem, Text, step
from houblon.orders.bookkeeping.postings import is_balanced, postings_of
from houblon.orders.db.tables import (
    bank_lines,
    bank_payments,
    deliveries,
    disputes,
    invoices,
    orders,
    payments,
    retailers,
)
from houblon.orders.invoicing.delivered import delivered_part
from houblon.orders.invoicing.of_orders import IN_FORCE
from houblon.orders.invoicing.owing import summed, to_be_invoiced
from houblon.orders.invoicing.shares import quantities_of
from houblon.orders.queries.lists import UNPAID
from houblon.orders.retailers.names import stored_order

_CHUNK = 500
_BANK_LINES = (
    select(bank_lines.c.key)
    .outerjoin(bank_payments, bank_payments.c.line_key == bank_lines.c.key)
    .outerjoin(payments, payments.c.key == bank_payments.c.payment_key)
    .group_by(bank_lines.c.key, bank_lines.c.amount)
    .having(func.coalesce(func.sum(payments.c.amount), 0) != bank_lines.c.amount)
    .order_by(bank_lines.c.key)
)
_NOT_ITS_PAYMENTS = Text(
    "Une ligne de relevé bancaire ne fait pas la somme de ses paiements.",
    "A line of a bank’s file is not the sum of its payments.",
)


def sums_that_differ(connection: Connection) -> Iterator[Problem]:
    """Every invoice and order of which something does not add up."""
    for code, query, text in _of_invoices():
        for number in connection.execute(query).scalars():
            yield _of_invoice(code, number, text)
    for code, query, text in _of_deliveries():
        for id in connection.execute(query).scalars():
            yield Problem(code, step("/orders", id), text)
    for code, query, text in _of_retailers():
        for id in connection.execute(query).scalars():
            yield Problem(code, step("/retailers", id), text)
    yield from _uninvoiced(connection)
    for key in connection.execute(_BANK_LINES).scalars():
        yield Problem("bank_line", step("/bank_lines", str(key)), _NOT_ITS_PAYMENTS)
    yield from _documents(connection)
    yield from _lines(connection)


def _of_invoice(code: str, number: str, text: Text) -> Problem:
    return Problem(code, step("/invoices", number), text)


def _of_invoices() -> Iterator[tuple[str, Select[Any], Text]]:
    number, invoice = select(invoices.c.number), invoices.c.kind == "invoice"
    notes = invoices.alias()
    paid = select(func.coalesce(func.sum(payments.c.amount), 0)).where(payments.c.invoice_key == invoices.c.key)
    credited = select(func.coalesce(-func.sum(notes.c.total), 0)).where(notes.c.credits == invoices.c.key)
    yield (
        "payments",
        number.where(invoices.c.paid != paid.scalar_subquery()),
        Text(
            "Ce qui est noté payé n’est pas la somme des paiements.",
            "What is noted as paid is not the sum of its payments.",
        ),
    )
    yield (
        "credits",
        number.where(invoices.c.credited != credited.scalar_subquery()),
        Text(
            "Ce qui est noté crédité n’est pas la somme des notes de crédit.",
            "What is noted as credited is not the sum of its credit notes.",
        ),
    )
    yield (
        "credited_beyond",
        number.where(invoice, invoices.c.total >= 0, invoices.c.credited > invoices.c.total),
        Text("Plus est crédité que facturé.", "More is credited than was invoiced."),
    )
    yield (
        "state",
        number.where(invoice, not_(_has_its_state())),
        Text(
            "L’état ne suit pas les paiements et les notes de crédit.",
            "The state does not follow the payments and the credit notes.",
        ),
    )
    since = select(disputes.c.at).where(disputes.c.invoice_key == invoices.c.key, disputes.c.ended_at.is_(None))
    yield (
        "dispute",
        number.where(invoices.c.disputed_at.is_distinct_from(since.scalar_subquery())),
        Text(
            "Ce qui est noté de sa contestation n’est pas celle qui est ouverte.",
            "What is noted of its dispute is not the one that is open.",
        ),
    )


def _has_its_state() -> ColumnElement[bool]:
    total, given = invoices.c.total, invoices.c.paid + invoices.c.credited
    return case(
        # One that comes to nothing is paid at once, and is credited when its order is cancelled.
        (total <= 0, invoices.c.state.in_(("paid", "credited"))),
        (invoices.c.credited >= total, invoices.c.state == "credited"),
        (given >= total, invoices.c.state == "paid"),
        else_=invoices.c.state.in_(UNPAID),
    )


def _of_deliveries() -> Iterator[tuple[str, Select[Any], Text]]:
    in_force = and_(deliveries.c.order_key == orders.c.key, deliveries.c.undone_at.is_(None))
    count = select(func.count()).select_from(deliveries).where(in_force).scalar_subquery()
    expected = case((orders.c.state == "delivered", 1), else_=0)
    some = select(deliveries.c.order_key).where(deliveries.c.undone_at.is_(None))
    yield (
        "delivery",
        select(orders.c.order_id).where(or_(orders.c.state == "delivered", orders.c.key.in_(some)), count != expected),
        Text(
            "Une commande livrée a une livraison en vigueur, et aucune autre n’en a.",
            "An order that is delivered has one delivery in force, and no other order has any.",
        ),
    )


def _of_retailers() -> Iterator[tuple[str, Select[Any], Text]]:
    yield (
        "outstanding",
        select(retailers.c.id).where(retailers.c.outstanding != summed()),
        Text(
            "Ce qui est noté dû n’est pas la somme des factures et de ce qui reste à facturer.",
            "What is noted as owed is not the sum of the invoices and of what is still to be invoiced.",
        ),
    )
    yield (
        "owing",
        select(orders.c.retailer_id)
        .join(invoices, invoices.c.order_key == orders.c.key)
        .where(invoices.c.retailer_id != orders.c.retailer_id)
        .distinct(),
        Text(
            "Une facture n’est pas au compte du détaillant de sa commande.",
            "An invoice is not on the account of its order's retailer.",
        ),
    )


def _uninvoiced(connection: Connection) -> Iterator[Problem]:
    """What is noted as still to be invoiced is what was accepted, or delivered of it, and has no invoice."""
    text = Text(
        "Ce qui est noté à facturer n’est pas ce qui est accepté sans facture.",
        "What is noted as still to be invoiced is not what is accepted without an invoice.",
    )
    invoiced = select(invoices.c.order_key).where(IN_FORCE)
    open_ones = and_(orders.c.state.in_(("accepted", "delivered")), orders.c.key.not_in(invoiced))
    query = select(orders).where(or_(open_ones, orders.c.uninvoiced != 0))
    has_invoice = set(connection.execute(invoiced.where(orders.c.uninvoiced != 0).join(orders)).scalars())
    for row in connection.execute(query).all():
        expected = 0
        if row.state in ("accepted", "delivered") and row.key not in has_invoice:
            order = stored_order(row)
            part = delivered_part(connection, row.key, order)
            expected = to_be_invoiced(order if part is None else part.order)
        if row.uninvoiced != expected:
            yield Problem("uninvoiced", step("/orders", row.order_id), text)


def _documents(connection: Connection) -> Iterator[Problem]:
    """What each document prints comes to what is kept beside it."""
    text = Text("Le document ne donne pas son total.", "The document does not come to its total.")
    posted = Text("Son écriture au journal n’est pas équilibrée.", "Its journal entry does not balance.")
    query = select(invoices.c.number, invoices.c.total, invoices.c.document)
    for number, total, document in connection.execute(query, execution_options={"yield_per": _CHUNK}):
        cents, taxes = document["cents"], sum(tax["amount"] for tax in document["taxes"])
        if not total == cents["total"] == cents["taxable"] + cents["untaxed"] + cents["deposits"] + taxes:
            yield _of_invoice("document", number, text)
        elif not is_balanced(postings_of(document)):
            yield _of_invoice("journal", number, posted)


def _lines(connection: Connection) -> Iterator[Problem]:
    """No line is credited beyond what its invoice has of it."""
    text = Text("Une ligne est créditée au-delà de ce qui est facturé.", "A line is credited beyond what was invoiced.")
    notes, credited = invoices.alias(), dict[int, dict[int, int]]()
    of_invoices: dict[int, tuple[str, dict[int, int]]] = {}
    query = select(invoices.c.key, invoices.c.number, invoices.c.document, notes.c.document.label("note"))
    query = query.join(notes, notes.c.credits == invoices.c.key)
    for key, number, document, note in connection.execute(query, execution_options={"yield_per": _CHUNK}):
        of_invoices[key] = number, quantities_of(document)
        sums = credited.setdefault(key, {})
        for line, quantity in quantities_of(note).items():
            sums[line] = sums.get(line, 0) + quantity
    for key, (number, invoiced) in of_invoices.items():
        if any(quantity > invoiced.get(line, 0) for line, quantity in credited[key].items()):
            yield _of_invoice("line_credited_beyond", number, text)

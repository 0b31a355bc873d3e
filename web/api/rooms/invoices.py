"""`/invoices`: what was issued, what was paid of it, and what was credited."""

from datetime import date
from typing import Any

from flask import Response
from sqlalchemy import Connection, Row

from houblon.engine.core.money import dollars
from houblon.engine.schedule.calendar import local_day
from houblon.orders.handling import credit_notes
from houblon.orders.handling.credit_notes import Asked
from houblon.orders.invoicing import payments
from houblon.orders.invoicing.applied_credits import apply_credit
from houblon.orders.invoicing.credits import Words, credit_notes_of, left_to_credit
from houblon.orders.invoicing.disputes import disputes_of
from houblon.orders.invoicing.document import pdf
from houblon.orders.invoicing.payments import Entered, Payment, payments_of
from houblon.orders.invoicing.shares import number_of
from houblon.orders.invoicing.transitions import Seen, balance_of, invoice_row, seen_of
from houblon.orders.queries import lists, receivables
from houblon.orders.retailers.joins import root_of
from houblon.web.access.audit import by as acting
from houblon.web.api.blueprint import not_found, operation
from houblon.web.api.bodies import AppliedCredit, InvoiceListing, NewCredit, NewPayment, Reversal
from houblon.web.api.etags import check_match, is_matching, tagged
from houblon.web.api.keys import caller
from houblon.web.api.orders import kept_order
from houblon.web.api.rooms.bounds import beginning_of
from houblon.web.api.spec.printed import printed_invoice
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import json_response
from houblon.web.foundation.paging import linked, page
from houblon.web.invoices.entries import applied, credited, paid, reversed_payment


@operation("GET", "/invoices", scope="read", room="Invoices", answer="Invoices", query=InvoiceListing)
def list_invoices(asked: dict[str, Any]) -> Response:
    """Invoices, the newest first"""
    with house().services.ledger.reading() as connection:
        wanted = lists.InvoiceFilter(
            **{name: asked.get(name) for name in ("number", "state")},
            buyer=root_of(connection, asked["buyer"]) if "buyer" in asked else None,
            since=beginning_of(asked.get("since")),
            until=beginning_of(asked.get("until")),
        )
        conditions = [*wanted.conditions(), *receivables.conditions_of(asked.get("owed"), _today())]
        found = lists.list_invoices(connection, asked.get("after"), asked["limit"] + 1, conditions)
    shown, after = page(found, asked["limit"], lambda row: row.key)
    return linked(json_response({"items": [_head(row) for row in shown]}), after)


@operation("GET", "/invoices/<int:key>", scope="read", room="Invoices", answer="Invoice", faults=(404,), etag=True)
def get_invoice(key: int) -> Response:
    """One invoice, with its payments, its credit notes and all that it prints"""
    with house().services.ledger.reading() as connection:
        row = _row(connection, key)
        order = kept_order(connection, row.order_key)
        is_invoice = row.kind == "invoice"
        left = left_to_credit(connection, row) if is_invoice else {}
        document = {
            **_head(row, order),
            "credits": row.credits,
            "lines": [_line(line, place, left) for place, line in enumerate(row.document["lines"])],
            "payments": [_entry(each) for each in payments_of(connection, key)],
            "credit_notes": [_note(each) for each in credit_notes_of(connection, key)],
            "disputes": [dispute_entry(each) for each in disputes_of(connection, key)],
            "document": printed_invoice(row.document),
        }
    return tagged(json_response(document), _etag(row))


@operation(
    "GET",
    "/invoices/<int:key>.pdf",
    scope="read",
    room="Invoices",
    answer="Pdf",
    faults=(404,),
    media="application/pdf",
)
def get_invoice_pdf(key: int) -> Response:
    """One invoice or credit note as a PDF"""
    with house().services.ledger.reading() as connection:
        row = _row(connection, key)
    return Response(pdf(row.document), mimetype="application/pdf")


@operation(
    "POST",
    "/invoices/<int:key>/credits",
    scope="write",
    room="Invoices",
    answer="Credited",
    status=201,
    body=NewCredit,
    faults=(404,),
    if_match=False,
)
def credit_invoice(asked: dict[str, Any], key: int) -> Response:
    """Credit lines of an invoice, never more than it has"""
    seen, by = _seen(key), acting(house(), caller())
    lines = tuple(Asked(each["line"], each["quantity"]) for each in asked["lines"])
    words = Words(reason=asked["reason"].strip(), note=asked["note"].strip())
    entry_of = credited(by, lines, words.reason)
    done = credit_notes.credit(house().services, key, lines, words, by=by.who, at=by.at, seen=seen, entry_of=entry_of)
    with house().services.ledger.reading() as connection:
        row, note = _row(connection, key), _row(connection, done.note.key)
    document = {
        **_note(note),
        **_after(row),
        "credited": dollars(row.credited),
        "is_buyer_notified": done.is_buyer_notified,
    }
    return json_response(document, 201, Location=f"/api/v1/invoices/{note.key}")


@operation(
    "POST",
    "/invoices/<int:key>/payments",
    scope="write",
    room="Invoices",
    answer="Paid",
    status=201,
    body=NewPayment,
    faults=(404,),
    if_match=False,
)
def pay_invoice(asked: dict[str, Any], key: int) -> Response:
    """Enter a payment of an invoice: part of it, all of it, or more"""
    seen, by = _seen(key), acting(house(), caller())
    payment = Payment(asked["amount"], asked["on"], asked["reference"].strip(), asked.get("means"))
    entry_of = paid(by, payment.on)
    done = payments.pay(house().services, key, payment, by=by.who, at=by.at, seen=seen, entry_of=entry_of)
    return _entered(done)


@operation(
    "POST",
    "/invoices/<int:key>/apply-credit",
    scope="write",
    room="Invoices",
    answer="Paid",
    status=201,
    body=AppliedCredit,
    faults=(404,),
)
def apply_credit_to_invoice(asked: dict[str, Any], key: int) -> Response:
    """Pay an invoice with what is over on another one of the same retailer"""
    by, source = acting(house(), caller()), asked["source"]
    entry_of = applied(by, str(source))
    try:
        done = apply_credit(house().services, key, source, asked.get("amount"), by=by.who, at=by.at, entry_of=entry_of)
    except LookupError:
        not_found()
    return _entered(done)


@operation(
    "POST",
    "/invoices/<int:key>/payments/<int:id>/reverse",
    scope="write",
    room="Invoices",
    answer="Paid",
    status=201,
    body=Reversal,
    faults=(404,),
)
def reverse_payment(asked: dict[str, Any], key: int, id: int) -> Response:
    """Take a payment back, by an entry of its own"""
    by, why = acting(house(), caller()), asked["why"].strip()
    entry_of = reversed_payment(by, id, why)
    try:
        done = payments.reverse(house().services, key, id, by=by.who, at=by.at, why=why, entry_of=entry_of)
    except LookupError:
        not_found()
    return _entered(done)


def _entered(done: Entered) -> Response:
    with house().services.ledger.reading() as connection:
        row = _row(connection, done.invoice_key)
        entry = next(each for each in payments_of(connection, done.invoice_key) if each.key == done.key)
    sums = {"total": dollars(row.total), "paid": dollars(row.paid)}
    return json_response({**_entry(entry), **_after(row), **sums}, 201)


def _after(row: Row[Any]) -> dict[str, Any]:
    """What every act on an invoice answers about it."""
    return {
        "invoice_key": row.key,
        "invoice_number": row.number,
        "order_key": row.order_key,
        "state": row.state,
        "balance": dollars(balance_of(row)),
    }


def _seen(key: int) -> Seen | None:
    """What the caller read of the invoice's sums, where they say so. 412 when they are others now."""
    with house().services.ledger.reading() as connection:
        row = _row(connection, key)
    check_match(_etag(row))
    return seen_of(row) if is_matching() else None


def _row(connection: Connection, key: int) -> Row[Any]:
    try:
        return invoice_row(connection, key)
    except LookupError:
        not_found()


def _etag(row: Row[Any]) -> str:
    late = receivables.days_late(row, _today())
    disputed = f".disputed-{row.disputed_at.timestamp()}" if row.disputed_at else ""
    return f"{row.state}.{row.paid}.{row.credited}.{row.due_date or ''}{disputed}" + (f".{late}" if late else "")


def _today() -> date:
    return local_day(house().now(), str(house().services.installation.zone))


def _head(row: Row[Any], order: Row[Any] | None = None) -> dict[str, Any]:
    """An invoice, with what is told of its `order`, which is in `row` where a list found it."""
    is_invoice, order = row.kind == "invoice", order or row
    return {
        "key": row.key,
        "number": row.number,
        "invoice_key": row.key,
        "invoice_number": row.number,
        "source": order.source,
        "order_id": order.order_id,
        "kind": row.kind,
        "state": row.state,
        "order_key": row.order_key,
        "buyer": order.retailer_id,
        "issued_at": row.issued_at,
        "due_date": row.due_date,
        "days_late": receivables.days_late(row, _today()),
        "total": dollars(row.total),
        "paid": dollars(row.paid),
        "credited": dollars(row.credited),
        "balance": dollars(balance_of(row) if is_invoice else 0),
        "paid_on": row.paid_on,
        "disputed_at": row.disputed_at,
    }


def _line(line: dict[str, Any], place: int, left: dict[int, int]) -> dict[str, Any]:
    number = number_of(line, place)
    return {"line": number, "sku": line["sku"], "quantity": line["quantity"], "creditable": left.get(number, 0)}


def _entry(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.key,
        "amount": dollars(row.amount),
        "on": row.paid_on,
        "means": row.means,
        "reference": row.reference,
        "at": row.at,
        "who": row.who,
        "reverses": row.reverses,
        "reversed_by": row.reversed_by,
    }


def dispute_entry(row: Row[Any]) -> dict[str, Any]:
    """A dispute, as every answer tells it."""
    return {
        "id": row.key,
        "at": row.at,
        "who": row.who,
        "reason": row.why,
        "closed_at": row.ended_at,
        "closed_by": row.ended_by,
        "outcome": None if row.ended_at is None else row.outcome,
    }


def _note(row: Row[Any]) -> dict[str, Any]:
    return {"key": row.key, "number": row.number, "issued_at": row.issued_at, "total": dollars(row.total)}

"""Invoices: number, lines, taxes, due date; issued once for an order, never changed."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from engine.decision import Invoicing
from engine.money import dollars
from engine.order import Line, Order
from engine.policy import Policy
from engine.terms import derivation_document, terms_document, terms_sentence
from orders.desk import Desk
from orders.tables import counters, invoices
from orders.taxes import percent_of, taxes


def issue(
    connection: Connection,
    desk: Desk,
    order_key: int,
    order: Order,
    policy: Policy,
    follows: Invoicing,
    at: datetime,
    buyer: Row[Any],
) -> int:
    """Issue the order's invoice in the running transaction and return its key.

    Numbers have no gap within a year and prefix: the counter moves in the same transaction, and
    the unique order keeps a second invoice out whatever calls this.
    """
    year = at.astimezone(desk.installation.zone).year
    sequence = _next(connection, f"invoice/{desk.seller.prefix}/{year}")
    number = f"{desk.seller.prefix}-{year}-{sequence:05d}"
    document = draft(desk, order, policy, follows, at, buyer) | {"number": number}
    return connection.execute(
        insert(invoices).values(
            order_key=order_key,
            prefix=desk.seller.prefix,
            year=year,
            sequence=sequence,
            number=number,
            state="issued",
            issued_at=at,
            due_date=document["due_date"],
            total=document["cents"]["total"],
            document=document,
        )
    ).inserted_primary_key[0]


def draft(
    desk: Desk, order: Order, policy: Policy, follows: Invoicing, at: datetime, buyer: Row[Any] | None
) -> dict[str, Any]:
    """All that the invoice prints, but its number: a frozen copy in plain JSON values."""
    settings = {path: setting.value for path, setting in policy.settings.items()}
    issued_on = at.astimezone(desk.installation.zone).date()
    amounts = _amounts(order, settings)
    taxed = () if settings["invoicing.tax_exempt"] else taxes(amounts["taxable"], issued_on)
    amounts["total"] = amounts["taxable"] + amounts["untaxed"] + amounts["deposits"] + sum(tax.amount for tax in taxed)
    return {
        "order_id": order.id,
        "currency": desk.installation.currency,
        "issued_at": at.isoformat(),
        "issued_on": issued_on.isoformat(),
        "language": _language(order, buyer),
        "seller": {
            "name": desk.seller.name,
            "address": desk.seller.address,
            "email": desk.seller.email,
            "gst_number": desk.seller.gst_number,
            "qst_number": desk.seller.qst_number,
        },
        "buyer": {
            "id": order.buyer.id,
            "name": order.buyer.name or (buyer.name if buyer else None) or order.buyer.id,
            "province": order.buyer.province or (buyer.province if buyer else None),
        },
        "lines": [_line(line, settings) for line in order.lines],
        "discount_percent": settings["invoicing.discount_percent"],
        "taxes": [{"tax": tax.tax, "percent": str(tax.percent), "amount": tax.amount} for tax in taxed],
        "cents": amounts,
        "terms": terms_document(follows.terms),
        "terms_text": _texts(terms_sentence(follows.terms, follows.due.basis)),
        "due_date": follows.due.due_date and follows.due.due_date.isoformat(),
        "derivation": derivation_document(follows.due),
        "note": settings["invoicing.note"],
        "version": follows.version,
        "policy_hash": follows.policy_hash,
    }


def mark(connection: Connection, key: int, before: tuple[str, ...], after: str) -> bool:
    """Move an invoice from one of the states `before` to `after`; False when it was in none."""
    moved = connection.execute(
        update(invoices).where(invoices.c.key == key, invoices.c.state.in_(before)).values(state=after)
    )
    return moved.rowcount == 1


def _amounts(order: Order, settings: Mapping[str, Any]) -> dict[str, int]:
    """Sums in cents. The group's discount comes off taxable lines, before taxes."""
    taxable = sum(line.value for line in order.lines if line.taxable is not False)
    untaxed = sum(line.value for line in order.lines if line.taxable is False)
    percent = Decimal(settings["invoicing.discount_percent"] or 0)
    discount = percent_of(taxable, percent)
    deposits = 0 if settings["invoicing.deposit_exempt"] else sum(_deposit(line) for line in order.lines)
    return {
        "subtotal": taxable + untaxed,
        "discount": discount,
        "taxable": taxable - discount,
        "untaxed": untaxed,
        "deposits": deposits,
    }


def _deposit(line: Line) -> int:
    return line.quantity * (line.deposit or 0)


def _line(line: Line, settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "sku": line.sku,
        "name": line.name or line.sku,
        "quantity": line.quantity,
        "unit_price": dollars(line.unit_price),
        "discount": dollars(line.discount or 0),
        "value": dollars(line.value),
        "deposit": dollars(0 if settings["invoicing.deposit_exempt"] else _deposit(line)),
        "taxable": line.taxable is not False,
    }


def _language(order: Order, buyer: Row[Any] | None) -> str:
    said = order.buyer.language or (buyer.language if buyer else None) or "fr"
    return "en" if said.lower().startswith("en") else "fr"


def _texts(text: Any) -> dict[str, str]:
    return {"fr": text.fr, "en": text.en}


def _next(connection: Connection, counter: str) -> int:
    """The counter's next value; the row stays locked until the transaction ends."""
    moved = connection.execute(update(counters).where(counters.c.name == counter).values(value=counters.c.value + 1))
    if moved.rowcount == 0:
        connection.execute(insert(counters).values(name=counter, value=1))
    return connection.execute(select(counters.c.value).where(counters.c.name == counter)).scalar_one()


def document_of(connection: Connection, key: int) -> dict[str, Any]:
    """The frozen document of an invoice."""
    return connection.execute(select(invoices.c.document).where(invoices.c.key == key)).scalar_one()

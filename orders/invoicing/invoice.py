"""Invoices and credit notes: number, lines, taxes, due date; issued once for an order, never changed."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, insert, update

from houblon.engine.core.money import cents_written, dollars
from houblon.engine.core.order import Charge, Line, Order, Payment
from houblon.engine.core.taxes import Place
from houblon.engine.core.totals import Totals, deposit_of, is_untold, place_of_order, totals_of
from houblon.engine.decide.bars import LEEWAY
from houblon.engine.policy.decision import Invoicing
from houblon.engine.policy.derivation import derivation_document, derivation_parts
from houblon.orders.db.statements import Prepared
from houblon.orders.db.tables import counters, invoices
from houblon.orders.events.record import record_event
from houblon.orders.invoicing.languages import languages_of, languages_printed
from houblon.orders.invoicing.numbering import counter_of, number_text
from houblon.orders.invoicing.owing import owe
from houblon.orders.invoicing.payment_entries import keep_payment
from houblon.orders.records.decision_log import SYSTEM, record_invoice_transition
from houblon.orders.services import Conflict, OrderContext, Seller, Services

_KEEP = Prepared(insert(invoices))
_START = Prepared(insert(counters))
_ADVANCE = Prepared(
    update(counters)
    .where(counters.c.name == bindparam("counter"))
    .values(value=counters.c.value + 1)
    .returning(counters.c.value)
)
_SELLER = ("name", "address", "email", "gst_number", "qst_number")
# Why no tax is on a whole invoice, in the house's own words.
EXEMPTIONS = EXEMPT_BY_ORDER, EXEMPT_BY_TERMS, EXEMPT_ABROAD = (
    {"fr": "selon la commande", "en": "by the order"},
    {"fr": "selon les conditions du client", "en": "by the customer’s terms"},
    {"fr": "livraison hors du Canada", "en": "delivered outside Canada"},
)


class Issued(msgspec.Struct, frozen=True):
    """An invoice that was just issued: its key in the ledger, its number, what it prints, the key of its move."""

    key: int
    number: str
    document: dict[str, Any]
    move: int


def issue(
    connection: Connection,
    services: Services,
    context: OrderContext,
    follows: Invoicing,
    by: str = SYSTEM,
    numbers: Sequence[int] = (),
) -> Issued:
    """Issue the order's invoice in the running transaction; `by` is the person who asked for it.

    `numbers` are those of the lines where the context has only a part of the order, of which the rest was not delivered.
    Raises Conflict where its taxes depend on a province that nobody knows.
    """
    document = draft(services, context, follows)
    if numbers:
        numbered = zip(document["lines"], numbers, strict=True)
        document["lines"] = [{**line, "line": number} for line, number in numbered]
    return issue_document(connection, services, context, document, by)


def issue_document(
    connection: Connection,
    services: Services,
    context: OrderContext,
    document: dict[str, Any],
    by: str,
    credits: int | None = None,
) -> Issued:
    """Number an invoice's document, or a credit note's of the invoice `credits`, and keep it.

    Numbers have no gap within a year and prefix: the counter moves in the same transaction, and
    the order's one invoice keeps a second one out whatever calls this.
    """
    prefix = services.seller.prefix if credits is None else services.seller.credit_prefix
    year = context.at.astimezone(services.installation.zone).year
    sequence = _next(connection, counter_of(prefix, year))
    number = number_text(f"{prefix}-{year}", sequence)
    document = {**document, "number": number}
    # What the sender was paid is paid; of an invoice that comes to nothing, there is nothing to wait for.
    paid, total = _paid_before(document) if credits is None else 0, document["cents"]["total"]
    settled_on = document["issued_on"] if credits is None and paid >= total else None
    retailer_id = context.order.buyer.id
    values = {
        "order_key": context.key,
        "retailer_id": retailer_id,
        "kind": document["kind"],
        "credits": credits,
        "prefix": prefix,
        "year": year,
        "sequence": sequence,
        "number": number,
        "state": "paid" if settled_on else "issued",
        "paid_on": settled_on,
        "issued_at": context.at,
        "due_date": document["due_date"],
        "total": total,
        "paid": paid,
        "document": document,
    }
    key = _KEEP.insert(connection, values)
    if credits is None:
        owe(connection, retailer_id, max(0, total - paid))
    keys = (context.key, key)
    move = record_invoice_transition(connection, keys, None, "issued", who=by, at=context.at, why=number)
    issued = "invoice.issued" if credits is None else "credit_note.issued"
    record_event(connection, issued, context.at, order_key=context.key, invoice_key=key, fact=move)
    reference = (document.get("payment") or {}).get("reference") or ""
    if paid:
        entry = {"invoice_key": key, "amount": paid, "paid_on": document["issued_on"], "reference": reference}
        entry |= {"at": context.at, "who": SYSTEM, "why": ""}
        keep_payment(connection, context.key, entry, total - paid)
    if settled_on:
        why = reference or settled_on
        fact = record_invoice_transition(connection, keys, "issued", "paid", who=SYSTEM, at=context.at, why=why)
        data = {"amount": dollars(total), "paid_on": settled_on}
        record_event(
            connection, "invoice.paid", context.at, order_key=context.key, invoice_key=key, fact=fact, data=data
        )
    return Issued(key, number, document, move)


def _paid_before(document: Mapping[str, Any]) -> int:
    """What the sender was paid of an invoice, in cents: all of it where that is what it says, but for its rounding."""
    payment, total = document.get("payment"), document["cents"]["total"]
    if payment is None or total <= 0:
        return 0
    amount = cents_written(payment["amount"] or "0.00")
    return total if payment["is_whole"] and amount <= total + LEEWAY else amount


def draft(services: Services, context: OrderContext, follows: Invoicing) -> dict[str, Any]:
    """All that the invoice prints, but its number: a frozen copy in plain JSON values. Raises Conflict as `issue` does."""
    order, buyer = context.order, context.buyer
    settings = context.policy.settings
    is_exempt, is_deposit_exempt = settings["invoicing.tax_exempt"].value, settings["invoicing.deposit_exempt"].value
    percent = settings["invoicing.discount_percent"].value
    issued_on = context.at.astimezone(services.installation.zone).date()
    place = place_of_order(order, buyer.province, services.installation.province)
    if not is_exempt and is_untold(order, place):
        raise _placeless(order)
    totals = totals_of(
        order, issued_on, place, is_exempt=is_exempt, is_deposit_exempt=is_deposit_exempt, percent=percent
    )
    derivation = derivation_document(follows.due)
    return {
        "kind": "invoice",
        "order_id": order.id,
        "placed_at": order.placed_at.astimezone(services.installation.zone).isoformat(),
        "currency": (order.currency or services.installation.currency).upper(),
        "issued_at": context.at.isoformat(),
        "issued_on": issued_on.isoformat(),
        **languages_printed(languages_of(services, order, buyer)),
        "seller": _printed(services.seller),
        "buyer": {
            "id": order.buyer.id,
            "name": order.buyer.name or buyer.name or order.buyer.id,
            "email": order.buyer.email or buyer.email,
            "province": order.buyer.province or buyer.province,
            "address": buyer.address,
            **_said(
                company=order.buyer.company,
                country=order.buyer.country if place.abroad else None,
                po_number=order.buyer.po_number,
            ),
        },
        "lines": [_line(line, is_deposit_exempt) for line in order.lines],
        "discount_percent": percent,
        "tax_exempt": bool(is_exempt or order.tax_exempt or place.abroad),
        "deposit_exempt": is_deposit_exempt,
        "taxes": [{"tax": tax.tax, "percent": str(tax.percent), "amount": tax.amount} for tax in totals.taxes],
        "cents": _cents(order, totals),
        **_said(
            charges=[_charge(each) for each in order.charges or ()],
            tax_exempt_reason=_exemption(order, is_exempt, place),
            payment=_payment(order.payment, totals.total),
        ),
        "terms": derivation["terms"],
        "terms_text": derivation["terms_text"],
        "due_date": derivation["due_date"],
        "derivation": derivation_parts(follows.due),
        "note": settings["invoicing.note"].value,
        "order_note": settings["messages.order_note"].value,
        "version": follows.version,
        "policy_hash": follows.policy_hash,
    }


def _placeless(order: Order) -> Conflict:
    return Conflict(
        "unknown_province",
        f"On ne sait pas dans quelle province va la commande {order.id} : ses taxes en dépendent. Elle doit "
        "être envoyée de nouveau, avec sa province.",
        f"Nobody knows to which province order {order.id} goes, and its taxes depend on it. It has to be sent "
        "again, with its province.",
    )


@lru_cache(maxsize=8)
def _printed(seller: Seller) -> Mapping[str, str]:
    """What an invoice prints of its seller."""
    return {name: getattr(seller, name) for name in _SELLER}


def _said(**members: Any) -> dict[str, Any]:
    """Those that say something: what an invoice of before had not is not on one that needs it not."""
    return {name: value for name, value in members.items() if value}


def _cents(order: Order, totals: Totals) -> dict[str, int]:
    """Sums in cents: the group's discount comes off taxable lines, before taxes; deposits are those that bear none."""
    return {
        "subtotal": totals.lines,
        "discount": totals.discount,
        **({"charges": totals.charges} if order.charges else {}),
        "taxable": totals.taxable,
        "untaxed": totals.untaxed,
        "deposits": totals.deposits,
        **({"taxed_deposits": totals.taxed_deposits} if totals.taxed_deposits else {}),
        "total": totals.total,
    }


def _exemption(order: Order, is_exempt: bool, place: Place) -> dict[str, str] | None:
    """Why no tax is on the whole invoice."""
    if order.tax_exempt:
        why = order.tax_exempt_reason
        return {"fr": why, "en": why} if why else EXEMPT_BY_ORDER
    if is_exempt:
        return EXEMPT_BY_TERMS
    return EXEMPT_ABROAD if place.abroad else None


def _payment(payment: Payment | None, total: int) -> dict[str, Any] | None:
    """What the sender was paid; `is_whole` where nothing is left to pay."""
    if payment is None or payment.state == "unpaid":
        return None
    is_whole = payment.state == "paid" and (payment.amount is None or payment.amount >= total - LEEWAY)
    amount = None if payment.amount is None else dollars(payment.amount)
    return {"is_whole": is_whole, "amount": amount, "reference": payment.reference}


def _charge(charge: Charge) -> dict[str, Any]:
    return {
        "kind": charge.kind,
        "name": charge.name,
        "amount": dollars(charge.amount),
        "taxable": charge.is_taxed,
    }


def _line(line: Line, is_deposit_exempt: bool) -> dict[str, Any]:
    return {
        "sku": line.sku,
        "name": line.name or line.sku,
        "quantity": line.quantity,
        "unit_price": dollars(line.unit_price),
        "discount": dollars(line.discount or 0),
        "value": dollars(line.value),
        "deposit": dollars(0 if is_deposit_exempt else deposit_of(line)),
        "taxable": line.is_taxed,
        **_said(tax_exempt=line.tax_exempt, deposit_taxable=line.deposit_taxable),
    }


def _next(connection: Connection, counter: str) -> int:
    """The counter's next value; the row stays locked until the transaction ends."""
    value = _ADVANCE.scalar(connection, {"counter": counter})
    if value is None:
        _START.insert(connection, {"name": counter, "value": 1})
    return value or 1

"""Payments of invoices: entries that stay, each reversed at most once, by another; the invoice's state follows them."""

from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, case, or_, select, update

from houblon.engine.conditions.figures import money_text
from houblon.engine.core.money import MOST
from houblon.engine.core.problem import Text, refuse
from houblon.orders.db.tables import applied_credits, invoices, payments, transitions
from houblon.orders.invoicing.owing import left_of, owe
from houblon.orders.invoicing.payment_entries import keep_payment
from houblon.orders.invoicing.transitions import Seen, balance_of, check_seen, follow, locked_invoice
from houblon.orders.records.audit import EntryOf, audited
from houblon.orders.records.decision_log import SYSTEM, who_text
from houblon.orders.records.redecisions import PAYMENT, decide_retailers_again
from houblon.orders.services import Conflict, Services

# By what means: a transfer between banks, Interac's too; a debit that the buyer agreed to beforehand.
MEANS = ("transfer", "cheque", "card", "cash", "debit", "other")
# What one invoice had too much, as two entries: nobody enters such a one by itself.
APPLIED = "credit"
MEANS_NAMES = {
    "transfer": Text("virement", "transfer"),
    "cheque": Text("chèque", "cheque"),
    "card": Text("carte", "card"),
    "cash": Text("comptant", "cash"),
    "debit": Text("prélèvement", "direct debit"),
    "other": Text("autre", "other"),
    APPLIED: Text("crédit porté", "credit applied"),
}
_REVERSALS = payments.alias()
_ENTRIES = select(
    payments,
    select(_REVERSALS.c.key).where(_REVERSALS.c.reverses == payments.c.key).scalar_subquery().label("reversed_by"),
).order_by(payments.c.key)
_WORDS = {"paid": ("payée", "paid"), "credited": ("créditée", "credited")}


class Payment(msgspec.Struct, frozen=True):
    """What somebody says was paid, in cents, and on which day."""

    amount: int
    on: date
    reference: str = ""
    means: str | None = None


class Entered(msgspec.Struct, frozen=True):
    """An entry that was just made, of which invoice, and what that leaves."""

    key: int
    invoice_key: int
    number: str
    amount: int
    state: str
    balance: int
    reverses: int | None = None


def pay(
    services: Services,
    invoice_key: int,
    payment: Payment,
    *,
    by: str,
    at: datetime,
    seen: Seen | None = None,
    entry_of: EntryOf[Entered] | None = None,
) -> Entered:
    """Enter a payment: part of what is owed, all of it, or more.

    Raises Conflict where there is nothing that could be paid, or the invoice was changed since it was `seen`; Invalid for an amount or a day that can't be,
    LookupError when there is no such invoice.
    """
    return services.ledger.write(
        audited(lambda connection: enter(connection, services, invoice_key, payment, by, at, seen), entry_of)
    )


def pay_rest(
    services: Services,
    invoice_key: int,
    *,
    by: str,
    at: datetime,
    on: date,
    reference: str = "",
    means: str | None = None,
    entry_of: EntryOf[Entered] | None = None,
) -> Entered:
    """Enter the payment of all that is left. As `pay`; Conflict, too, when nothing is."""
    return services.ledger.write(
        audited(
            lambda connection: enter_rest(connection, services, invoice_key, by, at, on, reference, means), entry_of
        )
    )


def reverse(
    services: Services,
    invoice_key: int,
    payment_key: int,
    *,
    by: str,
    at: datetime,
    why: str = "",
    entry_of: EntryOf[Entered] | None = None,
) -> Entered:
    """Take a payment back by an entry of the opposite amount.

    Raises Conflict when it was reversed already or is a reversal itself, LookupError when the invoice has no such one.
    """
    return services.ledger.write(
        audited(lambda connection: take_back(connection, services, invoice_key, payment_key, by, at, why), entry_of)
    )


def enter(
    connection: Connection,
    services: Services,
    invoice_key: int,
    payment: Payment,
    by: str,
    at: datetime,
    seen: Seen | None = None,
) -> Entered:
    """`pay`, in the running transaction."""
    row = payable(connection, invoice_key)
    check_seen(row, seen)
    if not 0 < payment.amount <= MOST:
        raise refuse("amount", "/amount", "Un montant au-dessus de zéro.", "An amount above zero.")
    _check_day(services, row, payment.on, at)
    return entered_for(connection, row, payment, by, at)


def enter_rest(
    connection: Connection,
    services: Services,
    invoice_key: int,
    by: str,
    at: datetime,
    on: date,
    reference: str = "",
    means: str | None = None,
) -> Entered:
    """`pay_rest`, in the running transaction."""
    row = payable(connection, invoice_key)
    if is_settled(row):
        raise already_settled(connection, services, row)
    _check_day(services, row, on, at)
    return entered_for(connection, row, Payment(balance_of(row), on, reference, means), by, at)


def paid_at_sender(connection: Connection, invoice: Row[Any], *, at: datetime, on: date, reference: str | None) -> None:
    """Enter, in the running transaction, that who sent the order was paid what is left, by its own reference."""
    row = locked_invoice(connection, invoice.key)
    if not is_settled(row):
        entered_for(connection, row, Payment(balance_of(row), on, reference or ""), SYSTEM, at)


def payments_of(connection: Connection, invoice_key: int) -> list[Row[Any]]:
    """Every entry of an invoice, the first one first; `reversed_by` is the key of the entry that takes it back."""
    return list(connection.execute(_ENTRIES.where(payments.c.invoice_key == invoice_key)))


def take_back(
    connection: Connection,
    services: Services,
    invoice_key: int,
    payment_key: int,
    by: str,
    at: datetime,
    why: str,
) -> Entered:
    """`reverse`, in the running transaction; of two entries that are one applied credit, both."""
    partner = _partner(connection, payment_key)
    for key in sorted({invoice_key, *([partner.invoice_key] if partner else [])}):
        locked_invoice(connection, key)
    entered = _take_one_back(connection, services, invoice_key, payment_key, by, at, why)
    if partner:
        _take_one_back(connection, services, partner.invoice_key, partner.key, by, at, why)
    return entered


def _partner(connection: Connection, payment_key: int) -> Row[Any] | None:
    """The other entry of an applied credit, where a payment is one."""
    taken, given = applied_credits.c.taken_key, applied_credits.c.given_key
    other = select(case((taken == payment_key, given), else_=taken)).where(
        or_(taken == payment_key, given == payment_key)
    )
    return connection.execute(select(payments).where(payments.c.key == other.scalar_subquery())).one_or_none()


def _take_one_back(
    connection: Connection,
    services: Services,
    invoice_key: int,
    payment_key: int,
    by: str,
    at: datetime,
    why: str,
) -> Entered:
    row = locked_invoice(connection, invoice_key)
    payment = next((each for each in payments_of(connection, invoice_key) if each.key == payment_key), None)
    if payment is None:
        raise LookupError(f"invoice {invoice_key} has no payment {payment_key}")
    if payment.reverses is not None:
        raise Conflict(
            "reversal",
            "Cette écriture en annule une autre : entrez plutôt le paiement de nouveau.",
            "This entry reverses another one: enter the payment again instead.",
        )
    if payment.reversed_by is not None:
        amount = money_text(payment.amount)
        raise Conflict(
            "already_reversed",
            f"Le paiement de {amount.fr} de la facture {row.number} est déjà annulé.",
            f"The payment of {amount.en} of invoice {row.number} is reversed already.",
        )
    if row.paid < payment.amount:
        raise Conflict(
            "credit_applied",
            f"Ce que la facture {row.number} avait de trop est porté à une autre\u00a0: annulez d’abord ce crédit.",
            f"What invoice {row.number} had too much is applied to another one: take that credit back first.",
        )
    on = at.astimezone(services.installation.zone).date()
    entry = Payment(-payment.amount, on, payment.reference, payment.means)
    return entered_for(connection, row, entry, by, at, reverses=payment_key, why=why)


def entered_for(
    connection: Connection,
    invoice: Row[Any],
    payment: Payment,
    by: str,
    at: datetime,
    reverses: int | None = None,
    why: str = "",
) -> Entered:
    """Enter it, whatever it is: the caller has locked the invoice, and asked what must be asked."""
    values = {
        "invoice_key": invoice.key,
        "amount": payment.amount,
        "paid_on": payment.on.isoformat(),
        "means": payment.means,
        "reference": payment.reference,
        "at": at,
        "who": by,
        "reverses": reverses,
        "why": why,
    }
    balance = balance_of(invoice) - payment.amount
    key = keep_payment(connection, invoice.order_key, values, balance)
    paid = invoices.c.paid + payment.amount
    connection.execute(update(invoices).where(invoices.c.key == invoice.key).values(paid=paid))
    owe(connection, invoice.retailer_id, left_of(invoice, paid=payment.amount) - left_of(invoice))
    state = follow(connection, invoice.key, who=by, at=at, on=payment.on, why=payment.reference if by == SYSTEM else "")
    decide_retailers_again(connection, (invoice.retailer_id,), PAYMENT, by=by, at=at, subject=invoice.number)
    return Entered(key, invoice.key, invoice.number, payment.amount, state, balance, reverses)


def is_settled(invoice: Row[Any]) -> bool:
    """Whether nothing is left to pay of an invoice: it is paid, or credited."""
    return invoice.state in _WORDS


def payable(connection: Connection, key: int) -> Row[Any]:
    """The invoice, locked, of which a payment may be entered. Raises Conflict, LookupError."""
    row = locked_invoice(connection, key)
    if row.kind != "invoice":
        raise Conflict(
            "credit_note",
            f"La note de crédit {row.number} ne se paie pas.",
            f"Credit note {row.number} is not to be paid.",
        )
    if row.total <= 0:
        raise Conflict(
            "nothing_to_pay",
            f"De la facture {row.number}, il n’y a rien à payer.",
            f"There is nothing to pay of invoice {row.number}.",
        )
    return row


def _check_day(services: Services, invoice: Row[Any], on: date, at: datetime) -> None:
    zone = services.installation.zone
    placed = datetime.fromisoformat(invoice.document["placed_at"]).astimezone(zone).date()
    if not placed <= on <= at.astimezone(zone).date():
        raise refuse(
            "paid_on",
            "/on",
            "Le jour du paiement va de celui de la commande à aujourd’hui.",
            "The day of payment is between that of the order and today.",
        )


def already_settled(connection: Connection, services: Services, row: Row[Any]) -> Conflict:
    """Who paid or credited the invoice, and when."""
    last = connection.execute(
        select(transitions)
        .where(transitions.c.invoice_key == row.key, transitions.c.after == row.state)
        .order_by(transitions.c.key.desc())
        .limit(1)
    ).one()
    when, who, (fr, en) = services.moment_text(last.at), who_text(last.who), _WORDS[row.state]
    return Conflict(
        f"already_{row.state}",
        f"La facture {row.number} est déjà {fr}, par {who.fr}, le {when.fr}.",
        f"Invoice {row.number} is already {en}, by {who.en}, on {when.en}.",
    )

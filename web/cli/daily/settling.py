"""`houblon invoice pay · reverse-payment · credit · dispute · close-dispute`: what was paid of an invoice, what is credited,
and whether its buyer contests it."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from houblon.engine.core.money import dollars, price
from houblon.engine.core.problem import refuse
from houblon.orders.handling import credit_notes
from houblon.orders.handling.credit_notes import Asked
from houblon.orders.invoicing import disputes, payments
from houblon.orders.invoicing.credits import Words
from houblon.orders.invoicing.disputes import Disputed
from houblon.orders.invoicing.payments import MEANS, Entered, Payment
from houblon.web.access.audit import CLI, by
from houblon.web.cli.daily.invoices import invoice, invoice_row, number_argument
from houblon.web.cli.daily.quantities import by_line, day_type, quantity_option
from houblon.web.cli.shell import data_option, json_option, opened, print_result, speaks_problems
from houblon.web.invoices.entries import credited, dispute_closed, disputed, paid, reversed_payment

__all__ = ["invoice"]

_LONGEST = 200


@invoice.command("pay")
@data_option
@json_option
@number_argument
@click.argument("amount", required=False)
@click.option("--on", type=day_type, required=True, help="The day of the payment.")
@click.option("--means", type=click.Choice(MEANS), help="By what it was paid.")
@click.option("--reference", default="", help="A cheque's number, a transfer's.")
@speaks_problems
def pay(
    data: Path | None,
    number: str,
    amount: str | None,
    on: datetime,
    means: str | None,
    reference: str,
    as_json: bool,
) -> None:
    """Enter a payment of the invoice NUMBER: AMOUNT, or all that is left where none is given."""
    day, said, cents = on.date(), reference.strip()[:_LONGEST], None if amount is None else _cents(amount)
    with opened(data) as house:
        acting, services = by(house, CLI), house.services
        key = _key(services, number)
        if cents is None:
            done = payments.pay_rest(
                services, key, by=CLI, at=acting.at, on=day, reference=said, means=means, entry_of=paid(acting, day)
            )
        else:
            payment = Payment(cents, day, said, means)
            done = payments.pay(services, key, payment, by=CLI, at=acting.at, entry_of=paid(acting, day))
    _print_entered(done, day, as_json)


@invoice.command("reverse-payment")
@data_option
@json_option
@number_argument
@click.argument("id", type=click.IntRange(min=1))
@click.option("--why", default="", help="The reason, which its history keeps.")
@speaks_problems
def reverse_payment(data: Path | None, number: str, id: int, why: str, as_json: bool) -> None:
    """Take the payment ID of the invoice NUMBER back, by an entry of its own; `invoice show` has the ids."""
    said = why.strip()[:_LONGEST]
    with opened(data) as house:
        acting, services = by(house, CLI), house.services
        key, entry_of = _key(services, number), reversed_payment(acting, id, said)
        try:
            done = payments.reverse(services, key, id, by=CLI, at=acting.at, why=said, entry_of=entry_of)
        except LookupError:
            raise refuse(
                "unknown_payment",
                "/id",
                f"La facture {number} n’a pas de paiement {id}.",
                f"Invoice {number} has no payment {id}.",
            ) from None
        day = acting.at.astimezone(services.installation.zone).date()
    _print_entered(done, day, as_json)


@invoice.command("credit")
@data_option
@json_option
@number_argument
@quantity_option("--line", "How many of a line are credited; may be repeated.", required=True)
@click.option("--reason", default="", help="Why, for the house.")
@click.option("--note", default="", help="Why, for the buyer, on the credit note.")
@speaks_problems
def credit(
    data: Path | None, number: str, line: tuple[tuple[int, int], ...], reason: str, note: str, as_json: bool
) -> None:
    """Credit lines of the invoice NUMBER, never more than it has."""
    asked = tuple(Asked(*each) for each in by_line(line, "line").items())
    words = Words(reason=reason.strip()[:500], note=note.strip()[:500])
    with opened(data) as house:
        acting, services = by(house, CLI), house.services
        entry_of = credited(acting, asked, words.reason)
        done = credit_notes.credit(
            services, _key(services, number), asked, words, by=CLI, at=acting.at, entry_of=entry_of
        )
    total = dollars(done.note.document["cents"]["total"])
    document = {
        "invoice_number": done.invoice,
        "credit_note": done.note.number,
        "total": total,
        "buyer_notified": done.is_buyer_notified,
    }
    print_result(document, as_json, f"Credit note {done.note.number}, {total} $, of invoice {done.invoice}.")


@invoice.command("dispute")
@data_option
@json_option
@number_argument
@click.option("--reason", required=True, help="What the buyer says of it.")
@speaks_problems
def dispute(data: Path | None, number: str, reason: str, as_json: bool) -> None:
    """Note that its buyer contests the invoice NUMBER: until that is closed it is not owed, and not reminded of."""
    with opened(data) as house:
        acting, services = by(house, CLI), house.services
        key, entry_of = _key(services, number), disputed(acting)
        done = disputes.dispute(services, key, reason, by=CLI, at=acting.at, entry_of=entry_of)
    _print_disputed(done, as_json, f"Invoice {number} is disputed; what is left of it is not owed meanwhile.")


@invoice.command("close-dispute")
@data_option
@json_option
@number_argument
@click.option("--outcome", default="", help="How it ended.")
@speaks_problems
def close_dispute(data: Path | None, number: str, outcome: str, as_json: bool) -> None:
    """Close the dispute of the invoice NUMBER: what is left of it is owed again."""
    with opened(data) as house:
        acting, services = by(house, CLI), house.services
        key, entry_of = _key(services, number), dispute_closed(acting)
        done = disputes.close(services, key, outcome, by=CLI, at=acting.at, entry_of=entry_of)
    _print_disputed(done, as_json, f"Invoice {number} is not disputed any more; {dollars(done.balance)} $ are owed.")


def _print_disputed(done: Disputed, as_json: bool, text: str) -> None:
    document = {"invoice_number": done.number, "dispute": done.key, "disputed": done.is_open}
    print_result({**document, "balance": dollars(done.balance)}, as_json, text)


def _cents(amount: str) -> int:
    try:
        return price(amount)
    except ValueError:
        raise refuse(
            "money",
            "/amount",
            "Un montant avec au plus deux décimales, comme « 54.00 ».",
            'An amount with at most two decimals, such as "54.00".',
        ) from None


def _key(services: Any, number: str) -> int:
    with services.ledger.reading() as connection:
        return _key_of(connection, number)


def _key_of(connection: Connection, number: str) -> int:
    key: int = invoice_row(connection, number).key
    return key


def _print_entered(done: Entered, on: date, as_json: bool) -> None:
    document = {
        "invoice_number": done.number,
        "payment": done.key,
        "amount": dollars(done.amount),
        "on": on,
        "state": done.state,
        "balance": dollars(done.balance),
    }
    text = (
        f"{done.number}: payment {done.key} of {dollars(done.amount)} $; {done.state}, {dollars(done.balance)} $ left"
    )
    print_result(document, as_json, text)

"""`houblon invoice`: what was issued, as it prints, and the link that its buyer has."""

import os
from datetime import date
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection, Row, select

from houblon.engine.core.money import dollars, price
from houblon.engine.core.problem import refuse
from houblon.engine.schedule.calendar import local_day
from houblon.orders.db.tables import invoices
from houblon.orders.invoicing import applied_credits, buyer_links
from houblon.orders.invoicing.credits import credit_notes_of, left_to_credit
from houblon.orders.invoicing.disputes import disputes_of
from houblon.orders.invoicing.document import pdf
from houblon.orders.invoicing.payments import payments_of
from houblon.orders.invoicing.shares import number_of
from houblon.orders.invoicing.transitions import balance_of
from houblon.orders.mail import invoice_link as invoice_link_mail
from houblon.orders.queries import lists
from houblon.orders.queries.receivables import days_late
from houblon.web.access.audit import CLI, by, noted
from houblon.web.cli.shell import (
    before_option,
    data_option,
    json_option,
    limit_option,
    opened,
    print_result,
    speaks_problems,
)
from houblon.web.invoices.entries import applied

number_argument = click.argument("number")


@click.group()
def invoice() -> None:
    """Invoices and credit notes."""


@invoice.command("list")
@data_option
@json_option
@before_option("invoice")
@limit_option
@speaks_problems
def list_(data: Path | None, before: int | None, limit: int, as_json: bool) -> None:
    """Invoices and credit notes, the newest first."""
    with opened(data) as house, house.services.ledger.reading() as connection:
        rows = lists.list_invoices(connection, before, limit)
        today = _today(house)
        found = [{**_head(row, today), "order_id": row.order_id, "buyer": row.retailer_id} for row in rows]
    lines = [
        f"{each['invoice_key']:>7}  {each['invoice_number']:16} {each['state']:10} {each['total']:>12}  "
        f"{each['due_date'] or '-':10}  {each['buyer']}"
        for each in found
    ]
    print_result({"invoices": found}, as_json, "\n".join(lines) or "no invoices")


@invoice.command("show")
@data_option
@json_option
@number_argument
@speaks_problems
def show(data: Path | None, number: str, as_json: bool) -> None:
    """The invoice NUMBER, with all that it prints."""
    with opened(data) as house, house.services.ledger.reading() as connection:
        row, today = invoice_row(connection, number), _today(house)
        entries = [_entry(each) for each in payments_of(connection, row.key)]
        notes = [each.number for each in credit_notes_of(connection, row.key)]
        contested = [_dispute(each) for each in disputes_of(connection, row.key)]
        left = left_to_credit(connection, row) if row.kind == "invoice" else {}
    lines = [
        {"line": number, "sku": line["sku"], "quantity": line["quantity"], "creditable": left.get(number, 0)}
        for number, line in ((number_of(line, place), line) for place, line in enumerate(row.document["lines"]))
    ]
    more = {"lines": lines, "payments": entries, "credit_notes": notes, "disputes": contested}
    text = [f"{row.number}: {row.state}, {dollars(row.total)} $, due {row.due_date or '-'}"]
    text += [
        f"- payment {each['id']}: {each['amount']} $ on {each['on']} {each['reference']}".rstrip() for each in entries
    ]
    text += [f"- credit note {each}" for each in notes]
    text += [f"- disputed since {each['at']}: {each['reason']}" for each in contested if each["closed_at"] is None]
    print_result({**_head(row, today), **more, "document": row.document}, as_json, "\n".join(text))


@invoice.command("pdf")
@data_option
@json_option
@number_argument
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@speaks_problems
def as_pdf(data: Path | None, number: str, file: Path, as_json: bool) -> None:
    """Write the invoice NUMBER to FILE as PDF; a file that is there already stays."""
    with opened(data) as house, house.services.ledger.reading() as connection:
        content = pdf(invoice_row(connection, number).document)
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
            written.write(content)
    except FileExistsError:
        raise refuse("exists", "/file", f"{file} existe déjà.", f"{file} exists already.") from None
    print_result({"invoice_number": number, "file": str(file)}, as_json, f"{number} is in {file}.")


@invoice.command("apply-credit")
@data_option
@json_option
@number_argument
@click.argument("source")
@click.option("--amount", help="So much of it, 54.96; without it, as much as both allow.")
@speaks_problems
def apply_credit(data: Path | None, number: str, source: str, amount: str | None, as_json: bool) -> None:
    """Pay the invoice NUMBER with what is over on the invoice SOURCE of the same retailer."""
    with opened(data) as house:
        acting = by(house, CLI)
        with house.services.ledger.reading() as connection:
            key, source_key = (invoice_row(connection, each).key for each in (number, source))
        done = applied_credits.apply_credit(
            house.services,
            key,
            source_key,
            _cents(amount),
            by=acting.who,
            at=acting.at,
            entry_of=applied(acting, source),
        )
    text = f"{dollars(done.amount)} $ of {source} pay {number}; {dollars(done.balance)} $ are left to pay."
    document = {"invoice_number": number, "from": source, "amount": dollars(done.amount), "state": done.state}
    print_result({**document, "balance": dollars(done.balance)}, as_json, text)


@invoice.command("replace-link")
@data_option
@json_option
@number_argument
@speaks_problems
def replace_link(data: Path | None, number: str, as_json: bool) -> None:
    """Void the link that the buyer has; send the new one with `invoice send-link`."""
    with opened(data) as house:
        acting, services = by(house, CLI), house.services

        def work(connection: Connection) -> None:
            row = invoice_row(connection, number)
            buyer_links.replace_link(connection, services, row.key, row.link_number, acting.at)
            noted(connection, acting, "invoice.link_replaced", number, row.link_number, row.link_number + 1)

        services.ledger.write(work)
    print_result({"invoice_number": number, "replaced": True}, as_json, f"The old link of {number} opens nothing now.")


@invoice.command("send-link")
@data_option
@json_option
@number_argument
@speaks_problems
def send_link(data: Path | None, number: str, as_json: bool) -> None:
    """Have a running server write to the buyer with the link that is good now."""
    with opened(data) as house:
        acting, services = by(house, CLI), house.services

        def work(connection: Connection) -> str | None:
            row = invoice_row(connection, number)
            address = invoice_link_mail.queue(connection, services, row, acting.at)
            noted(connection, acting, "invoice.link_sent", number, None, row.link_number)
            return address

        address = services.ledger.write(work)
    text = f"The link goes to {address}." if address else "No address is known: the mail waits in `houblon message`."
    print_result({"invoice_number": number, "to": address}, as_json, text)


def invoice_row(connection: Connection, number: str) -> Row[Any]:
    """The invoice or credit note of this number. Raises Invalid where there is none."""
    row = connection.execute(select(invoices).where(invoices.c.number == number)).one_or_none()
    if row is None:
        raise refuse(
            "unknown_invoice", "/number", f"Il n’y a pas de facture {number}.", f"There is no invoice {number}."
        )
    return row


def _entry(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.key,
        "amount": dollars(row.amount),
        "on": row.paid_on,
        "means": row.means,
        "reference": row.reference,
        "who": row.who,
        "reverses": row.reverses,
        "reversed_by": row.reversed_by,
    }


def _dispute(row: Row[Any]) -> dict[str, Any]:
    ended = {"closed_at": row.ended_at, "closed_by": row.ended_by, "outcome": row.outcome or None}
    return {"id": row.key, "at": row.at, "who": row.who, "reason": row.why, **ended}


def _cents(amount: str | None) -> int | None:
    try:
        return None if amount is None else price(amount)
    except ValueError:
        raise refuse("money", "/amount", "Un montant comme 54.96.", "An amount such as 54.96.") from None


def _today(house: Any) -> date:
    return local_day(house.now(), str(house.services.installation.zone))


def _head(row: Any, today: date) -> dict[str, Any]:
    return {
        "invoice_key": row.key,
        "invoice_number": row.number,
        "kind": row.kind,
        "state": row.state,
        "order_key": row.order_key,
        "issued_at": row.issued_at,
        "due_date": row.due_date,
        "days_late": days_late(row, today),
        "disputed_at": row.disputed_at,
        "paid_on": row.paid_on,
        "total": dollars(row.total),
        "paid": dollars(row.paid),
        "credited": dollars(row.credited),
        "balance": dollars(balance_of(row) if row.kind == "invoice" else 0),
    }

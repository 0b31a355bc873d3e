"""`houblon reminder`: who will be reminded of what they owe and when, and how a person stops that."""

from pathlib import Path
from typing import Any

import click
import msgspec
from sqlalchemy import select

from houblon.engine.core.money import dollars
from houblon.engine.core.problem import refuse
from houblon.orders.db.tables import invoices
from houblon.orders.reminders.remind import remind_due
from houblon.orders.reminders.renew import renew
from houblon.orders.reminders.stops import Changed, Whose, start, stop
from houblon.orders.reminders.upcoming import Upcoming, upcoming
from houblon.web.access.audit import CLI, by
from houblon.web.cli.shell import data_option, json_option, opened, print_result, speaks_problems
from houblon.web.foundation.composition import House
from houblon.web.invoices.reminder_entries import started, stopped

_invoice = click.option("--invoice", "number", help="The invoice of this number.")
_retailer = click.option("--retailer", "id", help="All that this retailer owes.")


@click.group()
def reminder() -> None:
    """Reminders of what is to be paid."""


@reminder.command("upcoming")
@data_option
@json_option
@speaks_problems
def upcoming_(data: Path | None, as_json: bool) -> None:
    """The reminders of the next thirty days, as things stand."""
    with opened(data) as house:
        found = [_document(each) for each in upcoming(house.services, house.now())]
    lines = [
        f"{each['on']}  {each['total']:>12}  {each['address'] or '-':32}  {', '.join(each['invoices'])}"
        for each in found
    ]
    print_result({"reminders": found}, as_json, "\n".join(lines) or "no reminders to come")


@reminder.command("stop")
@data_option
@json_option
@_invoice
@_retailer
@click.option("--why", default="", help="A reason, for the house.")
@speaks_problems
def stop_(data: Path | None, number: str | None, id: str | None, why: str, as_json: bool) -> None:
    """Remind of an invoice, or a retailer of anything, no more."""
    with opened(data) as house:
        whose, acting = _whose(house, number, id), by(house, CLI)
        done = _known(
            lambda: stop(house.services, whose, by=CLI, at=acting.at, why=why, entry_of=stopped(acting, whose))
        )
    print_result({"subject": done.subject, "stopped": True}, as_json, f"No reminder of {done.subject} leaves any more.")


@reminder.command("start")
@data_option
@json_option
@_invoice
@_retailer
@speaks_problems
def start_(data: Path | None, number: str | None, id: str | None, as_json: bool) -> None:
    """Remind again; days that passed meanwhile are not made up for."""
    with opened(data) as house:
        whose, acting = _whose(house, number, id), by(house, CLI)
        done = _known(lambda: start(house.services, whose, by=CLI, at=acting.at, entry_of=started(acting, whose)))
    print_result({"subject": done.subject, "stopped": False}, as_json, f"Reminders of {done.subject} leave again.")


@reminder.command("write")
@data_option
@json_option
@speaks_problems
def write(data: Path | None, as_json: bool) -> None:
    """Write what is due now, as a running server does by itself; at night, nothing is."""
    with opened(data) as house:
        now = house.now()
        renewed, written = renew(house.services, now), remind_due(house.services, now)
    print_result({"written": written, "renewed": renewed}, as_json, f"{written} reminder(s) on their way.")


def _whose(house: House, number: str | None, id: str | None) -> Whose:
    if (number is None) == (id is None):
        raise click.UsageError("Give either --invoice or --retailer.")
    if number is None:
        return Whose(retailer_id=id)
    with house.services.ledger.reading() as connection:
        key = connection.execute(select(invoices.c.key).where(invoices.c.number == number)).scalar_one_or_none()
    if key is None:
        raise refuse(
            "unknown_invoice", "/invoice", f"Il n’y a pas de facture {number}.", f"There is no invoice {number}."
        )
    return Whose(invoice_key=key)


def _known(act: Any) -> Changed:
    try:
        done: Changed = act()
    except LookupError:
        raise refuse(
            "unknown_retailer", "/retailer", "Ce détaillant n’est pas connu.", "There is no such retailer."
        ) from None
    return done


def _document(found: Upcoming) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(
        {
            "on": found.on,
            "retailer": found.account.retailer_id,
            "address": found.account.address,
            "total": dollars(found.account.total),
            "invoices": [each.invoice.number for each in found.reminded],
        }
    )
    return plain

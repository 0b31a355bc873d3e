"""`/reminders`: who will be reminded of what and when; and how a person stops that, for an invoice or a retailer."""

from typing import Any

import msgspec
from flask import Response

from houblon.engine.core.money import dollars
from houblon.orders.reminders.stops import Changed, Whose, start, stop
from houblon.orders.reminders.upcoming import Upcoming, upcoming
from houblon.web.access.audit import by as acting
from houblon.web.api.blueprint import not_found, operation
from houblon.web.api.bodies import Body, text
from houblon.web.api.keys import caller
from houblon.web.api.spec.types import Day, Key, Money
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import json_response
from houblon.web.invoices.reminder_entries import started, stopped


class ReminderStop(Body):
    why = text(200, load_default="")


class RemindedInvoice(msgspec.Struct, frozen=True):
    """An invoice that a mail to come lists; `days_after_due` of those whose day it is, null of those beside them."""

    invoice_key: Key
    invoice_number: str
    due_date: Day | None
    balance: Money
    days_after_due: int | None


class UpcomingReminder(msgspec.Struct, frozen=True):
    """A mail to come, as things stand; without an address it will wait for one."""

    on: Day
    retailer: str
    address: str | None
    language: str
    total: Money
    invoices: tuple[RemindedInvoice, ...]


class UpcomingReminders(msgspec.Struct, frozen=True):
    items: tuple[UpcomingReminder, ...]


class RemindersOf(msgspec.Struct, frozen=True):
    """Whose reminders: an invoice by its number, or a retailer by its id; and whether they are stopped now."""

    subject: str
    stopped: bool


SHAPES = (UpcomingReminders, RemindersOf)


@operation("GET", "/reminders", scope="read", room="Messages", answer="UpcomingReminders")
def list_reminders() -> Response:
    """The reminders of the next thirty days, as things stand"""
    return json_response({"items": [_document(each) for each in upcoming(house().services, house().now())]})


@operation(
    "POST",
    "/invoices/<int:key>/stop-reminders",
    scope="write",
    room="Invoices",
    answer="RemindersOf",
    body=ReminderStop,
    faults=(404,),
)
def stop_invoice_reminders(asked: dict[str, Any], key: int) -> Response:
    """Remind the buyer of this invoice no more"""
    return _stop(Whose(invoice_key=key), asked["why"].strip())


@operation(
    "POST", "/invoices/<int:key>/start-reminders", scope="write", room="Invoices", answer="RemindersOf", faults=(404,)
)
def start_invoice_reminders(key: int) -> Response:
    """Remind the buyer of this invoice again; days that passed are not made up for"""
    return _start(Whose(invoice_key=key))


@operation(
    "POST",
    "/retailers/<path:id>/stop-reminders",
    scope="write",
    room="Retailers",
    answer="RemindersOf",
    body=ReminderStop,
    faults=(404,),
)
def stop_retailer_reminders(asked: dict[str, Any], id: str) -> Response:
    """Remind a retailer of nothing any more"""
    return _stop(Whose(retailer_id=id), asked["why"].strip())


@operation(
    "POST",
    "/retailers/<path:id>/start-reminders",
    scope="write",
    room="Retailers",
    answer="RemindersOf",
    faults=(404,),
)
def start_retailer_reminders(id: str) -> Response:
    """Remind a retailer again; days that passed are not made up for"""
    return _start(Whose(retailer_id=id))


def _stop(whose: Whose, why: str) -> Response:
    by = acting(house(), caller())
    try:
        done = stop(house().services, whose, by=by.who, at=by.at, why=why, entry_of=stopped(by, whose))
    except LookupError:
        not_found()
    return _of(done, True)


def _start(whose: Whose) -> Response:
    by = acting(house(), caller())
    try:
        done = start(house().services, whose, by=by.who, at=by.at, entry_of=started(by, whose))
    except LookupError:
        not_found()
    return _of(done, False)


def _of(done: Changed, is_stopped: bool) -> Response:
    return json_response({"subject": done.subject, "stopped": is_stopped})


def _document(found: Upcoming) -> dict[str, Any]:
    account, days = found.account, {each.invoice.key: each.days for each in found.reminded}
    listed = [
        {
            "invoice_key": each.key,
            "invoice_number": each.number,
            "due_date": each.due_on,
            "balance": dollars(each.balance),
            "days_after_due": days.get(each.key),
        }
        for each in account.reminded_of
    ]
    return {
        "on": found.on,
        "retailer": account.retailer_id,
        "address": account.address,
        "language": account.languages[-1],
        "total": dollars(account.total),
        "invoices": listed,
    }

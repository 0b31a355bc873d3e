"""The buyer's link to an invoice: until when it opens it, and another one in its place."""

from calendar import monthrange
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, or_, select, update

from houblon.engine.conditions.figures import NBSP
from houblon.orders.db.tables import invoices, outbox, reminders
from houblon.orders.invoicing.links import invoice_link
from houblon.orders.services import Conflict, Services

# How long a link is good once nothing is owed by it, unless the installation says otherwise.
MONTHS, MOST_MONTHS = 12, 120


def last_day(invoice: Row[Any], credited_on: date | None, months: int, zone: ZoneInfo) -> date | None:
    """The last day on which the invoice's link opens it; None while something is owed.

    Counted from the day it was settled, by a payment or by the credit note of `credited_on`, or from the day the
    link was made, if that is later. A credit note asks for nothing: its link counts from its issue.
    """
    if invoice.kind == "credit_note":
        settled: date | None = date.fromisoformat(invoice.document["issued_on"])
    else:
        settled = date.fromisoformat(invoice.paid_on) if invoice.paid_on else credited_on
    if settled is None:
        return None
    made_on = invoice.link_made_at.astimezone(zone).date() if invoice.link_made_at else settled
    return months_after(max(settled, made_on), months)


def credited_on(connection: Connection, invoice: Row[Any]) -> date | None:
    """The day of the credit note that took the last of the invoice back; None where something of it stands."""
    if invoice.state != "credited":
        return None
    notes = connection.execute(select(invoices.c.document).where(invoices.c.credits == invoice.key)).scalars()
    return max((date.fromisoformat(note["issued_on"]) for note in notes), default=None)


def replace_link(connection: Connection, services: Services, invoice_key: int, seen: int, at: datetime) -> str:
    """Void the link of number `seen` and put the next one in its place; the invoice's number.

    Letters that still wait to leave lead to the new one. Raises Conflict where it was replaced meanwhile, LookupError.
    """
    row = connection.execute(select(invoices).where(invoices.c.key == invoice_key)).one_or_none()
    if row is None:
        raise LookupError(f"there is no invoice {invoice_key}")
    mine = invoices.c.key == invoice_key, invoices.c.link_number == seen
    new = update(invoices).where(*mine).values(link_number=seen + 1, link_made_at=at)
    if connection.execute(new).rowcount == 0:
        raise Conflict(
            "link_replaced",
            f"Le lien vient d’être remplacé par quelqu’un d’autre{NBSP}: rien de plus n’a changé.",
            "Somebody else has just replaced the link: nothing more has changed.",
        )
    old, fresh = (invoice_link(services.base_url, services.secret, invoice_key, each) for each in (seen, seen + 1))
    listed = select(reminders.c.message_id).where(reminders.c.invoice_key == invoice_key)
    about = or_(outbox.c.order_key == row.order_key, outbox.c.id.in_(listed))
    waiting = select(outbox.c.id, outbox.c.message).where(about, outbox.c.kind == "mail", outbox.c.state != "sent")
    for id, message in connection.execute(waiting).all():
        changed = _with_link(message, old, fresh)
        if changed != message:
            connection.execute(update(outbox).where(outbox.c.id == id).values(message=changed))
    number: str = row.number
    return number


def _with_link(value: Any, old: str, fresh: str) -> Any:
    """A message, or a part of it, with a link in another's place wherever it is: in each language, in every table."""
    if isinstance(value, dict):
        return {name: _with_link(each, old, fresh) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_link(each, old, fresh) for each in value]
    return fresh if value == old else value


def months_after(day: date, months: int) -> date:
    """The same day so many months later, or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))

"""Messages to buyers and to the team, put in the outbox with the fact they tell."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from houblon.engine.core.mail_address import read_address
from houblon.engine.policy.decision import Obligation, Reason
from houblon.orders.db.statements import Prepared
from houblon.orders.db.tables import outbox
from houblon.orders.events.message_ids import ordered_message_id
from houblon.orders.invoicing.invoice import Issued
from houblon.orders.mail.content import EmailContent
from houblon.orders.mail.emails import buyer_email, team_email
from houblon.orders.services import OrderContext, Services

NO_ADDRESS = "no address is known for this recipient"
BAD_ADDRESS = "this is not one mail address"
_KEEP = Prepared(insert(outbox))


def queue(
    connection: Connection,
    services: Services,
    context: OrderContext,
    move: int,
    duties: Iterable[Obligation],
    issued: Issued | None,
    reasons: tuple[Reason, ...] = (),
) -> None:
    """Put what `duties` promise in the outbox, in the transaction of the fact; `move` is its key.

    A recipient without a usable address leaves the message parked, where people see it. Team
    events that a policy sends to nobody are no promise; a rule that asks for the team is one.
    """
    messages = _messages(services, context, list(duties), issued, reasons)
    rows = {
        row["id"]: row
        for event, role, address, content in messages
        for invoice_key in [issued.key if issued and (event, role) == ("invoice.issued", "buyer") else None]
        for row in [_row(context, move, role, event, address, content, invoice_key)]
    }
    for row in rows.values():
        _KEEP.insert(connection, row)


def queue_notice(
    connection: Connection, services: Services, context: OrderContext, move: int, event: str, issued: Issued | None
) -> None:
    """Put one message to the buyer in the outbox, whatever the policy lists; its caller asked."""
    content = buyer_email(event, services, context, issued)
    queue_email(connection, context, move, event, content, issued.key if issued else None)


def queue_email(
    connection: Connection,
    context: OrderContext,
    move: int,
    event: str,
    content: EmailContent,
    invoice_key: int | None = None,
) -> None:
    """Put a letter to the buyer in the outbox; with `invoice_key` it is what sends that invoice."""
    _KEEP.insert(connection, _row(context, move, "buyer", event, context.buyer.email, content, invoice_key))


def _messages(
    services: Services,
    context: OrderContext,
    duties: list[Obligation],
    issued: Issued | None,
    reasons: tuple[Reason, ...],
) -> Iterator[tuple[str, str, str | None, EmailContent]]:
    """Event, role, address and letter of each message."""
    events = [duty.event for duty in duties if duty.kind == "notify_buyer" and duty.event]
    if "invoice.issued" in events and "order.accepted" in events:
        events.remove("order.accepted")  # the invoice's message says so too
    for event in events:
        yield event, "buyer", context.buyer.email, buyer_email(event, services, context, issued)
    team = context.policy.settings["notifications.team"].value["to"]
    for duty in duties:
        if duty.kind == "notify_team":
            event = duty.event or f"notify.{duty.channel}"
            nobody = [] if duty.event else [None]
            for address in team or nobody:
                yield event, f"team/{address}", address, team_email(event, services, context, reasons)


def _row(
    context: OrderContext,
    move: int,
    role: str,
    event: str,
    address: str | None,
    content: EmailContent,
    invoice_key: int | None,
) -> dict[str, Any]:
    id = ordered_message_id(move, f"{context.key}/{move}/{event}/{role}")
    return mail_row(id, event, address, content, context.at, order_key=context.key, invoice_key=invoice_key)


def mail_row(
    id: str,
    event: str,
    address: str | None,
    content: Any,
    at: datetime,
    *,
    order_key: int | None = None,
    invoice_key: int | None = None,
) -> dict[str, Any]:
    """A mail as the outbox keeps it: without a usable address it is parked, where people see it."""
    read = read_address(address) if address else None
    fault = NO_ADDRESS if not address else BAD_ADDRESS if read is None else None
    return {
        "id": id,
        "order_key": order_key,
        "invoice_key": invoice_key,
        "kind": "mail",
        "event": event,
        "recipient": read or address,
        "message": content,
        "state": "parked" if fault else "pending",
        "attempts": 0,
        "created_at": at,
        "due_at": at,
        "error": fault,
    }

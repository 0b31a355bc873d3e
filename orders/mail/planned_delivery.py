"""What a buyer is told when an invoice's due date follows a delivery that was rescheduled."""

from datetime import date
from typing import Any

from sqlalchemy import Connection

from houblon.engine.core.problem import Text
from houblon.engine.schedule.cadence import day_text
from houblon.orders.invoicing.languages import languages_of
from houblon.orders.invoicing.links import invoice_link
from houblon.orders.mail import enqueue as messages
from houblon.orders.mail.content import EmailContent, in_languages
from houblon.orders.mail.emails import plain_email
from houblon.orders.services import OrderContext, Services

EVENT = "invoice.amended"


def queue(
    connection: Connection,
    services: Services,
    context: OrderContext,
    move: int,
    invoice: Any,
    day: date,
    due: date | None,
) -> None:
    """Put the message in the outbox, in the transaction of the change; `move` is its key in the history."""
    languages = languages_of(services, context.order, context.buyer)
    content = in_languages(languages, lambda language: _email(services, context, invoice, day, due, language))
    messages.queue_email(connection, context, move, EVENT, content)


def _email(
    services: Services, context: OrderContext, invoice: Any, day: date, due: date | None, language: str
) -> EmailContent:
    said = {
        "name": context.buyer.name or context.buyer.id,
        "order": context.order.id,
        "number": invoice.number,
        "day": day_text(day).in_(language),
        "due": day_text(due).in_(language) if due else "",
    }
    lines = [each.in_(language).format(**said) for each in (_HELLO, _MOVED, _PAYABLE if due else _NOT_DUE)]
    link = invoice_link(services.base_url, services.secret, invoice.key, invoice.link_number)
    return plain_email(
        _SUBJECT.in_(language).format(**said), lines, link, _SEE.in_(language), services.seller.name, language
    )


_SUBJECT = Text("Nouvelle échéance de la facture {number}", "New due date of invoice {number}")
_HELLO = Text("Bonjour {name},", "Hello {name},")
_MOVED = Text(
    "La livraison de votre commande {order} est maintenant prévue le {day}.",
    "The delivery of your order {order} is now planned on {day}.",
)
_PAYABLE = Text(
    "La facture {number} est donc payable au plus tard le {due}. Ses montants ne changent pas.",
    "Invoice {number} is therefore payable by {due}. Its amounts do not change.",
)
_NOT_DUE = Text("La facture {number} n’a plus de date d’échéance.", "Invoice {number} has no due date any more.")
_SEE = Text("Voir la facture", "View the invoice")

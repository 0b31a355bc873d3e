"""What a buyer is told when a part of an invoice is credited, with the note that was written for them."""

from sqlalchemy import Connection

from houblon.engine.conditions.figures import NBSP, money_text
from houblon.engine.core.problem import Text
from houblon.orders.invoicing.invoice import Issued
from houblon.orders.invoicing.languages import languages_on
from houblon.orders.invoicing.links import invoice_link
from houblon.orders.mail import enqueue as messages
from houblon.orders.mail.content import EmailContent, in_languages
from houblon.orders.mail.emails import plain_email
from houblon.orders.services import OrderContext, Services

EVENT = "credit_note.issued"


def queue(connection: Connection, services: Services, context: OrderContext, issued: Issued) -> None:
    """Put the message that brings the credit note in the outbox, in its transaction."""
    content = in_languages(languages_on(issued.document), lambda language: _email(services, context, issued, language))
    messages.queue_email(connection, context, issued.move, EVENT, content, issued.key)


def _email(services: Services, context: OrderContext, issued: Issued, language: str) -> EmailContent:
    document = issued.document
    said = {
        "name": context.buyer.name or context.buyer.id,
        "order": context.order.id,
        "number": issued.number,
        "invoice": document["credits"],
        "amount": money_text(-document["cents"]["total"]).in_(language),
        "seller": services.seller.name,
    }
    lines = [each.in_(language).format(**said) for each in (_HELLO, _CREDITED)]
    if document["buyer_note"]:
        lines.append(document["buyer_note"])
    link = invoice_link(services.base_url, services.secret, issued.key)
    return plain_email(
        _SUBJECT.in_(language).format(**said), lines, link, _SEE.in_(language), services.seller.name, language
    )


_SUBJECT = Text("Note de crédit {number} de {seller}", "Credit note {number} from {seller}")
_HELLO = Text("Bonjour {name},", "Hello {name},")
_CREDITED = Text(
    f"La note de crédit {{number}}, de {{amount}}, vient en déduction de la facture {{invoice}} de votre commande "
    f"{{order}}{NBSP}: ouvrez le lien pour la voir.",
    "Credit note {number}, for {amount}, is taken off invoice {invoice} of your order {order}: open the link to view it.",
)
_SEE = Text("Voir la note de crédit", "View the credit note")

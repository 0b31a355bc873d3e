"""The letter that brings a buyer the link to an invoice again, when somebody of the house sends it."""

from datetime import datetime
from secrets import token_hex
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from houblon.engine.core.problem import Text
from houblon.orders.db.tables import orders, outbox, retailers
from houblon.orders.events.message_ids import message_id
from houblon.orders.invoicing.languages import languages_on
from houblon.orders.invoicing.links import invoice_link
from houblon.orders.mail.content import EmailContent, in_languages
from houblon.orders.mail.emails import plain_email
from houblon.orders.mail.enqueue import mail_row
from houblon.orders.services import Services

EVENT = "invoice.link"


def buyer_address(connection: Connection, invoice: Row[Any]) -> str | None:
    """Where letters about the invoice go: the address of whom the order is from as it is kept, else the one on the
    invoice; never that of another who was joined to them."""
    whose = func.coalesce(orders.c.own_retailer_id, orders.c.retailer_id)
    kept = select(retailers.c.email).join(orders, whose == retailers.c.id)
    found: str | None = connection.execute(kept.where(orders.c.key == invoice.order_key)).scalar_one_or_none()
    return found or invoice.document["buyer"]["email"]


def queue(connection: Connection, services: Services, invoice: Row[Any], at: datetime) -> str | None:
    """Put the letter in the outbox; the address that it goes to. Without a usable one it waits where people see it."""
    address = buyer_address(connection, invoice)
    content = in_languages(languages_on(invoice.document), lambda language: _email(services, invoice, language))
    id = message_id(f"{EVENT}/{token_hex(16)}")
    connection.execute(insert(outbox), mail_row(id, EVENT, address, content, at, order_key=invoice.order_key))
    return address


def _email(services: Services, invoice: Row[Any], language: str) -> EmailContent:
    said = {"name": invoice.document["buyer"]["name"], "number": invoice.number, "seller": services.seller.name}
    is_credit = invoice.kind == "credit_note"
    subject, line, label = _CREDIT if is_credit else _INVOICE
    return plain_email(
        subject.in_(language).format(**said),
        [each.in_(language).format(**said) for each in (_HELLO, line, _OLD)],
        invoice_link(services.base_url, services.secret, invoice.key, invoice.link_number),
        label.in_(language),
        services.seller.name,
        language,
    )


_HELLO = Text("Bonjour {name},", "Hello {name},")
_OLD = Text(
    "S’il en est parti un autre auparavant, celui-ci le remplace.",
    "If you were sent another one before, this one takes its place.",
)
_INVOICE = (
    Text("Lien de la facture {number} de {seller}", "Link to invoice {number} from {seller}"),
    Text("Voici le lien qui ouvre la facture {number}.", "Here is the link that opens invoice {number}."),
    Text("Voir la facture", "View the invoice"),
)
_CREDIT = (
    Text("Lien de la note de crédit {number} de {seller}", "Link to credit note {number} from {seller}"),
    Text("Voici le lien qui ouvre la note de crédit {number}.", "Here is the link that opens credit note {number}."),
    Text("Voir la note de crédit", "View the credit note"),
)

"""Messages to buyers and to the team, put in the outbox with the fact they tell."""

from collections.abc import Iterable
from datetime import date, datetime
from html import escape
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Connection, Row, insert

from engine.cadence import day_text
from engine.decision import Obligation
from engine.figures import NBSP, money_text
from engine.order import Order
from engine.policy import Policy
from engine.problem import Text
from orders.desk import Desk
from orders.links import invoice_link
from orders.tables import outbox

# Ids are made from what the message is about, so that no fact is ever told twice.
_NAMESPACE = UUID("6f1a2e0c-6c1b-5b57-9d0e-2f5f0d1f7a11")
NO_ADDRESS = "no address is known for this recipient"


def queue(
    connection: Connection,
    desk: Desk,
    order_key: int,
    order: Order,
    policy: Policy,
    duties: Iterable[Obligation],
    at: datetime,
    buyer: Row[Any],
    invoice: tuple[int, dict[str, Any]] | None,
) -> None:
    """Put what `duties` promise in the outbox, in the transaction of the fact.

    A recipient without an address leaves the message parked, where people see it.
    """
    duties = list(duties)
    events = [duty.event for duty in duties if duty.kind == "notify_buyer" and duty.event]
    if "invoice.issued" in events and "order.accepted" in events:
        events.remove("order.accepted")  # the invoice's message says so too
    for event in events:
        text = _buyer_text(event, desk, order, policy, buyer, invoice)
        _put(connection, order_key, event, "buyer", buyer.email, text, at)
    team = policy.settings["notifications.team"].value["to"]
    for duty in duties:
        if duty.kind == "notify_team":
            about = duty.event or f"notify.{duty.channel}"
            for address in team or [None]:
                _put(
                    connection,
                    order_key,
                    about,
                    f"team/{address or duty.channel}",
                    address,
                    _team_text(about, desk, order),
                    at,
                )


def _put(
    connection: Connection, order_key: int, event: str, to: str, address: str | None, text: dict[str, str], at: datetime
) -> None:
    id = str(uuid5(_NAMESPACE, f"{order_key}/{event}/{to}/{at.isoformat()}"))
    connection.execute(
        insert(outbox).values(
            id=id,
            order_key=order_key,
            event=event,
            recipient=address,
            message=text,
            state="pending" if address else "parked",
            attempts=0,
            created_at=at,
            due_at=at,
            error=None if address else NO_ADDRESS,
        )
    )


def _buyer_text(
    event: str, desk: Desk, order: Order, policy: Policy, buyer: Row[Any], invoice: tuple[int, dict[str, Any]] | None
) -> dict[str, str]:
    language = "en" if (buyer.language or "fr").lower().startswith("en") else "fr"
    seller = desk.seller.name
    lines = [_HELLO.in_(language).format(name=buyer.name or buyer.id)]
    link = None
    if event == "invoice.issued" and invoice is not None:
        key, document = invoice
        link = invoice_link(desk.base_url, desk.secret, key)
        total = money_text(document["cents"]["total"]).in_(language)
        subject = _INVOICE_SUBJECT.in_(language).format(number=document["number"], seller=seller)
        lines.append(_INVOICE.in_(language).format(order=order.id, number=document["number"], total=total))
        if follows := _due_text(document, language):
            lines.append(follows)
    else:
        subject = _SUBJECTS[event].in_(language).format(order=order.id, seller=seller)
        lines.append(_BODIES[event].in_(language).format(order=order.id))
    confirmation = policy.settings["messages.confirmation"].value
    if confirmation and event != "order.refused":
        lines.append(confirmation[language])
    return _message(subject, lines, link, _SEE.in_(language), seller, language)


def _due_text(document: dict[str, Any], language: str) -> str | None:
    if document["due_date"] is None:
        return None
    return _DUE.in_(language).format(date=day_text(date.fromisoformat(document["due_date"])).in_(language))


def _team_text(about: str, desk: Desk, order: Order) -> dict[str, str]:
    subject = f"{about} · {order.id} · {order.buyer.name or order.buyer.id}"
    where = f"{desk.base_url.rstrip('/')}/commandes"
    return _message(subject, [f"{about} : {order.id}"], where, "Houblon", desk.seller.name, "fr")


def _message(
    subject: str, lines: list[str], link: str | None, link_text: str, seller: str, language: str
) -> dict[str, str]:
    """Subject, text and HTML; what people wrote is text in both."""
    text = "\n\n".join([*lines, *([f"{link_text} :\n{link}"] if link else []), seller])
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in lines)
    button = f'<p><a href="{escape(link)}">{escape(link_text)}</a></p>' if link else ""
    html = f'<html lang="{language}"><body>{paragraphs}{button}<p>{escape(seller)}</p></body></html>'
    # A subject is one line, whatever a name holds.
    return {"subject": " ".join(subject.split()), "text": text, "html": html}


_HELLO = Text("Bonjour {name},", "Hello {name},")
_SEE = Text("Voir la facture", "View the invoice")
_INVOICE_SUBJECT = Text("Facture {number} de {seller}", "Invoice {number} from {seller}")
_INVOICE = Text(
    f"Votre commande {{order}} est acceptée. La facture {{number}}, de {{total}}, vous attend{NBSP}: ouvrez le lien pour la voir.",
    "Your order {order} is accepted. Invoice {number}, for {total}, is ready: open the link to view it.",
)
_DUE = Text("Elle est payable au plus tard le {date}.", "It is payable by {date}.")
_SUBJECTS = {
    "order.accepted": Text("Commande {order} acceptée par {seller}", "Order {order} accepted by {seller}"),
    "order.held": Text("Commande {order} reçue par {seller}", "Order {order} received by {seller}"),
    "order.refused": Text("Commande {order} refusée par {seller}", "Order {order} refused by {seller}"),
    "invoice.issued": Text("Facture de la commande {order}", "Invoice of order {order}"),
}
_BODIES = {
    "order.accepted": Text("Votre commande {order} est acceptée.", "Your order {order} is accepted."),
    "order.held": Text(
        "Votre commande {order} est reçue. Une personne la confirmera bientôt.",
        "Your order {order} is received. A person will confirm it soon.",
    ),
    "order.refused": Text(
        "Votre commande {order} n’a pas pu être acceptée. Répondez à ce message pour en parler.",
        "Your order {order} could not be accepted. Reply to this message to talk about it.",
    ),
    "invoice.issued": Text("La facture de la commande {order} est émise.", "The invoice of order {order} is issued."),
}

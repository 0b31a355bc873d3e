"""What messages say, in the recipient's language."""

from datetime import date

import msgspec

from houblon.engine.conditions.figures import NBSP, money_text, number_text
from houblon.engine.core.order import Order
from houblon.engine.core.problem import Text
from houblon.engine.policy.decision import Reason
from houblon.engine.schedule.cadence import day_text
from houblon.orders.invoicing.invoice import Issued
from houblon.orders.invoicing.languages import languages_of
from houblon.orders.invoicing.links import invoice_link
from houblon.orders.mail.content import EmailContent, Facts, in_languages, signed, subject_line
from houblon.orders.services import OrderContext, Seller, Services


def buyer_email(event: str, services: Services, context: OrderContext, issued: Issued | None) -> EmailContent:
    """What the buyer is told of an event; with the invoice's signed link once there is one."""
    languages = languages_of(services, context.order, context.buyer)
    return in_languages(languages, lambda language: _buyer_email(event, services, context, issued, language))


def _buyer_email(
    event: str, services: Services, context: OrderContext, issued: Issued | None, language: str
) -> EmailContent:
    seller, order_id = services.seller.name, context.order.id
    lines = [_HELLO.in_(language).format(name=context.buyer.name or context.buyer.id)]
    link = None
    if event == "invoice.issued" and issued is not None:
        subject = _INVOICE_SUBJECT.in_(language).format(number=issued.number, seller=seller)
        lines.append(_INVOICE.in_(language).format(order=order_id))
        facts = _invoice_facts(order_id, issued, language)
        link = invoice_link(services.base_url, services.secret, issued.key)
    elif event == "credit_note.issued" and issued is not None:
        subject = _CREDIT_SUBJECT.in_(language).format(number=issued.number, seller=seller)
        amount = money_text(-issued.document["cents"]["total"]).in_(language)
        invoice, said = issued.document["credits"], _CREDIT.in_(language)
        lines.append(said.format(order=order_id, number=issued.number, invoice=invoice, amount=amount))
        facts = ((_CREDIT_NUMBER.in_(language), issued.number), (_NUMBER.in_(language), invoice))
        link = invoice_link(services.base_url, services.secret, issued.key)
    else:
        subject = _SUBJECTS[event].in_(language).format(order=order_id, seller=seller)
        lines.append(_BODIES[event].in_(language).format(order=order_id))
        facts = _order_facts(context.order, language)
    if event not in _WITHOUT_CONFIRMATION:
        lines += _words_of_the_group(context, language)
    label = _SEE_CREDIT if event == "credit_note.issued" else _SEE_INVOICE
    return _email(subject, lines, facts, link, label, services.seller, language)


def team_email(event: str, services: Services, context: OrderContext, reasons: tuple[Reason, ...]) -> EmailContent:
    """What the team is told: which order, whose, how much, and why it stands as it does."""
    order = context.order
    name = context.buyer.name or context.buyer.id
    items, value = (number_text(_items(order)).fr, money_text(_value(order)).fr)
    about = _TEAM.get(event, event.removeprefix("notify."))
    lines = [
        f"{about}{NBSP}: commande {order.id} de {name}, {items}{NBSP}articles, {value}.",
        *(reason.message.fr for reason in reasons),
    ]
    where = f"{services.base_url.rstrip('/')}/commandes/{context.key}"
    return _email(f"{about} · {order.id} · {name}", lines, (), where, _SEE_ORDER, services.seller, "fr")


def order_email(
    services: Services,
    context: OrderContext,
    language: str,
    subject: Text,
    lines: list[str],
    facts: Facts | None = None,
    link: str | None = None,
    label: Text | None = None,
    also: Facts = (),
) -> EmailContent:
    """A letter to the buyer about an order: greeted, with what it comes to unless other `facts` are given."""
    seller = services.seller
    hello = _HELLO.in_(language).format(name=context.buyer.name or context.buyer.id)
    titled = subject.in_(language).format(order=context.order.id, seller=seller.name)
    known = _order_facts(context.order, language) if facts is None else facts
    letter = _email(titled, [hello, *lines], known, link, label or _SEE_INVOICE, seller, language)
    return msgspec.structs.replace(letter, also=also)


def house_email(
    subject: Text, lines: list[Text], link: str | None, link_text: Text, seller: Seller, language: str
) -> EmailContent:
    """A letter to somebody of the house in their language, with a link or without."""
    return _email(subject.in_(language), [line.in_(language) for line in lines], (), link, link_text, seller, language)


def plain_email(
    subject: str, lines: list[str], link: str, link_text: str, seller: str, language: str = "fr"
) -> EmailContent:
    """A letter of these lines with one link: in French to somebody of the house, in a buyer's language to one."""
    return _email(subject, lines, (), link, Text(link_text, link_text), Seller(seller), language)


def _invoice_facts(order_id: str, issued: Issued, language: str) -> Facts:
    document = issued.document
    facts = [
        (_NUMBER.in_(language), issued.number),
        (_ORDER.in_(language), order_id),
        (_TOTAL.in_(language), money_text(document["cents"]["total"]).in_(language)),
    ]
    payment = document.get("payment")
    if payment is not None and payment["is_whole"]:
        facts.append((_BALANCE.in_(language), _ALREADY_PAID.in_(language)))
    elif document["cents"]["total"] <= 0:
        facts.append((_BALANCE.in_(language), _NOTHING_TO_PAY.in_(language)))
    elif document["due_date"] is not None:
        facts.append((_PAYABLE.in_(language), day_text(date.fromisoformat(document["due_date"])).in_(language)))
    return tuple(facts)


def _order_facts(order: Order, language: str) -> Facts:
    return (
        (_ORDER.in_(language), order.id),
        (_ITEMS.in_(language), number_text(_items(order)).in_(language)),
        (_VALUE.in_(language), money_text(_value(order)).in_(language)),
        *([(_CHARGES.in_(language), money_text(_charges(order)).in_(language))] if order.charges else []),
    )


def _words_of_the_group(context: OrderContext, language: str) -> list[str]:
    """What the buyer's policy adds to every mail about an order: its confirmation, its order note."""
    settings = context.policy.settings
    said = (settings[path].value for path in ("messages.confirmation", "messages.order_note"))
    return [words[language] for words in said if words and words[language]]


def _charges(order: Order) -> int:
    return sum(charge.amount for charge in order.charges or ())


def _items(order: Order) -> int:
    return sum(line.quantity for line in order.lines)


def _value(order: Order) -> int:
    return sum(line.value for line in order.lines)


def _email(
    subject: str, lines: list[str], facts: Facts, link: str | None, label: Text, seller: Seller, language: str
) -> EmailContent:
    return EmailContent(
        subject_line(subject),
        tuple(lines),
        language,
        signed(seller),
        facts,
        link,
        label.in_(language) if link else "",
    )


_HELLO = Text("Bonjour {name},", "Hello {name},")
_SEE_INVOICE = Text("Voir la facture", "View the invoice")
_SEE_CREDIT = Text("Voir la note de crédit", "View the credit note")
_NUMBER, _ORDER = Text("Facture", "Invoice"), Text("Commande", "Order")
_CREDIT_NUMBER = Text("Note de crédit", "Credit note")
_TOTAL, _PAYABLE = Text("Total", "Total"), Text("Payable au plus tard le", "Payable by")
_CHARGES = Text("Frais et rabais", "Charges and discounts")
_BALANCE, _ALREADY_PAID = Text("Solde", "Balance"), Text("déjà payée", "already paid")
_NOTHING_TO_PAY = Text("rien à payer", "nothing to pay")
_ITEMS, _VALUE = Text("Articles", "Items"), Text("Montant avant taxes", "Amount before taxes")
_SEE_ORDER = Text("Voir la commande", "View the order")
_INVOICE_SUBJECT = Text("Facture {number} de {seller}", "Invoice {number} from {seller}")
_INVOICE = Text(
    f"Votre commande {{order}} est acceptée. Sa facture vous attend{NBSP}: ouvrez le lien pour la voir.",
    "Your order {order} is accepted. Its invoice is ready: open the link to view it.",
)
_CREDIT_SUBJECT = Text("Note de crédit {number} de {seller}", "Credit note {number} from {seller}")
_CREDIT = Text(
    "Votre commande {order} est annulée. La note de crédit {number}, de {amount}, annule la facture {invoice}.",
    "Your order {order} is cancelled. Credit note {number}, for {amount}, takes back invoice {invoice}.",
)
_WITHOUT_CONFIRMATION = ("order.refused", "order.cancelled", "credit_note.issued")
_SUBJECTS = {
    "order.accepted": Text("Commande {order} acceptée par {seller}", "Order {order} accepted by {seller}"),
    "order.held": Text("Commande {order} reçue par {seller}", "Order {order} received by {seller}"),
    "order.refused": Text("Commande {order} refusée par {seller}", "Order {order} refused by {seller}"),
    "order.cancelled": Text("Commande {order} annulée par {seller}", "Order {order} cancelled by {seller}"),
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
    "order.cancelled": Text(
        "Votre commande {order} est annulée. Répondez à ce message pour en parler.",
        "Your order {order} is cancelled. Reply to this message to talk about it.",
    ),
}
_TEAM = {
    "order.accepted": "Commande acceptée",
    "order.held": "Commande en attente",
    "order.refused": "Commande refusée",
    "order.change_accepted": "Modification acceptée",
    "order.change_held": "Modification en attente",
    "order.change_refused": "Modification refusée",
    "invoice.issued": "Facture émise",
}

"""What a buyer is told when an order is changed after its acceptance: one mail, whatever follows for its invoice."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection

from houblon.engine.conditions.figures import NBSP, money_text
from houblon.engine.core.problem import Text
from houblon.engine.policy.decision import Obligation, Reason
from houblon.engine.schedule.cadence import day_text
from houblon.orders.invoicing.invoice import Issued
from houblon.orders.invoicing.languages import languages_of
from houblon.orders.invoicing.links import invoice_link
from houblon.orders.mail import enqueue as messages
from houblon.orders.mail.content import EmailContent, Facts, in_languages
from houblon.orders.mail.emails import order_email
from houblon.orders.services import OrderContext, Services

ACCEPTED, HELD, REFUSED, DISMISSED = (f"order.change_{each}" for each in ("accepted", "held", "refused", "dismissed"))
_OF_ACCEPTANCE = ("order.accepted", "invoice.issued")


class Followed(msgspec.Struct, frozen=True):
    """What followed for the invoice: the one that the order had, the note that credits it, the one that was issued."""

    old: Any
    note: Issued | None
    issued: Issued | None


def queue_accepted(
    connection: Connection,
    services: Services,
    context: OrderContext,
    move: int,
    duties: Iterable[Obligation],
    followed: Followed,
    reasons: tuple[Reason, ...],
) -> None:
    """Put in the outbox that the change is accepted, for whom the policy tells of acceptances or invoices."""
    notified = context.policy.settings["notifications.buyer"].value
    is_about_money = followed.note is not None or followed.issued is not None
    if "order.accepted" in notified or ("invoice.issued" in notified and is_about_money):
        brought = followed.issued or followed.note
        languages = languages_of(services, context.order, context.buyer)
        content = in_languages(languages, lambda language: _accepted(services, context, followed, language))
        messages.queue_email(connection, context, move, ACCEPTED, content, brought.key if brought else None)
    _queue_team(connection, services, context, move, duties, ACCEPTED, reasons)


def queue_decided(
    connection: Connection,
    services: Services,
    context: OrderContext,
    move: int,
    duties: Iterable[Obligation],
    event: str,
    reasons: tuple[Reason, ...],
) -> None:
    """Put in the outbox that a change waits, or is refused, for whom the policy tells of such orders."""
    if any(duty.kind == "notify_buyer" for duty in duties):
        queue_unchanged(connection, services, context, move, event)
    _queue_team(connection, services, context, move, duties, event, reasons)


def queue_unchanged(connection: Connection, services: Services, context: OrderContext, move: int, event: str) -> None:
    """Tell the buyer what became of a change by which the order stays as it was accepted."""
    languages = languages_of(services, context.order, context.buyer)
    content = in_languages(languages, lambda language: _unchanged(services, context, event, language))
    messages.queue_email(connection, context, move, event, content)


def _queue_team(
    connection: Connection,
    services: Services,
    context: OrderContext,
    move: int,
    duties: Iterable[Obligation],
    event: str,
    reasons: tuple[Reason, ...],
) -> None:
    team = [duty for duty in duties if duty.kind == "notify_team"]
    # One mail for the change, however many of its consequences the team is told of; a rule's own channel is another.
    events = [msgspec.structs.replace(duty, event=event) for duty in team if duty.event][:1]
    channels = [duty for duty in team if not duty.event]
    messages.queue(connection, services, context, move, [*events, *channels], None, reasons)


def _accepted(services: Services, context: OrderContext, followed: Followed, language: str) -> EmailContent:
    old, note, issued = followed.old, followed.note, followed.issued
    said = {
        "order": context.order.id,
        "old": old.number if old is not None else "",
        "new": issued.number if issued else "",
        "note": note.number if note else "",
        "amount": money_text(-note.document["cents"]["total"]).in_(language) if note else "",
    }
    if issued is not None:
        lines = [_CHANGED, _REPLACED if note else _INVOICED]
    else:
        lines = [_CHANGED, *([_CREDITED] if note else [_KEPT] if old is not None else [])]
    first, also = issued or note, ((_SEE_CREDIT.in_(language), _link(services, note)),) if issued and note else ()
    return order_email(
        services,
        context,
        language,
        _SUBJECT,
        [each.in_(language).format(**said) for each in lines],
        facts=_facts(issued, note, language) if issued or note else None,
        link=_link(services, first) if first else None,
        label=_SEE_INVOICE if issued else _SEE_CREDIT,
        also=also,
    )


def _facts(issued: Issued | None, note: Issued | None, language: str) -> Facts:
    facts = []
    if issued is not None:
        total, due = issued.document["cents"]["total"], issued.document["due_date"]
        facts = [(_NEW, issued.number), (_TOTAL, money_text(total).in_(language))]
        if due is not None and total > 0:
            facts.append((_PAYABLE, day_text(date.fromisoformat(due)).in_(language)))
    if note is not None:
        facts.append((_NOTE, f"{note.number} ({money_text(note.document['cents']['total']).in_(language)})"))
    return tuple((name.in_(language), value) for name, value in facts)


def _unchanged(services: Services, context: OrderContext, event: str, language: str) -> EmailContent:
    subject, line = _UNCHANGED[event]
    return order_email(services, context, language, subject, [line.in_(language).format(order=context.order.id)])


def _link(services: Services, issued: Issued) -> str:
    return invoice_link(services.base_url, services.secret, issued.key)


_SUBJECT = Text("Commande {order} modifiée chez {seller}", "Order {order} changed at {seller}")
_CHANGED = Text(
    "Votre commande {order} a été modifiée, et la modification est acceptée.",
    "Your order {order} was changed, and the change is accepted.",
)
_REPLACED = Text(
    f"La facture {{new}} remplace la facture {{old}}, que la note de crédit {{note}}, de {{amount}}, annule en "
    f"entier{NBSP}: seule la nouvelle est à payer.",
    "Invoice {new} takes the place of invoice {old}, which credit note {note}, for {amount}, takes back whole: only the "
    "new one is to be paid.",
)
_INVOICED = Text(
    f"Sa facture {{new}} vous attend{NBSP}: ouvrez le lien pour la voir.",
    "Its invoice {new} is ready: open the link to view it.",
)
_CREDITED = Text(
    "La note de crédit {note}, de {amount}, annule la facture {old}. La nouvelle facture viendra plus tard.",
    "Credit note {note}, for {amount}, takes back invoice {old}. The new invoice will come later.",
)
_KEPT = Text("La facture {old} reste la même.", "Invoice {old} stays as it is.")
_UNCHANGED = {
    HELD: (
        Text("Modification de la commande {order} reçue par {seller}", "Change of order {order} received by {seller}"),
        Text(
            "La modification de votre commande {order} est reçue. Une personne la confirmera bientôt ; d’ici là, la "
            "commande reste comme elle a été acceptée.",
            "The change of your order {order} is received. A person will confirm it soon; until then, the order stays "
            "as it was accepted.",
        ),
    ),
    **dict.fromkeys(
        (REFUSED, DISMISSED),
        (
            Text(
                "Modification de la commande {order} refusée par {seller}",
                "Change of order {order} refused by {seller}",
            ),
            Text(
                "La modification de votre commande {order} n’a pas pu être acceptée : la commande reste comme elle a été "
                "acceptée. Répondez à ce message pour en parler.",
                "The change of your order {order} could not be accepted: the order stays as it was accepted. Reply to "
                "this message to talk about it.",
            ),
        ),
    ),
}
_NEW, _TOTAL, _PAYABLE = (
    Text("Nouvelle facture", "New invoice"),
    Text("Total", "Total"),
    Text("Payable au plus tard le", "Payable by"),
)
_NOTE = Text("Note de crédit", "Credit note")
_SEE_INVOICE, _SEE_CREDIT = (
    Text("Voir la nouvelle facture", "View the new invoice"),
    Text("Voir la note de crédit", "View the credit note"),
)

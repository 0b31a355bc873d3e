"""Mail about people's accounts, through the outbox like any other; its link is sealed there."""

import secrets
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
from flask_security import MailUtil
from sqlalchemy import Connection, insert

from houblon.engine.conditions.figures import NBSP
from houblon.engine.core.problem import Text
from houblon.orders.db.tables import outbox
from houblon.orders.events.message_ids import message_id
from houblon.orders.mail.emails import house_email
from houblon.orders.mail.enqueue import BAD_ADDRESS, is_address
from houblon.orders.outbox.encrypted import PLACE, encrypt
from houblon.orders.services import Services
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current

INVITED, RESET, RESET_DONE, CHANGED = (f"account.{name}" for name in ("invited", "reset", "reset_done", "changed"))


class OutboxMail(MailUtil):
    """What flask-security has to say, said in the house's words and put in the outbox."""

    def send_mail(
        self, template: str, subject: str, recipient: Any, sender: Any, body: Any, html: Any, **said: Any
    ) -> None:
        event = _EVENTS[template.rpartition("/")[2]]
        link = said.get("reset_link")
        services, now = house().services, house().now()
        # The link's own host is what the request named: only the installation's address is trusted.
        url = f"{services.base_url.rstrip('/')}{urlsplit(link).path}" if link else None
        language = said["user"].language or current()
        services.ledger.write(
            lambda connection: queue_email(connection, services, event, str(recipient), language, now, url)
        )


def queue_email(
    connection: Connection,
    services: Services,
    event: str,
    recipient: str,
    language: str,
    at: datetime,
    link: str | None,
) -> None:
    """Put one letter in the outbox; its link, if it has one, sealed."""
    subject, lines, label = _EMAILS[event]
    content = house_email(subject, lines, PLACE if link else None, label, services.seller, language)
    message = msgspec.to_builtins(content)
    if link:
        message = encrypt(services.secret, message, link)
    usable = is_address(recipient)
    connection.execute(
        insert(outbox).values(
            id=message_id(f"{event}/{secrets.token_hex(16)}"),
            kind="mail",
            event=event,
            recipient=recipient,
            message=message,
            state="pending" if usable else "parked",
            attempts=0,
            created_at=at,
            due_at=at,
            error=None if usable else BAD_ADDRESS,
        )
    )


_EVENTS = {"reset_instructions": RESET, "reset_notice": RESET_DONE, "change_notice": CHANGED}
_HELLO = Text("Bonjour,", "Hello,")
_NOT_YOU = Text(
    f"Ce n’était pas vous{NBSP}? Prévenez une personne de l’administration{NBSP}: elle peut fermer vos sessions.",
    "It wasn’t you? Tell an administrator: they can end your sessions.",
)
_NOTHING = Text("", "")
_EMAILS: dict[str, tuple[Text, list[Text], Text]] = {
    INVITED: (
        Text("Votre accès à Houblon", "Your access to Houblon"),
        [
            _HELLO,
            Text(
                "On vous invite à travailler dans Houblon. Ouvrez le lien pour choisir votre mot de passe. Il sert une "
                "fois, et vaut sept jours.",
                "You are invited to work in Houblon. Open the link to choose your password. It works once, for seven "
                "days.",
            ),
        ],
        Text("Choisir mon mot de passe", "Choose my password"),
    ),
    RESET: (
        Text("Un nouveau mot de passe pour Houblon", "A new password for Houblon"),
        [
            _HELLO,
            Text(
                "Quelqu’un, sans doute vous, a demandé un nouveau mot de passe. Ouvrez le lien pour le choisir. Il "
                f"sert une fois, et vaut deux heures. Si ce n’était pas vous, ne faites rien{NBSP}: rien n’a changé.",
                "Somebody, likely you, asked for a new password. Open the link to choose it. It works once, for two "
                "hours. If it wasn’t you, do nothing: nothing has changed.",
            ),
        ],
        Text("Choisir un mot de passe", "Choose a password"),
    ),
    RESET_DONE: (
        Text("Votre mot de passe a été remplacé", "Your password was replaced"),
        [
            _HELLO,
            Text(
                "Le mot de passe de votre compte Houblon vient d’être remplacé. Toutes vos sessions sont fermées.",
                "The password of your Houblon account was just replaced. All your sessions are ended.",
            ),
            _NOT_YOU,
        ],
        _NOTHING,
    ),
    CHANGED: (
        Text("Votre mot de passe a changé", "Your password changed"),
        [
            _HELLO,
            Text(
                "Le mot de passe de votre compte Houblon vient de changer. Vos autres sessions sont fermées.",
                "The password of your Houblon account just changed. Your other sessions are ended.",
            ),
            _NOT_YOU,
        ],
        _NOTHING,
    ),
}

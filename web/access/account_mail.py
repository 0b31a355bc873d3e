"""Mail about people's accounts, through the outbox like any other; its link is sealed there."""

import secrets
from datetime import datetime
from typing import Any

import msgspec
from flask_security import MailUtil
from sqlalchemy import Connection, insert

from houblon.engine.conditions.figures import NBSP
from houblon.engine.core.problem import Text
from houblon.orders.db.tables import outbox
from houblon.orders.events.message_ids import message_id
from houblon.orders.mail.emails import house_email
from houblon.orders.mail.enqueue import mail_row
from houblon.orders.outbox.encrypted import PLACE, encrypt
from houblon.orders.services import Services
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current

INVITED, JOINED, RESET, RESET_DONE, CHANGED = (
    f"account.{name}" for name in ("invited", "joined", "reset", "reset_done", "changed")
)
TWO_FACTOR_ADDED, TWO_FACTOR_REMOVED, RECOVERY_CODES, RECOVERY_CODE_USED = (
    f"account.{name}" for name in ("two_factor_added", "two_factor_removed", "recovery_codes", "recovery_code_used")
)


class OutboxMail(MailUtil):
    """What flask-security has to say, said in the house's words and put in the outbox."""

    def send_mail(
        self, template: str, subject: str, recipient: Any, sender: Any, body: Any, html: Any, **said: Any
    ) -> None:
        event = _EVENTS[template.rpartition("/")[2]]
        services, now = house().services, house().now()
        language = said["user"].language or current()
        services.ledger.write(
            lambda connection: queue_email(connection, services, event, str(recipient), language, now, None)
        )


def queue_email(
    connection: Connection,
    services: Services,
    event: str,
    recipient: str,
    language: str,
    at: datetime,
    link: str | None,
) -> str:
    """Put one letter in the outbox; its link, if it has one, sealed. Returns the letter's id."""
    subject, lines, label = _EMAILS[event]
    content = house_email(subject, lines, PLACE if link else None, label, services.seller, language)
    message = msgspec.to_builtins(content)
    if link:
        message = encrypt(services.secret, message, link)
    id = message_id(f"{event}/{secrets.token_hex(16)}")
    connection.execute(insert(outbox), mail_row(id, event, recipient, message, at))
    return id


# The one letter that flask-security still writes.
_EVENTS = {"change_notice": CHANGED}
_HELLO = Text("Bonjour,", "Hello,")
_NOT_YOU = Text(
    f"Ce n’était pas vous{NBSP}? Prévenez une personne de l’administration{NBSP}: elle peut fermer vos sessions.",
    "It wasn’t you? Tell an administrator: they can end your sessions.",
)
_NOTHING = Text("", "")


def _notice(subject: Text, what: Text) -> tuple[Text, list[Text], Text]:
    """A letter that tells what happened, and what to do if it was somebody else."""
    return subject, [_HELLO, what, _NOT_YOU], _NOTHING


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
    RESET_DONE: _notice(
        Text("Votre mot de passe a été remplacé", "Your password was replaced"),
        Text(
            "Le mot de passe de votre compte Houblon vient d’être remplacé. Toutes vos sessions sont fermées.",
            "The password of your Houblon account was just replaced. All your sessions are ended.",
        ),
    ),
    CHANGED: _notice(
        Text("Votre mot de passe a changé", "Your password changed"),
        Text(
            "Le mot de passe de votre compte Houblon vient de changer. Vos autres sessions sont fermées.",
            "The password of your Houblon account just changed. Your other sessions are ended.",
        ),
    ),
    JOINED: _notice(
        Text("Votre compte Houblon est ouvert", "Your Houblon account is open"),
        Text(
            "Le mot de passe de votre compte Houblon vient d’être choisi, par le lien de votre invitation. Ce lien ne "
            "sert plus.",
            "The password of your Houblon account was just chosen, by the link of your invitation. That link works no "
            "more.",
        ),
    ),
    TWO_FACTOR_ADDED: _notice(
        Text("Un deuxième facteur est inscrit", "A second factor was enrolled"),
        Text(
            "Une application d’authentification vient d’être inscrite à votre compte Houblon : ses codes seront "
            "demandés à la connexion.",
            "An authenticator application was just enrolled for your Houblon account: its codes will be asked for "
            "when you sign in.",
        ),
    ),
    TWO_FACTOR_REMOVED: _notice(
        Text("Votre deuxième facteur est retiré", "Your second factor was removed"),
        Text(
            "Le deuxième facteur de votre compte Houblon vient d’être retiré, avec ses codes de secours. Le mot de "
            "passe seul ouvre le compte, jusqu’à ce que vous en inscriviez un autre.",
            "The second factor of your Houblon account was just removed, with its recovery codes. The password alone "
            "opens the account, until you enrol another.",
        ),
    ),
    RECOVERY_CODES: _notice(
        Text("Vos codes de secours ont changé", "Your recovery codes changed"),
        Text(
            "De nouveaux codes de secours viennent d’être faits pour votre compte Houblon. Les anciens ne valent plus.",
            "New recovery codes were just made for your Houblon account. The old ones work no more.",
        ),
    ),
    RECOVERY_CODE_USED: _notice(
        Text("Un code de secours a servi", "A recovery code was used"),
        Text(
            "Quelqu’un vient d’ouvrir votre compte Houblon avec un code de secours, à la place du code du téléphone.",
            "Somebody just opened your Houblon account with a recovery code, in the place of the phone’s code.",
        ),
    ),
}

"""What befell a proposal, told by mail to those who have a part in it."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from houblon.engine.conditions.figures import NBSP
from houblon.engine.core.mail_address import read_address
from houblon.orders.db.tables import outbox
from houblon.orders.events.message_ids import message_id
from houblon.orders.mail.emails import plain_email
from houblon.orders.mail.enqueue import mail_row
from houblon.orders.services import Services
from houblon.rules.model.proposal import Notice, Proposal
from houblon.rules.publishing.proposals import ASKED


def queue_notices(
    connection: Connection, services: Services, proposal: Proposal, at: datetime, approvers: Iterable[str] = ()
) -> None:
    """Put the proposal's untold notices in the outbox, once for each person with an address.

    That an approval was missing is told to the `approvers` too; that one is asked for, to those who may give it alone.
    """
    for row in _rows(services, proposal, at, tuple(approvers)):
        if connection.execute(select(outbox.c.id).where(outbox.c.id == row["id"])).first() is None:
            connection.execute(insert(outbox), row)


def _rows(services: Services, proposal: Proposal, at: datetime, approvers: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for place, notice in enumerate(proposal.notices):
        if notice.is_sent:
            continue
        for person in filter(read_address, dict.fromkeys(_recipients(proposal, notice, approvers))):
            id = message_id(f"proposal/{proposal.id}/{place}/{person}")
            yield mail_row(id, f"proposal.{notice.code}", person, _email(services, proposal, notice), at)


def _recipients(proposal: Proposal, notice: Notice, approvers: tuple[str, ...]) -> Iterable[str]:
    if notice.code == ASKED:
        return [each for each in approvers if each not in proposal.editors]
    return (*proposal.people, *(approvers if notice.code == "approval_required" else ()))


def _email(services: Services, proposal: Proposal, notice: Notice) -> Any:
    subject, body = _WORDS[notice.code]
    return plain_email(
        f"{subject}{NBSP}: {proposal.name}",
        [body.format(name=proposal.name, version=notice.version, by=proposal.asked and proposal.asked.by, nbsp=NBSP)],
        f"{services.base_url.rstrip('/')}/brouillons/{proposal.id}",
        "Voir le brouillon",
        services.seller.name,
    )


_WORDS = {
    ASKED: (
        "Approbation demandée",
        "{by} demande qu’une deuxième personne approuve le brouillon «{nbsp}{name}{nbsp}». Sa page montre tout ce qu’il "
        "change, et pour qui.",
    ),
    "conflict": (
        "Brouillon en conflit",
        "La version {version} vient de changer les mêmes paramètres que le brouillon «{nbsp}{name}{nbsp}». Il n’est plus "
        "planifié, et son approbation est tombée. Choisissez, paramètre par paramètre, puis planifiez-le de nouveau.",
    ),
    "invalid": (
        "Brouillon à revoir",
        "Depuis la version {version}, le brouillon «{nbsp}{name}{nbsp}» ne peut plus être publié tel quel. Il n’est plus "
        "planifié{nbsp}: sa page dit ce qui l’en empêche.",
    ),
    "approval_required": (
        "Brouillon retenu",
        "Le brouillon «{nbsp}{name}{nbsp}» devait entrer en vigueur, et personne d’autre que ses auteurs ne l’a "
        "approuvé. Il n’est plus planifié{nbsp}: approuvez-le, puis publiez-le ou choisissez un autre moment.",
    ),
    "nothing": (
        "Brouillon sans effet",
        "À son moment, le brouillon «{nbsp}{name}{nbsp}» n’aurait plus rien changé. Il n’est plus planifié.",
    ),
    "ended": (
        "Fin mise de côté",
        "Le brouillon «{nbsp}{name}{nbsp}» devait terminer ce qui n’est plus planifié. Il est mis de côté.",
    ),
    "rolled_back": (
        "Retour à une version antérieure",
        "La version {version} revient à un état antérieur. Le brouillon «{nbsp}{name}{nbsp}» est toujours là{nbsp}: relisez-le "
        "avant de le publier.",
    ),
}

"""A new secret for the installation: what signs sessions and links, after the old one leaked.

The steps, of which either may be the last one before the power goes:
1. `secret.key` holds the new one, and the old one beneath it: **from here it is in use**, and what the old one signed
   to be used once is void;
2. the ledger says so: sessions are ended, mails whose link is void are parked, the audit log notes the act, once.
Where 2 is missing, the next `serve` does it.
"""

from datetime import datetime

import msgspec
from filelock import FileLock, Timeout
from sqlalchemy import Connection, func, select, update

from houblon.engine.core.problem import refuse
from houblon.orders.db.tables import audit, outbox
from houblon.orders.outbox.encrypted import EARLIER_SECRET
from houblon.orders.records.audit import record
from houblon.rules.model.entry import Entry
from houblon.simulation.jobs.jobs import FOLDER
from houblon.simulation.jobs.worker import LOCK
from houblon.web.access.accounts import accounts, sessions
from houblon.web.access.audit import CLI, SHELL
from houblon.web.foundation.composition import House
from houblon.web.foundation.data_folder import read_secrets, rotate_secret

ACT = "secret.rotated"


class Ended(msgspec.Struct, frozen=True):
    """What a new secret ends: open sessions, invitations that wait, mails with a link that had not left."""

    sessions: int
    invitations: int
    mails: int


def rotate(house: House) -> Ended:
    """Give the installation a new secret. Raises Invalid where a server runs on it; OSError."""
    data = house.settings.data
    (data / FOLDER).mkdir(mode=0o700, exist_ok=True)
    try:
        # The server's worker has it for as long as the server runs; one that starts now waits for the new secret.
        with FileLock(data / FOLDER / LOCK, timeout=0):
            rotate_secret(data, house.now())
    except Timeout:
        raise refuse(
            "served",
            "",
            f"Un serveur travaille sur {data} avec la clé d’avant : arrêtez-le, changez la clé, puis repartez-le.",
            f"A server works on {data} with the old secret: stop it, rotate, then start it again.",
        ) from None
    found = settle_rotation(house)
    assert found is not None
    return found


def settle_rotation(house: House) -> Ended | None:
    """Say in the ledger what the last new secret ended; None where there was none, or it is said already."""
    former = read_secrets(house.settings.data)[1]
    if not former:
        return None
    at = former[0].until
    reference = f"secret:{at.isoformat()}"

    def settle(connection: Connection) -> Ended | None:
        known = select(audit.c.key).where(audit.c.reference == reference)
        if connection.execute(known).first() is not None:
            return None
        ended = _end(connection, at)
        record(connection, Entry(at, CLI, SHELL, ACT, "secret.key", None, msgspec.to_builtins(ended), reference))
        return ended

    return house.services.ledger.write(settle)


def _end(connection: Connection, at: datetime) -> Ended:
    open_ones = update(sessions).where(sessions.c.ended_at.is_(None), sessions.c.started_at <= at)
    ended = connection.execute(open_ones.values(ended_at=at)).rowcount
    invited = select(func.count()).select_from(accounts).where(accounts.c.invitation.is_not(None))
    waiting = select(outbox.c.id, outbox.c.message).where(
        outbox.c.state == "pending", outbox.c.event.startswith("account.", autoescape=True)
    )
    void = [row.id for row in connection.execute(waiting) if "sealed" in row.message]
    for id in void:
        connection.execute(update(outbox).where(outbox.c.id == id).values(state="parked", error=EARLIER_SECRET))
    return Ended(ended, connection.execute(invited).scalar_one(), len(void))

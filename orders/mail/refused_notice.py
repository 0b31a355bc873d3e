"""The team is told by mail that sources send what can't be recorded: once an hour at most, whoever else would."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from houblon.engine.conditions.figures import NBSP
from houblon.orders.db.tables import counters, outbox
from houblon.orders.events.message_ids import message_id
from houblon.orders.mail.emails import plain_email
from houblon.orders.mail.enqueue import mail_row
from houblon.orders.services import Services

EVERY = timedelta(hours=1)
EVENT = "calls.refused"
_LAST = "refused/told"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def last_notice(connection: Connection) -> datetime | None:
    """When the team was told last; None where it never was."""
    value = connection.execute(select(counters.c.value).where(counters.c.name == _LAST)).scalar()
    return None if value is None else _EPOCH + timedelta(microseconds=value)


def is_due(before: datetime | None, at: datetime) -> bool:
    """Whether an hour is over; a clock that was set back does not silence for longer."""
    return before is None or not before <= at < before + EVERY


def notify(
    connection: Connection,
    services: Services,
    counts: Sequence[tuple[str, int]],
    people: Iterable[str],
    at: datetime,
) -> bool:
    """Put a mail to each of the people in the outbox, in the running transaction, unless somebody told them within the
    hour; `counts` says how many calls of which source are new since. Whether it was done.

    The hour is taken and the mails are written as one: whatever is killed, neither is there without the other.
    """
    before = last_notice(connection)
    if not is_due(before, at) or not _take_hour(connection, before, at):
        return False
    for person in dict.fromkeys(people):
        id = message_id(f"{_LAST}/{at.isoformat()}/{person}")
        connection.execute(insert(outbox), mail_row(id, EVENT, person, _email(services, counts), at))
    return True


def _take_hour(connection: Connection, before: datetime | None, at: datetime) -> bool:
    now = (at - _EPOCH) // timedelta(microseconds=1)
    if before is None:
        # Two who come first at once meet at the key: one of them begins anew, and finds it taken.
        connection.execute(insert(counters).values(name=_LAST, value=now))
        return True
    then = (before - _EPOCH) // timedelta(microseconds=1)
    query = update(counters).where(counters.c.name == _LAST, counters.c.value == then)
    return connection.execute(query.values(value=now)).rowcount == 1


def _email(services: Services, counts: Sequence[tuple[str, int]]) -> object:
    total = sum(count for _, count in counts)
    several = "s" if total > 1 else ""
    lines = [
        f"{total} appel{several} signé{several} de vos sources {'n’ont' if total > 1 else 'n’a'} pas pu être "
        f"enregistré{several}{NBSP}: ce qui y est commandé n’est pas dans Houblon.",
        *(f"{source}{NBSP}: {count}" for source, count in counts),
        "La page dit ce qui manque à chacun. Corrigez la lecture de la source, ou la boutique, puis réessayez.",
    ]
    subject = f"{total} appel{several} refusé{several}{NBSP}: {', '.join(source for source, _ in counts[:3])}"
    link = f"{services.base_url.rstrip('/')}/appels-refuses"
    return plain_email(subject, lines, link, "Voir les appels refusés", services.seller.name)

"""An endpoint that hangs is left alone for a while, longer each time; what waits for it loses no attempt meanwhile.

After a rest one message tries whether it answers again; until one does, one failure is enough for the next rest.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, or_, select, update

from houblon.orders.db.ledger import Ledger
from houblon.orders.db.tables import endpoints

RESTS = tuple(timedelta(seconds=seconds) for seconds in (30, 120, 600, 1800, 3600))


def is_resting(ledger: Ledger, destination: str) -> bool:
    """Whether the destination is an endpoint that rested and has not answered since; the mail server never is."""
    if not _id(destination):
        return False
    with ledger.reading() as connection:
        rests = connection.execute(select(endpoints.c.rests).where(endpoints.c.id == _id(destination))).scalar()
    return bool(rests)


def rest(ledger: Ledger, destination: str, at: datetime) -> None:
    """Leave the endpoint alone from `at` on. Nothing for the mail server, which has no row."""

    def begin(connection: Connection) -> None:
        this = endpoints.c.id == _id(destination)
        rests = connection.execute(select(endpoints.c.rests).where(this)).scalar()
        if rests is not None:
            until = at + RESTS[min(rests, len(RESTS) - 1)]
            connection.execute(update(endpoints).where(this).values(rests=rests + 1, rests_until=until))

    if _id(destination):
        ledger.record(begin)


def hold_until(ledger: Ledger, destination: str, until: datetime) -> None:
    """Leave the endpoint alone as it asked for: what is new to it waits too. Nothing for the mail server."""
    shorter = or_(endpoints.c.rests_until.is_(None), endpoints.c.rests_until < until)
    this = update(endpoints).where(endpoints.c.id == _id(destination), shorter)
    if _id(destination):
        ledger.record(lambda connection: connection.execute(this.values(rests_until=until)))


def end_rest(ledger: Ledger, destination: str) -> None:
    """It answers again."""
    if is_resting(ledger, destination):
        this = update(endpoints).where(endpoints.c.id == _id(destination))
        ledger.record(lambda connection: connection.execute(this.values(rests=0, rests_until=None)))


def _id(destination: str) -> str:
    return destination.partition(":")[2]

"""The team is told by mail of orders that wait longer than their policy says, once for each order and wait.

That a wait was told of is a row, written with the mail: whatever is killed, neither is there without the other. The
mail names orders and not buyers: it is about several of them, and is nobody's to erase.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select

from houblon.engine.conditions.figures import NBSP, money_text
from houblon.orders.db.tables import orders, outbox, told_waits
from houblon.orders.events.message_ids import message_id
from houblon.orders.handling.receive import effective_policy
from houblon.orders.mail.content import EmailContent
from houblon.orders.mail.emails import plain_email
from houblon.orders.mail.enqueue import mail_row
from houblon.orders.queries.held import untold_waits
from houblon.orders.retailers.names import stored_order
from houblon.orders.services import Services
from houblon.rules.model.content import Content

AFTER, TEAM = "acceptance.tell_team_after_hours", "notifications.team"
EVENT = "orders.waiting"
# So many orders are looked at, and named in a mail, at a time.
BATCH = 50


class _Wait(msgspec.Struct, frozen=True):
    """An order that has waited longer than its policy says, and whom that policy has told."""

    row: Row[Any]
    team: tuple[str, ...]


def tell_of_waits(services: Services, now: datetime) -> int:
    """Tell of every wait that is long enough and was not told of yet; returns of how many."""
    shortest = _shortest(services.policies.live(now))
    if shortest is None:
        return 0
    count = above = 0
    while True:
        with services.ledger.reading() as connection:
            rows = untold_waits(connection, now - shortest, above, BATCH)
            due = [wait for row in rows if (wait := _due(connection, services, row, now)) is not None]
        if due:
            count += services.ledger.write(partial(_note, services=services, due=due, now=now))
        if len(rows) < BATCH:
            return count
        above = rows[-1].key


def _shortest(content: Content) -> timedelta | None:
    """After how long anybody is told at all, by what groups state; None where nobody is."""
    stated = [group.settings.get(AFTER) for group in content.groups.values()]
    hours = [each for each in stated if each is not None]
    return timedelta(hours=min(hours)) if hours else None


def _due(connection: Connection, services: Services, row: Row[Any], now: datetime) -> _Wait | None:
    policy = effective_policy(connection, services, stored_order(row), now).policy
    hours, team = policy.settings[AFTER].value, tuple(policy.settings[TEAM].value["to"])
    # A policy that has nobody told promises nothing; once it names somebody, they are.
    if hours is None or not team or row.since + timedelta(hours=hours) > now:
        return None
    return _Wait(row, team)


def _note(connection: Connection, services: Services, due: Sequence[_Wait], now: datetime) -> int:
    """Note each wait that nobody told of meanwhile, and put a mail about them in the outbox for each address.

    On PostgreSQL two servers that do so at once meet at the key: one of them begins anew, and finds them told of.
    """
    moves = [wait.row.began for wait in due]
    known = set(connection.execute(select(told_waits.c.move_key).where(told_waits.c.move_key.in_(moves))).scalars())
    keys = [wait.row.key for wait in due]
    held = set(
        connection.execute(select(orders.c.key).where(orders.c.key.in_(keys), orders.c.state == "held")).scalars()
    )
    left = [wait for wait in due if wait.row.began not in known and wait.row.key in held]
    if not left:
        return 0
    connection.execute(insert(told_waits), [{"move_key": wait.row.began, "at": now} for wait in left])
    for address in dict.fromkeys(address for wait in left for address in wait.team):
        theirs = [wait.row for wait in left if address in wait.team]
        id = message_id(f"{EVENT}/{'/'.join(str(row.began) for row in theirs)}/{address}")
        connection.execute(insert(outbox), mail_row(id, EVENT, address, _email(services, theirs), now))
    return len(left)


def _email(services: Services, rows: Sequence[Row[Any]]) -> EmailContent:
    one = len(rows) == 1
    subject = "Une commande attend toujours" if one else f"{len(rows)} commandes attendent toujours"
    opening = (
        "Une commande attend une décision depuis plus longtemps que ne le veut sa politique."
        if one
        else f"{len(rows)} commandes attendent une décision depuis plus longtemps que ne le veut leur politique."
    )
    where = f"{services.base_url.rstrip('/')}/file"
    link = f"{where}?commande={rows[0].key}" if one else where
    text = "Voir la commande" if one else "Voir la file d’attente"
    return plain_email(subject, [opening, *_lines(services, rows)], link, text, services.seller.name)


def _lines(services: Services, rows: Iterable[Row[Any]]) -> list[str]:
    return [
        f"{row.order_id}{NBSP}: {money_text(row.order_value).fr}, depuis le {services.moment_text(row.since).fr}."
        for row in rows
    ]

"""What an installation holds at the moment that Prometheus asks: what somebody may be woken for.

Labels are from closed sets, or of things that people made and that are few: endpoints, sources.
"""

import platform
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Connection, case, func, select

from houblon.orders.db.tables import endpoints, orders, outbox, sources, webhook_calls
from houblon.orders.events.endpoints import destination_of
from houblon.orders.events.feed import unread_count
from houblon.orders.intake.refused_calls import by_source
from houblon.orders.outbox.delivery import MAIL
from houblon.web.foundation.composition import House
from houblon.web.foundation.logs import VERSION
from houblon.web.foundation.metrics import PROCESS
from houblon.web.telemetry.upkeep import read_upkeep

MOST_SOURCES = 100
_KINDS, _STATES = ("mail", "webhook"), ("pending", "parked")


class Installation(Collector):
    """The outbox, held orders, endpoints, sources, the policy's age, the last backup and check, room on the disk."""

    def __init__(self, house: House):
        self._house = house

    def collect(self) -> Iterator[Metric]:
        house, now = self._house, self._house.now()
        yield _gauge("houblon_build_info", "What runs.", {(VERSION, platform.python_version()): 1}, "version", "python")
        with house.services.ledger.reading() as connection:
            yield from _outbox(connection, now)
            yield from _endpoints(connection, now)
            yield from _held(connection, now)
            yield from _refused(connection, now)
            yield _sources(connection)
        version = house.services.policies.live(now).version
        yield _one("houblon_policy_version", "The version in force.", version.number)
        yield _one("houblon_policy_age_seconds", "How long it has been in force.", _age(now, version.effective_from))
        yield _one("houblon_ledger_waiting", "Writes that wait for the next commit.", house.services.ledger.waiting)
        done = read_upkeep(house.settings.data)
        for name, at in (("backup", done.backup), ("check", done.check)):
            about = f"When `houblon {name}` last went well; 0 if never."
            yield _one(f"houblon_last_{name}_timestamp_seconds", about, at.timestamp() if at else 0)
        with suppress(OSError):
            room = shutil.disk_usage(house.settings.data)
            yield _one("houblon_disk_free_bytes", "Room on the data folder's disk.", room.free)
            yield _one("houblon_disk_size_bytes", "The size of that disk.", room.total)


def registry(house: House) -> CollectorRegistry:
    """What the process counted and what the installation holds, together."""
    together = CollectorRegistry()
    together.register(Installation(house))
    together.register(PROCESS)
    return together


def _outbox(connection: Connection, now: datetime) -> Iterator[Metric]:
    # All of it from the index of what is due: what was sent is most, and nobody waits for it.
    kind = case((outbox.c.destination == MAIL, "mail"), else_="webhook")
    query = select(kind, outbox.c.state, func.count()).where(outbox.c.state.in_(_STATES))
    found = {(row[0], row[1]): row[2] for row in connection.execute(query.group_by(kind, outbox.c.state))}
    counts = {(each, state): found.get((each, state), 0) for each in _KINDS for state in _STATES}
    yield _gauge("houblon_outbox_messages", "Messages that have not left, by kind and state.", counts, "kind", "state")
    kept = func.min(outbox.c.created_at, type_=outbox.c.created_at.type)
    ages = {}
    for each in _KINDS:
        waiting = select(kept).where(outbox.c.state == "pending", kind == each)
        ages[(each,)] = _age(now, connection.execute(waiting).scalar())
    yield _gauge("houblon_outbox_oldest_seconds", "How old the oldest pending message is, by kind.", ages, "kind")


def _endpoints(connection: Connection, now: datetime) -> Iterator[Metric]:
    rows = connection.execute(select(endpoints)).all()
    waiting = select(outbox.c.destination, func.count()).where(
        outbox.c.state == "pending", outbox.c.destination != MAIL
    )
    counts: dict[str, int] = dict(connection.execute(waiting.group_by(outbox.c.destination)).all())
    pending = {(row.id,): counts.get(destination_of(row.id), 0) + unread_count(connection, row) for row in rows}
    yield _gauge("houblon_endpoint_pending", "Messages that wait for an endpoint.", pending, "endpoint")
    resting = {(row.id,): int(row.active and row.rests_until is not None and row.rests_until > now) for row in rows}
    about = "1 while an endpoint that does not answer is left alone."
    yield _gauge("houblon_endpoint_resting", about, resting, "endpoint")
    stopped = {(row.id,): int(not row.active) for row in rows}
    yield _gauge("houblon_endpoint_paused", "1 for an endpoint that is about nothing.", stopped, "endpoint")


def _held(connection: Connection, now: datetime) -> Iterator[Metric]:
    oldest = func.min(orders.c.received_at, type_=orders.c.received_at.type)
    count, since = connection.execute(select(func.count(), oldest).where(orders.c.state == "held")).one()
    yield _one("houblon_orders_held", "Orders that wait for a person.", count)
    yield _one("houblon_orders_held_oldest_seconds", "How long the oldest of them has waited.", _age(now, since))


def _refused(connection: Connection, now: datetime) -> Iterator[Metric]:
    found = by_source(connection)[:MOST_SOURCES]
    waiting = {(each.source,): each.count for each in found}
    yield _gauge("houblon_refused_calls", "Signed calls that could not be recorded, and wait.", waiting, "source")
    oldest = {(each.source,): _age(now, each.since) for each in found}
    about = "How long the oldest of them has waited."
    yield _gauge("houblon_refused_calls_oldest_seconds", about, oldest, "source")
    dropped = {(each.source,): each.dropped for each in found}
    about = "How many of them were dropped for newer ones."
    yield _gauge("houblon_refused_calls_dropped", about, dropped, "source")


def _sources(connection: Connection) -> Metric:
    names = select(sources.c.name).where(sources.c.active).distinct().order_by(sources.c.name).limit(MOST_SOURCES)
    latest = func.max(webhook_calls.c.at, type_=webhook_calls.c.at.type)
    found = {}
    for (name,) in connection.execute(names):
        at = connection.execute(select(latest).where(webhook_calls.c.source == name)).scalar()
        found[(name,)] = at.timestamp() if at else 0
    about = "When a source last sent something that was taken; 0 if never."
    return _gauge("houblon_source_last_call_timestamp_seconds", about, found, "source")


def _age(now: datetime, since: datetime | None) -> float:
    return max((now - since).total_seconds(), 0) if since else 0


def _one(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=value)


def _gauge(name: str, about: str, values: Mapping[Any, float], *labels: str) -> Metric:
    gauge = GaugeMetricFamily(name, about, labels=labels)
    for each, value in values.items():
        gauge.add_metric(each, value)
    return gauge

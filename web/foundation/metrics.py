"""What the service counts for Prometheus: decisions, webhooks, requests, and what is looked up when it asks."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Engine, event, func, select

from houblon.orders.db.tables import outbox
from houblon.web.foundation.composition import House

# Every app of a process counts together; what an installation holds is added when it is asked.
PROCESS = CollectorRegistry()

DECISIONS = Counter(
    "houblon_decisions",
    "Decisions made, by door, outcome, leading group of the chain and version.",
    ("door", "outcome", "group", "version"),
    registry=PROCESS,
)
WEBHOOKS = Counter(
    "houblon_webhooks",
    "Webhook calls: taken, replayed, conflict, unsigned.",
    ("kind", "result"),
    registry=PROCESS,
)
REQUESTS = Histogram(
    "houblon_request_seconds",
    "Time to answer a request, by route and status.",
    ("route", "method", "status"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=PROCESS,
)
DATABASE_ERRORS = Counter("houblon_database_errors", "Errors that the database answered.", registry=PROCESS)


def decided(door: str, outcome: str, group: str, version: int) -> None:
    """Count one decision; `group` leads its chain."""
    _labelled(DECISIONS, door, outcome, group, version).inc()


def called(kind: str, result: str) -> None:
    """Count one webhook call."""
    _labelled(WEBHOOKS, kind, result).inc()


def answered(route: str, method: str, status: int, seconds: float) -> None:
    """Count one request, with the time that its answer took."""
    _labelled(REQUESTS, route, method, status).observe(seconds)


@lru_cache(maxsize=4_096)
def _labelled(metric: Any, *labels: object) -> Any:
    """What counts under these labels: found again faster than by the labels."""
    return metric.labels(*labels)


class Installation(Collector):
    """What an installation holds at the moment that it is asked: its outbox, and its policy's age."""

    def __init__(self, house: House):
        self._house = house

    def collect(self) -> Iterator[Metric]:
        house, now = self._house, self._house.now()
        depth = GaugeMetricFamily("houblon_outbox_messages", "Messages in the outbox, by state.", labels=["state"])
        age = GaugeMetricFamily("houblon_outbox_oldest_seconds", "How long the oldest pending message has been due.")
        with house.services.ledger.reading() as connection:
            rows = connection.execute(select(outbox.c.state, func.count()).group_by(outbox.c.state))
            counts = {"pending": 0, "parked": 0, **dict(rows.all())}
            waiting = select(func.min(outbox.c.created_at, type_=outbox.c.created_at.type))
            oldest = connection.execute(waiting.where(outbox.c.state == "pending")).scalar()
        for state, count in sorted(counts.items()):
            depth.add_metric([state], count)
        age.add_metric([], max((now - oldest).total_seconds(), 0) if oldest else 0)
        yield depth
        yield age
        version = house.services.policies.live(now).version
        yield GaugeMetricFamily("houblon_policy_version", "The version in force.", value=version.number)
        since = max((now - version.effective_from).total_seconds(), 0)
        yield GaugeMetricFamily("houblon_policy_age_seconds", "How long it has been in force.", value=since)
        waiting_writes = house.services.ledger.waiting
        yield GaugeMetricFamily("houblon_ledger_waiting", "Writes that wait for the next commit.", value=waiting_writes)


def registry(house: House) -> CollectorRegistry:
    """What the process counted and what the installation holds, together."""
    together = CollectorRegistry()
    together.register(Installation(house))
    together.register(PROCESS)
    return together


def watch_database(engine: Engine) -> None:
    """Count the errors that the database answers."""
    event.listen(engine, "handle_error", lambda context: DATABASE_ERRORS.inc())

"""What the service counts for Prometheus: decisions, webhooks, requests, and the process itself."""

from functools import lru_cache
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from sqlalchemy import Engine, event

# Every app of a process counts together; what an installation holds is added when it is asked.
PROCESS = CollectorRegistry()
# Memory, processor time, open files, and when it began.
ProcessCollector(registry=PROCESS)

DECISIONS = Counter(
    "houblon_decisions",
    "Decisions made, by door and outcome.",
    ("door", "outcome"),
    registry=PROCESS,
)
WEBHOOKS = Counter(
    "houblon_webhooks",
    "Webhook calls: taken, replayed, refused, conflict, unsigned.",
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


def decided(door: str, outcome: str) -> None:
    """Count one decision. Its group and version are no labels: each publication would begin as many series as there
    are groups, for ever; lists and the log tell of them."""
    _labelled(DECISIONS, door, outcome).inc()


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


def watch_database(engine: Engine) -> None:
    """Count the errors that the database answers."""
    event.listen(engine, "handle_error", lambda context: DATABASE_ERRORS.inc())

"""What the service counts for Prometheus: decisions, webhooks, requests, and what is looked up when it asks."""

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram

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


def decided(door: str, document: dict[str, Any]) -> None:
    """Count one decision."""
    DECISIONS.labels(door, document["outcome"], document["chain"][0], document["version"]).inc()

"""Who records incoming orders: this process, or whatever else the server puts in its place."""

from asyncio import Future
from typing import Any, Protocol

import msgspec
from sqlalchemy import Connection

from houblon.engine.core.money import dollars
from houblon.orders.db.writer import Work
from houblon.orders.handling.receive import ingest
from houblon.orders.handling.received import Received
from houblon.orders.intake.incoming import IncomingOrder
from houblon.orders.services import Services


class IngestResult(msgspec.Struct, frozen=True, array_like=True):
    """What became of an order: what its sender is answered as JSON, whether it was stored before, and what logs tell."""

    document: bytes
    replayed: bool
    order_id: str
    outcome: str
    version: int


class OrderWriter(Protocol):
    """Decides and records an order durably, once."""

    @property
    def is_busy(self) -> bool:
        """Whether so many orders come at once that what is not as urgent should wait."""

    @property
    def is_apart(self) -> bool:
        """Whether another process records, and the event loop may ask it."""

    def ingest(self, services: Services, incoming: IncomingOrder) -> IngestResult:
        """What became of the order, once that is durable. Raises Conflict."""

    def ingest_later(self, incoming: IncomingOrder) -> "Future[IngestResult | None] | None":
        """`ingest` for the event loop, which must not wait. None, now or later: nobody could tell, `ingest` does."""


class InProcessWriter:
    """The order writer that is always there: the ledger of this process."""

    is_busy = False
    is_apart = False

    def ingest(self, services: Services, incoming: IncomingOrder) -> IngestResult:
        return services.ledger.record(ingest_work(services, incoming))

    def ingest_later(self, incoming: IncomingOrder) -> None:
        return None


def ingest_work(services: Services, incoming: IncomingOrder) -> Work[IngestResult]:
    """The order's part of a transaction."""

    def work(connection: Connection) -> IngestResult:
        return _result(incoming, ingest(connection, services, incoming))

    return work


def answer_document(incoming: IncomingOrder, received: Received) -> dict[str, Any]:
    """What whoever sent an order is answered: its decision, by what it is found again, the invoice that it has, and
    the members of it that nobody knows; what became of a change by which an accepted order stays as it is."""
    found = {**received.document, "source": incoming.source, "order_key": received.order_key}
    if received.invoice is not None:
        key, number, total = received.invoice
        found |= {"invoice_key": key, "invoice_number": number, "total": dollars(total)}
    if received.change is not None:
        found["change"] = received.change
    if incoming.warnings:
        found["warnings"] = incoming.warnings
    return found


def _result(incoming: IncomingOrder, received: Received) -> IngestResult:
    document = received.document
    return IngestResult(
        msgspec.json.encode(answer_document(incoming, received)),
        received.replayed,
        incoming.order.id,
        document["outcome"],
        document["version"],
    )

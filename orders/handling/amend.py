"""A person mends the lines of a held order, and it is decided again: what it said before is kept."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row

from houblon.engine.core.order import decode_order
from houblon.orders.handling.receive import decide_again, effective_policy
from houblon.orders.handling.review import buyer_of, held_order
from houblon.orders.intake.incoming import incoming_of
from houblon.orders.records.audit import EntryOf, audited
from houblon.orders.records.decision_log import record_transition
from houblon.orders.retailers.names import ids_of
from houblon.orders.services import Conflict, OrderContext, Services

Lines = list[dict[str, Any]]


def make_available(
    services: Services,
    key: int,
    index: int,
    *,
    by: str,
    at: datetime,
    seen: str,
    entry_of: EntryOf[str] | None = None,
) -> str:
    """Say that the product of a line can be had again; returns the outcome of the decision that follows.

    `seen` is the content hash of what the person looked at, `index` counts its lines from 0. Raises
    Conflict when the order is no longer held or was changed since; LookupError when there is no such
    order or line.
    """
    return _mend(services, key, index, _available, "line_available", by, at, seen, entry_of)


def remove(
    services: Services,
    key: int,
    index: int,
    *,
    by: str,
    at: datetime,
    seen: str,
    entry_of: EntryOf[str] | None = None,
) -> str:
    """Take a line out of a held order; as `make_available`. The last line can't go: Conflict."""
    return _mend(services, key, index, _without, "line_removed", by, at, seen, entry_of)


def _mend(
    services: Services,
    key: int,
    index: int,
    mend: Callable[[Row[Any], Lines, int], Lines],
    code: str,
    by: str,
    at: datetime,
    seen: str,
    entry_of: EntryOf[str] | None,
) -> str:
    def work(connection: Connection) -> str:
        row, order = held_order(connection, services, key, seen)
        document = msgspec.json.decode(row.body)
        lines = document["lines"]
        if not 0 <= index < len(lines):
            raise LookupError(f"order {key} has no line {index}")
        body = msgspec.json.encode({**document, "lines": mend(row, lines, index)})
        policy = effective_policy(connection, services, order, at).policy
        context = OrderContext(key, order, buyer_of(connection, row), policy, at)
        record_transition(connection, context, "held", "held", by, f"{code} {order.lines[index].sku}")
        incoming = incoming_of(body, decode_order(body), source=row.source, at=at)
        sent_hash = row.sent_hash or row.content_hash
        again = decide_again(connection, services, incoming, row, ids_of(row), sent_hash=sent_hash)
        outcome: str = again.document["outcome"]
        return outcome

    return services.ledger.write(audited(work, entry_of))


def _available(row: Row[Any], lines: Lines, index: int) -> Lines:
    if lines[index].get("available") is not False:
        raise Conflict(
            "already_available",
            f"Ce produit de la commande {row.order_id} est déjà disponible.",
            f"This product of order {row.order_id} is available already.",
        )
    return [{**line, "available": True} if place == index else line for place, line in enumerate(lines)]


def _without(row: Row[Any], lines: Lines, index: int) -> Lines:
    if len(lines) == 1:
        raise Conflict(
            "last_line",
            f"C’est la seule ligne de la commande {row.order_id} : refusez la commande, ou annulez-la.",
            f"This is the only line of order {row.order_id}: refuse the order, or cancel it.",
        )
    return [line for place, line in enumerate(lines) if place != index]

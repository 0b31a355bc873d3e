"""An entry of a payment is kept, with its event, wherever it comes from: a person, a key, or the order itself."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert

from houblon.engine.core.money import dollars
from houblon.orders.db.statements import Prepared
from houblon.orders.db.tables import payments
from houblon.orders.events.record import record_event

# On the path of an order that was paid at its sender: prepared.
_KEEP = Prepared(insert(payments))


def keep_payment(connection: Connection, order_key: int, entry: Mapping[str, Any], balance: int) -> int:
    """Keep an entry and return its key; `balance` is what is left to pay of its invoice, below zero where it is owed."""
    key: int = _KEEP.insert(connection, entry)
    kind = "payment.recorded" if entry.get("reverses") is None else "payment.reversed"
    record_event(
        connection,
        kind,
        entry["at"],
        order_key=order_key,
        invoice_key=entry["invoice_key"],
        fact=key,
        data={"balance": dollars(balance)},
    )
    return key

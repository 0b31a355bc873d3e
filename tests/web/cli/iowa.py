"""A year of sixty stores' wholesale orders, as orders of Houblon and in the ledger of an installation."""

import csv
import json
import sys
from datetime import UTC, datetime
from decimal import ROUND_UP, Decimal
from typing import Any

from sqlalchemy import insert

from houblon.orders.db.tables import orders, retailers
from houblon.orders.intake.decode import content_hash
from tests import cases
from tests.web.houses import Place

csv.field_size_limit(sys.maxsize)
Row = dict[str, str]


def read_rows() -> list[Row]:
    with cases.path("orders_iowa_2021_60stores.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def groups_of(rows: list[Row]) -> list[dict[str, Any]]:
    """A group for each segment of stores, that states nothing."""
    return [
        {"id": f"segment-{number}", "name": segment, "rank": 100 + number, "settings": {}}
        for number, segment in enumerate(_segments(rows))
    ]


def orders_of(rows: list[Row]) -> list[dict[str, Any]]:
    segments = _segments(rows)
    return [
        {
            "id": row["order_id"],
            "placed_at": f"{row['order_date']}T12:00:00-06:00",
            "buyer": {"id": row["buyer"], "groups": [f"segment-{segments.index(row['segment'])}"]},
            "lines": [_line(each) for each in json.loads(row["lines"])],
        }
        for row in rows
    ]


def keep_received(place: Place, rows: list[Row]) -> None:
    """Put the orders into the ledger as received when they were placed; one transaction, and nothing follows."""
    now = place.house.now()

    def work(connection: Any) -> None:
        names = {row["buyer"]: row["buyer"] for row in rows}
        known = [{"id": id, "name": name, "created_at": now, "updated_at": now} for id, name in names.items()]
        connection.execute(insert(retailers), known)
        connection.execute(insert(orders), [_row(row, each) for row, each in zip(rows, orders_of(rows), strict=True)])

    place.house.services.ledger.write(work)


def _row(row: Row, order: dict[str, Any]) -> dict[str, Any]:
    body, placed = json.dumps(order).encode(), datetime.fromisoformat(order["placed_at"]).astimezone(UTC)
    return {
        "source": "iowa",
        "order_id": row["order_id"],
        "retailer_id": row["buyer"],
        "state": "delivered",  # nothing of them waits
        "body": body,
        "content_hash": content_hash(body),
        "order_value": int(Decimal(row["total_value"]) * 100),
        "item_count": int(row["items_count"]),
        "placed_at": placed,
        "received_at": placed,
    }


def _segments(rows: list[Row]) -> list[str]:
    return sorted({row["segment"] for row in rows})


def _line(line: dict[str, Any]) -> dict[str, Any]:
    """The amount of the line, as a price that is never less and the discount that makes it exact."""
    amount = Decimal(str(line["amount"])).quantize(Decimal("0.01"))
    price = (amount / line["qty"]).quantize(Decimal("0.01"), rounding=ROUND_UP)
    return {
        "sku": line["sku"],
        "quantity": line["qty"],
        "unit_price": str(price),
        "discount": str(price * line["qty"] - amount),
    }

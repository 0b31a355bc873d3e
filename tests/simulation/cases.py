"""The real orders of the shared cases as orders of a sheet."""

import csv
import json
import sys
from datetime import datetime
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal

from houblon.engine.core.order import order_of
from houblon.simulation.facts.fill import Taken
from tests import cases

csv.field_size_limit(sys.maxsize)
CENT = Decimal("0.01")


def taken(name):
    with cases.path(name).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        order = order_of(
            {
                "id": row["order_id"],
                "placed_at": f"{row['order_date']}T12:00:00-06:00",
                "buyer": {"id": row["buyer"], "groups": ["bars"] if len(row["segment"]) % 2 else []},
                "lines": [_line(each) for each in json.loads(row["lines"])],
            }
        )
        yield Taken(order, datetime.fromisoformat(f"{row['order_date']}T12:00:00-06:00"))


def _line(line):
    amount = Decimal(str(line.get("amount", 0)))
    if "amount" not in line:
        amount = Decimal(str(line["price"])) * line["qty"] * (1 - Decimal(str(line["discount"])))
    amount = amount.quantize(CENT, ROUND_HALF_UP)
    price = (amount / line["qty"]).quantize(CENT, rounding=ROUND_UP)
    return {
        "sku": line["sku"],
        "category": line.get("category"),
        "quantity": line["qty"],
        "unit_price": str(price),
        "discount": str(price * line["qty"] - amount),
    }

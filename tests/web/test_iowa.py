"""Real orders decide: a year of sixty stores' wholesale orders, along the path of `houblon decide`."""

import csv
import json
import sys
from collections import Counter
from decimal import ROUND_UP, Decimal

from click.testing import CliRunner

from tests import cases
from tests.web.houses import copy_of
from web.cli import main

csv.field_size_limit(sys.maxsize)


def test_every_order_decides_without_an_error(template, tmp_path):
    with cases.path("orders_iowa_2021_60stores.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    folder = copy_of(template[0], tmp_path / "data")
    segments = sorted({row["segment"] for row in rows})
    bundle = tmp_path / "segments.json"
    bundle.write_text(json.dumps({"houblon": 1, "groups": [_group(s, n) for n, s in enumerate(segments)]}))
    assert CliRunner().invoke(main, ["import", str(bundle), "--publish", "--data", str(folder)]).exit_code == 0
    lines = "\n".join(json.dumps(_order(row, segments)) for row in rows)
    result = CliRunner().invoke(main, ["decide", "-", "--json", "--data", str(folder)], input=lines)
    assert result.exit_code == 0, result.stderr
    decisions = [json.loads(line) for line in result.stdout.splitlines()]
    assert [each["order_id"] for each in decisions] == [row["order_id"] for row in rows]
    for row, decision in zip(rows, decisions, strict=True):
        large = Decimal(row["total_value"]) >= 200 and int(row["items_count"]) >= 24
        assert decision["outcome"] == ("accepted" if large else "held"), row["order_id"]
    assert Counter(each["outcome"] for each in decisions)["held"] > 0


def _group(segment, number):
    return {"id": f"segment-{number}", "name": segment, "rank": 100 + number, "settings": {}}


def _order(row, segments):
    return {
        "id": row["order_id"],
        "placed_at": f"{row['order_date']}T12:00:00-06:00",
        "buyer": {"id": row["buyer"], "groups": [f"segment-{segments.index(row['segment'])}"]},
        "lines": [_line(each) for each in json.loads(row["lines"])],
    }


def _line(line):
    """The amount of the line, as a price that is never less and the discount that makes it exact."""
    amount = Decimal(str(line["amount"])).quantize(Decimal("0.01"))
    price = (amount / line["qty"]).quantize(Decimal("0.01"), rounding=ROUND_UP)
    return {
        "sku": line["sku"],
        "quantity": line["qty"],
        "unit_price": str(price),
        "discount": str(price * line["qty"] - amount),
    }

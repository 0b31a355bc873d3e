"""Real orders decide: a year of sixty stores' wholesale orders, along the path of `houblon decide`."""

import json
from collections import Counter
from decimal import Decimal

from tests.web.cli.iowa import groups_of, orders_of, read_rows
from tests.web.houses import copy_of, shell


def test_every_order_decides_without_an_error(template, tmp_path):
    rows = read_rows()
    folder = copy_of(template[0], tmp_path / "data")
    bundle = tmp_path / "segments.json"
    bundle.write_text(json.dumps({"houblon": 1, "groups": groups_of(rows)}))
    assert shell(["import", str(bundle), "--publish", "--data", str(folder)]).exit_code == 0
    lines = "\n".join(json.dumps(each) for each in orders_of(rows))
    result = shell(["decide", "-", "--json", "--data", str(folder)], input=lines)
    assert result.exit_code == 0, result.stderr
    decisions = [json.loads(line) for line in result.stdout.splitlines()]
    assert [each["order_id"] for each in decisions] == [row["order_id"] for row in rows]
    for row, decision in zip(rows, decisions, strict=True):
        large = Decimal(row["total_value"]) >= 200 and int(row["items_count"]) >= 24
        assert decision["outcome"] == ("accepted" if large else "held"), row["order_id"]
    assert Counter(each["outcome"] for each in decisions)["held"] > 0

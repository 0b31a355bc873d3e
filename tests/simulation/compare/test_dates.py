"""Due dates of a sheet's orders: those that the engine gives, added up by their weeks."""

from collections import Counter
from datetime import datetime, timedelta

import pytest

from houblon.engine.core.order import order_of
from houblon.rules.policies import Policies
from houblon.simulation.facts.fill import Taken, fill_sheet
from houblon.simulation.report.report import report
from tests.engine.policy.policies import INSTALLATION, ZONE
from tests.simulation.contents import CYCLE, content, decided

CUT_OFF = datetime(2021, 5, 19, 12, tzinfo=ZONE)
AUTOMATIC = content(1, cycles=(CYCLE,))


def accepted(number, distributor, at):
    lines = [{"sku": "IPA", "quantity": 48, "unit_price": "10.00"}]
    named = {"id": f"PO-{number}", "placed_at": at.isoformat(), "buyer": {"id": "bar"}, "distributor": distributor}
    return Taken(order_of({**named, "lines": lines}), at, ())


@pytest.mark.parametrize("written", [CYCLE["id"], CYCLE["id"].lower(), "personne"])
def test_the_two_sides_of_a_cut_off_are_told_apart_however_orders_write_the_distributor(tmp_path, written):
    taken = [accepted(number, written, CUT_OFF + timedelta(hours=hours)) for number, hours in enumerate((-1, 1))]
    sheet = fill_sheet(tmp_path / "sheet.parquet", taken, ZONE)
    weeks = Counter()
    for each in taken:
        due = decided(AUTOMATIC, each).invoice.due.due_date
        weeks[(due - timedelta(due.weekday())).isoformat()] += 480
    assert len(weeks) == (1 if written == "personne" else 2)
    found = report(sheet, Policies(None), AUTOMATIC, AUTOMATIC, INSTALLATION)["due"]["weeks"]
    assert {week["week"]: float(week["after"]) for week in found} == weeks

"""The orders that change: the largest in the report, all of them in a file, and those of a group or a retailer."""

import pytest

from houblon.engine.core.order import order_of
from houblon.rules.policies import Policies
from houblon.simulation.compare.changed_orders import LISTED, file_of, matching, read_all
from houblon.simulation.facts.fill import Taken, fill_sheet
from houblon.simulation.jobs.jobs import start
from houblon.simulation.jobs.retention import DAYS, prune
from houblon.simulation.jobs.simulation import Asked
from houblon.simulation.jobs.worker import run_next
from houblon.simulation.report.report import report
from houblon.simulation.report.summary import changed_orders
from tests.clock import NOW
from tests.engine.policy.policies import INSTALLATION, ZONE
from tests.orders.desks import later, make_desk, order_body, publish_groups, send, tous
from tests.simulation.contents import content, decided, group

COUNT = LISTED + 200


def taken(number):
    lines = [{"sku": "IPA", "quantity": 30 + 7 * number % 5, "unit_price": f"{10 + 13 * number % COUNT}.00"}]
    buyer = {"id": f"bar-{number % 7}", "name": f"Bar n° {number % 7}"}
    document = {"id": f"PO-{number}", "placed_at": NOW.isoformat(), "buyer": buyer, "lines": lines}
    return Taken(order_of(document), NOW, ("bars",) if number % 3 == 0 else ())


CONTENTS = (
    content(1, group("bars", 10)),
    content(2, group("tous", 0, {"acceptance.minimum_items": 33}), group("bars", 10, {"acceptance.minimum_items": 34})),
)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    orders = [taken(number) for number in range(COUNT + 300)]
    folder = tmp_path_factory.mktemp("feuille")
    sheet = fill_sheet(folder / "sheet.parquet", orders, ZONE)
    document = report(sheet, Policies(None), *CONTENTS, INSTALLATION, flips=folder / "flips")
    return orders, document, list(read_all(folder / "flips"))


def value(flip):
    return float(flip["value"])


def test_all_that_change_are_in_the_file_and_the_largest_in_the_report(found):
    orders, document, flips = found
    changed = {
        each.order.id: each
        for each in orders
        if decided(CONTENTS[0], each).outcome is not decided(CONTENTS[1], each).outcome
    }
    assert len(changed) > LISTED == len(document["flips"])
    assert {flip["order_id"] for flip in flips} == set(changed) and len(flips) == len(changed)
    assert changed_orders(document) == len(changed)
    largest = sorted(flips, key=value, reverse=True)[:LISTED]
    assert [value(flip) for flip in document["flips"]] == [value(flip) for flip in largest]
    assert all(flip in flips for flip in document["flips"])
    for flip in flips:
        each = changed[flip["order_id"]]
        assert (flip["groups"], flip["retailer_id"]) == (list(each.kept) or ["tous"], each.order.buyer.id)
        for side, one in zip(("before", "after"), CONTENTS, strict=True):
            reasons = [reason.code for reason in decided(one, each).reasons]
            assert [reason["code"] for reason in flip[side]["reasons"]] == reasons


def test_those_of_a_group_and_of_a_retailer_are_found_the_largest_first(found):
    _, _, flips = found
    for group_id, retailer in (("bars", ""), ("", "bar-3"), ("tous", "N° 4"), ("", "")):
        expected = [
            flip
            for flip in flips
            if (not group_id or group_id in flip["groups"])
            and (retailer.lower() in flip["retailer"].lower() or retailer.lower() in flip["retailer_id"])
        ]
        shown, count = matching(flips, group_id, retailer, 10)
        assert count == len(expected) > 10
        assert [value(flip) for flip in shown] == sorted(map(value, expected), reverse=True)[:10]
        assert all(flip in expected for flip in shown)
    assert matching(flips, "personne", "") == ([], 0)


def test_the_file_lies_beside_the_jobs_until_the_simulation_is_pruned(tmp_path):
    desk, folder = make_desk(tmp_path), tmp_path / "simulations"
    publish_groups(desk.policies.store, tous(acceptance_minimum_items=240), at=NOW)
    for number in range(LISTED + 1):
        send(desk, order_body(f"PO-{number}"), at=later(minutes=number))
    for id, since in (("toutes", None), ("la-moitie", later(minutes=LISTED // 2))):
        start(desk, Asked(version=2, against=1, since=since), id=id, by="anne", at=NOW)
        assert run_next(desk, folder, lambda: NOW)
    assert not file_of(folder, "la-moitie").exists(), "its report lists them all"
    assert len(list(read_all(file_of(folder, "toutes")))) == LISTED + 1
    assert prune(desk, folder, later(days=DAYS + 1)) == 2
    assert not file_of(folder, "toutes").exists()
    desk.ledger.close()

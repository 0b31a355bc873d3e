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
from tests.orders.services import later, make_services, order_body, publish_groups, send, tous
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
    document = report(sheet, Policies(None), *CONTENTS, INSTALLATION, changes_file=folder / "flips")
    return orders, document, list(read_all(folder / "flips"))


def value(changed_order):
    return float(changed_order["value"])


def test_all_that_change_are_in_the_file_and_the_largest_in_the_report(found):
    orders, document, every = found
    changed = {
        each.order.id: each
        for each in orders
        if decided(CONTENTS[0], each).outcome is not decided(CONTENTS[1], each).outcome
    }
    assert len(changed) > LISTED == len(document["flips"])
    assert {changed_order["order_id"] for changed_order in every} == set(changed) and len(every) == len(changed)
    assert changed_orders(document) == len(changed)
    largest = sorted(every, key=value, reverse=True)[:LISTED]
    assert [value(changed_order) for changed_order in document["flips"]] == [
        value(changed_order) for changed_order in largest
    ]
    assert all(changed_order in every for changed_order in document["flips"])
    for changed_order in every:
        each = changed[changed_order["order_id"]]
        assert (changed_order["groups"], changed_order["retailer_id"]) == (
            list(each.kept) or ["tous"],
            each.order.buyer.id,
        )
        for side, one in zip(("before", "after"), CONTENTS, strict=True):
            reasons = [reason.code for reason in decided(one, each).reasons]
            assert [reason["code"] for reason in changed_order[side]["reasons"]] == reasons


def test_those_of_a_group_and_of_a_retailer_are_found_the_largest_first(found):
    _, _, every = found
    for group_id, retailer in (("bars", ""), ("", "bar-3"), ("tous", "N° 4"), ("", "")):
        expected = [
            changed_order
            for changed_order in every
            if (not group_id or group_id in changed_order["groups"])
            and (
                retailer.lower() in changed_order["retailer"].lower()
                or retailer.lower() in changed_order["retailer_id"]
            )
        ]
        shown, count = matching(every, group_id, retailer, 10)
        assert count == len(expected) > 10
        assert [value(changed_order) for changed_order in shown] == sorted(map(value, expected), reverse=True)[:10]
        assert all(changed_order in expected for changed_order in shown)
    assert matching(every, "personne", "") == ([], 0)


def test_the_file_lies_beside_the_jobs_until_the_simulation_is_pruned(tmp_path):
    services, folder = make_services(tmp_path), tmp_path / "simulations"
    publish_groups(services.policies.store, tous(acceptance_minimum_items=240), at=NOW)
    for number in range(LISTED + 1):
        send(services, order_body(f"PO-{number}"), at=later(minutes=number))
    for id, since in (("toutes", None), ("la-moitie", later(minutes=LISTED // 2))):
        start(services, Asked(version=2, against=1, since=since), id=id, by="anne", at=NOW)
        assert run_next(services, folder, lambda: NOW)
    assert not file_of(folder, "la-moitie").exists(), "its report lists them all"
    assert len(list(read_all(file_of(folder, "toutes")))) == LISTED + 1
    assert prune(services, folder, later(days=DAYS + 1)) == 2
    assert not file_of(folder, "toutes").exists()
    services.ledger.close()

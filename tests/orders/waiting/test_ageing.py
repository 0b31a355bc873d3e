"""The team is told of orders that wait longer than their policy says: once for each order and wait."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from houblon.orders.db import tables
from houblon.orders.handling import review, undo
from houblon.orders.queries.held import held_orders, wait_of
from houblon.orders.waiting import ageing
from houblon.orders.waiting.ageing import EVENT, tell_of_waits
from tests.clock import NOW
from tests.orders.services import join, later, make_services, order_body, publish_groups, rows, send, tous

TEAM = {"events": [], "to": ["equipe@brasserie.example"]}


@pytest.fixture
def services(tmp_path):
    made = make_services(
        tmp_path, tous(acceptance_tell_team_after_hours=24, notifications_team=TEAM, notifications_buyer=[])
    )
    yield made
    made.ledger.close()


def mails(services):
    return [row for row in rows(services, tables.outbox) if row.event == EVENT]


def test_the_team_is_told_once_the_hours_are_over_and_never_again(services):
    send(services, order_body(items=12))
    assert tell_of_waits(services, later(hours=24) - timedelta(microseconds=1)) == 0
    assert tell_of_waits(services, later(hours=24)) == 1
    assert tell_of_waits(services, later(hours=24)) == tell_of_waits(services, later(days=30)) == 0
    [mail] = mails(services)
    assert mail.recipient == "equipe@brasserie.example" and mail.message["subject"] == "Une commande attend toujours"
    assert "PO-1" in str(mail.message) and "/file?commande=1" in str(mail.message)
    # A mail about several is nobody's to erase.
    assert mail.order_key is None and "Dépanneur" not in str(mail.message)


def test_several_are_told_in_one_mail(services):
    for number in range(3):
        send(services, order_body(f"PO-{number}", items=12))
    assert tell_of_waits(services, later(days=2)) == 3
    [mail] = mails(services)
    assert mail.message["subject"] == "3 commandes attendent toujours"
    assert all(f"PO-{number}" in str(mail.message) for number in range(3))


def test_many_are_told_in_mails_of_so_many(services, monkeypatch):
    monkeypatch.setattr(ageing, "BATCH", 2)
    for number in range(5):
        send(services, order_body(f"PO-{number}", items=12))
    assert tell_of_waits(services, later(days=2)) == 5
    assert len(mails(services)) == 3


def test_each_group_has_its_own_hours_and_its_own_people(services):
    patient = {"id": "patients", "name": "Patients", "rank": 5, "rules": {}}
    patient["settings"] = {
        "acceptance.tell_team_after_hours": 72,
        "notifications.team": {"events": [], "to": ["b@x.ca"]},
    }
    silent = {"id": "muets", "name": "Muets", "rank": 6, "rules": {}}
    silent["settings"] = {"acceptance.tell_team_after_hours": None}
    publish_groups(services.policies.store, patient, silent, at=NOW)
    for buyer, groups in (("a", ()), ("b", ("patients",)), ("c", ("muets",))):
        join(services, buyer, *groups)
        send(services, order_body(f"PO-{buyer}", items=12, buyer={"id": buyer}))
    assert [tell_of_waits(services, later(hours=hours)) for hours in (25, 71, 73, 1_000)] == [1, 0, 1, 0]
    assert [(row.recipient, "PO-b" in str(row.message)) for row in mails(services)] == [
        ("equipe@brasserie.example", False),
        ("b@x.ca", True),
    ]


def test_a_policy_that_has_nobody_told_promises_nothing_until_it_names_somebody(tmp_path):
    services = make_services(tmp_path, tous(acceptance_tell_team_after_hours=24))
    send(services, order_body(items=12))
    assert tell_of_waits(services, later(days=2)) == 0 and rows(services, tables.told_waits) == []
    publish_groups(
        services.policies.store, tous(acceptance_tell_team_after_hours=24, notifications_team=TEAM), at=later(days=3)
    )
    assert tell_of_waits(services, later(days=4)) == 1
    services.ledger.close()


def test_an_order_that_was_changed_meanwhile_waits_on(services):
    send(services, order_body(items=12))
    send(services, order_body(items=13), at=later(hours=20))
    assert tell_of_waits(services, later(hours=24)) == 1
    send(services, order_body(items=14), at=later(hours=30))
    assert tell_of_waits(services, later(hours=60)) == 0


def test_one_that_is_settled_is_not_told_of_and_one_that_is_put_back_waits_anew(services):
    send(services, order_body(items=12))
    tell_of_waits(services, later(hours=24))
    review.refuse(services, 1, by="anne", at=later(hours=25), why="non")
    undo.undo(services, 1, was="refused", by="anne", at=later(hours=26))
    with services.ledger.reading() as connection:
        assert wait_of(connection, 1).since == later(hours=26) and wait_of(connection, 1).told_at is None
    assert tell_of_waits(services, later(hours=49)) == 0
    assert tell_of_waits(services, later(hours=50)) == 1 and len(mails(services)) == 2
    review.accept(services, 1, by="anne", at=later(hours=51))
    assert tell_of_waits(services, later(days=30)) == 0


def test_two_servers_at_once_tell_once(services):
    for number in range(4):
        send(services, order_body(f"PO-{number}", items=12))
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _: tell_of_waits(services, later(days=2)), range(4)))
    assert sum(counts) == 4 and len(mails(services)) == 1 and len(rows(services, tables.told_waits)) == 4


def test_what_fails_before_it_is_whole_leaves_neither(services, monkeypatch):
    send(services, order_body(items=12))
    with monkeypatch.context() as broken:
        broken.setattr(ageing, "mail_row", lambda *_: (_ for _ in ()).throw(OSError("no space left")))
        with pytest.raises(OSError):
            tell_of_waits(services, later(days=2))
    assert rows(services, tables.told_waits) == []
    assert tell_of_waits(services, later(days=2)) == 1


def test_the_queue_is_sorted_by_how_long_each_waits_and_narrowed_to_those_that_wait_long(services):
    for number in range(3):
        send(services, order_body(f"PO-{number}", items=12), at=later(hours=number))
    review.refuse(services, 1, by="anne", at=later(hours=3), why="non")
    undo.undo(services, 1, was="refused", by="anne", at=later(hours=4))
    with services.ledger.reading() as connection:
        assert [row.order_id for row in held_orders(connection)] == ["PO-1", "PO-2", "PO-0"]
        assert [row.order_id for row in held_orders(connection, newest_first=True)] == ["PO-0", "PO-2", "PO-1"]
        before = held_orders(connection, waiting_before=later(hours=2))
        assert [row.order_id for row in before] == ["PO-1", "PO-2"]

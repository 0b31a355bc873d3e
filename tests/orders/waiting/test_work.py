"""What is to be decided again is a row of the fact's transaction, and is worked piece by piece, once, whatever is killed."""

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from houblon.orders.db import tables
from houblon.orders.db.ledger import Ledger
from houblon.orders.handling import deliveries, lifecycle
from houblon.orders.handling.deliveries import LineDelivered
from houblon.orders.invoicing.payments import pay_rest
from houblon.orders.records import redecisions
from houblon.orders.records.redecisions import PUBLICATION, decide_all_again
from houblon.orders.retailers.joins import join_retailers
from houblon.orders.retailers.memberships import set_memberships
from houblon.orders.waiting import work
from houblon.orders.waiting.work import BATCH, GRACE, MOST_ATTEMPTS, RETRY, decide_due
from tests.clock import MONTREAL, NOW
from tests.databases import url_of
from tests.orders.services import (
    later,
    make_services,
    open_services,
    order_body,
    order_moves,
    publish_groups,
    rows,
    send,
    tous,
)

ROOT = Path(__file__).parents[3]
PUBLISHED_AT = later(hours=1)


def publish(services, **settings):
    """Looser minimums, and the row that the ledger keeps of a publication."""
    publish_groups(services.policies.store, tous(**{"acceptance_minimum_items": 6, **settings}), at=PUBLISHED_AT)
    services.ledger.write(lambda c: decide_all_again(c, PUBLICATION, "2", by="anne", at=PUBLISHED_AT))


def hold(services, count, buyer="depanneur-42", items=12):
    for number in range(count):
        send(services, order_body(f"PO-{buyer}-{number}", items=items, buyer={"id": buyer}))


def waiting(services):
    return rows(services, tables.redecisions)


def states(services):
    return [row.state for row in rows(services, tables.orders)]


def test_every_held_order_is_decided_again_in_more_than_one_piece(services):
    hold(services, BATCH + 3)
    hold(services, 2, buyer="autre", items=2)
    publish(services)
    assert decide_due(services, lambda: later(hours=2)) == BATCH + 3
    assert states(services) == ["accepted"] * (BATCH + 3) + ["held"] * 2
    assert waiting(services) == []


def test_orders_come_first_between_two_pieces(services):
    hold(services, BATCH + 1)
    publish(services)
    gave_way = []
    decide_due(services, lambda: later(hours=2), lambda: gave_way.append(len(rows(services, tables.invoices))))
    assert gave_way == [0, BATCH]


def test_an_order_that_was_on_its_way_meanwhile_is_looked_at_too(services):
    publish(services)
    assert decide_due(services, lambda: PUBLISHED_AT) == 0
    hold(services, 1)  # decided by a version that its server saw a moment before
    publish_groups(services.policies.store, tous(acceptance_minimum_items=6), at=PUBLISHED_AT + timedelta(seconds=1))
    assert decide_due(services, lambda: PUBLISHED_AT + GRACE / 2) == 0 and len(waiting(services)) == 1
    assert decide_due(services, lambda: PUBLISHED_AT + GRACE) in (0, 1)
    assert states(services) == ["accepted"] and waiting(services) == []


def test_of_two_publications_the_last_one_is_looked_at(services):
    hold(services, 1)
    services.ledger.write(lambda c: decide_all_again(c, PUBLICATION, "2", by="anne", at=PUBLISHED_AT))
    publish_groups(services.policies.store, tous(acceptance_minimum_items=6), at=PUBLISHED_AT)
    services.ledger.write(lambda c: decide_all_again(c, PUBLICATION, "3", by="bruno", at=PUBLISHED_AT))
    assert decide_due(services, lambda: later(hours=2)) == 1
    assert [row.after["about"] for row in rows(services, tables.audit)] == ["3"]


def test_a_clock_that_was_set_back_stops_nothing(services):
    hold(services, 1)
    publish(services)
    assert decide_due(services, lambda: PUBLISHED_AT - timedelta(days=1)) == 1
    assert waiting(services) == [] and rows(services, tables.invoices)[0].issued_at >= NOW


# What may let a retailer's orders pass, and whose are decided again.


def test_a_payment_concerns_the_orders_of_whom_it_is_of(services):
    send(services)
    today = NOW.astimezone(MONTREAL).date()
    pay_rest(services, 1, by="anne", at=later(hours=1), on=today)
    [row] = waiting(services)
    assert (row.cause, row.subject, row.who) == ("payment", "F-2021-00001", "anne")
    assert (row.retailer_id, row.order_key) == ("depanneur-42", None)


def test_a_cancelled_invoice_counts_as_one_that_is_paid(services):
    send(services)
    lifecycle.cancel(services, 1, was="accepted", by="anne", at=later(hours=1), why="erreur")
    assert [(row.cause, row.retailer_id) for row in waiting(services)] == [("credit", "depanneur-42")]


def test_a_retailer_s_groups_let_pass_what_they_held(tmp_path):
    services = make_services(tmp_path, tous(acceptance_mode="manual"))
    send(services)
    send(services, order_body("PO-2", buyer={"id": "autre"}))
    free = {"id": "libres", "name": "Libres", "rank": 5, "settings": {"acceptance.mode": "automatic"}, "rules": {}}
    publish_groups(services.policies.store, free, at=later(minutes=1))
    services.ledger.write(lambda c: set_memberships(c, {"depanneur-42": ["libres"]}, PUBLISHED_AT, "anne"))
    assert decide_due(services, lambda: later(hours=2)) == 1
    assert states(services) == ["accepted", "held"]
    [entry] = rows(services, tables.audit)
    assert (entry.after["cause"], entry.after["caused_by"]) == ("groups", "anne")
    services.ledger.close()


def test_who_is_joined_to_another_is_decided_by_the_groups_of_both(tmp_path):
    services = make_services(tmp_path, tous(acceptance_mode="manual"))
    send(services, order_body(buyer={"id": "jumeau"}))
    send(services, order_body("PO-2"))
    free = {"id": "libres", "name": "Libres", "rank": 5, "settings": {"acceptance.mode": "automatic"}, "rules": {}}
    publish_groups(services.policies.store, free, at=later(minutes=1))
    services.ledger.write(lambda c: set_memberships(c, {"depanneur-42": ["libres"]}, later(minutes=2)))
    decide_due(services, lambda: later(minutes=30))
    assert states(services) == ["held", "accepted"]
    services.ledger.write(lambda c: join_retailers(c, "jumeau", "depanneur-42", by="anne", at=PUBLISHED_AT))
    assert decide_due(services, lambda: later(hours=2)) == 1
    assert states(services) == ["accepted", "accepted"]
    assert rows(services, tables.audit)[-1].after["about"] == "jumeau"
    services.ledger.close()


def test_many_retailers_at_once_are_one_row(services):
    many = {f"détaillant {number}": [] for number in range(redecisions.MOST_RETAILERS + 1)}
    services.ledger.write(lambda c: set_memberships(c, many, PUBLISHED_AT))
    assert [(row.cause, row.retailer_id) for row in waiting(services)] == [("groups", None)]


# What goes wrong.


def test_one_order_that_can_t_be_decided_holds_up_no_other(services, monkeypatch):
    hold(services, 3)
    publish(services)
    real = work.redecide

    def failing(connection, services, key, cause, at):
        if key == 2:
            raise RuntimeError("broken")
        return real(connection, services, key, cause, at)

    monkeypatch.setattr(work, "redecide", failing)
    assert decide_due(services, lambda: later(hours=2)) == 2
    [left] = waiting(services)
    assert (left.order_key, left.cause, left.subject, left.attempts) == (2, "publication", "2", 1)
    tries = 1
    while waiting(services):
        at = later(hours=2) + tries * RETRY * 2**MOST_ATTEMPTS
        decide_due(services, partial(datetime.astimezone, at))
        tries += 1
    assert tries == MOST_ATTEMPTS + 1 and states(services) == ["accepted", "held", "accepted"]


def test_what_can_t_be_written_is_tried_again_from_the_same_place(services, monkeypatch):
    hold(services, 2)
    publish(services)
    with monkeypatch.context() as full:
        full.setattr(Ledger, "write", lambda *_: (_ for _ in ()).throw(OSError("no space left")))
        full.setattr(Ledger, "record", lambda *_: (_ for _ in ()).throw(OSError("no space left")))
        with pytest.raises(OSError):
            decide_due(services, lambda: later(hours=2))
    assert decide_due(services, lambda: later(hours=2)) == 2 and waiting(services) == []


def test_several_who_work_at_once_accept_each_order_once(services):
    hold(services, 2 * BATCH)
    publish(services)
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _: decide_due(services, lambda: later(hours=2)), range(4)))
    assert sum(counts) == 2 * BATCH
    assert _once(services, 2 * BATCH)


def test_kills_in_the_middle_accept_each_order_once(tmp_path):
    services, count = make_services(tmp_path), 4 * BATCH
    hold(services, count)
    publish(services)
    services.ledger.close()
    seen = []
    for seconds in (0.01, 0.04):
        command = [sys.executable, "-m", "tests.orders.waiting.killed", str(tmp_path), url_of(tmp_path)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "piece\n"
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        services = open_services(tmp_path)
        seen.append(states(services).count("accepted"))
        services.ledger.close()
    services = open_services(tmp_path)
    left = count - seen[-1]
    assert left > 0 and decide_due(services, lambda: later(hours=2)) == left
    assert _once(services, count)
    services.ledger.close()


def _once(services, count):
    """Each order is accepted by one move, with one invoice, one mail, one event of each kind and one entry."""
    keys = {row.key for row in rows(services, tables.orders)}
    moves = [row.order_key for row in rows(services, tables.transitions) if row.after == "accepted"]
    mails = [row.order_key for row in rows(services, tables.outbox) if row.event == "invoice.issued"]
    entries = [row.subject for row in rows(services, tables.audit)]
    told = [row.order_key for row in rows(services, tables.events) if row.kind == "order.accepted"]
    invoices = [row.order_key for row in rows(services, tables.invoices)]
    for found in (moves, mails, told, invoices):
        assert sorted(found) == sorted(keys)
    assert len(entries) == len(set(entries)) == len(keys) == count
    return states(services) == ["accepted"] * count and waiting(services) == []


def test_room_under_a_credit_limit_lets_pass_what_it_holds_and_no_more(tmp_path):
    """Two orders are held by a limit; a payment makes room for one of them."""
    services = replace(make_services(tmp_path, tous(acceptance_credit_limit="2000.00")), knows_accounts=True)
    for number in range(3):
        send(services, order_body(f"PO-{number}"))
    assert states(services) == ["accepted", "held", "held"]
    today = NOW.astimezone(MONTREAL).date()
    pay_rest(services, 1, by="anne", at=later(hours=1), on=today)
    assert decide_due(services, lambda: later(hours=2)) == 1
    assert states(services) == ["accepted", "accepted", "held"]
    assert order_moves(services)[-1].why == "decided_again payment F-2021-00001"
    lifecycle.cancel(services, 2, was="accepted", by="anne", at=later(hours=3), why="erreur")
    assert decide_due(services, lambda: later(hours=4)) == 1 and states(services)[2] == "accepted"
    services.ledger.close()


def test_an_accepted_order_that_has_no_invoice_yet_makes_room_when_it_is_cancelled(tmp_path):
    limited = tous(acceptance_credit_limit="2000.00", invoicing_trigger="manual")
    services = replace(make_services(tmp_path, limited), knows_accounts=True)
    send(services)
    send(services, order_body("PO-2"))
    assert states(services) == ["accepted", "held"]
    lifecycle.cancel(services, 1, was="accepted", by="anne", at=later(hours=1), why="erreur")
    assert [(row.cause, row.subject) for row in waiting(services)] == [("cancellation", "PO-1")]
    assert decide_due(services, lambda: later(hours=2)) == 1 and states(services) == ["cancelled", "accepted"]
    services.ledger.close()


def test_an_accepted_order_that_has_no_invoice_yet_makes_room_when_it_is_changed_to_less(tmp_path):
    limited = tous(acceptance_credit_limit="2600.00", invoicing_trigger="manual", acceptance_amendable=True)
    services = replace(make_services(tmp_path, limited), knows_accounts=True)
    for id, items in (("PO-1", 30), ("PO-2", 24)):
        send(services, order_body(id, items=items))
    send(services, order_body(items=31), at=later(hours=1))
    assert waiting(services) == []
    send(services, order_body(), at=later(hours=2))
    assert [(row.cause, row.subject) for row in waiting(services)] == [("change", "PO-1")]
    assert decide_due(services, lambda: later(hours=3)) == 1 and states(services) == ["accepted", "accepted"]
    services.ledger.close()


@pytest.mark.parametrize("delivered, concerned", [(24, []), (23, ["delivery"])])
def test_a_delivery_concerns_other_orders_where_something_of_it_did_not_come(tmp_path, delivered, concerned):
    services = make_services(tmp_path, tous(invoicing_trigger="manual"))
    send(services)
    deliveries.deliver(services, 1, by="anne", at=later(hours=1), lines=(LineDelivered(1, delivered),))
    assert [row.cause for row in waiting(services)] == concerned
    services.ledger.close()

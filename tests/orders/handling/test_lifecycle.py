"""What becomes of an order after its decision: one move each time, whoever else tries, and on record."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from houblon.orders.db import tables
from houblon.orders.handling import amend, deliveries, lifecycle, review
from houblon.orders.mail.rendered import rendered
from houblon.orders.outbox.delivery import deliver_due
from houblon.orders.services import Conflict
from tests.clock import NOW
from tests.orders.services import (
    invoice_moves,
    join,
    later,
    make_services,
    order_body,
    order_moves,
    publish_groups,
    rows,
    send,
    tous,
)

LINE = {"sku": "IPA-24", "quantity": 24, "unit_price": "54.00"}
GONE = {"sku": "STO-50", "quantity": 2, "unit_price": "180.00", "available": False}


def conflict(action):
    with pytest.raises(Conflict) as caught:
        action()
    return caught.value


def moved(services, key=1):
    return [(row.before, row.after, row.who, row.why) for row in order_moves(services) if row.order_key == key][1:]


def state(services, key=1):
    return {row.key: row.state for row in rows(services, tables.orders)}[key]


def cancel(services, key=1, was="accepted", by="anne", at=None, why="client fermé"):
    return lifecycle.cancel(services, key, was=was, by=by, at=at or later(hours=1), why=why)


def test_a_delivery_is_recorded_with_who_and_when(services):
    send(services)
    assert deliveries.deliver(services, 1, by="anne", at=later(days=2)).invoice is None
    assert moved(services) == [("accepted", "delivered", "anne", "")] and state(services) == "delivered"
    assert len(rows(services, tables.invoices)) == 1


def test_a_held_order_is_accepted_before_it_is_delivered(services):
    send(services, order_body(items=1))
    assert conflict(lambda: deliveries.deliver(services, 1, by="anne", at=NOW)).code == "not_accepted"
    assert state(services) == "held"


def test_the_second_person_learns_who_was_first(services):
    send(services)
    deliveries.deliver(services, 1, by="anne", at=later(hours=1))
    for second in (
        partial(deliveries.deliver, services, 1, by="bruno", at=later(hours=2)),
        partial(cancel, services, by="bruno"),
    ):
        told = conflict(second)
        assert told.code == "already_settled" and "livrée, par anne" in told.fr and "delivered, by anne" in told.en
    assert len(moved(services)) == 1


def test_many_people_who_deliver_and_cancel_at_once_make_one_move(services):
    send(services)

    def one(number):
        try:
            if number % 2:
                deliveries.deliver(services, 1, by=f"person {number}", at=later(hours=1))
            else:
                cancel(services, by=f"person {number}")
        except Conflict:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(16))) == 1
    assert len(moved(services)) == 1
    kinds = sorted(row.kind for row in rows(services, tables.invoices))
    assert kinds == (["credit_note", "invoice"] if state(services) == "cancelled" else ["invoice"])


@pytest.fixture
def at_delivery(tmp_path):
    services = make_services(tmp_path, tous(invoicing_trigger="on_delivery"))
    yield services
    services.ledger.close()


def test_the_invoice_left_to_the_delivery_has_the_acceptance_s_terms(at_delivery):
    send(at_delivery, order_body(distributor="transbroue"))
    publish_groups(at_delivery.policies.store, tous(invoicing_terms={"kind": "on_receipt"}), at=later(hours=1))
    assert rows(at_delivery, tables.invoices) == []
    with at_delivery.ledger.reading() as connection:
        draft = review.preview_of_delivery(connection, at_delivery, 1, later(days=8)).draft
    number = deliveries.deliver(at_delivery, 1, by="anne", at=later(days=8)).invoice
    [invoice] = rows(at_delivery, tables.invoices)
    assert invoice.number == number and invoice.issued_at == later(days=8)
    assert (invoice.due_date, invoice.document["terms"]) == ("2021-06-19", {"kind": "net", "days": 30})
    assert {**draft, "number": number} == invoice.document
    assert [row.event for row in rows(at_delivery, tables.outbox)] == ["order.accepted", "invoice.issued"]


def test_an_invoice_that_a_rule_withholds_is_left_to_a_person_at_the_delivery_too(tmp_path):
    withhold = {
        "label": {"fr": "Sans facture", "en": "No invoice"},
        "conditions": {"all": [{"name": "item_count", "operator": "greater_than", "value": 1}]},
        "actions": [{"name": "withhold_invoice", "params": {"reason": "by_hand"}}],
    }
    services = make_services(tmp_path, tous({"sans-facture": withhold}, invoicing_trigger="on_delivery"))
    send(services)
    assert deliveries.deliver(services, 1, by="anne", at=later(days=1)).invoice is None
    assert rows(services, tables.invoices) == []
    assert review.issue_invoice(services, 1, by="anne", at=later(days=2)) == "F-2021-00001"
    services.ledger.close()


def test_a_cancelled_order_s_invoice_is_credited_in_the_same_breath(services):
    send(services)
    assert cancel(services) == lifecycle.Cancelled("NC-2021-00001", True)
    invoice, note = rows(services, tables.invoices)
    assert (invoice.state, note.state, note.kind, note.credits) == ("credited", "issued", "credit_note", invoice.key)
    assert note.total == -invoice.total and note.document["credits"] == invoice.number
    assert note.document["why"] == "client fermé" and note.due_date is None
    assert [(row.invoice_key, row.before, row.after, row.who) for row in invoice_moves(services)] == [
        (1, None, "issued", "houblon"),
        (2, None, "issued", "anne"),
        (1, "issued", "credited", "anne"),
    ]
    *_, message = rows(services, tables.outbox)
    assert (message.event, message.invoice_key) == ("credit_note.issued", note.key)
    assert "NC-2021-00001" in rendered(message.message)["text"] and "/f/" in rendered(message.message)["text"]


def test_credit_notes_have_a_gapless_series_of_their_own(services):
    for number in range(4):
        send(services, order_body(f"PO-{number}"))
    for key in (3, 1, 4):
        cancel(services, key)
    numbers = [row.number for row in rows(services, tables.invoices)]
    assert numbers == [f"F-2021-0000{n}" for n in (1, 2, 3, 4)] + [f"NC-2021-0000{n}" for n in (1, 2, 3)]


def test_a_cancellation_that_fails_credits_nothing(services, monkeypatch):
    send(services)

    def broken(*_, **__):
        raise RuntimeError

    monkeypatch.setattr("houblon.orders.mail.enqueue.queue_notice", broken)
    with pytest.raises(RuntimeError):
        cancel(services)
    monkeypatch.undo()
    assert state(services) == "accepted" and len(rows(services, tables.invoices)) == 1
    assert cancel(services).credit_note == "NC-2021-00001"


def test_an_order_that_was_accepted_meanwhile_is_not_cancelled_as_a_held_one(services):
    send(services, order_body(items=1))
    review.accept(services, 1, by="anne", at=later(minutes=1))
    assert conflict(lambda: cancel(services, was="held")).code == "already_settled"
    assert state(services) == "accepted" and len(rows(services, tables.invoices)) == 1


@pytest.mark.parametrize(
    ("told", "items", "was", "event"),
    [
        (["invoice.issued"], 24, "accepted", "credit_note.issued"),
        (["order.accepted"], 24, "accepted", "order.cancelled"),
        (["order.held"], 24, "accepted", None),
        (["order.held"], 1, "held", "order.cancelled"),
        (["order.accepted", "invoice.issued"], 1, "held", None),
    ],
)
def test_a_buyer_is_told_of_a_cancellation_as_the_policy_allows(tmp_path, told, items, was, event):
    services = make_services(tmp_path, tous(notifications_buyer=told))
    send(services, order_body(items=items))
    before = len(rows(services, tables.outbox))
    assert cancel(services, was=was).is_buyer_notified == (event is not None)
    assert [row.event for row in rows(services, tables.outbox)][before:] == ([event] if event else [])
    services.ledger.close()


def test_a_settled_order_sent_anew_stays_settled(services):
    send(services)
    cancel(services)
    assert send(services).replayed
    assert "annulée, par anne" in conflict(lambda: send(services, order_body(items=30))).fr


@pytest.fixture
def short(services):
    send(services, order_body(lines=[LINE, GONE]))
    assert state(services) == "held"
    return services


def seen(services):
    return rows(services, tables.orders)[0].content_hash


def test_a_product_that_can_be_had_again_lets_the_order_be_decided_again(short):
    before = rows(short, tables.orders)[0]
    assert amend.make_available(short, 1, 1, by="anne", at=later(hours=1), seen=seen(short)) == "accepted"
    assert moved(short) == [
        ("held", "held", "anne", "line_available STO-50"),
        ("held", "accepted", "houblon", "automatic"),
    ]
    [earlier] = rows(short, tables.earlier_contents)
    assert (earlier.body, earlier.content_hash) == (before.body, before.content_hash)
    assert rows(short, tables.invoices)[0].document["cents"]["subtotal"] == 24 * 5400 + 2 * 18000


def test_a_line_that_is_removed_is_not_invoiced(short):
    assert amend.remove(short, 1, 1, by="anne", at=later(hours=1), seen=seen(short)) == "accepted"
    assert [line["sku"] for line in rows(short, tables.invoices)[0].document["lines"]] == ["IPA-24"]
    [order] = rows(short, tables.orders)
    assert (order.item_count, order.order_value) == (24, 24 * 5400)


def test_what_the_source_sends_again_unchanged_is_known_for_what_it_was(short):
    amend.remove(short, 1, 1, by="anne", at=later(hours=1), seen=seen(short))
    assert send(short, order_body(lines=[LINE, GONE]), at=later(hours=2)).replayed
    assert len(rows(short, tables.invoices)) == 1


def test_lines_are_mended_on_what_was_seen_while_the_order_is_held_and_never_to_nothing(short):
    stale = seen(short)
    send(short, order_body(lines=[LINE, GONE, LINE | {"sku": "X"}]), at=later(minutes=1))
    act = {"by": "anne", "at": later(hours=1)}
    assert conflict(lambda: amend.remove(short, 1, 1, **act, seen=stale)).code == "order_changed"
    assert conflict(lambda: amend.make_available(short, 1, 0, **act, seen=seen(short))).code == "already_available"
    with pytest.raises(LookupError):
        amend.remove(short, 1, 3, **act, seen=seen(short))
    for index in (2, 0):
        amend.remove(short, 1, index, **act, seen=seen(short))
    assert conflict(lambda: amend.remove(short, 1, 0, **act, seen=seen(short))).code == "last_line"
    review.refuse(short, 1, by="anne", at=later(hours=2), why="rien")
    assert conflict(lambda: amend.remove(short, 1, 0, **act, seen=seen(short))).code == "already_settled"


def test_an_order_mended_by_two_people_at_once_is_mended_once(short):
    known = seen(short)

    def one(number):
        try:
            amend.remove(short, 1, 1, by=f"person {number}", at=later(hours=1), seen=known)
        except Conflict:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(8))) == 1
    assert len(rows(short, tables.invoices)) == 1


def test_a_mended_order_is_decided_by_the_chain_of_that_moment(short):
    join(short, "depanneur-42", "payeurs-a-risque")
    assert amend.make_available(short, 1, 1, by="anne", at=later(hours=1), seen=seen(short)) == "held"
    assert rows(short, tables.decisions)[-1].chain == ["payeurs-a-risque", "tous"]


def test_the_credit_note_reaches_the_buyer_like_the_invoice(services):
    send(services)
    cancel(services)
    sent = []

    class Post:
        def send(self, id, recipient, message):
            sent.append(message["subject"])

    deliver_due(services.ledger, Post(), later(hours=2))
    assert sent == ["Facture F-2021-00001 de Brasserie du Test", "Note de crédit NC-2021-00001 de Brasserie du Test"]
    assert [row.state for row in rows(services, tables.invoices)] == ["credited", "sent"]

"""Events are facts: each once, in its own transaction, told by what it names."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import IntegrityError

from houblon.orders.db import tables
from houblon.orders.events.record import record_event
from houblon.orders.events.sound import unsound_events
from houblon.orders.handling import amend, credit_notes, deliveries, lifecycle, planned_delivery, review
from houblon.orders.invoicing import payments, transitions
from houblon.orders.invoicing.credits import Words
from houblon.orders.retailers.joins import join_retailers
from tests.clock import MONTREAL, NOW
from tests.orders.events.reading import events_of, kinds_of
from tests.orders.services import later, make_services, order_body, rows, send, tous

TODAY = NOW.astimezone(MONTREAL).date()


def unsound(services):
    with services.ledger.reading() as connection:
        return [(each.kind, each.key, each.is_missing) for each in unsound_events(connection)]


def test_an_order_s_life_is_told_in_its_order_with_nobody_listening(services):
    send(services, order_body(items=3))
    send(services, order_body(items=12))
    review.accept(services, 1, by="anne", at=later(hours=1))
    transitions.viewed(services, 1, at=later(hours=2))
    deliveries.deliver(services, 1, by="anne", at=later(hours=3))
    payments.pay_rest(services, 1, by="anne", at=later(hours=4), on=TODAY)
    assert kinds_of(services) == [
        *("order.held", "order.changed", "order.held", "order.accepted", "invoice.issued"),
        *("invoice.viewed", "order.delivered", "payment.recorded", "invoice.paid"),
    ]
    first, changed, second, accepted = events_of(services)[:4]
    assert (first.data["item_count"], first.data["again"], first.data["decided_by"]) == (3, False, "policy")
    assert (changed.data["item_count"], changed.data["changed_by"]) == (12, "source")
    assert (second.data["item_count"], second.data["again"]) == (12, True)
    assert (accepted.data["decided_by"], accepted.data["invoice_number"]) == ("person", "F-2021-00001")
    assert unsound(services) == []


def test_every_event_of_an_order_names_it_and_its_invoice(services):
    send(services)
    lifecycle.cancel(services, 1, was="accepted", by="anne", at=later(hours=1), why="erreur")
    for event in events_of(services):
        data = event.data
        assert (data["source"], data["order_id"], data["order_key"]) == ("boutique", "PO-1", 1)
        assert (data["invoice_key"], data["invoice_number"]) == (1, "F-2021-00001")
        assert abs(float(data["total"])) == 1490.08


def test_once_retailers_are_joined_their_events_have_the_other_id_and_nothing_else_changes(services):
    send(services)
    send(services, order_body("PO-2", items=3, buyer={"id": "jumeau"}))
    before = events_of(services)
    assert {event.data["buyer_id"] for event in before if event.order_key == 2} == {"jumeau"}
    services.ledger.write(lambda c: join_retailers(c, "jumeau", "depanneur-42", by="anne", at=later(hours=1)))
    assert events_of(services) == [
        msgspec.structs.replace(event, data={**event.data, "buyer_id": "depanneur-42"}) for event in before
    ]


def test_the_invoice_of_a_later_day_is_not_told_with_the_acceptance(tmp_path):
    services = make_services(tmp_path, tous(invoicing_trigger="manual"))
    send(services)
    before = events_of(services)
    review.issue_invoice(services, 1, by="anne", at=later(hours=1))
    accepted, issued = events_of(services)
    assert [accepted] == before and "invoice_number" not in accepted.data
    assert issued.data["invoice_number"] == "F-2021-00001"
    services.ledger.close()


def test_a_cancelled_order_that_was_invoiced_has_a_credit_note_that_names_the_invoice(services):
    send(services)
    lifecycle.cancel(services, 1, was="accepted", by="anne", at=later(hours=1), why="erreur")
    cancelled, note, credited = events_of(services)[-3:]
    assert (cancelled.type, cancelled.data["was"]) == ("order.cancelled", "accepted")
    assert (note.type, note.data["invoice_number"], note.data["credit_note_number"], note.data["total"]) == (
        *("credit_note.issued", "F-2021-00001"),
        *("NC-2021-00001", "-1490.08"),
    )
    assert (credited.type, credited.data["invoice_number"], credited.data["amount"]) == (
        *("invoice.credited", "F-2021-00001"),
        "1490.08",
    )
    assert "erreur" not in str([event.data for event in events_of(services)])


def test_a_delivery_that_is_rescheduled_tells_the_due_date_only_where_it_moves(services):
    send(services, order_body("A"))
    planned_delivery.change(services, 1, TODAY + timedelta(days=9), by="anne", at=NOW, why="congé")
    following = replace(services, follow_delivery=True)
    send(services, order_body("B"))
    planned_delivery.change(following, 2, TODAY + timedelta(days=9), by="anne", at=NOW, why="congé")
    told = [event for event in events_of(services) if event.type in ("order.rescheduled", "invoice.due_date_moved")]
    assert [(event.type, event.order_key) for event in told] == [
        *(("order.rescheduled", 1), ("order.rescheduled", 2), ("invoice.due_date_moved", 2)),
    ]
    assert told[-1].data["due_before"] == "2021-06-11" and told[-1].data["due_after"] == "2021-06-20"


def test_an_order_that_was_paid_at_its_source_is_told_as_paid(services):
    send(services, order_body(payment={"state": "paid", "reference": "ch_3Nx"}))
    assert kinds_of(services) == ["order.accepted", "invoice.issued", "payment.recorded", "invoice.paid"]
    recorded, paid = events_of(services)[-2:]
    assert (recorded.data["amount"], recorded.data["reference"], recorded.data["balance"]) == (
        *("1490.08", "ch_3Nx"),
        "0.00",
    )
    assert paid.data["amount"] == "1490.08" and "reference" not in paid.data


def test_each_entry_of_a_payment_is_told_and_what_it_makes_of_the_invoice(services):
    send(services)
    for amount in (500_00, 1000_00):
        entry = payments.Payment(amount, TODAY, "chèque 12", "cheque")
        payments.pay(services, 1, entry, by="anne", at=later(hours=1))
    payments.reverse(services, 1, 1, by="anne", at=later(hours=2), why="Lucie a rappelé")
    told = [event for event in events_of(services) if event.type.startswith(("payment.", "invoice."))][1:]
    assert [(event.type, event.data.get("amount"), event.data.get("balance")) for event in told] == [
        ("payment.recorded", "500.00", "990.08"),
        ("payment.recorded", "1000.00", "-9.92"),
        ("invoice.paid", "1490.08", None),
        ("payment.reversed", "-500.00", "490.08"),
        ("invoice.reopened", None, "490.08"),
    ]
    [_, _, entry] = rows(services, tables.payments)
    assert {name: told[3].data[name] for name in ("payment_id", "on", "means", "reference", "reverses")} == {
        **{"payment_id": 3, "on": entry.paid_on, "means": "cheque", "reference": "chèque 12"},
        "reverses": 1,
    }
    assert "Lucie" not in str(told) and unsound(services) == []


def test_an_invoice_that_a_credit_leaves_paid_is_told_with_what_was_paid_of_it(services):
    send(services)
    payments.pay(services, 1, payments.Payment(745_04, TODAY), by="anne", at=later(hours=1))
    asked = (credit_notes.Asked(1, 12),)
    credit_notes.credit(services, 1, asked, Words(reason="casse"), by="anne", at=later(hours=2))
    [paid] = events_of(services, kinds=["invoice.paid"])
    assert paid.data["amount"] == "745.04" and unsound(services) == []


def test_a_mended_line_is_a_change_by_a_person_and_a_key_decides_as_a_key(services):
    send(services, order_body(lines=[line("A"), line("B", available=False)]))
    [held] = rows(services, tables.orders)
    amend.remove(services, 1, 1, by="anne", at=later(hours=1), seen=held.content_hash)
    assert [event.data.get("changed_by") for event in events_of(services)][1] == "person"
    send(services, order_body("PO-2", items=3))
    review.refuse(services, 2, by="api:caisse", at=later(hours=2), why="non")
    assert events_of(services)[-1].data["decided_by"] == "key"
    assert unsound(services) == []


def line(sku, **members):
    return {"sku": sku, "quantity": 24, "unit_price": "54.00", **members}


def test_a_fact_has_one_event_of_a_kind_and_a_second_one_fails_with_its_transaction(services):
    send(services)
    [accepted, _] = rows(services, tables.events)
    with pytest.raises(IntegrityError):
        services.ledger.write(
            lambda c: record_event(c, accepted.kind, NOW, order_key=accepted.order_key, fact=accepted.fact)
        )
    assert len(rows(services, tables.events)) == 2


def test_an_invoice_whose_payment_is_reversed_is_not_issued_or_viewed_again(services):
    send(services)
    payments.pay_rest(services, 1, by="anne", at=later(hours=1), on=TODAY)
    payments.reverse(services, 1, 1, by="anne", at=later(hours=2))
    transitions.viewed(services, 1, at=later(hours=3))
    payments.pay_rest(services, 1, by="anne", at=later(hours=4), on=TODAY)
    payments.reverse(services, 1, 3, by="anne", at=later(hours=5))
    assert [kinds_of(services).count(f"invoice.{kind}") for kind in ("issued", "viewed", "paid")] == [1, 1, 2]
    assert unsound(services) == []


def test_what_lacks_its_event_or_its_fact_is_found(services):
    send(services)
    deliveries.deliver(services, 1, by="anne", at=later(hours=1))
    assert unsound(services) == []
    services.ledger.write(lambda c: c.execute(delete(tables.events).where(tables.events.c.kind == "invoice.issued")))
    services.ledger.write(
        lambda c: c.execute(update(tables.events).where(tables.events.c.kind == "order.accepted").values(fact=99))
    )
    values = {"kind": "order.held", "at": NOW, "order_key": 1, "fact": 1}
    services.ledger.write(lambda c: c.execute(insert(tables.events).values(**values)))
    found = unsound(services)
    assert ("order.accepted", 1, True) in found and ("order.accepted", 1, False) in found
    assert [kind for kind, _, _ in found].count("invoice.issued") == 1
    assert ("order.held", 4, False) in found


def test_events_hold_nothing_of_a_person_but_the_id_of_the_buyer(services):
    send(services, order_body(items=3, note="appeler Lucie au 514 555-0000"))
    review.accept(services, 1, by="anne@brasserie.example", at=later(hours=1), why="Lucie a appelé")
    lifecycle.cancel(services, 1, was="accepted", by="anne@brasserie.example", at=later(hours=2), why="Lucie encore")
    told = msgspec.json.encode([event.payload for event in events_of(services)]).decode()
    for personal in ("coin@example.com", "Dépanneur du Coin", "anne@", "Lucie", "514"):
        assert personal not in told
    assert "depanneur-42" in told

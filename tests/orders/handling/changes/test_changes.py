"""A source changes an order after its acceptance: taken where the group lets it, kept for a person where it is held."""

import dataclasses
from datetime import UTC, datetime

import msgspec
import pytest

from houblon.orders.db import tables
from houblon.orders.handling import (
    amend,
    credit_notes,
    deliveries,
    lifecycle,
    planned_delivery,
    review,
)
from houblon.orders.handling.changes import review as change_review
from houblon.orders.handling.credit_notes import Asked
from houblon.orders.handling.planned_delivery import changes_of
from houblon.orders.handling.receive import ingest
from houblon.orders.handling.replay import replay
from houblon.orders.intake.decode import read_order
from houblon.orders.intake.incoming import incoming_of
from houblon.orders.invoicing import payments
from houblon.orders.invoicing.credits import Words
from houblon.orders.invoicing.payments import Payment
from houblon.orders.queries.sums import sums_that_differ
from houblon.orders.services import Conflict
from tests.clock import NOW, day_of
from tests.orders.events.test_facts import unsound
from tests.orders.services import (
    group,
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

LATER = later(hours=1)


@pytest.fixture
def services(tmp_path):
    found = make_services(tmp_path, tous(acceptance_amendable=True))
    yield found
    check(found)
    found.ledger.close()


def check(services):
    """Whatever was done: every decision comes out again, every sum adds up, every fact has its event."""
    with services.ledger.reading() as connection:
        assert replay(connection, services).differences == ()
        assert list(sums_that_differ(connection)) == []
    assert unsound(services) == []


def papers(services):
    return [(row.number, row.state, row.total) for row in rows(services, tables.invoices)]


def events(services):
    return [row.kind for row in rows(services, tables.events)]


def mails(services):
    found = [row for row in rows(services, tables.outbox) if row.kind == "mail"]
    return [(row.event, row.message["subject"]) for row in found]


def order(services):
    [found] = rows(services, tables.orders)
    return found


def refused(work):
    with pytest.raises(Conflict) as told:
        work()
    return told.value.code


def from_shop(services, items, changed, at):
    """As a shop sends: signed without its delivery, so that it may be old, with when it was changed."""
    body = order_body(items=items)
    incoming = incoming_of(body, read_order(body), source="boutique", at=at)
    said = msgspec.structs.replace(incoming, may_be_old=True, changed_at=changed)
    return services.ledger.record(lambda connection: ingest(connection, services, said))


def test_an_accepted_change_credits_the_invoice_whole_and_issues_another(services):
    send(services, order_body(distributor="transbroue"))
    done = send(services, order_body(items=30, distributor="transbroue"), at=LATER)
    assert done.document["outcome"] == "accepted"
    (first, was, total), (note, _, taken), (second, now, new) = papers(services)
    assert (first, note, second) == ("F-2021-00001", "NC-2021-00001", "F-2021-00002")
    assert (was, now, taken) == ("credited", "issued", -total)
    assert (done.invoice.number, done.invoice.total) == (second, new)
    invoice = rows(services, tables.invoices)[2]
    assert invoice.due_date == "2021-06-19" and invoice.document["replaces"] == {"invoice": first, "credit_note": note}
    assert order(services).item_count == 30 and len(rows(services, tables.earlier_contents)) == 1
    assert [row.outcome for row in rows(services, tables.decisions)] == ["accepted", "accepted"]
    assert events(services)[2:] == [
        "order.changed",
        "order.accepted",
        "credit_note.issued",
        "invoice.credited",
        "invoice.issued",
    ]
    assert [(move.before, move.after) for move in order_moves(services)] == [
        (None, "accepted"),
        ("accepted", "accepted"),
    ]


def test_the_buyer_gets_one_mail_that_says_what_took_the_place_of_what(services):
    send(services)
    send(services, order_body(items=30), at=LATER)
    (_, first), (event, subject) = mails(services)
    assert first.startswith("Facture F-2021-00001") and event == "order.change_accepted"
    assert subject == "Commande PO-1 modifiée chez Brasserie du Test"
    message = rows(services, tables.outbox)[-1].message
    text = " ".join(message["lines"])
    assert "F-2021-00002 remplace la facture F-2021-00001" in text and "NC-2021-00001" in text
    assert len(message["also"]) == 1 and message["link"] != message["also"][0][1]


def test_an_order_that_is_not_invoiced_yet_only_says_something_else(tmp_path):
    for trigger in ("manual", "on_delivery"):
        services = make_services(tmp_path / trigger, tous(acceptance_amendable=True, invoicing_trigger=trigger))
        send(services)
        assert send(services, order_body(items=30), at=LATER).document["outcome"] == "accepted"
        assert papers(services) == [] and order(services).item_count == 30
        assert mails(services)[-1] == ("order.change_accepted", "Commande PO-1 modifiée chez Brasserie du Test")
        if trigger == "manual":
            review.issue_invoice(services, 1, by="anne", at=LATER)
        else:
            deliveries.deliver(services, 1, by="anne", at=LATER)
        [invoice] = rows(services, tables.invoices)
        assert invoice.document["lines"][0]["quantity"] == 30
        check(services)
        services.ledger.close()


def test_an_invoice_that_a_person_issued_is_replaced_as_well(tmp_path):
    services = make_services(tmp_path, tous(acceptance_amendable=True, invoicing_trigger="manual"))
    send(services)
    review.issue_invoice(services, 1, by="anne", at=NOW)
    send(services, order_body(items=30), at=LATER)
    assert [(row.kind, row.state) for row in rows(services, tables.invoices)] == [
        ("invoice", "credited"),
        ("credit_note", "issued"),
        ("invoice", "issued"),
    ]
    check(services)
    services.ledger.close()


def test_what_a_rule_withholds_is_credited_and_waits_for_a_person(tmp_path):
    many = {"conditions": {"all": [{"name": "item_count", "operator": "greater_than", "value": 25}]}}
    withhold = {**many, "actions": [{"name": "withhold_invoice", "params": {"reason": "a_verifier"}}]}
    services = make_services(tmp_path, tous({"beaucoup": withhold}, acceptance_amendable=True))
    send(services)
    done = send(services, order_body(items=30), at=LATER)
    assert [row.kind for row in rows(services, tables.invoices)] == ["invoice", "credit_note"] and done.invoice is None
    check(services)
    assert "viendra plus tard" in " ".join(rows(services, tables.outbox)[-1].message["lines"])
    assert review.issue_invoice(services, 1, by="anne", at=LATER) == "F-2021-00002"
    check(services)
    services.ledger.close()


def test_an_invoice_that_would_say_the_same_stands(services):
    send(services)
    done = send(services, order_body(note="Livrez derrière."), at=LATER)
    assert done.document["outcome"] == "accepted" and done.invoice.number == "F-2021-00001"
    assert len(papers(services)) == 1 and b"Livrez" in order(services).body
    assert "reste la même" in " ".join(rows(services, tables.outbox)[-1].message["lines"])


def test_a_change_that_the_policy_refuses_leaves_the_order_as_it_is(tmp_path):
    rule = {
        "conditions": {"all": [{"name": "item_count", "operator": "greater_than", "value": 100}]},
        "actions": [{"name": "refuse", "params": {"reason": "trop"}}],
    }
    services = make_services(tmp_path, tous({"trop": rule}, acceptance_amendable=True))
    send(services)
    done = send(services, order_body(items=200), at=LATER)
    assert (done.document["outcome"], done.change) == ("refused", "refused")
    assert order(services).item_count == 24 and mails(services)[-1][0] == "order.change_refused"
    with services.ledger.reading() as connection:
        assert change_review.shown(connection, services, 1, LATER) is None
    check(services)
    services.ledger.close()


def test_the_setting_of_the_buyer_s_group_says_whether(tmp_path):
    services = make_services(tmp_path, group("souples", 20, acceptance_amendable=True))
    join(services, "souple-1", "souples")
    for id, buyer in (("A", "souple-1"), ("B", "autre-1")):
        send(services, order_body(id, buyer={"id": buyer}))
    assert (
        send(services, order_body("A", items=30, buyer={"id": "souple-1"}), at=LATER).document["outcome"] == "accepted"
    )
    assert refused(lambda: send(services, order_body("B", items=30, buyer={"id": "autre-1"}))) == "already_settled"
    # Another buyer's order is another order.
    assert refused(lambda: send(services, order_body("A", items=30, buyer={"id": "autre-1"}))) == "already_settled"
    publish_groups(services.policies.store, group("souples", 20), at=later(hours=2))
    told = refused(lambda: send(services, order_body("A", items=31, buyer={"id": "souple-1"}), at=later(hours=3)))
    assert told == "already_settled"
    services.ledger.close()


@pytest.mark.parametrize("done", ["delivered", "paid", "part", "credited", "cancelled", "paid_at_source"])
def test_what_was_delivered_paid_credited_or_cancelled_is_not_changed(services, done):
    paid = {"payment": {"state": "paid"}} if done == "paid_at_source" else {}
    send(services, order_body(**paid))
    if done == "delivered":
        deliveries.deliver(services, 1, by="anne", at=NOW)
    elif done in ("paid", "part"):
        payments.pay(services, 1, Payment(100 if done == "part" else 10**6, day_of(NOW)), by="anne", at=NOW)
    elif done == "credited":
        credit_notes.credit(services, 1, (Asked(1, 2),), Words(), by="anne", at=NOW)
    elif done == "cancelled":
        lifecycle.cancel(services, 1, was="accepted", by="anne", at=NOW, why="non")
    before = papers(services)
    for items in (30, 3):
        told = refused(lambda items=items: send(services, order_body(items=items, **paid), at=LATER))
        assert told == "already_settled"
    assert papers(services) == before and rows(services, tables.order_changes) == []


def test_a_payment_that_was_taken_back_bars_nothing(services):
    send(services)
    paid = payments.pay(services, 1, Payment(100, day_of(NOW)), by="anne", at=NOW)
    payments.reverse(services, 1, paid.key, by="anne", at=NOW)
    assert send(services, order_body(items=30), at=LATER).document["outcome"] == "accepted"


def test_only_the_newest_that_a_shop_says_counts(services):
    def at(hour):
        return datetime(2021, 5, 12, hour, tzinfo=UTC)

    from_shop(services, 24, at(10), NOW)
    from_shop(services, 30, at(12), later(hours=1))
    assert from_shop(services, 36, at(11), later(hours=2)).replayed and order(services).item_count == 30
    assert from_shop(services, 3, at(14), later(hours=3)).change == "waiting"
    # Older than the change that waits: what stood, and another change.
    assert from_shop(services, 30, at(13), later(hours=4)).document["outcome"] == "accepted"
    assert from_shop(services, 48, at(13), later(hours=5)).replayed
    [change] = rows(services, tables.order_changes)
    assert change.state == "waiting" and order(services).item_count == 30
    assert from_shop(services, 30, at(15), later(hours=6)).replayed
    assert rows(services, tables.order_changes)[0].state == "withdrawn"


def test_lines_that_a_person_mended_are_not_put_back_by_the_source(services):
    lines = [
        {"sku": sku, "quantity": 24, "unit_price": "10.00", "available": ok} for sku, ok in (("A", True), ("B", False))
    ]
    send(services, order_body(lines=lines))
    amend.remove(services, 1, 1, by="anne", at=NOW, seen=order(services).content_hash)
    assert order(services).state == "accepted"
    assert send(services, order_body(lines=lines), at=LATER).replayed
    more = [{**line, "quantity": 30} for line in lines]
    assert refused(lambda: send(services, order_body(lines=more), at=LATER)) == "already_settled"


def test_a_delivery_that_a_person_planned_holds_unless_the_source_names_another_day(tmp_path):
    services = dataclasses.replace(make_services(tmp_path, tous(acceptance_amendable=True)), follow_delivery=True)
    send(services, order_body(planned_delivery="2021-05-20"))
    planned_delivery.change(services, 1, day_of(datetime(2021, 5, 27, 12, tzinfo=UTC)), by="anne", at=NOW, why="pluie")
    send(services, order_body(items=30, planned_delivery="2021-05-20"), at=LATER)
    assert rows(services, tables.invoices)[-1].due_date == "2021-06-26"
    send(services, order_body(items=36, planned_delivery="2021-06-03"), at=later(hours=2))
    assert rows(services, tables.invoices)[-1].due_date == "2021-07-03"
    with services.ledger.reading() as connection:
        assert [each.after for each in changes_of(connection, 1)] == ["2021-05-27", "2021-06-03"]
    assert events(services).count("order.rescheduled") == 2
    check(services)
    services.ledger.close()


def test_what_the_source_was_paid_with_a_note_is_a_payment_of_the_invoice_that_it_has(services):
    send(services)
    paid = {"payment": {"state": "paid", "reference": "VISA 1"}}
    assert send(services, order_body(note="réglée", **paid), at=LATER).document["outcome"] == "accepted"
    assert [state for _, state, _ in papers(services)] == ["paid"]
    [entry] = rows(services, tables.payments)
    assert (entry.reference, entry.amount) == ("VISA 1", papers(services)[0][2])


def test_what_was_paid_in_part_with_another_quantity_is_on_the_new_invoice(services):
    send(services)
    part = {"payment": {"state": "partial", "amount": "100.00"}}
    send(services, order_body(items=30, **part), at=LATER)
    assert [(row.state, row.paid) for row in rows(services, tables.invoices)] == [
        ("credited", 0),
        ("issued", 0),
        ("issued", 10_000),
    ]


@pytest.mark.parametrize("trigger", ["on_acceptance", "on_delivery", "manual"])
def test_what_the_order_itself_made_owe_does_not_hold_back_its_change(tmp_path, trigger):
    changed = tous(acceptance_amendable=True, acceptance_credit_limit="1700.00", invoicing_trigger=trigger)
    services = dataclasses.replace(make_services(tmp_path, changed), knows_accounts=True)
    assert send(services).document["outcome"] == "accepted"
    assert send(services, order_body(items=30), at=LATER).document["outcome"] == "accepted"
    held = send(services, order_body(items=32), at=later(hours=2))
    assert (held.change, [each["code"] for each in held.document["reasons"]]) == ("waiting", ["credit_limit"])
    # Years later its own invoice is late: that is no reason either.
    assert send(services, order_body(items=29), at=later(days=900)).document["outcome"] == "accepted"
    check(services)
    services.ledger.close()

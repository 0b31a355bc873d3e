"""A held order decided again: accepted where the policy in force now accepts it, and else it waits as it did."""

import pytest

from houblon.orders.db import tables
from houblon.orders.db.tables.refused import called_off
from houblon.orders.events.sound import unsound_events
from houblon.orders.handling import amend, review, undo
from houblon.orders.handling.replay import replay
from houblon.orders.services import Conflict
from houblon.orders.waiting.redecision import Cause, decide_again, redecide
from houblon.rules.model.entry import Entry
from tests.orders.services import later, make_services, order_body, order_moves, publish_groups, rows, send, tous

PUBLISHED = Cause("publication", "2", "anne")


@pytest.fixture
def held(services):
    send(services, order_body(items=12, distributor="transbroue"))
    return services


def loosen(services, **settings):
    publish_groups(services.policies.store, tous(**{"acceptance_minimum_items": 6, **settings}), at=later(hours=1))


def again(services, key=1, cause=PUBLISHED, **delta):
    at = later(**(delta or {"hours": 2}))
    return services.ledger.write(lambda connection: redecide(connection, services, key, cause, at))


def state(services, key=1):
    return next(row.state for row in rows(services, tables.orders) if row.key == key)


def test_what_the_policy_in_force_accepts_is_accepted_as_any_order(held):
    loosen(held)
    done = again(held)
    assert done.is_accepted and done.invoice == "F-2021-00001" and state(held) == "accepted"
    [invoice] = rows(held, tables.invoices)
    assert (invoice.issued_at, invoice.due_date) == (later(hours=2), "2021-06-19")
    assert [row.event for row in rows(held, tables.outbox)] == ["order.held", "invoice.issued"]
    assert [row.kind for row in rows(held, tables.events)] == ["order.held", "order.accepted", "invoice.issued"]


def test_the_history_keeps_both_decisions_and_says_what_caused_the_second(held):
    loosen(held)
    again(held)
    first, second = rows(held, tables.decisions)
    assert (first.outcome, first.version, second.outcome, second.version) == ("held", 1, "accepted", 2)
    assert second.who == "houblon" and second.made_at == later(hours=2)
    move = order_moves(held)[-1]
    assert (move.before, move.after, move.who, move.why) == (
        "held",
        "accepted",
        "houblon",
        "decided_again publication 2",
    )
    [entry] = rows(held, tables.audit)
    assert (entry.who, entry.act, entry.subject) == ("houblon", "order.decided_again", "PO-1")
    assert (entry.after["cause"], entry.after["about"], entry.after["caused_by"]) == ("publication", "2", "anne")
    with held.ledger.reading() as connection:
        assert unsound_events(connection) == [] and replay(connection, held).differences == ()


def test_an_order_that_is_accepted_is_not_decided_again(held):
    loosen(held)
    again(held)
    assert again(held) is None
    assert len(rows(held, tables.invoices)) == 1 and len(rows(held, tables.decisions)) == 2


def test_what_is_still_held_for_the_same_reasons_leaves_no_trace(held):
    publish_groups(held.policies.store, tous(invoicing_discount_percent="5"), at=later(hours=1))
    assert not again(held).is_accepted
    assert len(rows(held, tables.decisions)) == 1 and len(order_moves(held)) == 1
    assert rows(held, tables.audit) == []


def test_what_is_held_for_other_reasons_shows_those_of_now_and_nobody_is_written_to(held):
    publish_groups(held.policies.store, tous(acceptance_minimum_items=48), at=later(hours=1))
    assert not again(held).is_accepted
    first, second = rows(held, tables.decisions)
    assert second.outcome == "held" and "48" in second.document["reasons"][0]["message"]["fr"]
    assert len(order_moves(held)) == 1 and len(rows(held, tables.outbox)) == 1
    told = [row.kind for row in rows(held, tables.events)]
    assert told == ["order.held", "order.held"]
    with held.ledger.reading() as connection:
        assert unsound_events(connection) == []


def test_a_refusal_that_the_policy_would_give_now_is_left_to_a_person(held):
    rule = {
        "label": {"fr": "Non", "en": "No"},
        "conditions": {"all": [{"name": "item_count", "operator": "less_than", "value": 20}]},
        "actions": [{"name": "refuse", "params": {"reason": "too_small"}}],
    }
    publish_groups(held.policies.store, tous({"petites": rule}), at=later(hours=1))
    done = again(held)
    assert done.decision.outcome == "refused" and not done.is_accepted
    assert state(held) == "held" and len(rows(held, tables.decisions)) == 1


def test_a_person_s_refusal_stands(held):
    review.refuse(held, 1, by="anne", at=later(minutes=5), why="hors zone")
    loosen(held)
    assert again(held) is None and state(held) == "refused"


def test_an_order_that_a_person_put_back_into_the_queue_waits_for_a_person(tmp_path):
    services = make_services(tmp_path, tous(notifications_buyer=[]))
    send(services, order_body(items=12))
    review.refuse(services, 1, by="anne", at=later(minutes=5), why="hors zone")
    undo.undo(services, 1, was="refused", by="anne", at=later(minutes=6))
    loosen(services, notifications_buyer=[])
    assert again(services) is None and state(services) == "held"
    assert decide_again(services, 1, by="bruno", at=later(hours=2)).is_accepted
    services.ledger.close()


def test_an_order_whose_line_a_person_mended_is_still_the_policy_s_to_accept(services):
    line = {"sku": "IPA-24", "quantity": 12, "unit_price": "54.00"}
    send(services, order_body(lines=[line, {**line, "sku": "STO", "available": False}]))
    seen = rows(services, tables.orders)[0].content_hash
    amend.remove(services, 1, 1, by="anne", at=later(minutes=1), seen=seen)
    loosen(services)
    assert again(services).is_accepted


@pytest.mark.parametrize(
    "members",
    [
        {"status": "pending_review"},
        {"stated_total": {"amount": "1.00", "taxes_included": True}},
        {"lines": [{"sku": "IPA-24", "quantity": 24, "unit_price": "54.00", "available": False}]},
        {"currency": "USD"},
    ],
)
def test_what_its_sender_has_to_say_is_still_waited_for(services, members):
    send(services, order_body(**members))
    publish_groups(services.policies.store, tous(acceptance_minimum_items=None), at=later(hours=1))
    assert not again(services).is_accepted and state(services) == "held"


def test_an_order_that_its_sender_called_off_waits_for_a_person(held):
    values = {"source": "boutique", "order_id": "PO-1", "at": later(minutes=1)}
    held.ledger.write(lambda connection: connection.execute(called_off.insert().values(**values)))
    loosen(held)
    assert again(held) is None and state(held) == "held"
    with pytest.raises(Conflict) as caught:
        decide_again(held, 1, by="anne", at=later(hours=2))
    assert caught.value.code == "called_off"


def test_a_person_may_ask_and_the_log_says_who(held):
    loosen(held)

    def entry_of(done):
        return Entry(later(hours=2), "anne", "", "order.decided_again", done.order_id)

    done = decide_again(held, 1, by="anne", at=later(hours=2), entry_of=entry_of)
    assert done.is_accepted and order_moves(held)[-1].why == "decided_again by_hand anne"
    assert rows(held, tables.decisions)[-1].who == "houblon"
    assert [row.who for row in rows(held, tables.audit)] == ["anne"]


def test_who_asks_of_what_is_not_held_or_was_changed_meanwhile_is_told(held):
    with pytest.raises(Conflict) as caught:
        decide_again(held, 1, by="anne", at=later(hours=2), seen="another")
    assert caught.value.code == "order_changed"
    review.accept(held, 1, by="anne", at=later(minutes=5))
    with pytest.raises(Conflict) as caught:
        decide_again(held, 1, by="anne", at=later(hours=2))
    assert caught.value.code == "already_settled"
    with pytest.raises(LookupError):
        decide_again(held, 99, by="anne", at=later(hours=2))

"""What shops tell of an order after it came: changed, paid for, called off; and what is older than what is known."""

import json

import pytest
from sqlalchemy import select

from houblon.engine.core.money import dollars
from houblon.orders.db.tables import invoices, orders, transitions
from houblon.orders.handling import deliveries, sender_news
from houblon.orders.handling.replay import replay
from houblon.orders.intake import refused_calls as kept
from houblon.orders.invoicing import payments
from houblon.rules.exchange.bundle import read_bundle
from houblon.rules.publishing.publish import publish
from tests.clock import MONTREAL, NOW
from tests.orders.intake.test_mapping import shopify, woocommerce
from tests.web.houses import SEED, token_of
from tests.web.ingest.test_shops import add_shop, call

LINE = {"id": 1, "sku": "IPA-24", "quantity": 24, "price": "27.00"}
EARLY, LATE = "2021-05-12T09:40:00-04:00", "2021-05-12T09:50:00-04:00"


@pytest.fixture
def shop(place):
    add_shop(place, "shopify")
    add_shop(place, "woocommerce")
    count = iter(range(1_000))

    def tell(topic, **members):
        payload = shopify(**{"line_items": [LINE], "financial_status": "pending", **members})
        return call(place, "shopify", payload, X_Shopify_Topic=topic, X_Shopify_Webhook_Id=f"d-{next(count)}")

    return tell


def one(place, table, **wanted):
    with place.house.services.ledger.reading() as connection:
        found = connection.execute(select(table).order_by(table.c.key)).all()
    return [row for row in found if all(getattr(row, name) == value for name, value in wanted.items())]


def state(place):
    return [row.state for row in one(place, orders)]


def refused(place):
    with place.house.services.ledger.reading() as connection:
        return [row.errors[0]["code"] for row in kept.list_waiting(connection)]


def is_replayable(place):
    with place.house.services.ledger.reading() as connection:
        return replay(connection, place.house.services).differences == ()


def test_a_held_order_that_is_called_off_is_cancelled(place, shop):
    small = {**LINE, "quantity": 1}
    assert shop("orders/create", line_items=[small]).json["outcome"] == "held"
    # All of it was refunded: no line is left to read, and none has to be.
    gone = {**small, "current_quantity": 0}
    answer = shop("orders/cancelled", line_items=[gone], cancelled_at=LATE)
    assert (answer.status_code, answer.json["order_id"], answer.json["state"]) == (200, "#1001", "cancelled")
    assert "invoice_key" not in answer.json  # it never had one
    again = shop("orders/updated", line_items=[gone], cancelled_at=LATE)
    assert (again.status_code, again.json["state"]) == (200, "cancelled")
    assert (state(place), refused(place)) == (["cancelled"], [])
    client = place.signed_in()
    assert "annulée chez l’expéditeur" in client.get("/commandes/1").get_data(as_text=True)


def test_an_invoiced_order_that_is_called_off_is_credited(place, shop):
    assert shop("orders/create").json["outcome"] == "accepted"
    answer = shop("orders/cancelled", cancelled_at=LATE)
    assert state(place) == ["cancelled"]
    invoice, note = one(place, invoices)
    assert (answer.json["invoice_key"], answer.json["invoice_number"]) == (invoice.key, invoice.number)
    assert (invoice.state, note.kind, note.document["why"]) == ("credited", "credit_note", "Annulée chez l’expéditeur.")


@pytest.mark.parametrize("done", ["paid", "delivered"])
def test_what_is_paid_for_or_delivered_waits_for_a_person_who_sees_it(place, shop, done):
    shop("orders/create", financial_status="paid" if done == "paid" else "pending")
    if done == "delivered":
        deliveries.deliver(place.house.services, 1, by="anne", at=NOW)
    answer = shop("orders/cancelled", cancelled_at=LATE)
    assert (answer.status_code, answer.json["asks"], answer.json["state"]) == (
        200,
        True,
        "accepted" if done == "paid" else "delivered",
    )
    [invoice] = one(place, invoices)
    told = {"source": "shopify", "order_id": "#1001", "order_key": 1, "state": answer.json["state"], "asks": True}
    named = {"invoice_key": invoice.key, "invoice_number": invoice.number, "total": dollars(invoice.total)}
    assert answer.json == {**told, **named}
    client = place.signed_in()
    for address in ("/commandes/1", "/file", "/"):
        assert "annulé" in client.get(address).get_data(as_text=True), address
    page = client.get("/commandes/1").get_data(as_text=True)
    assert "a annulé cette commande" in page
    client.post("/commandes/1/annulation-vue", data={"csrf_token": token_of(page)})
    assert "a annulé cette commande" not in client.get("/commandes/1").get_data(as_text=True)
    with place.house.services.ledger.reading() as connection:
        assert sender_news.waiting(connection) == []


def test_an_order_that_comes_after_it_was_called_off_is_not_accepted(place, shop):
    first = shop("orders/cancelled", cancelled_at=LATE, updated_at=LATE)
    assert (first.status_code, first.json["state"]) == (200, None)
    late = shop("orders/create", updated_at=EARLY)
    assert (late.json["outcome"], [each["code"] for each in late.json["reasons"]]) == ("held", ["sender_status"])
    assert shop("orders/create", updated_at=EARLY).headers["Idempotent-Replay"] == "true"
    assert is_replayable(place)


def test_a_held_order_that_is_paid_for_is_decided_as_paid(place, shop):
    shop("orders/create", line_items=[{**LINE, "quantity": 1}])
    shop("orders/paid", line_items=[{**LINE, "quantity": 1}], financial_status="paid")
    (row,) = one(place, orders)
    assert (row.state, json.loads(row.body)["payment"]["state"]) == ("held", "paid")


def test_an_issued_invoice_is_paid_by_the_shop_s_word(place, shop):
    shop("orders/create")
    # Whatever else the shop notes on it meanwhile.
    paid = shop("orders/paid", financial_status="paid", note="réglée au comptoir", updated_at=LATE)
    assert (paid.status_code, paid.json["state"]) == (200, "accepted")
    (invoice,) = one(place, invoices)
    assert (paid.json["invoice_number"], paid.json["total"]) == (invoice.number, dollars(invoice.total))
    assert (invoice.state, invoice.paid_on) == ("paid", "2021-05-12")
    (row,) = one(place, orders)
    assert json.loads(row.body)["payment"]["state"] == "paid" and is_replayable(place)
    for topic in ("orders/paid", "orders/updated"):
        assert shop(topic, financial_status="paid", updated_at=LATE).status_code == 200
    assert len(one(place, transitions, invoice_key=invoice.key, after="paid")) == 1
    assert refused(place) == []
    assert place.signed_in().get("/commandes/1").status_code == 200


def test_what_was_not_paid_whole_or_changes_otherwise_is_seen_by_a_person(place, shop):
    shop("orders/create")
    assert shop("orders/updated", line_items=[{**LINE, "quantity": 30}], financial_status="paid").status_code == 202
    assert shop("orders/updated", financial_status="refunded").status_code == 202
    assert refused(place) == ["already_settled", "already_settled"]
    assert one(place, invoices)[0].state == "issued"


def test_a_payment_of_an_order_that_is_not_invoiced_yet_is_kept_for_its_invoice(place, shop):
    tous = {**SEED["groups"][0], "settings": {**SEED["groups"][0]["settings"], "invoicing.trigger": "on_delivery"}}
    bundle = read_bundle({"houblon": 1, "groups": [tous]}, place.house.store.content(2))
    publish(place.house.store, bundle.edits, author="marie", note="", at=NOW, base=2)
    shop("orders/create")
    assert one(place, invoices) == []
    assert shop("orders/paid", financial_status="paid").json["state"] == "accepted"
    assert shop("orders/paid", financial_status="paid").status_code == 200
    deliveries.deliver(place.house.services, 1, by="anne", at=NOW)
    (invoice,) = one(place, invoices)
    assert invoice.state == "paid"
    assert is_replayable(place)


def test_woocommerce_s_update_and_deletion_are_taken(place, shop):
    def tell(topic, delivery, payload):
        headers = {"X_WC_Webhook_Topic": topic, "X_WC_Webhook_Delivery_ID": delivery}
        return call(place, "woocommerce", payload, **headers)

    sold = woocommerce(status="processing")
    first = tell("order.created", "w-1", sold)
    assert first.status_code == 200, first.text
    done = tell("order.updated", "w-2", {**sold, "status": "completed"})
    assert done.status_code == 200, done.text
    assert refused(place) == []
    gone = tell("order.deleted", "w-3", {"id": sold["id"]})
    assert gone.status_code == 200
    assert gone.json["order_id"] == str(sold["id"])


def test_an_old_body_under_another_delivery_s_id_is_known_for_old(place, shop):
    def lines(count):
        return [{**LINE, "quantity": count}]

    shop("orders/create", line_items=lines(3), updated_at=EARLY)
    shop("orders/updated", line_items=lines(4), updated_at=LATE)
    old = shop("orders/create", line_items=lines(3), updated_at=EARLY)
    assert (old.status_code, old.headers["Idempotent-Replay"]) == (200, "true")
    assert one(place, orders)[0].item_count == 4
    # What the shop changed back is newer, and counts.
    shop("orders/updated", line_items=lines(3), updated_at="2021-05-12T09:55:00-04:00")
    assert one(place, orders)[0].item_count == 3
    # One that overtook it, and was never seen: older all the same.
    shop("orders/updated", line_items=lines(9), updated_at=LATE)
    assert one(place, orders)[0].item_count == 3


def test_without_the_shop_s_time_a_content_that_was_there_before_is_old(place, shop):
    for count in (3, 4, 3):
        answer = shop("orders/updated", line_items=[{**LINE, "quantity": count}], updated_at=None)
        assert answer.status_code == 200
    assert one(place, orders)[0].item_count == 4


def test_an_old_body_of_a_settled_order_is_known_and_troubles_nobody(place, shop):
    shop("orders/create", line_items=[{**LINE, "quantity": 3}], updated_at=EARLY)
    assert shop("orders/updated", updated_at=LATE).json["outcome"] == "accepted"
    old = shop("orders/create", line_items=[{**LINE, "quantity": 3}], updated_at=EARLY)
    assert (old.status_code, refused(place)) == (200, [])


def test_the_topic_is_not_signed_and_calls_nothing_off_by_itself(place, shop):
    sold = woocommerce(status="processing")
    shop("orders/create")
    call(place, "woocommerce", sold)
    assert shop("orders/cancelled").json["errors"][0]["code"] == "topic"
    headers = {"X_WC_Webhook_Topic": "order.deleted", "X_WC_Webhook_Delivery_ID": "w-9"}
    assert call(place, "woocommerce", sold, **headers).json["errors"][0]["code"] == "topic"
    assert "cancelled" not in state(place)


def test_what_was_called_off_before_the_shop_said_otherwise_is_old(place, shop):
    shop("orders/create", updated_at=LATE)
    answer = shop("orders/cancelled", cancelled_at=EARLY, updated_at=EARLY)
    assert (answer.status_code, answer.json["state"], state(place)) == (200, "accepted", ["accepted"])


def test_what_the_house_was_paid_in_part_is_called_off_by_a_person(place, shop):
    shop("orders/create")
    payments.pay(place.house.services, 1, payments.Payment(10000, NOW.astimezone(MONTREAL).date()), by="anne", at=NOW)
    assert shop("orders/cancelled", cancelled_at=LATE).json["state"] == "accepted"
    assert state(place) == ["accepted"] and one(place, invoices)[0].credited == 0


def test_a_payment_that_a_person_took_back_is_not_entered_again_by_what_was_said_before(place, shop):
    shop("orders/create")
    shop("orders/paid", financial_status="paid", updated_at=EARLY)
    payments.reverse(place.house.services, 1, 1, by="anne", at=NOW, why="rejeté")
    assert shop("orders/paid", financial_status="paid", note="x", updated_at=LATE).status_code == 200
    assert one(place, invoices)[0].paid == 0

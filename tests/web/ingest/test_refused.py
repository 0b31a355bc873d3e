"""A signed call that can't be recorded is kept with its faults and what it said; the team is told once an hour at most."""

import dataclasses
import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from houblon.orders.credentials.credentials import SHOPIFY, STANDARD, Sender, add_source
from houblon.orders.db.tables import invoices, orders, outbox
from houblon.orders.db.tables.refused import refused_calls
from houblon.orders.handling.refusals import keep_refused, retry, tell_of_refused
from houblon.orders.handling.signed_call import SignedCall
from houblon.orders.intake import refused_calls as kept
from houblon.orders.intake.sources import default_mapping, keep_own_buyers, set_source
from houblon.orders.services import Conflict
from houblon.web.access.refused_people import team_of
from houblon.web.ingest.signatures import sign
from tests.clock import NOW
from tests.orders.intake.test_mapping import shopify, woocommerce
from tests.web.houses import ADMIN, order
from tests.web.ingest.test_shops import add_shop, call

HALF = {"id": 1, "sku": "IPA-24", "quantity": 1.5, "price": "27.00"}
WHOLE = {**HALF, "quantity": 24}


def rows(place, table):
    with place.house.services.ledger.reading() as connection:
        return connection.execute(select(table)).all()


def waiting(place, source=None):
    with place.house.services.ledger.reading() as connection:
        return kept.list_waiting(connection, source)


def codes(row):
    return [each["code"] for each in row.errors]


def mend(place, source="shopify"):
    """Read quantities with a half as cases of two."""
    mapping = json.loads(json.dumps(default_mapping(SHOPIFY)))
    mapping["lines"]["quantity"] = {"value": 24}
    place.house.services.ledger.write(lambda connection: set_source(connection, source, [], mapping, NOW))


def again(place, key):
    return retry(place.house.services, place.house.writer, key, place.house.now())


@pytest.mark.parametrize(
    ("kind", "payload", "code"),
    [
        ("shopify", shopify(line_items=[HALF]), "mapping"),
        (
            "shopify",
            {**shopify(line_items=[WHOLE]), "customer": None, "email": None, "contact_email": None},
            "required",
        ),
        ("shopify", shopify(line_items=[{**WHOLE, "current_quantity": 0}]), "lines"),
        ("woocommerce", {**woocommerce(), "line_items": []}, "lines"),
    ],
)
def test_a_shop_s_call_that_can_t_be_recorded_is_taken_and_kept(place, kind, payload, code):
    add_shop(place, kind)
    answer = call(place, kind, payload)
    assert (answer.status_code, answer.mimetype) == (202, "application/problem+json")
    (row,) = waiting(place)
    assert [each["code"] for each in answer.json["errors"]] == codes(row) and code in codes(row)
    assert (row.source, row.kind, row.count, row.at) == (kind, kind, 1, NOW)
    assert row.order_id == str(payload.get("number") if kind == "woocommerce" else payload["name"])
    with place.house.services.ledger.reading() as connection:
        assert json.loads(kept.find(connection, row.key).body) == payload
    assert rows(place, orders) == []


def test_the_standard_door_keeps_its_codes_and_keeps_the_call(place):
    assert place.send({**order(), "buyer": {}}, "m-1").status_code == 422
    assert place.send(order("PO-2"), "m-2").status_code == 200
    assert place.send(order("PO-2", items=48), "m-3").status_code == 409
    newest, oldest = waiting(place)
    assert (codes(newest), newest.order_id, newest.buyer_id) == (["already_settled"], "PO-2", "comptoir-1")
    assert (codes(oldest), oldest.order_id, oldest.buyer_id) == (["required"], "PO-1", None)
    latin = json.dumps(order("PO-3")).replace("Coin", "Brûlé").encode("latin-1")
    answer = place.client().post("/webhooks/orders", data=latin, headers=_signed(place, "m-4", latin))
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "json")
    assert (codes(waiting(place)[0]), waiting(place)[0].order_id) == (["json"], None)


def _signed(place, id, body):
    """As a sender does that signs bytes, whatever they are."""
    import base64
    import hashlib
    import hmac

    stamp = str(int(place.house.now().timestamp()))
    key = base64.b64decode(place.secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": id,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(mac).decode(),
    }


def test_a_source_with_a_mapping_of_its_own_is_told_as_a_shop_is(place):
    mapping = default_mapping(SHOPIFY)
    place.house.services.ledger.write(lambda connection: set_source(connection, "essai", [], mapping, NOW))
    assert place.send(shopify(line_items=[HALF]), "m-1").status_code == 202
    assert [row.source for row in waiting(place)] == ["essai"]


def test_what_nobody_signed_is_not_kept(place):
    add_shop(place, "shopify")
    assert call(place, "shopify", shopify(line_items=[HALF]), secret="another one").status_code == 401
    assert place.client().post("/webhooks/orders", data=b"{}").status_code == 401
    assert rows(place, refused_calls) == []


def test_a_call_that_comes_again_is_one_call(place):
    bad = {**order(), "buyer": {}}
    for id in ("m-1", "m-1", "m-2"):
        place.send(bad, id)
    (row,) = waiting(place)
    assert row.count == 3


def test_a_call_that_its_sender_sends_again_and_is_recorded_waits_for_nobody(place):
    mapping = {"houblon_mapping": 1, **default_mapping(SHOPIFY)}
    ledger = place.house.services.ledger
    ledger.write(lambda connection: set_source(connection, "essai", [], mapping, NOW))
    place.send(shopify(line_items=[HALF]), "m-1")
    mend(place, "essai")
    assert place.send(shopify(line_items=[HALF]), "m-1").status_code == 200
    assert waiting(place) == []
    assert ledger.write(kept.remove_recorded) == 1


def test_what_is_tried_again_after_its_mapping_is_mended_is_recorded_once(place):
    add_shop(place, "shopify")
    call(place, "shopify", shopify(line_items=[HALF]))
    (row,) = waiting(place)
    tried = again(place, row.key)
    assert (tried.result, [each.code for each in tried.problems]) == (None, ["mapping"])
    mend(place)
    tried = again(place, row.key)
    assert (tried.result.outcome, tried.result.order_id) == ("accepted", "#1001")
    assert (waiting(place), again(place, row.key)) == ([], None)
    # The shop's own delivery, should it come once more, is that same call.
    answer = call(place, "shopify", shopify(line_items=[HALF]))
    assert (answer.status_code, answer.headers["Idempotent-Replay"]) == (200, "true")
    assert (len(rows(place, orders)), len(rows(place, invoices))) == (1, 1)


def test_a_shop_s_call_that_is_tried_again_is_of_the_shop_s_own_buyer(place):
    add_shop(place, "shopify")
    call(place, "shopify", shopify(line_items=[HALF], customer={"id": 5001}))
    (row,) = waiting(place)
    mend(place)
    assert again(place, row.key).result.outcome == "accepted"
    assert [each.retailer_id for each in rows(place, orders)] == ["shopify-5001"]
    # Whether a call is tried again or comes by itself, its buyer is the same.
    other = shopify(line_items=[WHOLE], customer={"id": 5001}, name="#1002")
    assert call(place, "shopify", other, X_Shopify_Webhook_Id="d-2").json["outcome"] == "accepted"
    assert [each.retailer_id for each in rows(place, orders)] == ["shopify-5001"] * 2


def test_a_call_of_a_source_with_its_own_buyers_that_is_tried_again_is_of_its_own_buyer(place):
    ledger = place.house.services.ledger
    ledger.write(lambda connection: keep_own_buyers(connection, "essai", NOW))
    assert place.send(order("PO-1", buyer="11"), "m-1").status_code == 200
    assert place.send(order("PO-2", buyer="11"), "m-1").status_code == 409
    (row,) = waiting(place)
    assert again(place, row.key).result.order_id == "PO-2"
    assert [each.retailer_id for each in rows(place, orders)] == ["essai-11"] * 2


def test_a_retry_that_was_killed_before_it_was_noted_records_nothing_twice(place):
    add_shop(place, "shopify")
    call(place, "shopify", shopify(line_items=[HALF]))
    (row,) = waiting(place)
    mend(place)

    def killed(result):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retry(place.house.services, place.house.writer, row.key, NOW, entry_of=killed)
    tried = again(place, row.key)
    assert tried.result.replayed and len(rows(place, orders)) == 1


def test_an_id_that_was_used_for_another_body_is_no_matter_when_a_person_says_so(place):
    add_shop(place, "shopify")
    call(place, "shopify", shopify(line_items=[WHOLE]))
    other = {**shopify(line_items=[WHOLE]), "name": "#1002"}
    assert call(place, "shopify", other).json["errors"][0]["code"] == "webhook_id_reused"
    (row,) = waiting(place)
    assert again(place, row.key).result.order_id == "#1002"


def test_so_many_calls_of_a_source_are_kept_and_the_oldest_go_first_counted(place, monkeypatch):
    monkeypatch.setattr(kept, "MOST_CALLS", 3)
    for number in range(5):
        place.send({**order(f"PO-{number}"), "buyer": {}}, f"m-{number}")
    assert [row.order_id for row in waiting(place)] == ["PO-4", "PO-3", "PO-2"]
    with place.house.services.ledger.reading() as connection:
        (found,) = kept.by_source(connection)
    assert (found.count, found.dropped) == (3, 2)
    monkeypatch.setattr(kept, "MOST_BYTES", 10)
    place.send({**order("PO-9"), "buyer": {}}, "m-9")
    assert [row.order_id for row in waiting(place)] == ["PO-9"]


def told(place):
    return [row for row in rows(place, outbox) if row.event == "calls.refused"]


def test_the_team_is_told_once_an_hour_at_most(place):
    moment = [NOW]
    house = dataclasses.replace(place.house, now=lambda: moment[0])
    services, people = house.services, team_of(house)

    def refuse_one(number):
        sender = Sender("essai", (), (), None)
        keep_refused(
            services,
            SignedCall(sender, STANDARD, "", b'{"id":"PO-%d"}' % number, moment[0], f"m-{number}"),
            Conflict("already_settled", "Déjà.", "Already."),
            people,
        )

    for number in range(3):
        refuse_one(number)
    (first,) = told(place)
    assert first.recipient == ADMIN and "1" in first.message["subject"]
    moment[0] += timedelta(minutes=59)
    assert not tell_of_refused(services, people, moment[0])
    moment[0] += timedelta(minutes=2)
    assert tell_of_refused(services, people, moment[0])
    assert not tell_of_refused(services, people, moment[0])
    assert len(told(place)) == 2
    moment[0] += timedelta(hours=2)
    # Nothing new: nothing to tell.
    assert not tell_of_refused(services, people, moment[0])
    refuse_one(9)
    assert len(told(place)) == 3


def test_a_full_disk_is_told_the_shop_so_that_it_sends_again(place, monkeypatch):
    import sqlite3

    from sqlalchemy.exc import OperationalError

    add_shop(place, "shopify")

    def full(work):
        raise OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))

    monkeypatch.setattr(place.house.services.ledger, "record", full)
    assert call(place, "shopify", shopify(line_items=[HALF])).status_code == 503
    monkeypatch.undo()
    assert call(place, "shopify", shopify(line_items=[HALF])).status_code == 202


def test_a_refused_call_is_kept_the_same_without_the_fast_path(place):
    ledger = place.house.services.ledger
    ledger.write(lambda connection: add_source(connection, "autre", lambda n: bytes(n), NOW))
    body = json.dumps({**order(), "buyer": {}}).encode()
    headers = sign(place.secret, "m-1", NOW, body)
    # What is asked with a query goes to Flask.
    assert place.client().post("/webhooks/orders?x=1", data=body, headers=headers).status_code == 422
    assert place.client().post("/webhooks/orders", data=body, headers=headers).status_code == 422
    assert [row.count for row in waiting(place)] == [2]

"""The code in the documentation runs."""

import json
import re
from configparser import ConfigParser
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from standardwebhooks import Webhook

from houblon.engine.core.order import order_of
from houblon.orders.db.tables import outbox
from houblon.orders.events import endpoints
from houblon.orders.events.catalogue import EVENTS, TEST_EVENT
from houblon.orders.events.feed import enqueue_test_event, feed
from houblon.orders.events.record import record_publication
from houblon.orders.handling import deliveries, lifecycle, planned_delivery, review, undo
from houblon.orders.handling.changes import review as change_review
from houblon.orders.intake.mapping import map_order, read_mapping
from houblon.orders.invoicing import disputes
from houblon.orders.invoicing.payments import pay_rest as pay
from houblon.orders.invoicing.payments import reverse
from houblon.orders.invoicing.transitions import viewed
from houblon.orders.outbox.delivery import deliver_due
from houblon.orders.reminders.remind import remind_due
from houblon.rules.model.content import Version
from houblon.rules.model.schema import read_document, read_group
from tests.clock import MONTREAL, NOW, real
from tests.orders.reminders.houses import DAYS, Post, after_due
from tests.orders.services import later, make_services, order_body, rows, send, tous

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
LAYERS = ("engine", "rules", "orders", "simulation", "web")


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.S)


def test_the_engines_page_runs_as_one_program():
    found = blocks("engine.md", "python")
    assert len(found) >= 3
    exec(compile("\n".join(found), "docs/engine.md", "exec"), {})


def test_every_module_that_is_named_is_in_the_tree():
    folders = (*LAYERS, "tests", "bench", "deploy", "docs")
    tree = {f"/{path.relative_to(ROOT)}" for folder in folders for path in (ROOT / folder).rglob("*.py")}
    pages = [*DOCS.glob("*.md"), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))]
    named = {(page.name, name) for page in pages for name in re.findall(r"[\w/]+\.py\b", page.read_text("utf-8"))}
    assert len(named) > 150
    assert [each for each in sorted(named) if not any(path.endswith(f"/{each[1]}") for path in tree)] == []


def test_the_map_has_every_room_from_the_top_down():
    contracts = ConfigParser()
    contracts.read(ROOT / "setup.cfg")
    rows = re.findall(r"^\| `(\w+)/` \|.*?\|(.*)\|$", (DOCS / "architecture.md").read_text("utf-8"), re.M)
    assert [layer for layer, _ in rows] == [*LAYERS]
    for layer, rooms in rows:
        said = contracts[f"importlinter:contract:{layer}"]["layers"]
        assert re.findall(r"`(\w+)`", rooms) == re.findall(r"\w+", said), layer


def test_the_formats_shown_are_the_formats_read():
    order, group, cycle, scenario = (json.loads(block) for block in blocks("formats.md", "json")[:4])
    assert order_of(order).lines[0].quantity == 24
    assert read_group(group)["settings"]["acceptance.minimum_items"] is None
    assert read_document("cycle", cycle) == cycle and read_document("scenario", scenario) == scenario


def test_the_receiver_shown_takes_what_is_signed_once():
    house = {}
    exec(compile(blocks("webhooks.md", "python")[0], "docs/webhooks.md", "exec"), house)
    secret, now, seen = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", real(), set()
    signature = Webhook(secret).sign("msg_1", now, '{"type": "order.held"}')
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": f"v1,b3RoZXI= {signature}",
    }
    assert house["receive"](secret, headers, b'{"type": "order.held"}', seen) == {"type": "order.held"}
    assert house["receive"](secret, headers, b'{"type": "order.held"}', seen) is None


def test_the_events_shown_have_the_shape_of_those_that_are_sent(tmp_path):
    many = {"conditions": {"all": [{"name": "item_count", "operator": "greater_than", "value": 500}]}}
    rule = {**many, "actions": [{"name": "refuse", "params": {"reason": "too_many"}}]}
    services = make_services(tmp_path, tous({"trop": rule}, acceptance_amendable=True, invoicing_reminders=DAYS))
    services = replace(services, follow_delivery=True)
    wanted = endpoints.Wanted("https://receiver.example/", EVENTS)
    id, _ = services.ledger.write(lambda c: endpoints.add_endpoint(c, wanted, bytes, NOW))
    _live(services)
    remind_due(services, after_due(7))
    deliver_due(services.ledger, Post(), after_due(7))
    services.ledger.write(lambda c: enqueue_test_event(c, id, NOW))
    feed(services.ledger, NOW)
    sent = {row.event: row.message for row in rows(services, outbox) if row.kind == "webhook"}
    shown = {document["type"]: document for document in map(json.loads, blocks("webhooks.md", "json"))}
    assert set(shown) == set(sent) == {*EVENTS, TEST_EVENT}
    for event, document in shown.items():
        assert shape(document) == shape(sent[event]), event
    services.ledger.close()


def _live(services):
    """Every kind of event once or more, the ones that the page shows last."""
    send(services, order_body("PO-2", items=3))
    send(services, order_body("PO-2", items=12))
    review.refuse(services, 1, by="anne", at=later(minutes=5), why="non")
    send(services, order_body("PO-3", distributor="transbroue"))
    planned_delivery.change(services, 2, NOW.date() + timedelta(days=20), by="anne", at=NOW, why="congé")
    viewed(services, 1, at=later(minutes=6))
    pay(services, 1, by="anne", at=later(minutes=7), on=NOW.date() - timedelta(days=1), means="cheque")
    reverse(services, 1, 1, by="anne", at=later(minutes=8))
    disputes.dispute(services, 1, "une caisse manque", by="anne", at=later(minutes=8))
    disputes.close(services, 1, by="anne", at=later(minutes=8))
    lifecycle.cancel(services, 2, was="accepted", by="anne", at=later(minutes=8), why="erreur")
    viewed(services, 2, at=later(minutes=9))
    send(services, order_body("PO-4"))
    send(services, order_body("PO-4", items=900))
    for number in (12, 24, 13):
        send(services, order_body("PO-4", items=number))
    change_review.dismiss(services, 3, by="anne", at=later(minutes=9))
    send(services, order_body("PO-5"))
    send(services, order_body("PO-1", distributor="transbroue"))
    deliveries.deliver(services, 5, by="anne", at=later(minutes=9))
    undo.undo(services, 5, was="delivered", by="anne", at=later(minutes=10))
    version = Version(2, "anne", "", later(hours=1), later(hours=1), "sha256:0")
    services.ledger.write(lambda c: record_publication(c, version))


def shape(value):
    """The names and types in a JSON value."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value else type(value)


def test_the_mapping_shown_reads_and_finds():
    mapping = read_mapping(json.loads(blocks("shops.md", "json")[0]))
    line = {"sku": "IPA", "quantity": "2", "price": 3, "discounts": [{"amount": "0.50"}, {"amount": 1}]}
    attributes = [{"name": "livraison", "value": "2021-05-20"}, {"key": "par", "value": "TB"}]
    payload = {"number": "7", "created": "2021-05-12T09:30:00-04:00", "email": "a@b.ca", "items": [line]}
    payload |= {"attributes": attributes, "customer": {"tags": "houblon:Bars, VIP"}}
    order = map_order(mapping, payload, MONTREAL)
    assert order["lines"] == [{"sku": "IPA", "quantity": 2, "unit_price": "3.00", "discount": "1.50"}]
    assert (order["planned_delivery"], order["distributor"]) == ("2021-05-20", "transbroue")
    assert order["buyer"] == {"id": "a@b.ca", "groups": ["bars"]}

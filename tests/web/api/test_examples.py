"""The examples of the OpenAPI document are sent to a real server, and answered as it says, member by member."""

import base64
import hmac
import json
from urllib.parse import quote

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import update

from houblon.orders.credentials.credentials import SCOPES
from houblon.orders.db.tables import outbox
from houblon.orders.handling.changes import history
from houblon.orders.intake.decode import read_order
from houblon.orders.intake.incoming import incoming_of
from houblon.orders.queries import lists
from houblon.rules.exchange.bundle import read_bundle
from houblon.rules.publishing.publish import publish
from houblon.simulation.jobs.worker import run_next
from houblon.web.api.spec.examples import examples_of, rooms
from tests.web.api.test_api import Caller
from tests.web.houses import order

# As they work one after the other: what a room makes, the next ones find.
ORDER = (
    "groups",
    "documents",
    "decisions",
    "orders",
    "invoices",
    "retailers",
    "records",
    "proposals",
    "versions",
    "simulations",
    "events",
    "endpoints",
    "messages",
    "sources",
    "exports",
    "mended",
    "changes",
    "payments",
    "products",
)
# Made anew each time: what an example calls it is what it is called here from then on.
OWN = {"id", "secret", "simulation", "report_hash", "inputs_hash", "hash", "changes", "proposal", "ends", "destination"}
SMALL = {
    "houblon": 1,
    "groups": [
        {
            "id": "payeurs-a-risque",
            "name": "Payeurs à risque",
            "rank": 10,
            "settings": {"acceptance.mode": "manual", "invoicing.trigger": "manual"},
        }
    ],
    "scenarios": [{"id": "petite-commande", "name": "Petite", "order": order(items=1), "expect": {"outcome": "held"}}],
    "guardrails": [
        {
            "id": "soixante-jours",
            "label": {"fr": "Jamais plus de 60 jours", "en": "Never more than 60 days"},
            "claim": {"terms_at_most_days": 60},
        }
    ],
}


def furnish(place):
    """What the examples are about: a scenario and a guardrail in force, one order accepted, three that wait."""
    house = place.house
    bundle = read_bundle(SMALL, house.store.content(house.store.newest().number))
    publish(house.store, bundle.edits, author="marie", note="cas de test", at=house.now())
    for number, items in ((512, 24), (513, 12), (514, 3)):
        place.send(order(f"PO-2021-0{number}", items=items, price="54.00"), f"m-{number}")
    # One of a buyer whose orders and invoices a person looks at, with a line that can't be had and one too many.
    [line] = order(price="54.00")["lines"]
    lines = [line, {**line, "sku": "STOUT-12", "available": False}, {**line, "sku": "PILS-24", "quantity": 1}]
    place.send(order("PO-2021-0515", buyer="risque-1", lines=lines), "m-515")


class Player:
    """Sends examples, and finds again under their names what was made for them."""

    def __init__(self, place):
        furnish(place)
        self.place, self.known = place, {}
        self.call, self.other = Caller(place, *SCOPES), Caller(place, *SCOPES, name="autre")
        self.spec = place.client().get("/api/v1/openapi.json").json
        self.operations = {
            operation["operationId"]: (method.upper(), path.removeprefix("/api/v1"), operation)
            for path, item in self.spec["paths"].items()
            for method, operation in item.items()
            if method != "parameters"
        }

    def refused(self):
        """An order of the shop that can't be recorded: it has no buyer."""
        body = json.dumps({"id": 5001, "created_at": "2021-05-12T09:30:00-04:00", "currency": "CAD"}).encode()
        signature = base64.b64encode(hmac.digest(b"shpss_0123456789abcdef", body, "sha256")).decode()
        headers = {
            "X-Shopify-Topic": "orders/create",
            "X-Shopify-Webhook-Id": "w-1",
            "X-Shopify-Hmac-Sha256": signature,
        }
        sent = self.place.client().post("/webhooks/shopify/orders", data=body, headers=headers)
        assert sent.status_code == 202, sent.get_data(as_text=True)

    def park(self, id):
        """A message that its server would not have."""
        parked = update(outbox).where(outbox.c.id == id).values(state="parked", error="550 5.1.1")
        self.place.house.services.ledger.write(lambda connection: connection.execute(parked))

    def change(self, order_id):
        """An order that its source sent once more with a note, which waits: no group of the examples lets it, or every
        policy that they show would be another."""
        key = self.place.send(order(order_id), order_id).json["order_key"]

        def work(connection):
            row = history.locked(connection, key)
            body = json.dumps({**json.loads(row.body), "note": "Livrez derrière."})
            incoming = incoming_of(
                body.encode(), read_order(body.encode()), source=row.source, at=self.place.house.now()
            )
            [decided] = lists.decisions_of(connection, key)
            history.keep(connection, row, incoming, decided.key, is_refused=False)

        self.place.house.services.ledger.write(work)

    def send(self, example):
        if example.operation in ("accept_change", "dismiss_change"):
            self.change(example.answer["order_id"])
        if example.operation == "list_refused_calls":
            self.refused()
        if example.operation == "resend_message":
            self.park(self.known[example.parameters["id"]])
        method, path, operation = self.operations[example.operation]
        for name, value in example.parameters.items():
            path = path.replace(f"{{{name}}}", quote(str(self.known.get(value, value)), safe=""))
        if example.query:
            path += "?" + "&".join(f"{name}={quote(str(value))}" for name, value in example.query.items())
        headers = (
            {"If-Match": "*"} if any(each.get("name") == "If-Match" for each in operation.get("parameters", ())) else {}
        )
        # Nobody approves what they wrote in.
        call = self.other if example.operation in ("approve_proposal",) else self.call
        if "application/octet-stream" in operation.get("requestBody", {}).get("content", {}):
            headers["raw"] = example.body.encode()
        answered = call(method, path, None if "raw" in headers else self.renamed(example.body), **headers)
        if example.operation == "start_simulation" and "since" in example.body:
            run_next(self.place.house.services, self.place.house.settings.data / "simulations", self.place.house.now)
        return answered, operation

    def renamed(self, value):
        """The value with the names that things have here."""
        if isinstance(value, dict):
            return {name: self.renamed(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.renamed(each) for each in value]
        return self.known.get(value, value) if isinstance(value, str) else value

    def compare(self, shown, answered, where=""):
        """Every member is there and alike; what is made anew is kept under the name that the example gives it."""
        assert type(shown) is type(answered), (where, shown, answered)
        if isinstance(shown, dict):
            assert set(shown) == set(answered), where
            for name, value in shown.items():
                if name in OWN and isinstance(value, str) and value not in self.known:
                    self.known[value] = answered[name]
                self.compare(value, answered[name], f"{where}/{name}")
        elif isinstance(shown, list):
            assert len(shown) == len(answered), where
            for place, pair in enumerate(zip(shown, answered, strict=True)):
                self.compare(*pair, f"{where}/{place}")
        else:
            assert self.renamed(shown) == answered, where


@pytest.fixture
def player(place):
    return Player(place)


def test_every_example_is_answered_as_the_document_shows(player):
    assert set(ORDER) == set(rooms())
    for example in (each for room in ORDER for each in examples_of(room)):
        answered, operation = player.send(example)
        label = f"{example.operation}: {example.summary}"
        status = str(answered.status_code)
        assert status.startswith("2") and status in operation["responses"], (label, answered.get_data(as_text=True))
        if example.answer is None:
            assert "application/json" not in operation["responses"][status].get("content", {}), label
            continue
        player.compare(example.answer, answered.json, label)
        media = operation["responses"][status]["content"]["application/json"]
        check(player.spec, media["schema"], example.answer, label)
        if example.body is not None:
            [taken] = operation["requestBody"]["content"].values()
            check(player.spec, taken["schema"], example.body, label)


def check(spec, schema, value, label):
    """The value is of the schema, whose references are to the document's."""
    whole = {**schema, "components": spec["components"]}
    faults = list(Draft202012Validator(whole).iter_errors(value))
    assert faults == [], (label, [(list(each.absolute_path), each.message[:200]) for each in faults])


def test_every_operation_has_an_example_of_what_it_takes_and_gives(player):
    wanting = []
    for name, (_, _, operation) in player.operations.items():
        for media in operation.get("requestBody", {}).get("content", {}).values():
            wanting += [] if media.get("examples") else [f"{name}: body"]
        for status, answer in operation["responses"].items():
            if status.startswith("2") and "application/json" in answer.get("content", {}):
                wanting += [] if answer["content"]["application/json"].get("examples") else [f"{name}: answer"]
    assert wanting == []


def test_the_examples_are_written_as_json_is_read(player):
    for example in (each for room in rooms() for each in examples_of(room)):
        assert json.loads(json.dumps(example.body)) == example.body

"""Requests made from the document: no answer is a 5xx, each is as the document tells; a client made of it works."""

import json
import subprocess
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

from bench.fuzz import furnish, fuzz
from houblon.orders.credentials.credentials import SCOPES, add_key
from tests.clock import NOW
from tests.web.houses import order
from tests.web.servers import serving


def test_requests_of_every_sort_are_answered_as_the_document_tells(place):
    place.app.extensions["houblon.rates"]._others = 10**9
    key, there = furnish(place)
    answered = fuzz(place.app, key, 2_000, there)
    together = sum(answered.values(), Counter())
    assert together.total() >= 2_000 and not {401, 403, 429} & set(together)
    refused = {label for label, statuses in answered.items() if not any(status < 300 for status in statuses)}
    # What takes a future instant, a date to take back, a draft's last state, a parked message, a place among events, a
    # second line, a version, exactly one of two members, a file that is a table or a payload that makes an order is hardly
    # met by chance; nor a day that is past and after the order, or to come, an invoice that is left to a person, so many
    # of a line: docs/api.md says so.
    acts = (
        "simulations",
        "simulations/files",
        "sources/{name}/mapping/trial",
        *(f"proposals/{{id}}/{act}" for act in ("approve", "publish", "schedule", "withdraw")),
        "messages/{id}/resend",
        "endpoints/{id}/resend",
        "invoices/{key}/payments",
        "invoices/{key}/credits",
        "orders/{key}/invoice",
        "orders/{key}/undo",
        *(f"orders/{{key}}/change/{act}" for act in ("accept", "dismiss")),
        "invoices/{key}/apply-credit",
        *(f"bank-files{each}" for each in ("", "/preview", "/{key}/undo")),
        *(f"refused-calls/{{key}}/{act}" for act in ("retry", "dismiss")),
        "simulations/{id}/cancel",
        *(f"orders/{{key}}/lines/{{line}}/{act}" for act in ("available", "remove")),
    )
    # So is another address of an endpoint.
    addresses = {"POST /api/v1/endpoints", "PUT /api/v1/endpoints/{id}"}
    tables = {f"GET /api/v1/exports/{{table}}.{kind}" for kind in ("csv", "xlsx")}
    others = {
        "GET /api/v1/versions/{number}/diff",
        "GET /api/v1/compare",
        *tables,
        "PUT /api/v1/orders/{key}/planned-delivery",
        "GET /api/v1/products/{sku}",
        "PUT /api/v1/product-availability/{sku}",
    }
    assert refused <= {f"POST /api/v1/{each}" for each in acts} | others | addresses


@pytest.fixture
def made_client(place, tmp_path, monkeypatch):
    """A typed client, made of the document by a generator that knows nothing of Houblon."""
    generator = Path(sys.executable).with_name("openapi-python-client")
    document, config = tmp_path / "openapi.json", tmp_path / "config.yml"
    document.write_text(json.dumps(place.client().get("/api/v1/openapi.json").json))
    config.write_text("post_hooks: []\n")
    made = [generator, "generate", "--path", document, "--meta", "none", "--output-path", tmp_path / "made_client"]
    done = subprocess.run([*map(str, made), "--config", str(config)], capture_output=True, text=True, check=True)
    assert "warning" not in done.stdout.lower(), done.stdout
    monkeypatch.syspath_prepend(str(tmp_path))
    yield lambda room, name: import_module(f"made_client.{room}.{name}")
    for name in [each for each in sys.modules if each.startswith("made_client")]:
        del sys.modules[name]


def test_a_client_generated_from_the_document_decides_and_follows_an_order(place, made_client):
    def calls(room, name):
        return made_client(f"api.{room}", name)

    def model(name, kind, document):
        return getattr(made_client("models", name), kind).from_dict(document)

    client_of = import_module("made_client.client").AuthenticatedClient
    key = place.house.services.ledger.write(lambda c: add_key(c, "client", SCOPES, lambda count: b"c" * count, NOW))
    place.send(order("PO-1", items=12, price="54.00"), "m-1")
    with serving(place.house.settings.data) as server:
        client = client_of(base_url=server.address, token=key)
        groups = calls("groups", "list_groups").sync(client=client).items
        assert [group.id for group in groups] == ["payeurs-a-risque", "tous"]
        assert groups[1].settings.acceptance_minimum_items == 24
        asked = model("asked_one", "AskedOne", {"order": order()})
        assert calls("decisions", "decide").sync(client=client, body=asked).outcome == "accepted"
        # In, and held: what it says is typed to its lines.
        kept = calls("orders", "get_order").sync(1, client=client)
        assert (kept.state, kept.content.lines[0].unit_price, kept.content.buyer.id) == ("held", "54.00", "comptoir-1")
        assert kept.decisions[0].document.reasons[0].facts.item_count == 12
        why = model("acceptance", "Acceptance", {"why": "bon client"})
        accepted = calls("orders", "accept_order").sync(1, client=client, body=why)
        assert accepted.state == "accepted" and accepted.invoice
        invoice = calls("invoices", "get_invoice").sync(1, client=client)
        assert (invoice.number, invoice.document.amounts.total) == (accepted.invoice, invoice.total)
        # Delivered but for one that broke on the way, which is credited; one more is, and the rest is paid.
        came = {"lines": [{"line": 1, "delivered": 11, "lost": 1}], "reason": "une caisse échappée"}
        sent = model("delivery", "Delivery", came)
        delivered = calls("orders", "deliver_order").sync(1, client=client, body=sent)
        assert (delivered.state, delivered.lines[0].lost) == ("delivered", 1) and delivered.credit_note
        back = model("new_credit", "NewCredit", {"lines": [{"line": 1, "quantity": 1}], "reason": "éventée"})
        credited = calls("invoices", "credit_invoice").sync(1, client=client, body=back)
        paid = model(
            "new_payment",
            "NewPayment",
            {"amount": credited.balance, "on": delivered.on, "means": "transfer"},
        )
        settled = calls("invoices", "pay_invoice").sync(1, client=client, body=paid)
        assert (settled.state, settled.balance, settled.amount) == ("paid", "0.00", credited.balance)
        kept = calls("invoices", "get_invoice").sync(1, client=client)
        assert [each.number for each in kept.credit_notes] == [delivered.credit_note, credited.number]
        assert (kept.lines[0].creditable, kept.payments[0].means, kept.paid) == (10, "transfer", settled.amount)
        events = calls("events", "list_events").sync(client=client).items
        kinds = [each.type_ for each in events if each.type_ != "policy.published"]
        assert kinds[:3] == ["order.held", "order.accepted", "invoice.issued"]
        assert sorted(kinds[3:]) == sorted(
            ["order.delivered", "credit_note.issued", "credit_note.issued", "invoice.paid", "payment.recorded"]
        )
        issued = next(each for each in events if each.type_ == "invoice.issued")
        assert issued.data.total == invoice.total and issued.data.invoice_key == invoice.key

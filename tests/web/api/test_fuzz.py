"""Requests made from the document: no answer is a 5xx, each is as the document tells; a client made of it works."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from bench.fuzz import furnish, fuzz
from tests.web.houses import order
from tests.web.servers import serving


def test_requests_of_every_sort_are_answered_as_the_document_tells(place):
    place.app.extensions["houblon.rates"]._others = 10**9
    key, there = furnish(place)
    answered = fuzz(place.app, key, 1_200, there)
    together = sum(answered.values(), Counter())
    assert together.total() >= 1_200 and not {401, 403, 429} & set(together)
    refused = {label for label, statuses in answered.items() if not any(status < 300 for status in statuses)}
    # What takes a future instant, a date to take back, a draft's last state, a parked message, a second line, a version
    # or exactly one of two members is hardly met by chance; nor a day that is past and after the order, or to come, an
    # invoice that is left to a person, so many of a line.
    acts = (
        *(f"proposals/{{id}}/{act}" for act in ("approve", "publish", "schedule", "withdraw")),
        "messages/{id}/resend",
        "invoices/{key}/payments",
        "invoices/{key}/credits",
        "orders/{key}/invoice",
    )
    lines = (f"orders/{{key}}/lines/{{line}}/{act}" for act in ("available", "remove"))
    others = {"GET /api/v1/versions/{number}/diff", "PUT /api/v1/orders/{key}/planned-delivery"}
    assert refused <= {f"POST /api/v1/{each}" for each in ("simulations", *acts, *lines)} | others


def test_a_client_generated_from_the_document_decides(place, tmp_path, monkeypatch):
    generator = Path(sys.executable).with_name("openapi-python-client")
    document, config = tmp_path / "openapi.json", tmp_path / "config.yml"
    document.write_text(json.dumps(place.client().get("/api/v1/openapi.json").json))
    config.write_text("post_hooks: []\n")
    made = [generator, "generate", "--path", document, "--meta", "none", "--output-path", tmp_path / "made_client"]
    done = subprocess.run([*map(str, made), "--config", str(config)], capture_output=True, text=True, check=True)
    assert "warning" not in done.stdout.lower(), done.stdout
    monkeypatch.syspath_prepend(str(tmp_path))
    from made_client.api.decisions import decide
    from made_client.api.groups import list_groups
    from made_client.client import AuthenticatedClient
    from made_client.models.asked_one import AskedOne

    with serving(place.house.settings.data) as server:
        client = AuthenticatedClient(base_url=server.address, token=place.key)
        assert [group.id for group in list_groups.sync(client=client).items] == ["payeurs-a-risque", "tous"]
        decision = decide.sync(client=client, body=AskedOne.from_dict({"order": order()}))
        assert decision.outcome == "accepted"

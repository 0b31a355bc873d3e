"""Requests made from the document: no answer is a 5xx, each is as the document tells; a client made of it works."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.fuzz import fuzz
from orders.doors import add_key
from tests.web.houses import NOW, order
from tests.web.servers import serving


def test_requests_of_every_sort_are_answered_as_the_document_tells(place):
    def add(connection):
        return add_key(connection, "fuzz", ["decide", "read", "write"], lambda count: b"f" * count, NOW)

    key = place.house.desk.ledger.write(add)
    place.send(order("PO-1", items=12), "m-1")
    answered = fuzz(place.app, key, 240, {"id": "tous", "key": 1, "number": 1})
    assert {200, 404, 422} <= set(answered)


def test_a_client_generated_from_the_document_decides(place, tmp_path, monkeypatch):
    generator = Path(sys.executable).with_name("openapi-python-client")
    if not generator.exists():
        pytest.skip("openapi-python-client is not installed: no client can be generated")
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
        assert [group.id for group in list_groups.sync(client=client).groups] == ["payeurs-a-risque", "tous"]
        decision = decide.sync(client=client, body=AskedOne.from_dict({"order": order()}))
        assert decision.outcome == "accepted"

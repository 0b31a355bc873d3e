"""Where the system grants few files, callers wait or come again: there is no fault of Houblon's."""

import contextlib
import errno
import http.client
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine

from houblon.orders.db.ledger import Ledger
from tests.web.houses import copy_of
from tests.web.servers import serving

CONNECTIONS = 40


def test_forty_connections_at_64_files_are_answered(template, tmp_path):
    folder = copy_of(template[0], tmp_path / "data")

    def ask(_):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)) as caller:
            return [_asked(caller, address) for address in ("/readyz", "/connexion", "/healthz")]

    with serving(folder, files=64) as server, ThreadPoolExecutor(CONNECTIONS) as callers:
        found = [each for answers in callers.map(ask, range(CONNECTIONS)) for each in answers]
    assert len(found) == 3 * CONNECTIONS
    assert {status for status, _ in found} <= {200, 503}
    assert all(later for status, later in found if status == 503)


@pytest.mark.parametrize("lack", [errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.ENOMEM])
def test_what_the_system_lacks_is_503_and_when_to_come_again(place, monkeypatch, lack):
    def fail(*_):
        raise OSError(lack, "none left")

    monkeypatch.setattr(Ledger, "reading", fail)
    for address in ("/api/v1/orders", "/webhooks/orders"):
        body = b"{}" if "webhooks" in address else None
        headers = {"Authorization": f"Bearer {place.key}"}
        answer = place.client().open(address, method="POST" if body else "GET", data=body, headers=headers)
        assert (answer.status_code, answer.headers.get("Retry-After")) in [(503, "10"), (401, None)]
    assert place.client().get("/api/v1/orders", headers=headers).status_code == 503


def test_where_all_connections_are_lent_it_is_503_and_when_to_come_again(place):
    ledger, client = place.house.services.ledger, place.signed_in()
    ledger.engine, own = create_engine(ledger.url, pool_size=1, max_overflow=0, pool_timeout=0.01), ledger.engine
    try:
        with ledger.engine.connect():
            key = {"Authorization": f"Bearer {place.key}"}
            answers = [client.get("/api/v1/orders", headers=key), client.get("/commandes")]
        assert [(each.status_code, each.headers.get("Retry-After")) for each in answers] == [(503, "10")] * 2
        assert "ne peut rien écrire pour l’instant" in answers[1].text
        assert client.get("/commandes").status_code == 200  # they are signed in still
        assert client.get("/api/v1/orders", headers=key).status_code == 200
    finally:
        ledger.engine.dispose()
        ledger.engine = own


def _asked(caller, address):
    caller.request("GET", address)
    answer = caller.getresponse()
    answer.read()
    return answer.status, answer.headers.get("Retry-After")

"""The fast path answers as Flask does, well and with faults, each call once; what is not plain it leaves to Flask."""

import contextlib
import json

import pytest
from flask import request_started
from sqlalchemy import func, select

from houblon.orders.db import tables
from houblon.web.api import keys
from houblon.web.ingest.signatures import sign
from tests.web.houses import order

DECISIONS, WEBHOOK = "/api/v1/decisions", "/webhooks/orders"


@contextlib.contextmanager
def asked(app):
    """The paths that Flask is asked for meanwhile."""
    seen = []

    def note(sender, **_):
        from flask import request

        seen.append(request.path)

    with request_started.connected_to(note, app):
        yield seen


def by_key(place, body, **headers):
    named = {"Authorization": f"Bearer {place.key}"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return place.client().post(DECISIONS, data=body if isinstance(body, bytes) else json.dumps(body), headers=named)


def signed(place, document, id, **headers):
    body = json.dumps(document).encode()
    return place.client().post(
        WEBHOOK, data=body, headers={**sign(place.secret, id, place.house.now(), body), **headers}
    )


def told(response):
    """What an answer says, but for what differs from one call to the next."""
    passing = {"X-Request-Id", "RateLimit", "Content-Length"}
    headers = {name: value for name, value in response.headers.items() if name not in passing}
    return response.status_code, headers, response.json


def test_what_is_as_it_should_be_never_meets_flask(place):
    with asked(place.app) as seen:
        decided = by_key(place, {"order": order(), "accepted_at": "2021-05-12T10:00:00-04:00", "trace": True})
        taken = signed(place, order(), "m-1")
        again = signed(place, order(), "m-1")
    assert seen == []
    assert decided.json["outcome"] == "accepted" and decided.json["trace"]
    assert "RateLimit" in decided.headers and "Content-Security-Policy" in taken.headers
    assert again.json == taken.json and again.headers["Idempotent-Replay"] == "true"
    names = {response.headers["X-Request-Id"] for response in (decided, taken, again)}
    assert len(names) == 3


@pytest.mark.parametrize(
    "body",
    [
        {"order": order()},
        {"order": order(items=1)},
        {"order": order(), "accepted_at": "2021-05-13T10:00:00-04:00", "trace": True},
        {"order": order(), "version": 1},
        {"order": order(), "as_of": "2021-05-01T10:00:00-04:00"},
        {"order": order(), "version": 99},
        {"order": order(), "proposal": "nobody"},
        {"order": {**order(), "lines": []}},
        {"order": order(), "verison": 1},
        {"orders": [order("A"), {"id": "B"}]},
        b"{",
        b"",
        b"\xff\xfe",
    ],
)
def test_a_decision_is_told_alike_by_both_roads(place, body):
    quick = by_key(place, body)
    with asked(place.app) as seen:
        # A call under a key of its own is Flask's to answer.
        slow = by_key(place, body, Idempotency_Key=f"k-{hash(str(body))}")
    assert seen == [DECISIONS]
    assert told(quick) == told(slow)


def test_faults_of_a_webhook_are_told_at_once_and_nothing_is_kept_twice(place):
    with asked(place.app) as seen:
        assert signed(place, {**order(), "lines": []}, "m-1").status_code == 422
        assert signed(place, order(), "m-2", **{"webhook-signature": "v1,AAAA"}).status_code == 401
        assert signed(place, order(), "m-3").status_code == 200
        assert signed(place, order(items=30), "m-3").status_code == 409
        assert signed(place, order(items=30), "m-4").status_code == 409
    assert seen == []
    with place.house.services.ledger.reading() as connection:
        assert connection.execute(select(func.count()).select_from(tables.webhook_calls)).scalar_one() == 1


def left(response):
    """How many calls the caller is told to have left."""
    return int(response.headers["RateLimit"].split("r=")[1].split(";")[0])


@pytest.mark.parametrize(
    "body",
    [
        {"order": order()},
        {"order": {**order(), "lines": []}},
        {"order": order(), "version": 99},
        {"order": order(), "proposal": "nobody"},
        {"orders": [{"id": "B"}]},
        {"orders": []},
        b"{",
        b"[" * 200,
        b'{"order": ' + b" " * 1_000_001 + b"}",
    ],
)
@pytest.mark.parametrize("headers", [{}, {"Idempotency_Key": "k-1"}])
def test_a_call_costs_one_call_of_the_quota_whatever_is_wrong_with_it(place, monkeypatch, body, headers):
    monkeypatch.setattr(place.app.extensions[keys.RATES], "_seconds", lambda: 1_000.0)
    before = left(by_key(place, {"order": order()}))
    assert left(by_key(place, body, **headers)) == before - 1
    assert left(by_key(place, {"order": order()})) == before - 2


def test_a_call_too_many_is_refused_and_told_when_to_come_again(place, monkeypatch):
    rates = place.app.extensions[keys.RATES]
    monkeypatch.setattr(rates, "_seconds", lambda: 1_000.0)
    monkeypatch.setitem(rates._limits, "decide", 2)
    with asked(place.app) as seen:
        answers = [by_key(place, {"order": order()}) for _ in range(3)]
    assert ([each.status_code for each in answers], seen) == ([200, 200, 429], [])
    assert answers[2].headers["Retry-After"] and left(answers[2]) == 0


def test_a_key_that_may_not_decide_is_told_so(place):
    for key in ("", "hbl_nobody", f"Basic {place.key}"):
        with asked(place.app) as seen:
            response = place.client().post(DECISIONS, data="{}", headers={"Authorization": key})
        assert (response.status_code, seen) == (401, [])


def test_what_nobody_foresaw_is_told_as_such_and_once(place, monkeypatch):
    calls = []

    def fails(*_):
        calls.append(1)
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("houblon.web.api.keys.known_key", fails)
    response = by_key(place, {"order": order()})
    assert (response.status_code, response.json["status"], calls) == (500, 500, [1])
    assert "secret" not in response.text and response.headers["X-Request-Id"]


@pytest.mark.parametrize("length", ["", "-1", "+5", "1_0", "\u0663", "9" * 5_000])
def test_a_length_that_is_none_is_left_to_flask(place, length):
    with asked(place.app) as seen:
        response = place.client().post(
            WEBHOOK, data=b"{}", environ_overrides={"CONTENT_LENGTH": length}, headers={"Accept": "*/*"}
        )
    assert (seen, response.status_code < 500) == ([WEBHOOK], True)


def test_a_body_that_breaks_off_is_left_to_flask(place):
    with asked(place.app) as seen:
        response = place.client().post(WEBHOOK, data=b"{}", environ_overrides={"CONTENT_LENGTH": "50"})
    assert (seen, response.status_code) == ([WEBHOOK], 400)


def test_a_call_names_itself_by_the_id_that_it_came_with(place):
    by_key(place, {"order": order()})
    assert by_key(place, {"order": order()}, X_Request_Id="caisse-42").headers["X-Request-Id"] == "caisse-42"
    assert by_key(place, {"order": order()}, X_Request_Id="<script>").headers["X-Request-Id"] != "<script>"

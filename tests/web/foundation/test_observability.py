"""What the service tells of itself: metrics, readiness, JSON logs, secrets from files."""

import io
import json
import logging
import os
import re
import time

import pytest
import structlog
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from houblon.orders.credentials.credentials import add_key
from houblon.web.foundation import request_log
from houblon.web.foundation.heartbeat import SILENCE, Heartbeat
from houblon.web.foundation.logs import Paced, configure
from houblon.web.foundation.settings import BadSetting, Settings
from houblon.web.telemetry.health import HEARTBEAT
from tests.orders.receivers import Endpoint
from tests.orders.receivers import serving as receiving
from tests.web.houses import order
from tests.web.servers import send, serving


def test_metrics_count_decisions_and_look_at_the_outbox(place):
    place.send(order("PO-1"), "m-1")
    text = place.client().get("/metrics").get_data(as_text=True)
    assert 'houblon_decisions_total{door="webhook",outcome="accepted"}' in text
    assert 'houblon_outbox_messages{kind="mail",state="pending"} 1.0' in text
    for name in ("houblon_policy_age_seconds", "houblon_request_seconds_bucket", "houblon_database_errors_total"):
        assert name in text
    proxied = {"X-Forwarded-For": "203.0.113.9"}
    assert place.client().get("/metrics", headers=proxied).status_code == 401
    for scope, status in (("metrics", 200), ("decide", 401)):
        ledger, random = place.house.services.ledger, lambda count, of=scope: of.encode()[:1] * count
        key = ledger.write(lambda c, of=scope, random=random: add_key(c, of, [of], random, place.house.now()))
        asked = place.client().get("/metrics", headers=proxied | {"Authorization": f"Bearer {key}"})
        assert asked.status_code == status
    assert place.client().get("/metrics", headers=proxied | {"Authorization": f"Bearer {place.key}"}).status_code == 200


def test_a_silent_outbox_worker_is_not_ready(place):
    now = [0.0]
    heartbeat = place.app.extensions[HEARTBEAT] = Heartbeat(lambda: now[0])
    heartbeat.beat()
    assert place.client().get("/readyz").status_code == 200
    now[0] = SILENCE + 1
    silent = place.client().get("/readyz")
    assert (silent.status_code, [each["code"] for each in silent.json["errors"]]) == (503, ["outbox"])


@pytest.fixture
def log():
    """What is logged meanwhile, as the lines that a server writes."""
    root, stream = logging.getLogger(), io.BytesIO()
    handlers, level = root.handlers[:], root.level
    configure(stream=stream, for_good=False)
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_logs_are_json_with_the_request_s_id_and_no_personal_data(place, log):
    place.client().get("/f/un-lien-secret", headers={"X-Request-Id": "appel-7"})
    place.send(order("PO-1"), "m-1")
    logging.getLogger("une.bibliotheque").warning("elle parle aussi, à %s", "voix basse")
    text = log.getvalue().decode()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [each["event"] for each in lines] == [
        "request",
        "webhook.taken",
        "elle parle aussi, à voix basse",
    ]
    assert all(each["level"] and each["timestamp"] for each in lines)
    assert (lines[0]["request"], lines[0]["status"]) == ("appel-7", 404)
    assert lines[1]["request"] != "appel-7" and lines[1]["status"] == 200
    assert (lines[1]["order"], lines[1]["outcome"], lines[1]["route"]) == ("PO-1", "accepted", "/webhooks/orders")
    for kept_out in ("comptoir.example", "un-lien-secret", place.secret):
        assert kept_out.lower() not in text.lower()


def test_a_request_s_line_is_the_same_by_the_short_way_that_a_server_takes(place, log):
    """Only what leaves in batches is written the short way; at whatever level, and whatever an id holds."""

    def told(stream, level=logging.INFO):
        configure(level, stream=stream, for_good=False)
        request_log.begin("appel-7")
        request_log.log_as("webhook.taken", order="PO-\udc80", none=None, version=3)
        request_log.end("POST", "/webhooks/orders", 200, 0.00125, "caisse")
        stream.leave() if isinstance(stream, Paced) else None

    def lines(stream):
        return [{**json.loads(line), "timestamp": ""} for line in stream.getvalue().splitlines()]

    plain, short, quiet = io.BytesIO(), io.BytesIO(), io.BytesIO()
    told(plain)
    told(Paced(short))
    told(Paced(quiet), logging.WARNING)
    [line] = lines(plain)
    assert lines(short) == [line] and list(lines(short)[0]) == list(line) and not quiet.getvalue()
    told_at = [json.loads(stream.getvalue())["timestamp"] for stream in (plain, short)]
    assert [re.sub(r"\d", "0", each.strip("'")) for each in told_at] == ["0000-00-00T00:00:00.000000Z"] * 2


def test_why_a_form_was_refused_is_in_the_log(place, log):
    page = place.client()
    assert page.post("/connexion", data={"email": "marie@brasserie.example"}).status_code == 400
    told = next(json.loads(line) for line in log.getvalue().splitlines() if b"form refused" in line)
    assert "token is missing" in told["event"] and "localhost" in told["event"]
    assert b"marie@" not in log.getvalue()


def test_no_line_of_a_library_or_of_a_fault_has_a_mail_address_or_a_link_that_opens(place, log):
    library = logging.getLogger("une.bibliotheque")
    library.warning(
        "sent to %s by %s", "marie+biere@brasserie.example", "https://houblon.example/f/7.1.cle-secrete-tres-longue"
    )
    try:
        raise ValueError("no mailbox <marie@brasserie.example>")
    except ValueError:
        logging.getLogger("houblon.outbox").exception("it failed")
        structlog.get_logger("houblon.requests").exception("it failed too")
    text = log.getvalue().decode()
    assert len(text.splitlines()) == 3 and "ValueError" in text
    assert "brasserie.example" not in text and "cle-secrete" not in text


def test_secrets_are_read_from_files(tmp_path):
    secret = tmp_path / "smtp"
    secret.write_text("smtp://user:password@mail.example\n")
    settings = Settings.from_env({"HOUBLON_SMTP_URL_FILE": str(secret)}, tmp_path)
    assert settings.smtp_url == "smtp://user:password@mail.example"
    for environ in (
        {"HOUBLON_SMTP_URL_FILE": str(tmp_path / "none")},
        {"HOUBLON_SMTP_URL_FILE": str(secret), "HOUBLON_SMTP_URL": "smtp://x"},
    ):
        with pytest.raises(BadSetting) as raised:
            Settings.from_env(environ, tmp_path)
        assert "password" not in str(raised.value)


def test_traces_go_to_the_collector_that_is_named_and_hold_no_personal_data(place):
    collector = Endpoint()

    def spans():
        return [
            (scope.scope.name.rpartition(".")[2], span.name)
            for _, _, body in list(collector.calls)
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def is_all_there():
        statements = b"".join(body for _, _, body in list(collector.calls))
        return "flask" in {room for room, _ in spans()} and b"INSERT INTO decisions" in statements

    with receiving(collector):
        base = collector.url.removesuffix("/hooks")
        environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": base, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        with serving(place.house.settings.data, environment) as server:
            assert send(server.address, place.secret, order("PO-1"), "m-1")[0] == 200
            deadline = time.monotonic() + 20
            while not is_all_there() and time.monotonic() < deadline:
                time.sleep(0.05)
    told = b"".join(body for _, _, body in collector.calls)
    assert ("flask", "POST /webhooks/orders") in spans() and "sqlalchemy" in {room for room, _ in spans()}
    assert b"INSERT INTO orders" in told and b"INSERT INTO decisions" in told, "the order's own path is in it"
    assert b"houblon" in told and b"comptoir" not in told and place.secret.encode() not in told

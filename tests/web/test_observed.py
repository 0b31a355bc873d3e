"""What the service tells of itself: metrics, readiness, JSON logs, secrets from files."""

import io
import json

import pytest
import structlog

from tests.web.houses import order
from web.health import PULSE
from web.logs import configure
from web.pulse import SILENCE, Pulse
from web.settings import BadSetting, Settings


def test_metrics_count_decisions_and_look_at_the_outbox(place):
    place.send(order("PO-1"), "m-1")
    text = place.client().get("/metrics").get_data(as_text=True)
    assert 'houblon_decisions_total{door="webhook",group="tous",outcome="accepted",version="2"}' in text
    assert 'houblon_outbox_messages{state="pending"} 1.0' in text
    for name in ("houblon_policy_age_seconds", "houblon_request_seconds_bucket", "houblon_database_errors_total"):
        assert name in text
    proxied = {"X-Forwarded-For": "203.0.113.9"}
    assert place.client().get("/metrics", headers=proxied).status_code == 401
    assert place.client().get("/metrics", headers=proxied | {"Authorization": f"Bearer {place.key}"}).status_code == 200


def test_a_silent_outbox_worker_is_not_ready(place):
    now = [0.0]
    pulse = place.app.extensions[PULSE] = Pulse(lambda: now[0])
    pulse.beat()
    assert place.client().get("/readyz").status_code == 200
    now[0] = SILENCE + 1
    silent = place.client().get("/readyz")
    assert (silent.status_code, [each["code"] for each in silent.json["errors"]]) == (503, ["outbox"])


def test_logs_are_json_with_the_request_s_id_and_no_personal_data(place):
    stream = io.BytesIO()
    configure(stream=stream)
    try:
        structlog.get_logger("houblon.requests")
        place.client().get("/f/un-lien-secret", headers={"X-Request-Id": "appel-7"})
        place.send(order("PO-1"), "m-1")
    finally:
        structlog.reset_defaults()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert all(each["level"] and each["timestamp"] for each in lines)
    text = stream.getvalue().decode().lower()
    assert "comptoir.example" not in text and "un-lien-secret" not in text and place.secret.lower() not in text


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

"""One table of settings: what is read, what is shown of it, and what a misspelt name is told."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from houblon.web.app.serve import beginning
from houblon.web.cli.main import main
from houblon.web.foundation.setting_table import TABLE, without_password
from houblon.web.foundation.settings import BadSetting, Settings, unknown_names

OPERATIONS = Path(__file__).resolve().parents[3] / "docs" / "operations.md"
GOOD = {
    "HOUBLON_DATA": "ici",
    "HOUBLON_DATABASE_URL": "postgresql+psycopg://houblon:tres-secret@base.example/houblon",
    "HOUBLON_BASE_URL": "https://commandes.example",
    "HOUBLON_TRUSTED_PROXIES": "0",
    "HOUBLON_SMTP_URL": "smtp://houblon:tres-secret@mail.example:587?tls=starttls",
    "HOUBLON_MAIL_FROM": "Brasserie <commandes@brasserie.example>",
    "HOUBLON_THREADS": "4",
    "HOUBLON_DECISION_RATE": "10",
    "HOUBLON_API_RATE": "10",
    "HOUBLON_ALLOW_PRIVATE_WEBHOOKS": "10.0.0.0/8",
    "HOUBLON_ACCELERATION": "no",
    "HOUBLON_KEEP_MESSAGES": "400",
    "HOUBLON_KEEP_CALLS": "30",
    "HOUBLON_KEEP_SIGN_INS": "60",
    "HOUBLON_KEEP_SIMULATIONS": "10",
    "HOUBLON_KEEP_EVENTS": "20",
    "HOUBLON_KEEP_REFUSED": "45",
    "HOUBLON_TAX_YEARS": "7",
    "HOUBLON_TAX_YEAR_ENDS": "06-30",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collecteur.example:4318",
    "OTEL_SERVICE_NAME": "brasserie",
}
BAD = [
    ("HOUBLON_DATABASE_URL", "sqlite:///"),
    ("HOUBLON_DATABASE_URL", "sqlite:///:memory:"),
    ("HOUBLON_DATABASE_URL", "mysql://tres-secret@base.example/houblon"),
    ("HOUBLON_DATABASE_URL", "postgresql+psycopg://houblon:tres-secret@base.example:abc/houblon"),
    ("HOUBLON_BASE_URL", "commandes.example"),
    ("HOUBLON_BASE_URL", "https://commandes.example/?a=b"),
    ("HOUBLON_BASE_URL", "https://commandes.example#a"),
    ("HOUBLON_BASE_URL", "https://a:tres-secret@commandes.example"),
    ("HOUBLON_TRUSTED_PROXIES", "11"),
    ("HOUBLON_TRUSTED_PROXIES", "-1"),
    ("HOUBLON_SMTP_URL", "mail.example:587"),
    ("HOUBLON_SMTP_URL", "smtp://houblon:tres-secret@mail.example:99999"),
    ("HOUBLON_SMTP_URL", "smtp://houblon:tres-secret@mail.example?tls=yes"),
    ("HOUBLON_MAIL_FROM", "brasserie"),
    ("HOUBLON_MAIL_FROM", "a@brasserie.example\nBcc: b@brasserie.example"),
    ("HOUBLON_THREADS", "0"),
    ("HOUBLON_THREADS", "²"),
    ("HOUBLON_API_RATE", "9" * 5_000),
    ("HOUBLON_ACCELERATION", "maybe"),
    ("HOUBLON_KEEP_MESSAGES", "0"),
    ("HOUBLON_TAX_YEAR_ENDS", "02-29"),
    ("HOUBLON_ALLOW_PRIVATE_WEBHOOKS", "10.0.0.0/99"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "collecteur"),
]


def test_every_setting_is_read_and_fills_the_field_that_it_names():
    settings = Settings.from_env(GOOD)
    assert {each.name for each in TABLE} == set(GOOD)
    for each in TABLE:
        assert getattr(settings, each.field) == each.read(GOOD[each.name])
    assert {each.origin for each in settings.in_force} == {"environment"}


def test_what_is_unset_is_what_the_table_says():
    settings = Settings.from_env({})
    plain = {each.field: each.unless_set.strip("`") for each in TABLE}
    for field in (
        "data",
        "trusted_proxies",
        "threads",
        "decision_rate",
        "api_rate",
        "keep_simulations",
        "keep_events",
        "tax_years_kept",
        "service_name",
    ):
        assert str(getattr(settings, field)) == plain[field]
    assert {each.origin for each in settings.in_force} == {"unset"}


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_value_that_can_t_be_used_is_refused_by_name_and_not_repeated(name, value):
    with pytest.raises(BadSetting) as raised:
        Settings.from_env({name: value})
    for sentence in (raised.value.text.fr, raised.value.text.en):
        assert sentence.startswith(name) and "tres-secret" not in sentence and "9999" not in sentence


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("HOUBLON_DATABSE_URL", "HOUBLON_DATABASE_URL"),
        ("HOUBLON_TRUSTED_PROXY", "HOUBLON_TRUSTED_PROXIES"),
        ("HOUBLON_SMPT_URL_FILE", "HOUBLON_SMTP_URL"),
        ("HOUBLON_ZZZZZZZZZZZZZZZZZZZ", None),
    ],
)
def test_an_unknown_name_is_warned_of_with_the_one_that_was_meant(name, meant):
    assert list(unknown_names({**GOOD, "HOUBLON_SMTP_URL_FILE": "x", "PATH": "", name: "1"})) == [(name, meant)]
    warned = CliRunner().invoke(main, ["settings"], env={name: "1"})
    assert warned.exit_code == 0 and name in warned.stderr and (meant or name) in warned.stderr


def test_the_settings_in_force_are_printed_with_where_each_comes_from_and_no_secret(tmp_path):
    secret = tmp_path / "smtp"
    secret.write_text(GOOD["HOUBLON_SMTP_URL"])
    environ = {**GOOD, "HOUBLON_SMTP_URL": "", "HOUBLON_SMTP_URL_FILE": str(secret), "HOUBLON_THREADS": ""}
    result = CliRunner().invoke(main, ["settings", "--data", str(tmp_path), "--json"], env=environ)
    found = {each["name"]: (each["value"], each["from"]) for each in json.loads(result.stdout)["settings"]}
    assert list(found) == [each.name for each in TABLE]
    assert found["HOUBLON_DATA"] == (str(tmp_path), "--data")
    assert found["HOUBLON_SMTP_URL"] == ("smtp://houblon:***@mail.example:587?tls=starttls", f"file {secret}")
    assert found["HOUBLON_DATABASE_URL"] == ("postgresql+psycopg://houblon:***@base.example/houblon", "environment")
    assert found["HOUBLON_THREADS"] == ("16", "unset")
    plain = CliRunner().invoke(main, ["settings", "--data", str(tmp_path)], env=environ)
    assert "tres-secret" not in result.output + plain.output + json.dumps(beginning(Settings.from_env(GOOD)))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://h/d?user=u&password=tres-secret&sslmode=require",
        "postgresql+psycopg://u:tres-secret@[::1]:5432/d",
        "smtps://u%40brasserie.example:tres-secret@mail.example",
        "postgresql+psycopg://houblon:a#tres-secret@base.example/houblon",
        "postgresql+psycopg://houblon:a/tres-secret@base.example/houblon",
        "postgresql+psycopg://houblon:tres-secret?b@base.example/houblon",
        "postgresql+psycopg://houblon:[tres-secret@base.example/houblon",
        "postgresql+psycopg://houblon:a@tres-secret@base.example/houblon",
        "postgresql+psycopg://base.example/houblon?options=-c%20x.y%3Dtres-secret&sslmode=require",
        "https://collecteur.example:4318/?token=tres-secret",
    ],
)
def test_no_form_of_a_password_is_shown(url):
    assert "tres-secret" not in without_password(url) and "***" in without_password(url)


def test_the_help_of_serve_and_the_document_say_what_the_table_says():
    told = " ".join(CliRunner().invoke(main, ["serve", "--help"]).stdout.split())
    rows = dict(re.findall(r"^\| `((?:HOUBLON|OTEL)_\w+)` \| (.*?) *\|$", OPERATIONS.read_text(), re.M))
    assert list(rows) == [each.name for each in TABLE]
    secrets = {"HOUBLON_DATABASE_URL", "HOUBLON_SMTP_URL", "OTEL_EXPORTER_OTLP_ENDPOINT"}
    assert {each.name for each in TABLE if each.is_secret} == secrets
    for each in TABLE:
        assert f"{each.about}: {each.takes}; unless set, {each.unless_set}".replace("`", "") in told
        assert (
            rows[each.name]
            == f"{each.about} | {each.takes} | {each.unless_set} | {'yes' if each.is_secret else ''}".rstrip()
        )

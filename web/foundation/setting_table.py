"""Every setting of the environment, once: its name, what it takes, what it is unless set, and whether it is a secret.

`Settings.from_env`, `houblon settings`, `houblon serve --help`, the log's first line and a test over docs/operations.md
all read this table.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from email.headerregistry import Address
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from houblon.orders.events.webhook_addresses import read_networks

PREFIX, FROM_FILE = "HOUBLON_", "_FILE"
# How the server tells its own processes where it listens and what its log is called; what tests alone read.
INTERNAL = frozenset({"HOUBLON_ADDRESS", "HOUBLON_LOG_NAME", "HOUBLON_TEST_POSTGRESQL"})
_RATE, _DAYS = 100_000_000, 36_500


@dataclass(frozen=True)
class Setting:
    """One variable: the field of Settings that it fills, what it is about, and the values that it takes.

    `read` makes the field's value of the text, and raises ValueError where it can't. `unless_set` says what holds
    without it. What `is_secret` is never shown whole.
    """

    name: str
    field: str
    about: str
    takes: str
    unless_set: str
    read: Callable[[str], Any]
    is_secret: bool = False

    def shown(self, text: str) -> str:
        """The value as anybody may read it."""
        return without_password(text) if self.is_secret else text


# A password may hold any sign, as SQLAlchemy reads it: what is before the last `@` is never shown in part.
_SECRETS = re.compile(r"([\w+]+://)([^:@/]*)(:.*)?@(.*)", re.S)
_PLAIN = frozenset({"tls", "sslmode", "host", "port", "user", "dbname", "application_name", "connect_timeout"})


def without_password(url: str) -> str:
    """A URL without its password, nor what stands after `?`, where drivers take one too, but for what is harmless."""
    found = _SECRETS.fullmatch(url)
    if found is not None:
        scheme, user, password, rest = found.groups()
        url = f"{scheme}{user}{':***' if password is not None else ''}@{rest}"
    place, mark, query = url.partition("?")
    return place + mark + "&".join(_parameter_shown(each) for each in query.split("&"))


def _parameter_shown(parameter: str) -> str:
    name = parameter.partition("=")[0]
    return parameter if not parameter or name in _PLAIN else f"{name}=***"


def _database(text: str) -> str:
    if not re.match(r"sqlite:///.|postgresql\+psycopg://", text):
        raise ValueError
    try:
        url = make_url(text)
    except ArgumentError as fault:
        raise ValueError from fault
    # SQLite's are a file's name and no more; a name in memory would be lost with its process.
    if text.startswith("sqlite") and (url.query or url.database == ":memory:"):
        raise ValueError
    return text


def _url(*schemes: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        parts = urlsplit(text)
        if parts.scheme not in schemes or not parts.hostname or parts.port == 0 or not text.isprintable():
            raise ValueError
        return text

    return read


def _base(text: str) -> str:
    """Where paths are added to: nothing may stand behind the host and a path, nor a name before it."""
    parts = urlsplit(_url("http", "https")(text))
    if "@" in parts.netloc or "?" in text or "#" in text:
        raise ValueError
    return text


def _smtp(text: str) -> str:
    parts: SplitResult = urlsplit(_url("smtp", "smtps")(text))
    if parts.query not in ("", "tls=starttls") or parts.path not in ("", "/"):
        raise ValueError
    return text


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal()) or len(text) > 12 or not least <= int(text) <= most:
            raise ValueError
        return int(text)

    return read


def _day_of_year(text: str) -> tuple[int, int]:
    # In a year that has no February 29th: that day is in no calendar each year.
    end = date.fromisoformat(f"2001-{text.strip()}")
    return end.month, end.day


def _yes_or_no(text: str) -> bool:
    said = {"yes": True, "no": False}.get(text.strip().lower())
    if said is None:
        raise ValueError
    return said


def _sender(text: str) -> str:
    name, address = parseaddr(text)
    if not text.isprintable() or not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
        raise ValueError
    try:
        Address(name, addr_spec=address)
    except (ValueError, IndexError) as fault:
        raise ValueError from fault
    return text


TABLE = (
    Setting(
        "HOUBLON_DATA", "data", "the data folder, where `--data` does not say it", "a folder's name", "`data`", Path
    ),
    Setting(
        "HOUBLON_DATABASE_URL",
        "database_url",
        "the ledger",
        "`sqlite:///FILE` or `postgresql+psycopg://USER:PASSWORD@HOST/DATABASE`",
        "`ledger.db` in the data folder",
        _database,
        is_secret=True,
    ),
    Setting(
        "HOUBLON_BASE_URL",
        "base_url",
        "the address that people and mails use",
        "`http://HOST` or `https://HOST`",
        "`http://localhost:PORT`",
        _base,
    ),
    Setting(
        "HOUBLON_TRUSTED_PROXIES",
        "trusted_proxies",
        "how many proxies stand between callers and Houblon",
        "a whole number from 0 to 10",
        "0",
        _whole(0, 10),
    ),
    Setting(
        "HOUBLON_SMTP_URL",
        "smtp_url",
        "the mail server; what is special in a password is written as in a URL (`@` is `%40`)",
        "`smtp://USER:PASSWORD@HOST:PORT?tls=starttls`, `smtp://HOST` without TLS, or `smtps://…`",
        "mail is written to `mail/`",
        _smtp,
        is_secret=True,
    ),
    Setting(
        "HOUBLON_MAIL_FROM",
        "mail_from",
        "the sender of mail; answers go to the seller's address all the same",
        "a mail address, with a name or without: `Brasserie <commandes@brasserie.example>`",
        "the seller's name and address",
        _sender,
    ),
    Setting(
        "HOUBLON_THREADS",
        "threads",
        "threads that answer orders, as many that answer programs, a quarter for pages",
        "a whole number from 1 to 256",
        "16",
        _whole(1, 256),
    ),
    Setting(
        "HOUBLON_DECISION_RATE",
        "decision_rate",
        "decisions a minute that one API key may ask for",
        "a whole number from 1 to 100000000",
        "600000",
        _whole(1, _RATE),
    ),
    Setting(
        "HOUBLON_API_RATE",
        "api_rate",
        "other calls a minute that one API key may make",
        "a whole number from 1 to 100000000",
        "3000",
        _whole(1, _RATE),
    ),
    Setting(
        "HOUBLON_ALLOW_PRIVATE_WEBHOOKS",
        "private_webhooks",
        "whether events may go to private networks, and to which",
        "`yes`, `no`, or addresses and networks between commas (`10.0.0.0/8`)",
        "`no`",
        read_networks,
    ),
    Setting(
        "HOUBLON_ACCELERATION",
        "acceleration",
        "whether the fast path and the writer process may be used; answers are the same without",
        "`yes` or `no`",
        "`yes`",
        _yes_or_no,
    ),
    Setting(
        "HOUBLON_KEEP_MESSAGES",
        "keep_messages",
        "for how many days messages are kept",
        "a whole number from 1 to 36500",
        "for good",
        _whole(1, _DAYS),
    ),
    Setting(
        "HOUBLON_KEEP_CALLS",
        "keep_calls",
        "for how many days calls of webhooks are kept",
        "a whole number from 1 to 36500",
        "for good",
        _whole(1, _DAYS),
    ),
    Setting(
        "HOUBLON_KEEP_SIGN_INS",
        "keep_sign_ins",
        "for how many days sessions that ended are kept",
        "a whole number from 1 to 36500",
        "for good",
        _whole(1, _DAYS),
    ),
    Setting(
        "HOUBLON_KEEP_SIMULATIONS",
        "keep_simulations",
        "for how many days simulations are kept",
        "a whole number from 1 to 36500",
        "90",
        _whole(1, _DAYS),
    ),
    Setting(
        "HOUBLON_KEEP_EVENTS",
        "keep_events",
        "for how many days events can be read and sent again",
        "a whole number from 1 to 36500",
        "30",
        _whole(1, _DAYS),
    ),
    Setting(
        "HOUBLON_KEEP_REFUSED",
        "keep_refused",
        "for how many days what a refused call said is kept, by which it can be tried again",
        "a whole number from 1 to 36500",
        "90",
        _whole(1, _DAYS),
    ),
    Setting(
        "HOUBLON_TAX_YEARS",
        "tax_years_kept",
        "for how many years after a tax year taxes ask for orders and invoices",
        "a whole number from 1 to 100",
        "6",
        _whole(1, 100),
    ),
    Setting(
        "HOUBLON_TAX_YEAR_ENDS",
        "tax_year_ends",
        "the day on which a tax year ends",
        "a month and a day: `12-31`",
        "`12-31`",
        _day_of_year,
    ),
    Setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "traces",
        "where traces go, by OTLP over HTTP; needs `pip install houblon[otel]`",
        "`http://HOST:4318` or `https://…`",
        "nothing is traced",
        _url("http", "https"),
        is_secret=True,
    ),
    Setting("OTEL_SERVICE_NAME", "service_name", "the name in traces", "a name", "`houblon`", str),
)

"""Settings.from_env: everything that is configured, checked before anything starts."""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from houblon.orders.events.webhook_addresses import Network, read_networks


class BadSetting(ValueError):
    """A variable's value can't be used; the sentence names it and says what is expected."""


@dataclass(frozen=True)
class Settings:
    """Where Houblon keeps its data and how it reaches the world.

    Rates are calls a minute that one API key may make: of decisions, and of everything else.
    `acceleration`: the fast path and the writer process may be used, which nothing depends on.
    `trusted_proxies` is how many stand between callers and Houblon, each adding its caller's address.
    """

    data: Path
    database_url: str
    base_url: str = "http://localhost:8000"
    smtp_url: str | None = None
    mail_from: str = "houblon@localhost"
    threads: int = 16
    private_webhooks: tuple[Network, ...] = ()
    decision_rate: int = 600_000
    api_rate: int = 3_000
    trusted_proxies: int = 0
    acceleration: bool = True

    @classmethod
    def from_env(cls, environ: Mapping[str, str], data: Path | None = None) -> "Settings":
        """Settings of the environment; `data`, from a command's `--data`, wins. Raises BadSetting."""
        environ = _secrets_from_files(environ)
        folder = data or Path(environ.get("HOUBLON_DATA") or "data")
        database = environ.get("HOUBLON_DATABASE_URL") or f"sqlite:///{folder.absolute() / 'ledger.db'}"
        if not re.match(r"sqlite:///.|postgresql\+psycopg://", database):
            raise BadSetting("HOUBLON_DATABASE_URL is sqlite:///… or postgresql+psycopg://…")
        return cls(
            data=folder,
            database_url=database,
            base_url=_url(environ, "HOUBLON_BASE_URL", ("http", "https")) or cls.base_url,
            smtp_url=_url(environ, "HOUBLON_SMTP_URL", ("smtp", "smtps")),
            mail_from=environ.get("HOUBLON_MAIL_FROM") or cls.mail_from,
            threads=_whole(environ, "HOUBLON_THREADS", 256) or cls.threads,
            decision_rate=_whole(environ, "HOUBLON_DECISION_RATE", 100_000_000) or cls.decision_rate,
            api_rate=_whole(environ, "HOUBLON_API_RATE", 100_000_000) or cls.api_rate,
            trusted_proxies=_whole(environ, "HOUBLON_TRUSTED_PROXIES", 10) or cls.trusted_proxies,
            acceleration=_yes_or_no(environ, "HOUBLON_ACCELERATION", cls.acceleration),
            private_webhooks=_networks(environ.get("HOUBLON_ALLOW_PRIVATE_WEBHOOKS", "")),
        )

    @property
    def mail_folder(self) -> Path:
        """Where mail is written when there is no mail server."""
        return self.data / "mail"

    @property
    def is_embedded(self) -> bool:
        """Whether the ledger is a file, SQLite's, and not a server's."""
        return self.database_url.startswith("sqlite")

    @property
    def may_have_writer_process(self) -> bool:
        """Whether a second process may write beside the server: the ledger is a file, and there is a socket to it that
        keeps messages whole."""
        return self.acceleration and self.is_embedded and sys.platform == "linux"

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")


def _url(environ: Mapping[str, str], name: str, schemes: tuple[str, ...]) -> str | None:
    value = environ.get(name)
    if not value:
        return None
    try:
        parts = urlsplit(value)
        whole = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    if not whole:
        # The value may hold a password: it is not repeated.
        raise BadSetting(f"{name} is a URL that starts with {' or '.join(f'{each}://' for each in schemes)}")
    return value


def _whole(environ: Mapping[str, str], name: str, most: int) -> int | None:
    text = environ.get(name)
    if not text:
        return None
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise BadSetting(f"{name} is a whole number from 1 to {most}")
    return int(text)


def _yes_or_no(environ: Mapping[str, str], name: str, unless_set: bool) -> bool:
    text = environ.get(name)
    if not text:
        return unless_set
    if text not in ("yes", "no"):
        raise BadSetting(f"{name} is yes or no")
    return text == "yes"


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return read_networks(text)
    except ValueError:
        raise BadSetting(
            "HOUBLON_ALLOW_PRIVATE_WEBHOOKS is yes, no, or addresses and networks between commas (10.0.0.0/8)"
        ) from None


def _secrets_from_files(environ: Mapping[str, str]) -> Mapping[str, str]:
    """The environment, with `HOUBLON_X` read from the file that `HOUBLON_X_FILE` names."""
    read = dict(environ)
    for name, path in environ.items():
        if not name.startswith("HOUBLON_") or not name.endswith("_FILE") or not path:
            continue
        wanted = name.removesuffix("_FILE")
        if environ.get(wanted):
            raise BadSetting(f"{wanted} and {name} are both set: keep one")
        try:
            read[wanted] = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise BadSetting(f"{name} names a file that can't be read") from None
    return read

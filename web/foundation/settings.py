"""Settings.from_env: everything that is configured, checked before anything starts."""

import difflib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from houblon.engine.core.problem import Text
from houblon.orders.events.webhook_addresses import Network
from houblon.orders.privacy.retention import Keep
from houblon.orders.privacy.tax_years import TaxYears
from houblon.web.foundation.setting_table import FROM_FILE, INTERNAL, PREFIX, TABLE, Setting


class BadSetting(ValueError):
    """A variable's value can't be used; the sentence names it and says what is expected.

    The value may hold a password: it is not repeated.
    """

    def __init__(self, fr: str, en: str):
        super().__init__(en)
        self.text = Text(fr, en)


@dataclass(frozen=True)
class InForce:
    """A setting as it is in force: its text, and where that comes from (`--data`, `environment`, a file, `unset`)."""

    setting: Setting
    text: str | None
    origin: str

    @property
    def shown(self) -> str:
        """What anybody may read of it."""
        return self.setting.unless_set.replace("`", "") if self.text is None else self.setting.shown(self.text)


@dataclass(frozen=True)
class Settings:
    """Where Houblon keeps its data and how it reaches the world; what each is about stands in TABLE.

    `acceleration`: the fast path and the writer process may be used, which nothing depends on. `mail_from` is None where mail is from the seller. `in_force` says where each came from.
    """

    data: Path
    database_url: str
    base_url: str = "http://localhost:8000"
    smtp_url: str | None = None
    mail_from: str | None = None
    threads: int = 16
    private_webhooks: tuple[Network, ...] = ()
    decision_rate: int = 600_000
    api_rate: int = 3_000
    trusted_proxies: int = 0
    acceleration: bool = True
    keep_messages: int | None = None
    keep_calls: int | None = None
    keep_sign_ins: int | None = None
    keep_simulations: int = 90
    keep_events: int = 30
    keep_refused: int = 90
    tax_years_kept: int = 6
    tax_year_ends: tuple[int, int] = (12, 31)
    traces: str | None = None
    service_name: str = "houblon"
    in_force: tuple[InForce, ...] = ()

    @classmethod
    def from_env(cls, environ: Mapping[str, str], data: Path | None = None) -> "Settings":
        """Settings of the environment; `data`, from a command's `--data`, wins. Raises BadSetting."""
        in_force = tuple(_found(environ, each) for each in TABLE)
        if data is not None:
            in_force = tuple(
                InForce(each.setting, str(data), "--data") if each.setting.field == "data" else each
                for each in in_force
            )
        values: dict[str, Any] = {each.setting.field: _value(each) for each in in_force if each.text is not None}
        folder = values.setdefault("data", Path("data"))
        values.setdefault("database_url", f"sqlite:///{folder.absolute() / 'ledger.db'}")
        return cls(**values, in_force=in_force)

    @property
    def keep(self) -> Keep:
        """For how many days what is kept."""
        return Keep(
            self.keep_messages,
            self.keep_calls,
            self.keep_sign_ins,
            self.keep_simulations,
            self.keep_events,
            self.keep_refused,
        )

    @property
    def tax_years(self) -> TaxYears:
        return TaxYears(self.tax_years_kept, *self.tax_year_ends)

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


def folder_of(environ: Mapping[str, str]) -> Path:
    """The data folder of the environment, whatever else is set there. Raises BadSetting."""
    said = next(_found(environ, each).text for each in TABLE if each.field == "data")
    return Path(said or "data")


def unknown_names(environ: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """The names that begin as Houblon's settings and are none, each with the one that was meant, as far as it shows."""
    known = [each.name for each in TABLE]
    taken = {*known, *(f"{each}{FROM_FILE}" for each in known), *INTERNAL}
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in taken:
            near = difflib.get_close_matches(name.removesuffix(FROM_FILE), known, n=1, cutoff=0.6)
            yield name, near[0] if near else None


def warnings(environ: Mapping[str, str]) -> list[str]:
    """A sentence for each unknown name."""
    return [
        f"{name} is no setting of Houblon and does nothing" + (f": did you mean {near}?" if near else "")
        for name, near in unknown_names(environ)
    ]


def _found(environ: Mapping[str, str], setting: Setting) -> InForce:
    """The text of a setting: from `HOUBLON_X`, or from the file that `HOUBLON_X_FILE` names. Raises BadSetting."""
    name, text = setting.name, environ.get(setting.name)
    path = environ.get(f"{name}{FROM_FILE}") if name.startswith(PREFIX) else None
    if not path:
        return InForce(setting, text, "environment") if text else InForce(setting, None, "unset")
    if text:
        raise BadSetting(
            f"{name} et {name}_FILE sont donnés tous les deux : gardez-en un.",
            f"{name} and {name}_FILE are both set: keep one.",
        )
    try:
        read = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise BadSetting(
            f"{name}_FILE nomme un fichier qui ne se lit pas : corrigez le nom, ou donnez-le à lire.",
            f"{name}_FILE names a file that can't be read: mend the name, or let it be read.",
        ) from None
    return InForce(setting, read, f"file {path}") if read else InForce(setting, None, "unset")


def _value(each: InForce) -> Any:
    assert each.text is not None
    try:
        return each.setting.read(each.text)
    except ValueError:
        name, takes = each.setting.name, each.setting.takes.replace("`", "")
        raise BadSetting(
            f"{name} ne peut être ce qui est donné ; attendu : {takes}.",
            f"{name} can't be what it is set to; it takes {takes}.",
        ) from None

"""What a folder holds beside its stores: `installation.json`, what the installation says of itself, and `secret.key`.

Neither is ever made anew where it is missing, and neither is guessed where it is damaged.
"""

import logging
import re
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
from filelock import FileLock

from houblon.engine.conditions.vocabulary import FACTS
from houblon.engine.core.places import QUEBEC
from houblon.engine.core.problem import Invalid, refuse
from houblon.orders.bookkeeping.accounts import Accounts
from houblon.orders.invoicing.buyer_links import MONTHS, MOST_MONTHS
from houblon.orders.invoicing.languages import BOTH, BUYERS, FRENCH
from houblon.orders.services import FormerSecret, Seller
from houblon.rules.model.entry import Entry
from houblon.rules.store.caches import TtlCache
from houblon.rules.store.documents import FILE
from houblon.rules.store.durable import replace_file

log = logging.getLogger("houblon.installation")
HOUBLON: Literal["houblon"] = "houblon"
SOURCE: Literal["source"] = "source"
RECEIVABLES = (HOUBLON, SOURCE)
PROFILE, SECRET = "installation.json", "secret.key"
# What an `init` that did not end leaves: see web/cli/installation.py.
MARK = "init.unfinished"
# Fewer characters than this are no key: a disk that was full, or a hand, left them.
SECRET_LEAST = 32
# A line of a secret that was in use before: written by `rotate_secret`.
_FORMER = re.compile(r"(\S{32,}) until (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?\+00:00)", re.ASCII)
_ID = re.compile(r"[0-9a-f]{32}")
# What an `installation.json` says since the first version.
_ALWAYS = ("timezone", "currency", "seller")
_ALWAYS_OF_SELLER = ("name", "address", "email", "gst_number", "qst_number", "prefix")
# No character of a text that somebody wrote: a disk that lost what it held gives zeros.
_NO_TEXT = re.compile(r"[^\x20-\x7e\t\r\n]")


class NotInitialised(Exception):
    """The data folder holds no installation, or only a part of one."""


class Profile(msgspec.Struct, frozen=True):
    """What an installation says of itself, kept in `installation.json`.

    With `approval`, a second person must agree to a proposal before it is published or scheduled. With
    `follow_delivery`, due dates follow a delivery that is rescheduled. With `two_factor`, everybody signs
    in with a second factor. A buyer's link opens an invoice for `invoice_link_months` after nothing is owed by it.
    `province` is that of buyers of whom nobody says one, None where none may be taken: their orders are held.
    `receivables` says who knows what retailers owe: `houblon`, whose ledger counts, or `source`, and each order does.
    `french` is what buyers in Québec who read English get, one of `FRENCH`; None: what `french_of` says. `accounts` are
    those that the journal posts to.
    `id` is the same in the ledger: that is how the two know each other.
    """

    timezone: str = "America/Toronto"
    currency: str = "CAD"
    seller: Seller = Seller("Houblon")
    approval: bool = False
    follow_delivery: bool = False
    two_factor: bool = False
    invoice_link_months: int = MONTHS
    id: str | None = None
    province: str | None = None
    # Of an installation of before one could choose: what orders say still counts.
    receivables: Literal["houblon", "source"] = SOURCE
    french: str | None = None
    accounts: Accounts = Accounts()


def french_of(profile: Profile) -> str:
    """What buyers in Québec who read English get; unless it is said, both languages where the seller is in Québec."""
    if profile.french is not None:
        return profile.french
    return BOTH if profile.seller.qst_number or profile.province in (None, QUEBEC) else BUYERS


class _Written(Profile, frozen=True, omit_defaults=True):
    """The profile as the file has it: with the audit entries of its last changes, until the ledger has them."""

    audit: tuple[Entry, ...] = ()


class ProfileFile:
    """The profile as it is written now: read again only when the file is another one.

    One that was damaged while a server runs changes nothing: what was read last stands, and the log says so.
    """

    def __init__(self, folder: Path, first: Profile):
        self._folder = folder
        self._known: tuple[tuple[int, int, int] | None, Profile] = (None, first)
        # `read()` for the stream of orders, with a look that serves many of them.
        self.recent = TtlCache(self.read)

    def read(self) -> Profile:
        try:
            stat = (self._folder / PROFILE).stat()
        except FileNotFoundError:  # while an installation is made, its file comes last
            return self._known[1]
        seen = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        if self._known[0] != seen:
            self._known = (seen, self._readable() or self._known[1])
        return self._known[1]

    def _readable(self) -> Profile | None:
        try:
            return read_profile(self._folder)
        except Invalid as invalid:
            log.error("%s", invalid.problems[0].message.en)
            return None


def is_initialised(folder: Path) -> bool:
    return (folder / PROFILE).exists()


def check_initialised(folder: Path) -> None:
    """Raises NotInitialised where there is no installation; where there is a part of one, the sentence says so."""
    if is_initialised(folder):
        return
    left = what_is_left(folder)
    if left:
        raise NotInitialised(
            f"{PROFILE} is missing in {folder}, where {' and '.join(left)} still is: "
            f"`houblon restore BACKUP --data {folder} --replace` brings all of it back from a backup"
        )
    raise NotInitialised(f"{folder} holds no installation: run `houblon init --data {folder}` first")


def what_is_left(folder: Path) -> list[str]:
    """The names in a folder of what an installation keeps its data in, rules and ledger, whatever is left of them."""
    return [name for name in ("ledger.db", FILE) if any(folder.glob(f"{name}*"))]


def read_profile(folder: Path) -> Profile:
    """Raises Invalid, with a sentence that names the file, what is wrong in it, and the way out."""
    path = folder / PROFILE
    try:
        content = path.read_bytes()
        profile = msgspec.json.decode(content, type=Profile)
    except (OSError, UnicodeError, msgspec.MsgspecError, RecursionError) as fault:
        raise _damaged(path, str(fault)) from None
    try:
        ZoneInfo(profile.timezone)
    except (OSError, LookupError, ValueError):  # whatever a zone's name led to
        raise _damaged(path, f"{profile.timezone!r} is no time zone - `$.timezone`") from None
    if not re.fullmatch(r"[A-Z]{3}", profile.currency):
        raise _damaged(path, f"{profile.currency!r} is no currency - `$.currency`")
    if not 1 <= profile.invoice_link_months <= MOST_MONTHS:
        raise _damaged(path, f"{profile.invoice_link_months} is not from 1 to {MOST_MONTHS} - `$.invoice_link_months`")
    if profile.province is not None and profile.province not in FACTS["province"].options:
        raise _damaged(path, f"{profile.province!r} is no province - `$.province`")
    if profile.french is not None and profile.french not in FRENCH:
        raise _damaged(path, f"{profile.french!r} is none of {', '.join(FRENCH)} - `$.french`")
    if profile.id is not None and not _ID.fullmatch(profile.id):
        raise _damaged(path, "this is no installation's id - `$.id`")
    said = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    _check_names(path, "$", said, _ALWAYS, _Written)
    seller = msgspec.json.decode(said["seller"], type=dict[str, msgspec.Raw])
    _check_names(path, "$.seller", seller, _ALWAYS_OF_SELLER, Seller)
    accounts = msgspec.json.decode(said["accounts"], type=dict[str, msgspec.Raw]) if "accounts" in said else {}
    _check_names(path, "$.accounts", accounts, (), Accounts)
    return profile


def _check_names(
    path: Path, where: str, said: dict[str, msgspec.Raw], always: tuple[str, ...], read: type[msgspec.Struct]
) -> None:
    """What every version wrote and is not there is missed: its default would be a guess. So would that of a setting
    whose name is misspelt, which nobody reads. Raises Invalid."""
    for name in always:
        if name not in said:
            raise _damaged(path, f"it is missing - `{where}.{name}`")
    for name in said:
        if name not in read.__struct_fields__:
            raise _damaged(path, f"no setting has this name - `{where}.{name}`")


def write_profile(folder: Path, profile: Profile, entries: Sequence[Entry] = ()) -> None:
    """Write the profile: last of all when a folder is made, for one that has it is a whole installation."""
    document = msgspec.to_builtins(profile)
    if entries:
        document["audit"] = msgspec.to_builtins(list(entries))
    replace_file(folder / PROFILE, msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")


def change_profile(
    folder: Path,
    change: Callable[[Profile], Profile],
    entry_of: Callable[[Profile, Profile], Entry | None] = lambda before, after: None,
    copy: Callable[[Sequence[Entry]], None] = lambda entries: None,
) -> tuple[Profile, Profile]:
    """Write what `change` makes of the profile: what was there, and what is. Raises what `change` raises, Invalid.

    The change's audit entry is written in the same file, in the place of those of before: `copy` takes
    them to the ledger first.
    """
    with FileLock(folder / f"{PROFILE}.lock", mode=0o600):
        before = read_profile(folder)
        after = change(before)
        if after != before:
            entries = waiting_entries(folder)
            if (entry := entry_of(before, after)) is not None:
                copy(entries)
                entries = (entry,)
            write_profile(folder, after, entries)
    return before, after


def waiting_entries(folder: Path) -> tuple[Entry, ...]:
    """The audit entries that the profile's file carries: those of its last change."""
    try:
        return msgspec.json.decode((folder / PROFILE).read_bytes(), type=_Written).audit
    except (OSError, UnicodeError, msgspec.MsgspecError, RecursionError):
        return ()  # what is wrong with the file is told where the profile is read


def read_secret(folder: Path) -> str:
    """The secret that is in use. Raises Invalid, with a sentence that names the file and the way out."""
    return read_secrets(folder)[0]


def read_secrets(folder: Path) -> tuple[str, tuple[FormerSecret, ...]]:
    """The secret that is in use, and those before it, the last first. Raises Invalid as `read_secret`."""
    path = folder / SECRET
    try:
        secret = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise _no_secret(path, "secret_missing", "manque", "is missing") from None
    except (OSError, UnicodeError):
        raise _no_secret(path, "secret_unreadable", "ne se lit pas", "can't be read") from None
    if len(secret) < SECRET_LEAST:
        said_of_it = f"a moins de {SECRET_LEAST} caractères", f"has fewer than {SECRET_LEAST} characters"
        raise _no_secret(path, "secret_short", *said_of_it)
    if _NO_TEXT.search(secret):
        raise _no_secret(path, "secret_unreadable", "ne se lit pas", "can't be read")
    return _secrets_of(secret)


def rotate_secret(folder: Path, now: datetime) -> None:
    """Make a new secret; the one in use is kept beneath it for what it must still open. Raises Invalid, OSError."""
    current, former = read_secrets(folder)
    lines = [f"{each.key} until {each.until.isoformat()}" for each in (FormerSecret(current, now), *former)]
    replace_file(folder / SECRET, "\n".join([secrets.token_urlsafe(32), *lines, ""]).encode())


def _secrets_of(content: str) -> tuple[str, tuple[FormerSecret, ...]]:
    first, *rest = content.splitlines()
    found = [_FORMER.fullmatch(line) for line in rest]
    if len(first) < SECRET_LEAST or not all(found):
        return content, ()  # somebody's own, of several lines
    return first, tuple(FormerSecret(each[1], datetime.fromisoformat(each[2])) for each in found if each)


def write_secret(folder: Path) -> None:
    """Make the secret of a new installation; one that somebody put there stays, if it is one."""
    if (folder / SECRET).exists():
        read_secret(folder)
    else:
        replace_file(folder / SECRET, secrets.token_urlsafe(32).encode())


def _damaged(path: Path, what: str) -> Invalid:
    return refuse(
        "profile",
        "",
        f"{path} est endommagé : {what}. Corrigez-le à la main, ou reprenez-le d’une sauvegarde "
        f"(« houblon restore SAUVEGARDE --data {path.parent} --replace »).",
        f"{path} is damaged: {what}. Mend it by hand, or take it from a backup "
        f"(`houblon restore BACKUP --data {path.parent} --replace`).",
    )


def _no_secret(path: Path, code: str, fr: str, en: str) -> Invalid:
    return refuse(
        code,
        "",
        f"{path} {fr} : c’est ce qui signe les sessions et les liens des factures. Reprenez-le d’une sauvegarde "
        f"(« houblon restore SAUVEGARDE --data {path.parent} --replace »).",
        f"{path} {en}: it is what signs sessions and invoice links. Take it from a backup "
        f"(`houblon restore BACKUP --data {path.parent} --replace`).",
    )

"""Puts the house together from its settings: the one place that knows them all."""

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from filelock import FileLock

from engine.evaluate import Installation
from orders.desk import Desk, Seller
from orders.endpoints import endpoint_row, secrets_at
from orders.ledger import open_ledger
from orders.outbox import MAIL, Transport
from orders.retailers import all_memberships
from orders.sealed import Unsealing
from orders.transports import Filed, Smtp
from orders.webhook_transport import WebhookTransport
from rules.checks import Premises
from rules.look import Look
from rules.policies import Policies
from rules.storage import replace_file
from rules.store import FILE, Store, open_store
from web.recording import Recording
from web.settings import Settings

Clock = Callable[[], datetime]
_SECRET, _PROFILE = "secret.key", "installation.json"


class NotInitialised(Exception):
    """The data folder holds no installation yet."""


class Profile(msgspec.Struct, frozen=True):
    """What an installation says of itself, kept in `installation.json`.

    With `approval`, a second person must agree to a proposal before it is published or scheduled. With
    `follow_delivery`, due dates follow a delivery that is planned anew. With `two_factor`, everybody signs
    in with a second factor.
    """

    timezone: str = "America/Toronto"
    currency: str = "CAD"
    seller: Seller = Seller("Houblon")
    approval: bool = False
    follow_delivery: bool = False
    two_factor: bool = False


class ProfileFile:
    """The profile as it is written now: read again only when the file is another one."""

    def __init__(self, folder: Path, first: Profile):
        self._path, self._known = folder / _PROFILE, (None, first)
        # `read()` for the stream of orders, with a look that serves many of them.
        self.recent = Look(self.read)

    def read(self) -> Profile:
        try:
            stat = self._path.stat()
        except FileNotFoundError:  # while an installation is made, its file comes last
            return self._known[1]
        seen = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        if self._known[0] != seen:
            self._known = (seen, _decode(self._path.read_bytes()))
        return self._known[1]


@dataclass(frozen=True)
class House:
    """An open installation."""

    settings: Settings
    store: Store
    transport: Transport
    now: Clock
    profiles: ProfileFile
    desks: Callable[[Profile], Desk]
    recording: Recording

    @property
    def profile(self) -> Profile:
        """The profile as it is now: a page or a shell may have changed it since the server started."""
        return self.profiles.read()

    @property
    def desk(self) -> Desk:
        """The desk of the profile as it is now."""
        return self.desks(self.profile)

    @property
    def quick_desk(self) -> Desk:
        """The desk for the stream of orders: as the profile was two milliseconds ago at most."""
        return self.desks(self.profiles.recent())

    @property
    def premises(self) -> Premises:
        """What checks of the rules take as given here and now."""
        return self.desk.policies.premises()

    def transport_of(self, destination: str) -> Transport | None:
        """How messages leave for a destination of the outbox; None for an endpoint that is told nothing now."""
        if destination == MAIL:
            return self.transport
        now = self.now()
        with self.desk.ledger.reading() as connection:
            endpoint = endpoint_row(connection, destination.partition(":")[2])
        if endpoint is None or not endpoint.active:
            return None
        allowed = self.settings.private_webhooks
        return WebhookTransport(endpoint.url, secrets_at(endpoint, now), self.now, allowed)

    def close(self) -> None:
        self.desk.ledger.close()


def utc_now() -> datetime:
    return datetime.now(UTC)


def is_initialised(folder: Path) -> bool:
    return (folder / _PROFILE).exists()


def begin_folder(folder: Path) -> None:
    """Make the data folder and its secret; what an interrupted start left there is cleared away."""
    folder.mkdir(parents=True, exist_ok=True)
    for left in (*folder.glob(f"{FILE}*"), *folder.glob("ledger.db*")):
        left.unlink()
    secret = folder / _SECRET
    if not secret.exists():
        handle = os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(32))


def write_profile(folder: Path, profile: Profile) -> None:
    """Write the profile: last of all when a folder is made, for one that has it is a whole installation."""
    replace_file(folder / _PROFILE, msgspec.json.format(msgspec.json.encode(profile), indent=2) + b"\n")


def change_profile(folder: Path, change: Callable[[Profile], Profile]) -> tuple[Profile, Profile]:
    """Write what `change` makes of the profile: what was there, and what is. Raises what `change` raises."""
    with FileLock(folder / f"{_PROFILE}.lock"):
        before = _decode((folder / _PROFILE).read_bytes())
        after = change(before)
        if after != before:
            write_profile(folder, after)
    return before, after


def open_house(settings: Settings, now: Clock = utc_now, recording: Recording | None = None) -> House:
    """Open the installation in the settings' folder. Raises NotInitialised, Damaged, NewerLedger."""
    if not is_initialised(settings.data):
        raise NotInitialised(f"{settings.data} holds no installation: run `houblon init --data {settings.data}` first")
    return assemble(settings, _decode((settings.data / _PROFILE).read_bytes()), now, recording)


def assemble(settings: Settings, profile: Profile, now: Clock = utc_now, recording: Recording | None = None) -> House:
    """Put the house together over a folder that has its secret."""
    store, ledger = open_store(settings.data), open_ledger(settings.database_url)
    profiles = ProfileFile(settings.data, profile)
    secret = (settings.data / _SECRET).read_text().strip()

    def premises() -> Premises:
        with ledger.reading() as connection:
            return Premises(_installation(profiles.read()), all_memberships(connection))

    policies = Policies(store, premises)

    @lru_cache(maxsize=1)
    def desk(profile: Profile) -> Desk:
        return Desk(
            ledger,
            policies,
            _installation(profile),
            profile.seller,
            settings.base_url,
            secret,
            profile.follow_delivery,
        )

    transport: Transport = (
        Smtp(settings.smtp_url, settings.mail_from, now=now)
        if settings.smtp_url
        else Filed(settings.mail_folder, settings.mail_from, now)
    )
    return House(settings, store, Unsealing(transport, secret), now, profiles, desk, recording or Recording())


def _installation(profile: Profile) -> Installation:
    return Installation(ZoneInfo(profile.timezone), profile.currency)


def _decode(body: bytes) -> Profile:
    return msgspec.json.decode(body, type=Profile)

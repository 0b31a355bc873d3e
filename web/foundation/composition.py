"""Puts the house together from its settings: the one place that knows them all."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from houblon.engine.decide.evaluate import Installation
from houblon.orders.db.ledger import Ledger
from houblon.orders.events.endpoints import endpoint_row, secrets_at
from houblon.orders.handling.order_writer import InProcessWriter, OrderWriter
from houblon.orders.outbox.delivery import MAIL, Transport
from houblon.orders.outbox.encrypted import Decrypting
from houblon.orders.outbox.mail_transport import Filed, Sender, Smtp, sender_of
from houblon.orders.outbox.webhook_transport import WebhookTransport
from houblon.orders.retailers.brought import everyone
from houblon.orders.services import FormerSecret, Services
from houblon.rules.checks.checks import CheckContext
from houblon.rules.policies import Policies
from houblon.rules.store.documents import Store, open_store
from houblon.web.foundation.data_folder import (
    HOUBLON,
    MARK,
    Profile,
    ProfileFile,
    check_initialised,
    french_of,
    read_profile,
    read_secrets,
)
from houblon.web.foundation.opening import Migrating, open_ledger_of
from houblon.web.foundation.settings import Settings

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class House:
    """An open installation."""

    settings: Settings
    store: Store
    transport: Transport
    now: Clock
    profiles: ProfileFile
    services_of: Callable[[Profile], Services]
    writer: OrderWriter

    @property
    def profile(self) -> Profile:
        """The profile as it is now: a page or a shell may have changed it since the server started."""
        return self.profiles.read()

    @property
    def services(self) -> Services:
        """The services of the profile as it is now."""
        return self.services_of(self.profile)

    @property
    def recent_services(self) -> Services:
        """The services for the stream of orders: as the profile was two milliseconds ago at most."""
        return self.services_of(self.profiles.recent())

    @property
    def check_context(self) -> CheckContext:
        """What checks of the rules take as given here and now."""
        return self.services.policies.check_context()

    def everyone(self, connection: Connection) -> dict[str, tuple[str, ...]]:
        """Who is in which groups now; with what the newest version brought, whether the ledger keeps it yet or not."""
        return everyone(connection, self.store.history())

    def transport_of(self, destination: str) -> Transport | None:
        """How messages leave for a destination of the outbox; None for an endpoint that is told nothing now."""
        if destination == MAIL:
            return self.transport
        now = self.now()
        with self.services.ledger.reading() as connection:
            endpoint = endpoint_row(connection, destination.partition(":")[2])
        if endpoint is None or not endpoint.active:
            return None
        allowed = self.settings.private_webhooks
        return WebhookTransport(endpoint.url, secrets_at(endpoint, now), self.now, allowed)

    def close(self) -> None:
        self.services.ledger.close()


def utc_now() -> datetime:
    return datetime.now(UTC)


def open_house(
    settings: Settings,
    now: Clock = utc_now,
    writer: OrderWriter | None = None,
    to_check: bool = False,
    migrating: Migrating = Migrating.NEVER,
) -> House:
    """Open the installation in the settings' folder, whole and its own, or nothing.

    Only `to_check` one is it opened although its rules lost versions that the ledger knows.

    Raises NotInitialised, Invalid with the file and the way out, Damaged, NewerLedger.
    """
    check_initialised(settings.data)
    profile, store = read_profile(settings.data), open_store(settings.data)
    secret, former = read_secrets(settings.data)
    ledger, profile = open_ledger_of(settings, profile, store, now(), to_check, migrating)
    # An `init` that ended but for its last step: left there, the mark would speak of a folder that holds data.
    (settings.data / MARK).unlink(missing_ok=True)
    return assemble(settings, profile, secret, store, ledger, now, writer, former)


def assemble(
    settings: Settings,
    profile: Profile,
    secret: str,
    store: Store,
    ledger: Ledger,
    now: Clock = utc_now,
    writer: OrderWriter | None = None,
    former: tuple[FormerSecret, ...] = (),
) -> House:
    """Put the house together."""
    profiles = ProfileFile(settings.data, profile)

    def check_context() -> CheckContext:
        with ledger.reading() as connection:
            profile, history = profiles.read(), store.history()
            kept = everyone(connection, history)
            return CheckContext(_installation(profile), kept, profile.approval, history.number)

    policies = Policies(store, check_context)

    @lru_cache(maxsize=1)
    def services(profile: Profile) -> Services:
        return Services(
            ledger,
            policies,
            _installation(profile),
            profile.seller,
            settings.base_url,
            secret,
            profile.follow_delivery,
            former,
            profile.receivables == HOUBLON,
            french_of(profile),
        )

    def sender() -> Sender:
        return sender_of(profiles.read().seller, settings.mail_from)

    transport: Transport = (
        Smtp(settings.smtp_url, sender, now=now) if settings.smtp_url else Filed(settings.mail_folder, sender, now)
    )
    return House(settings, store, Decrypting(transport, secret), now, profiles, services, writer or InProcessWriter())


def _installation(profile: Profile) -> Installation:
    return Installation(ZoneInfo(profile.timezone), profile.currency, profile.province)

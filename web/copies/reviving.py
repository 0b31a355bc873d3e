"""What a restored copy brings back to life: counters that would give out numbers again, messages that left already.

A copy knows nothing of what came after it. What can be known is told, and two things can be done about it before the
installation is opened: the counters moved on, the messages held. Both are acts in the restored ledger's audit log.
"""

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec
from sqlalchemy import Connection, NullPool, create_engine, inspect
from sqlalchemy.exc import DBAPIError

from houblon.engine.core.problem import Invalid
from houblon.orders.db.ledger import Ledger, LedgerMissing
from houblon.orders.db.ownership import identity_of
from houblon.orders.db.tables import audit
from houblon.orders.invoicing.numbering import ACT, Series, Skipped, all_series, move_on, number_text, taken_elsewhere
from houblon.orders.outbox.held import count_pending, hold_pending
from houblon.orders.records.audit import record
from houblon.rules.model.entry import Entry
from houblon.web.access.audit import CLI, SHELL
from houblon.web.foundation.data_folder import Profile, read_profile
from houblon.web.foundation.settings import Settings


class Wanted(msgspec.Struct, frozen=True):
    """What to do about it: the numbers that come next; `hold` None asks to hold where the address is another one."""

    next_numbers: tuple[str, ...] = ()
    hold: bool | None = None


class Revived(msgspec.Struct, frozen=True):
    """What waits in the ledger and would happen again, and what was done about it.

    `repeated` are numbers that the installation that was there gave out, and this one would too.
    """

    next_numbers: tuple[str, ...]
    repeated: tuple[Skipped, ...]
    skipped: tuple[Skipped, ...]
    pending: dict[str, int]
    held: int
    is_elsewhere: bool = False

    def document(self) -> dict[str, object]:
        return {
            "next_numbers": list(self.next_numbers),
            "numbers_given_out_since": [msgspec.to_builtins(each) for each in self.repeated],
            "numbers_skipped": [msgspec.to_builtins(each) for each in self.skipped],
            "pending_messages": self.pending,
            "held_messages": self.held,
        }


def revive(
    connection: Connection,
    wanted: Wanted,
    profile: Profile,
    now: datetime,
    of: str,
    elsewhere: bool = False,
    known: Sequence[Series] = (),
) -> Revived:
    """Do what is wanted in the running transaction, and tell what is there. Raises Invalid.

    `of` names the copy in the log; `elsewhere` says that its base address is not this one's, or not known; `known`
    are the series of the installation that was there.
    """
    prefixes = (profile.seller.prefix, profile.seller.credit_prefix)
    moved = (move_on(connection, number, prefixes) for number in wanted.next_numbers)
    skipped = tuple(each for each in moved if each is not None)
    pending = count_pending(connection)
    held = hold_pending(connection) if (elsewhere if wanted.hold is None else wanted.hold) else 0
    if inspect(connection).has_table(audit.name):  # the first schemas had no log
        for each in skipped:
            after = {"first": each.first, "last": each.last}
            record(connection, Entry(now, CLI, SHELL, ACT, each.series, None, after))
        if held:
            record(connection, Entry(now, CLI, SHELL, "messages.held", of, None, held))
    series = all_series(connection)
    latest = {each.prefix: each for each in series}  # by rising year
    return Revived(
        tuple(each.next for each in latest.values()),
        taken_elsewhere(series, known),
        skipped,
        pending,
        held,
        elsewhere and wanted.hold is None,
    )


def revive_file(
    ledger: Path, wanted: Wanted, profile: Profile, now: datetime, of: str, elsewhere: bool, known: Sequence[Series]
) -> Revived:
    """`revive` in an embedded ledger that nothing has opened yet, whatever its schema."""
    engine = create_engine(f"sqlite:///{ledger}", poolclass=NullPool)
    try:
        with engine.begin() as connection:
            return revive(connection, wanted, profile, now, of, elsewhere, known)
    finally:
        engine.dispose()


def series_known(settings: Settings) -> tuple[str | None, tuple[Series, ...]]:
    """The id of the installation that is in the folder, and the series of its ledger; nothing where it can't be read."""
    try:
        profile = read_profile(settings.data)
        with closing(Ledger(settings.database_url)) as ledger, ledger.reading() as connection:
            if identity_of(connection) != profile.id:
                return None, ()
            return profile.id, all_series(connection)
    except (Invalid, LedgerMissing, DBAPIError, OSError):
        return None, ()


def sentences(revived: Revived) -> list[str]:
    """What a person who restores must know, and what they can do about it."""
    lines = []
    for each in revived.skipped:
        lines.append(f"The counter of {each.series} was moved on: {_numbers(each)} will not be given out here.")
    for each in revived.repeated:
        lines.append(
            f"{_numbers(each)} were given out by what was there, and would be given out again. Before anything is "
            f"served: `houblon restore --next-number {number_text(each.series, each.last + 1)}`."
        )
    if revived.next_numbers and not revived.repeated:
        lines.append(
            f"Invoices go on with {' and '.join(revived.next_numbers)}. Where later ones were sent after the copy was "
            "made, move on past them before anything is served: `houblon restore --next-number NUMBER`."
        )
    waiting = " and ".join(f"{count} {_KINDS.get(kind, kind)}" for kind, count in revived.pending.items())
    if revived.held:
        why = ", for this copy was made at another address" if revived.is_elsewhere else ""
        lines.append(f"{waiting} waited to leave. They are held{why}: /messages sends them again, one by one or all.")
    elif waiting:
        lines.append(
            f"{waiting} wait to leave, and do so when the server starts; those that left after the copy was made "
            "leave a second time. To hold them first: `houblon restore --hold-messages`."
        )
    return lines


_KINDS = {"mail": "mails", "webhook": "events"}


def _numbers(each: Skipped) -> str:
    first, last = (number_text(each.series, sequence) for sequence in (each.first, each.last))
    return first if each.first == each.last else f"{first} to {last}"

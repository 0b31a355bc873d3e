"""`houblon restore` without a file: the rules made whole, and what is lost of them named, or given up when asked.

The steps, of which any may be the last one before the power goes:
1. what would come back is compared with what the ledger knows; if versions are lost and nobody gave them up, nothing
   is done;
2. the last good state is put in the place of what is damaged;
3. the audit log notes who gave the versions up, once;
4. the rules note them: **from here they are given up**, and their numbers go on after them.
Until 4, the installation does not open, and the same command does what is left to do.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from houblon.engine.core.problem import refuse
from houblon.orders.db.ledger import Ledger
from houblon.orders.db.migrate import upgrade
from houblon.orders.db.ownership import Known
from houblon.orders.records.audit import record
from houblon.rules.model.entry import Entry
from houblon.rules.store.documents import FILE, Store
from houblon.rules.store.history import History, Lost
from houblon.rules.store.storage import Damaged
from houblon.web.access.audit import CLI, SHELL
from houblon.web.foundation.data_folder import check_initialised, read_profile
from houblon.web.foundation.opening import looking_into, lost, refuse_loss
from houblon.web.foundation.settings import Settings


class Mended(msgspec.Struct, frozen=True):
    """Which generation of the rules stands now, the versions that were given up, and what was done, in sentences."""

    generation: int
    given_up: tuple[Known, ...]
    lines: tuple[str, ...]


def mend_rules(settings: Settings, now: datetime, accept_loss: bool) -> Mended:
    """Raises Invalid where nothing is wrong, or versions are lost and not given up; StorageFault."""
    check_initialised(settings.data)
    store, lines = Store(settings.data), []
    try:
        tables, is_damaged = store.storage.read() or {}, False
    except Damaged:
        tables, is_damaged = store.storage.last_good().tables or {}, True
    history = History(tables)
    with looking_into(settings, read_profile(settings.data), lambda: history) as connection:
        gone = lost(connection, lambda: history)
    if not accept_loss:
        refuse_loss(gone)
    if is_damaged:
        lines.append(f"Restored generation {store.storage.restore_last_good()} of {FILE}.")
    elif (harm := store.storage.mend()) is not None:
        lines.append(f"Nothing was lost: {harm}; both are whole again.")
    if gone:
        _give_up(settings, store, gone, now)
        numbers = ", ".join(str(each.number) for each in gone)
        lines.append(f"Given up: version {numbers}. The next version is {store.history().next_number}.")
    if not lines:
        raise refuse(
            "whole", "", f"{FILE} est intact : rien à rétablir.", f"{FILE} is whole: there is nothing to restore."
        )
    return Mended(store.storage.generation, gone, tuple(lines))


def _give_up(settings: Settings, store: Store, gone: Sequence[Known], now: datetime) -> None:
    def note(connection: Connection) -> None:
        upgrade(connection)
        for each in gone:
            reference = f"given up:{each.number}:{each.hash}"
            after = {"hash": each.hash} if each.hash else None
            record(connection, Entry(now, CLI, SHELL, "policy.given_up", f"v{each.number}", None, after, reference))

    ledger = Ledger(settings.database_url)
    try:
        ledger.write(note)
    finally:
        ledger.close()
    with store.writing() as writer:
        writer.give_up([Lost(each.number, each.hash, now) for each in gone])

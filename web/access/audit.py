"""Acts of people into the audit log: who acts, and from where; each entry goes with its act.

An act in the ledger has its entry in the same transaction. The rules and the profile are files of their own:
there the entry is written into the file with the act, and copied to the ledger right after. What a crash
leaves in between is copied by the server's worker, each entry once, by its reference.
"""

from collections.abc import Callable, Sequence
from secrets import token_hex
from typing import Any

import msgspec
from flask import has_request_context, request
from sqlalchemy import Connection

from houblon.orders.events.record import record_publication
from houblon.orders.records.audit import is_recorded, record, record_versions
from houblon.orders.records.redecisions import INSTALLATION, PUBLICATION, decide_all_again
from houblon.rules.model.entry import Entry
from houblon.rules.model.proposal import Proposal
from houblon.rules.store.documents import EntryOf
from houblon.web.access.account_commands import By
from houblon.web.foundation.composition import House
from houblon.web.foundation.data_folder import Profile, change_profile, waiting_entries

# Of the installation's settings, those that an order is decided by.
DECIDING = frozenset(("timezone", "currency", "province", "receivables"))
SHELL, CLI = "shell", "cli"  # from where a command acts, and as whom


def by(house: House, who: str) -> By:
    """Who acts now, from the request's address or from the shell."""
    return By(who, source(), house.now())


def noted(connection: Connection, by: By, act: str, subject: str, before: Any = None, after: Any = None) -> None:
    """Record an act in the transaction that does it."""
    record(connection, by.entry(act, subject, before, after))


def proposal_entry(by: By, act: str, state_of: Callable[[Proposal], Any]) -> EntryOf:
    """The entry of a change of a proposal, written into the rules with it: `state_of` it before and after."""

    def entry_of(before: Proposal | None, after: Proposal) -> Entry:
        return _carried(by.entry(act, after.id, before and state_of(before), state_of(after)))

    return entry_of


def _carried(entry: Entry) -> Entry:
    """The entry as it is carried to the ledger: with a reference by which it is copied once."""
    return msgspec.structs.replace(entry, reference=f"act:{token_hex(16)}")


def copy_entries(house: House) -> None:
    """Copy to the ledger what the rules and the profile carry and it does not have yet."""
    store, entries = house.store, house.store.history().entries
    _copy(house, [each for each in entries if each.reference not in store.copied])
    store.copied = frozenset(each.reference for each in entries if each.reference is not None)
    _copy(house, waiting_entries(house.settings.data))


def audited_profile(
    house: House, change: Callable[[Profile], Profile], entry_of: Callable[[Profile, Profile], Entry]
) -> tuple[Profile, Profile]:
    """Change the profile with its audit entry; as `change_profile`. Where it is decided otherwise from then on, held
    orders are decided again."""

    def carried_of(before: Profile, after: Profile) -> Entry:
        return _carried(entry_of(before, after))

    done = change_profile(house.settings.data, change, carried_of, lambda entries: _copy(house, entries))
    copy_entries(house)
    return done


def _copy(house: House, entries: Sequence[Entry]) -> None:
    if not entries:
        return
    with house.services.ledger.reading() as connection:
        missing = [each for each in entries if not is_recorded(connection, each)]

    def work(connection: Connection) -> None:
        for each in missing:
            record(connection, each)
            # With the entry, so that whatever is killed before is made up for when it is copied.
            if each.act == "installation.changed" and DECIDING & each.after.keys():
                decide_all_again(connection, INSTALLATION, "", by=each.who, at=each.at)

    if missing:
        house.services.ledger.write(work)


def note_versions(house: House, from_: str | None = None) -> None:
    """Record every published version that the log does not have yet, and its event, and have held orders decided
    again by it."""
    store, where = house.store, source() if from_ is None else from_

    def work(connection: Connection) -> None:
        for version in record_versions(connection, store, where):
            record_publication(connection, version)
            subject = str(version.number)
            decide_all_again(connection, PUBLICATION, subject, by=version.author, at=version.published_at)

    house.services.ledger.write(work)


def source() -> str:
    """Where the request came from; `shell` outside of one."""
    return (request.remote_addr or "") if has_request_context() else SHELL

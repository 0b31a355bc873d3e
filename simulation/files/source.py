"""An uploaded file as the source of a simulation's orders, and the end of files that nobody needs any more."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, select

from houblon.engine.core.money import Cents
from houblon.engine.core.problem import Invalid, refuse
from houblon.engine.core.texts import identity
from houblon.orders.csv_text import folded
from houblon.orders.db.tables import retailers
from houblon.orders.retailers.account_history import AccountHistory
from houblon.orders.retailers.membership_file import groups_by_name
from houblon.orders.services import Services
from houblon.rules.model.content import Content
from houblon.rules.model.moves import Memberships
from houblon.simulation.facts.fill import Taken
from houblon.simulation.files.orders import Orders
from houblon.simulation.files.reading import Reading, guess_reading, remembered
from houblon.simulation.files.rows import Names
from houblon.simulation.files.upload import Upload, open_upload, remove

LISTED = 100  # faults that a report lists
KEPT_FOR = timedelta(hours=1)  # a file that was read and not simulated


class FileSource:
    """The orders of a file placed within a period; `on_progress` is given percents of its rows, `accounts` say
    what buyers owed, where the ledger's word counts. Raises Invalid."""

    def __init__(
        self,
        folder: Path | None,
        reading: Reading,
        names: Names,
        since: datetime | None,
        until: datetime | None,
        on_progress: Callable[[int], None],
        accounts: AccountHistory | None = None,
    ):
        upload = None if folder is None else open_upload(folder)
        if folder is None or upload is None:
            raise gone()
        total = upload.found.rows
        self.upload = upload
        self.read = Orders(upload, folder, reading, names, lambda rows: on_progress(100 * rows // total))
        self._since, self._until, self._accounts = since, until, accounts

    @property
    def orders(self) -> Iterator[Taken]:
        """The orders; when the last one is taken and there was none, raises Invalid with the file's faults."""
        some = False
        for each in self.read:
            within = (self._since is None or each.order.placed_at >= self._since) and (
                self._until is None or each.order.placed_at < self._until
            )
            if within:
                some = True
                yield each if self._accounts is None else _with_account(each, self._accounts)
        if not some and self.read.faults:
            raise Invalid(fault.as_problem() for fault in self.read.faults[:LISTED])

    def progress(self, done: int) -> None:
        """Rows tell how far it is, not orders: one may have many."""

    def document(self) -> dict[str, Any]:
        """What a report says of its source."""
        upload, read = self.upload, self.read
        return {
            "kind": "file",
            **{name: at and at.isoformat() for name, at in (("from", self._since), ("to", self._until))},
            "name": upload.name,
            "hash": upload.hash,
            "rows": read.rows,
            "orders": read.count,
            "faulty_rows": read.faulty,
            "faults": [
                {
                    "row": fault.row,
                    "column": fault.column,
                    "pointer": fault.as_problem().pointer,
                    "code": fault.problem.code,
                    "message": {"fr": fault.problem.message.fr, "en": fault.problem.message.en},
                }
                for fault in read.faults[:LISTED]
            ],
        }


def _with_account(taken: Taken, accounts: AccountHistory) -> Taken:
    """The order with what the ledger knew of its buyer when it was placed. Of one whom it does not know, the file's
    word counts; what that leaves out is what it is of a new retailer."""
    buyer = taken.order.buyer
    if accounts.knows(buyer.id):
        account = accounts.account(buyer.id, taken.accepted_at)
        return msgspec.structs.replace(taken, account=account, is_first_here=account.is_first_order)
    unsaid = {name: value for name, value in _NEW.items() if getattr(buyer, name) is None}
    order = msgspec.structs.replace(taken.order, buyer=msgspec.structs.replace(buyer, **unsaid))
    return msgspec.structs.replace(taken, order=order, is_first_here="is_first_order" in unsaid)


# What is known of a retailer of whom nothing is.
_NEW = {"outstanding_balance": Cents(0), "overdue_balance": Cents(0), "days_overdue": 0, "is_first_order": True}


def names_in(connection: Connection, contents: Sequence[Content], zone: ZoneInfo, kept: Memberships) -> Names:
    """The names that a file may use for what the ledger and the rules know by id."""
    ids: dict[str, str] = {}
    several = set()
    rows = connection.execute(select(retailers.c.id, retailers.c.name, retailers.c.joined_to)).all()
    above = {row.id: row.joined_to for row in rows if row.joined_to}
    joined = {id: _root(above, id) for id in above}
    for own, name, _above in rows:
        id = joined.get(own, own)
        for said in {folded(own), folded(name or "")} - {""}:
            if ids.setdefault(said, id) != id:
                several.add(said)
    for said in several:  # a name that two retailers share names neither
        del ids[said]
    # An id stands for itself before it stands for another that differs by case or accents.
    leads = {row.id: joined.get(row.id, row.id) for row in rows}
    ids |= {folded(id): root for id, root in leads.items()} | leads
    groups: dict[str, str] = {}
    cycles: dict[str, str] = {}
    for content in contents:
        groups |= groups_by_name(content)
        cycles |= {folded(cycle.name): id for id, cycle in content.cycles.items()}
        cycles |= {identity(id): id for id in content.cycles} | {id: id for id in content.cycles}
    return Names(zone, ids, groups, cycles, kept, joined)


def _root(above: Mapping[str, str], id: str) -> str:
    return _root(above, above[id]) if id in above else id


def reading_of(services: Services, upload: Upload, folder: Path, at: datetime) -> Reading:
    """How the file's columns are understood: as somebody kept it for these headers, else as they are guessed."""
    with services.ledger.reading() as connection:
        kept = remembered(connection, upload)
    content = services.policies.content(services.policies.in_force(at).number)
    return kept or guess_reading(upload, folder, groups_by_name(content))


def gone() -> Invalid:
    return refuse(
        "gone",
        "/file",
        "Le fichier n’est plus là\u00a0: un fichier lu est gardé une heure. Choisissez-le de nouveau.",
        "The file is no longer here: a file that was read is kept for an hour. Choose it again.",
    )


def clear_away(folder: Path, has_ended: Callable[[str], bool | None], now: datetime) -> None:
    """Remove the uploads whose job is over, and those that became no job in time (`has_ended` answers None)."""
    for each in folder.iterdir() if folder.is_dir() else ():
        upload = open_upload(each)
        if upload is None:
            continue
        over = has_ended(each.name)
        if over or (over is None and now - upload.at >= KEPT_FOR):
            remove(each)

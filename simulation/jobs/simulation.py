"""One simulation: what is asked, the two policies that are compared, and the report, in one go."""

from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from sqlalchemy import Connection

from houblon.engine.core.problem import refuse
from houblon.orders.handling.whatif import proposed_content, version_content
from houblon.orders.retailers.account_history import AccountHistory
from houblon.orders.retailers.brought import everyone
from houblon.orders.services import Services
from houblon.rules.model.content import Content
from houblon.rules.model.proposal import hash_of
from houblon.simulation.facts.fill import Guard, Progress, fill_sheet
from houblon.simulation.facts.ledger_orders import LedgerSource
from houblon.simulation.files.reading import Reading
from houblon.simulation.files.source import FileSource, names_in
from houblon.simulation.report.report import Change, report

FILLING = 80  # percents for reading the orders: it takes most of the time
# Whose word balances are: as the ledger had them when each order came, or as orders and files say.
LEDGER, ORDERS = "ledger", "orders"
SCRATCH = "run-"  # folders that hold a sheet while a simulation lasts


class Asked(msgspec.Struct, frozen=True):
    """What is simulated: a proposal or a version beside `against` (the one in force), over which orders.

    They are the ledger's; with `reading`, those of the uploaded `file` (its name) that lies in the job's own folder.
    """

    proposal: str | None = None
    version: int | None = None
    against: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    reading: Reading | None = None
    file: str | None = None


def simulate(
    services: Services,
    asked: Asked,
    folder: Path,
    at: datetime,
    progress: Progress = lambda percent: None,
    guard: Guard = nullcontext,
    upload: Path | None = None,
    changes_file: Path | None = None,
) -> dict[str, Any]:
    """The report that was asked for, in one go; `folder` holds the sheet while it lasts, `upload` a file's rows.

    Where the report lists not all orders that change, all of them are put into `changes_file`.

    `progress` is given percents and may stop it by raising; `guard` is entered with each
    connection that queries run on, so that somebody may interrupt them.
    """
    # Named first: a proposal that is written in meanwhile makes its own report look old, never new.
    named = _proposal(services, asked.proposal)
    before, after = sides(services, asked, at)
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder, prefix=SCRATCH) as scratch:
        with services.ledger.reading() as connection:
            source = _source(services, connection, asked, (before, after), progress, upload)
            installation = services.installation
            moving = before.moved.keys() | after.moved.keys()
            path = Path(scratch) / "sheet.parquet"
            sheet = fill_sheet(path, source.orders, installation.zone, source.progress, guard, moving, installation)
        document = report(
            sheet,
            services.policies,
            before,
            after,
            services.installation,
            changes_of(services),
            lambda percent: progress(FILLING + (100 - FILLING) * percent // 100),
            guard,
            Path(scratch) / "flips" if changes_file else None,
        )
        if changes_file is not None and (Path(scratch) / "flips").exists():
            changes_file.parent.mkdir(parents=True, exist_ok=True)
            (Path(scratch) / "flips").replace(changes_file)
    balances = LEDGER if services.knows_accounts else ORDERS
    return {
        **document,
        "source": source.document(),
        "balances": balances,
        "before": _named(before),
        "after": {**_named(after), **named},
    }


def _source(
    services: Services,
    connection: Connection,
    asked: Asked,
    contents: tuple[Content, Content],
    progress: Progress,
    upload: Path | None,
) -> LedgerSource | FileSource:
    def filling(percent: int) -> None:
        progress(FILLING * percent // 100)

    kept = everyone(connection, services.policies.store.history())
    accounts = AccountHistory(connection, services) if services.knows_accounts else None
    if asked.reading is None:
        return LedgerSource(connection, asked.since, asked.until, filling, kept, accounts)
    names = names_in(connection, contents, services.installation.zone, kept)
    return FileSource(upload, asked.reading, names, asked.since, asked.until, filling, accounts)


def sides(services: Services, asked: Asked, at: datetime) -> tuple[Content, Content]:
    """What is compared: first what is in force (or `against`), then the proposal or version. Raises Invalid.

    A period that ends before it begins has no orders, and is no question.
    """
    if asked.since is not None and asked.until is not None and asked.since >= asked.until:
        raise refuse("order", "/until", "La fin vient avant le début.", "The end comes before the beginning.")
    policies = services.policies
    before = version_content(policies, asked.against or policies.in_force(at).number, "/against")
    if asked.proposal:
        return before, proposed_content(policies, asked.proposal, at)
    return before, version_content(policies, asked.version or policies.store.newest().number)


def changes_of(services: Services) -> tuple[Change, ...]:
    """Every version from its moment on, and what is scheduled."""
    history = services.policies.store.history()
    made = [Change(each.effective_from, each.number, each.note) for each in history.versions]
    planned = [Change(each.effective_from, None, each.name) for each in history.scheduled() if each.effective_from]
    return (*made, *planned)


def _named(content: Content) -> dict[str, Any]:
    return {"version": content.version.number, "note": content.version.note, "hash": content.version.hash}


def _proposal(services: Services, id: str | None) -> dict[str, Any]:
    """Which proposal it is, and the hash of what it changes: that which an approval agrees to."""
    history = services.policies.store.history()
    found = history.proposals.get(id or "")
    if found is None:
        return {}
    return {"proposal": found.id, "name": found.name, "changes": hash_of(found, history.content(found.base))}

"""How long simulations are kept: those that somebody works with or agreed by for good, the others for a while."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Delete, Row, Text, delete, or_, select, type_coerce

from houblon.orders.db.tables import simulations
from houblon.orders.services import Services
from houblon.rules.model.proposal import OPEN, SCHEDULED
from houblon.rules.store.history import History
from houblon.simulation.compare.changed_orders import file_of, read_all
from houblon.simulation.files.upload import remove
from houblon.simulation.jobs.jobs import OVER

DAYS, MOST = 90, 500
_AT_ONCE = 500  # ids to a statement


def prune(services: Services, folder: Path, now: datetime, days: int = DAYS) -> int:
    """Remove what has been over for more than so many days or is beyond the newest MOST, with its files; how many there were.

    What an approval names stays, and what tries a draft that is open or scheduled.
    """
    oldest = now - timedelta(days=days)
    gone = [
        each.id
        for place, each in enumerate(_free(services))
        if place >= MOST or (each.finished_at or each.created_at) < oldest
    ]
    _remove(services, folder, gone)
    return len(gone)


def forget(services: Services, folder: Path, retailer: str, values: Sequence[str]) -> tuple[int, int]:
    """Remove the simulations whose report or list of changed orders names a retailer, by id or as one of `values`.

    How many those were, and how many stay because an approval named them or a draft needs them.
    """
    sought = [msgspec.json.encode(value).decode() for value in (retailer, *values)]
    said = or_(*(type_coerce(simulations.c.result, Text).contains(each, autoescape=True) for each in sought))
    with services.ledger.reading() as connection:
        naming = set(connection.execute(select(simulations.c.id).where(said)).scalars())
        others = connection.execute(select(simulations.c.id).where(simulations.c.id.not_in(naming))).scalars().all()
    naming |= {id for id in others if _lists(file_of(folder, id), retailer)}
    free = {each.id for each in _free(services)}
    _remove(services, folder, sorted(naming & free))
    return len(naming & free), len(naming - free)


def _lists(path: Path, retailer: str) -> bool:
    return any(each["retailer_id"] == retailer for each in read_all(path) or ())


def _free(services: Services) -> list[Row[Any]]:
    """Simulations that are over and that nothing holds on to, the newest first."""
    history = services.policies.store.history()
    named, drafts = _agreed_by(history), _in_work(history)
    columns = [simulations.c[name] for name in ("id", "report_hash", "proposal", "created_at", "finished_at")]
    query = select(*columns).where(simulations.c.state.in_(OVER))
    with services.ledger.reading() as connection:
        newest_first = query.order_by(simulations.c.created_at.desc(), simulations.c.id.desc())
        found = connection.execute(newest_first).all()
    return [each for each in found if each.report_hash not in named and each.proposal not in drafts]


def _remove(services: Services, folder: Path, gone: Sequence[str]) -> None:
    for start in range(0, len(gone), _AT_ONCE):
        chosen = delete(simulations).where(simulations.c.id.in_(gone[start : start + _AT_ONCE]))
        services.ledger.write(partial(_execute, statement=chosen))
    for id in gone:
        remove(folder / id)
        file_of(folder, id).unlink(missing_ok=True)


def _execute(connection: Connection, statement: Delete) -> None:
    connection.execute(statement)


def _agreed_by(history: History) -> set[str | None]:
    """The hashes of the reports that somebody approved by."""
    approvals = [each.approval for each in history.proposals.values() if each.approval]
    reports = [*(each.report for each in approvals), *(each.approved_report for each in history.versions)]
    return {report for report in reports if report is not None}


def _in_work(history: History) -> set[str | None]:
    return {id for id, each in history.proposals.items() if each.state in (OPEN, SCHEDULED)}

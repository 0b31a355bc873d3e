"""How long simulations are kept: those that somebody works with or agreed by for good, the others for a while."""

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Delete, delete, select

from houblon.orders.db.tables import simulations
from houblon.orders.services import Services
from houblon.rules.model.proposal import OPEN, SCHEDULED
from houblon.rules.store.history import History
from houblon.simulation.compare.changed_orders import file_of
from houblon.simulation.files.upload import remove
from houblon.simulation.jobs.jobs import OVER

DAYS, MOST = 90, 500
_AT_ONCE = 500  # ids to a statement


def prune(services: Services, folder: Path, now: datetime) -> int:
    """Remove what has been over for more than DAYS or is beyond the newest MOST, with its files; how many there were.

    What an approval names stays, and what tries a draft that is open or scheduled.
    """
    history = services.policies.store.history()
    named, drafts = _agreed_by(history), _in_work(history)
    columns = [simulations.c[name] for name in ("id", "report_hash", "proposal", "created_at", "finished_at")]
    query = select(*columns).where(simulations.c.state.in_(OVER))
    with services.ledger.reading() as connection:
        newest_first = query.order_by(simulations.c.created_at.desc(), simulations.c.id.desc())
        found = connection.execute(newest_first).all()
    free = [each for each in found if each.report_hash not in named and each.proposal not in drafts]
    oldest = now - timedelta(days=DAYS)
    gone = [
        each.id for place, each in enumerate(free) if place >= MOST or (each.finished_at or each.created_at) < oldest
    ]
    for start in range(0, len(gone), _AT_ONCE):
        chosen = delete(simulations).where(simulations.c.id.in_(gone[start : start + _AT_ONCE]))
        services.ledger.write(partial(_execute, statement=chosen))
    for id in gone:
        remove(folder / id)
        file_of(folder, id).unlink(missing_ok=True)
    return len(gone)


def _execute(connection: Connection, statement: Delete) -> None:
    connection.execute(statement)


def _agreed_by(history: History) -> set[str | None]:
    """The hashes of the reports that somebody approved by."""
    approvals = [each.approval for each in history.proposals.values() if each.approval]
    reports = [*(each.report for each in approvals), *(each.approved_report for each in history.versions)]
    return {report for report in reports if report is not None}


def _in_work(history: History) -> set[str | None]:
    return {id for id, each in history.proposals.items() if each.state in (OPEN, SCHEDULED)}

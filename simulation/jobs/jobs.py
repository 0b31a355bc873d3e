"""Simulations in the ledger: begun, cancelled, kept with their inputs' hash and their report."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from houblon.orders.db.tables import simulations
from houblon.orders.services import Conflict, Services
from houblon.simulation.jobs.simulation import Asked, sides

PENDING, RUNNING, DONE, FAILED, CANCELLED = "pending", "running", "done", "failed", "cancelled"
OVER = (DONE, FAILED, CANCELLED)
FOLDER = "simulations"  # in the data folder: sheets and uploads, while they last
# A job without its report, which may be long.
_JOB = select(*[column for column in simulations.c if column.name != "result"])


def start(services: Services, asked: Asked, *, id: str, by: str, at: datetime) -> None:
    """Begin a simulation; a worker takes it up. Raises Invalid when there is no such version or proposal,
    Conflict when there is a simulation of that id."""
    sides(services, asked, at)
    values = {
        "id": id,
        "asked": msgspec.to_builtins(asked),
        "proposal": asked.proposal,
        "by": by,
        "created_at": at,
        "state": PENDING,
        "progress": 0,
    }

    def work(connection: Connection) -> None:
        if status(connection, id) is not None:
            raise Conflict(
                "begun", "La simulation de ce fichier est déjà commencée.", "This file is being simulated already."
            )
        connection.execute(insert(simulations), values)

    services.ledger.write(work)


def status(connection: Connection, id: str) -> Row[Any] | None:
    """The job without its result: its state, percent, error."""
    return connection.execute(_JOB.where(simulations.c.id == id)).one_or_none()


def result(connection: Connection, id: str) -> dict[str, Any] | None:
    """The report, once it is done."""
    return connection.execute(select(simulations.c.result).where(simulations.c.id == id)).scalar_one_or_none()


def recent(connection: Connection, limit: int = 20, after: Row[Any] | None = None) -> Sequence[Row[Any]]:
    """Jobs without their results, the newest first; those below the job `after`, if it is given."""
    query = _JOB.order_by(simulations.c.created_at.desc(), simulations.c.id.desc()).limit(limit)
    if after is not None:
        at, id = after.created_at, after.id
        below = (simulations.c.created_at < at) | ((simulations.c.created_at == at) & (simulations.c.id < id))
        query = query.where(simulations.c.created_at <= at, below)
    return connection.execute(query).all()


def report_of(connection: Connection, proposal: str) -> Row[Any] | None:
    """The newest finished simulation of a proposal, without its report."""
    finished = _JOB.where(simulations.c.proposal == proposal, simulations.c.state == DONE)
    return connection.execute(finished.order_by(simulations.c.created_at.desc()).limit(1)).one_or_none()


def ids_of(connection: Connection, hashes: Sequence[str]) -> dict[str, str]:
    """The simulations that made reports, by the reports' hashes."""
    query = select(simulations.c.report_hash, simulations.c.id).where(simulations.c.report_hash.in_(hashes))
    return {row.report_hash: row.id for row in connection.execute(query)} if hashes else {}


def cancel(services: Services, id: str) -> bool:
    """Stop a job that waits or runs; False when it is over already."""
    return move(services, id, PENDING, RUNNING, state=CANCELLED)


def has_ended(services: Services, id: str) -> bool | None:
    """Whether a job waits and runs no more; None when there is none."""
    with services.ledger.reading() as connection:
        job = status(connection, id)
    return None if job is None else job.state in OVER


def move(services: Services, id: str, *before: str, **values: Any) -> bool:
    """Change a job that is in one of the states `before`; False when it is in none of them."""
    change = update(simulations).where(simulations.c.id == id, simulations.c.state.in_(before)).values(**values)
    return services.ledger.write(lambda connection: connection.execute(change).rowcount == 1)

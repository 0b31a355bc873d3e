"""Simulations as jobs: begun, worked in the background, cancelled, resumed, kept with their inputs' hash."""

import logging
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import msgspec
from filelock import FileLock
from sqlalchemy import Connection, Row, insert, select, update

from engine.problem import Invalid, Problem, problem
from orders.desk import Desk
from orders.simulate.fill import fill_sheet
from orders.simulate.ledger_orders import LedgerSource
from orders.simulate.report import Change, Guard, Progress, report, report_hash
from orders.simulate.summary import summary_of
from orders.simulate.upload_reading import Reading
from orders.simulate.upload_source import FileSource, clear_away, names_in
from orders.tables import simulations
from orders.whatif import proposed_content, version_content
from rules.content import Content
from rules.proposal import hash_of

PENDING, RUNNING, DONE, FAILED, CANCELLED = "pending", "running", "done", "failed", "cancelled"
OVER = (DONE, FAILED, CANCELLED)
ATTEMPTS = 2  # a simulation that a server did not survive so often is not tried again
FILLING = 80  # percents for reading the orders: it takes most of the time
_LOOK = 0.3  # seconds between looks at whether somebody cancelled a query
SCRATCH = "run-"  # folders that hold a sheet while a simulation lasts
FOLDER = "simulations"  # in the data folder: sheets and uploads, while they last
log = logging.getLogger("houblon.simulate")


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


class Stopped(Exception):
    """Somebody cancelled it."""


def start(desk: Desk, asked: Asked, *, id: str, by: str, at: datetime) -> None:
    """Begin a simulation; a worker takes it up. Raises Invalid when there is no such version or proposal."""
    sides(desk, asked, at)
    values = {
        "id": id,
        "asked": msgspec.to_builtins(asked),
        "proposal": asked.proposal,
        "by": by,
        "created_at": at,
        "state": PENDING,
        "progress": 0,
    }
    desk.ledger.write(lambda connection: connection.execute(insert(simulations), values) and None)


def status(connection: Connection, id: str) -> Row[Any] | None:
    """The job without its result: its state, percent, error."""
    kept = [column for column in simulations.c if column.name != "result"]
    return connection.execute(select(*kept).where(simulations.c.id == id)).one_or_none()


def result(connection: Connection, id: str) -> dict[str, Any] | None:
    """The report, once it is done."""
    return connection.execute(select(simulations.c.result).where(simulations.c.id == id)).scalar_one_or_none()


def recent(connection: Connection, limit: int = 20, after: Row[Any] | None = None) -> Sequence[Row[Any]]:
    """Jobs without their results, the newest first; those below the job `after`, if it is given."""
    kept = [column for column in simulations.c if column.name != "result"]
    query = select(*kept).order_by(simulations.c.created_at.desc(), simulations.c.id.desc()).limit(limit)
    if after is not None:
        at, id = after.created_at, after.id
        below = (simulations.c.created_at < at) | ((simulations.c.created_at == at) & (simulations.c.id < id))
        query = query.where(simulations.c.created_at <= at, below)
    return connection.execute(query).all()


def report_of(connection: Connection, proposal: str) -> Row[Any] | None:
    """The newest finished simulation of a proposal, without its report."""
    kept = [column for column in simulations.c if column.name != "result"]
    return connection.execute(
        select(*kept)
        .where(simulations.c.proposal == proposal, simulations.c.state == DONE)
        .order_by(simulations.c.created_at.desc())
        .limit(1)
    ).one_or_none()


def ids_of(connection: Connection, hashes: Sequence[str]) -> dict[str, str]:
    """The simulations that made reports, by the reports' hashes."""
    query = select(simulations.c.report_hash, simulations.c.id).where(simulations.c.report_hash.in_(hashes))
    return {row.report_hash: row.id for row in connection.execute(query)} if hashes else {}


def cancel(desk: Desk, id: str) -> bool:
    """Stop a job that waits or runs; False when it is over already."""
    return desk.ledger.write(
        lambda connection: (
            connection.execute(
                update(simulations)
                .where(simulations.c.id == id, simulations.c.state.in_((PENDING, RUNNING)))
                .values(state=CANCELLED)
            ).rowcount
            == 1
        )
    )


def has_ended(desk: Desk, id: str) -> bool | None:
    """Whether a job waits and runs no more; None when there is none."""
    with desk.ledger.reading() as connection:
        job = status(connection, id)
    return None if job is None else job.state in OVER


def take_up_again(desk: Desk, at: datetime) -> None:
    """What a stopped server left running waits again; what stopped it too often has failed."""

    def work(connection: Connection) -> None:
        running = update(simulations).where(simulations.c.state == RUNNING)
        lost = running.where(simulations.c.attempts >= ATTEMPTS)
        connection.execute(lost.values(state=FAILED, error=_told([_INTERRUPTED]), finished_at=at))
        connection.execute(running.values(state=PENDING, progress=0))

    desk.ledger.write(work)


def tidy(folder: Path) -> None:
    """Remove what simulations that were killed left in their folder."""
    for left in folder.glob(f"{SCRATCH}*"):
        shutil.rmtree(left, ignore_errors=True)


def run_next(desk: Desk, folder: Path, now: Callable[[], datetime], id: str | None = None) -> bool:
    """Work the oldest waiting job, or the one given; False when none waits."""
    with desk.ledger.reading() as connection:
        query = select(simulations.c.id, simulations.c.asked, simulations.c.created_at).where(
            simulations.c.state == PENDING
        )
        query = query.where(simulations.c.id == id) if id else query
        row = connection.execute(query.order_by(simulations.c.created_at).limit(1)).one_or_none()
    if row is None or not _move(desk, row.id, PENDING, state=RUNNING, attempts=simulations.c.attempts + 1):
        return False
    asked = msgspec.convert(row.asked, Asked)
    try:
        document = simulate(
            desk,
            asked,
            folder,
            row.created_at,
            _Heard(desk, row.id),
            lambda connection: _interruptible(desk, row.id, connection),
            folder / row.id,
        )
    except Stopped:
        pass
    except Invalid as invalid:
        _move(desk, row.id, RUNNING, state=FAILED, error=_told(invalid.problems), finished_at=now())
    except Exception:
        log.exception("simulation %s failed", row.id)
        _move(desk, row.id, RUNNING, state=FAILED, error=_told([_BROKEN]), finished_at=now())
    else:
        _move(
            desk,
            row.id,
            RUNNING,
            state=DONE,
            progress=100,
            result=document,
            summary=summary_of(document),
            inputs_hash=document["inputs_hash"],
            report_hash=report_hash(document),
            finished_at=now(),
        )
    return True


def _told(problems: Sequence[Problem]) -> list[Any]:
    """Problems as they are kept, in both languages."""
    return [msgspec.to_builtins(each) for each in problems]


_BROKEN = problem(
    "failed",
    "",
    "La simulation a échoué ; rien n’est changé. Relancez-la.",
    "The simulation failed; nothing is changed. Start it again.",
)
_INTERRUPTED = problem(
    "interrupted",
    "",
    "Le serveur s’est arrêté deux fois pendant cette simulation ; rien n’est changé. Relancez-la, au besoin sur une "
    "période plus courte.",
    "The server stopped twice during this simulation; nothing is changed. Start it again, over a shorter period if "
    "need be.",
)


class _Heard:
    """Progress as it is, written at most once a percent; raises Stopped when the job was cancelled."""

    def __init__(self, desk: Desk, id: str):
        self.desk, self.id, self.last = desk, id, -1

    def __call__(self, percent: int) -> None:
        if percent != self.last:
            self.last = percent
            if not _move(self.desk, self.id, RUNNING, progress=percent):
                raise Stopped


@contextmanager
def _interruptible(desk: Desk, id: str, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """While it lasts, a query of a job that is cancelled stops; raises Stopped then."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(_LOOK):
            with desk.ledger.reading() as reading:
                found = status(reading, id)
            if found is None or found.state != RUNNING:
                connection.interrupt()

    watch = threading.Thread(target=look, name="simulation watch", daemon=True)
    watch.start()
    try:
        yield
    except duckdb.InterruptException:
        raise Stopped from None
    finally:
        over.set()
        watch.join()


def simulate(
    desk: Desk,
    asked: Asked,
    folder: Path,
    at: datetime,
    tell: Progress = lambda percent: None,
    guard: Guard = nullcontext,
    upload: Path | None = None,
) -> dict[str, Any]:
    """The report that was asked for, in one go; `folder` holds the sheet while it lasts, `upload` a file's rows.

    `tell` is given percents and may stop it by raising; `guard` is that of `report`.
    """
    # Named first: a proposal that is written in meanwhile makes its own report look old, never new.
    named = _proposal(desk, asked.proposal)
    before, after = sides(desk, asked, at)
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder, prefix=SCRATCH) as scratch:
        with desk.ledger.reading() as connection:
            source = _source(desk, connection, asked, (before, after), tell, upload)
            zone = desk.installation.zone
            sheet = fill_sheet(Path(scratch) / "sheet.parquet", source.orders, zone, source.progress)
        document = report(
            sheet,
            desk.policies,
            before,
            after,
            desk.installation,
            changes_of(desk),
            lambda percent: tell(FILLING + (100 - FILLING) * percent // 100),
            guard,
        )
    return {**document, "source": source.document(), "before": _named(before), "after": {**_named(after), **named}}


def _source(
    desk: Desk,
    connection: Connection,
    asked: Asked,
    contents: tuple[Content, Content],
    tell: Progress,
    upload: Path | None,
) -> LedgerSource | FileSource:
    def filling(percent: int) -> None:
        tell(FILLING * percent // 100)

    if asked.reading is None:
        return LedgerSource(connection, asked.since, asked.until, filling)
    names = names_in(connection, contents, desk.installation.zone)
    return FileSource(upload, asked.reading, names, asked.since, asked.until, filling)


def sides(desk: Desk, asked: Asked, at: datetime) -> tuple[Content, Content]:
    """What is compared: first what is in force (or `against`), then the proposal or version. Raises Invalid."""
    policies = desk.policies
    before = version_content(policies, asked.against or policies.in_force(at).number, "/against")
    if asked.proposal:
        return before, proposed_content(policies, asked.proposal, at)
    return before, version_content(policies, asked.version or policies.store.newest().number)


def changes_of(desk: Desk) -> tuple[Change, ...]:
    """Every version from its moment on, and what is scheduled."""
    history = desk.policies.store.history()
    made = [Change(each.effective_from, each.number, each.note) for each in history.versions]
    planned = [Change(each.effective_from, None, each.name) for each in history.scheduled() if each.effective_from]
    return (*made, *planned)


def _named(content: Content) -> dict[str, Any]:
    return {"version": content.version.number, "note": content.version.note, "hash": content.version.hash}


def _proposal(desk: Desk, id: str | None) -> dict[str, Any]:
    """Which proposal it is, and the hash of what it changes: that which an approval agrees to."""
    history = desk.policies.store.history()
    found = history.proposals.get(id or "")
    if found is None:
        return {}
    return {"proposal": found.id, "name": found.name, "changes": hash_of(found, history.content(found.base))}


def _move(desk: Desk, id: str, state_before: str, **values: Any) -> bool:
    return desk.ledger.write(
        lambda connection: (
            connection.execute(
                update(simulations).where(simulations.c.id == id, simulations.c.state == state_before).values(**values)
            ).rowcount
            == 1
        )
    )


def work_for_ever(
    desk: Callable[[], Desk],
    folder: Path,
    now: Callable[[], datetime],
    bell: threading.Event,
    idle: float = 1.0,
    is_over: Callable[[], bool] = lambda: False,
) -> None:
    """The server’s worker: one simulation after the other, begun at once when the bell rings.

    One process works them at a time; when it ends, even by a kill, another one takes up what it left.
    Files that nobody needs any more are taken away.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "worker.lock", poll_interval=idle):
        tidy(folder)
        take_up_again(desk(), now())
        while not is_over():
            bell.clear()
            try:
                busy = run_next(desk(), folder, now)
                clear_away(folder, lambda id: has_ended(desk(), id), now())
            except Exception:
                log.exception("simulations could not be read; trying again")
                busy = False
            if not busy:
                bell.wait(idle)

"""Simulations as jobs: begun, worked in the background, cancelled, resumed, kept with their inputs' hash."""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from engine.problem import Invalid
from orders.desk import Desk
from orders.simulate.fill import Taken, fill_sheet
from orders.simulate.ledger_orders import count_between, orders_between
from orders.simulate.report import Change, report, report_hash
from orders.simulate.upload_reading import Reading
from orders.simulate.upload_source import FILLED, SCRATCH, FileSource, clear_away, clear_scratch, names_in
from orders.tables import simulations
from orders.whatif import proposed_content, version_content
from rules.content import Content

PENDING, RUNNING, DONE, FAILED, CANCELLED = "pending", "running", "done", "failed", "cancelled"
log = logging.getLogger("houblon.simulate")


class Asked(msgspec.Struct, frozen=True):
    """What is simulated: a proposal or a version beside `against` (the one in force), over which orders.

    They are the ledger's; with `reading`, those of the uploaded file that lies in the job's own folder.
    """

    proposal: str | None = None
    version: int | None = None
    against: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    reading: Reading | None = None


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


def recent(connection: Connection, limit: int = 20) -> Sequence[Row[Any]]:
    kept = [column for column in simulations.c if column.name != "result"]
    return connection.execute(select(*kept).order_by(simulations.c.created_at.desc()).limit(limit)).all()


def report_of(connection: Connection, proposal: str) -> Row[Any] | None:
    """The newest finished report about a proposal."""
    return connection.execute(
        select(simulations)
        .where(simulations.c.proposal == proposal, simulations.c.state == DONE)
        .order_by(simulations.c.created_at.desc())
        .limit(1)
    ).one_or_none()


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


def is_over(desk: Desk, id: str) -> bool | None:
    """Whether a job waits and runs no more; None when there is none."""
    with desk.ledger.reading() as connection:
        job = status(connection, id)
    return None if job is None else job.state not in (PENDING, RUNNING)


def take_up_again(desk: Desk) -> None:
    """What a stopped server left running waits again."""
    desk.ledger.write(
        lambda connection: (
            connection.execute(
                update(simulations).where(simulations.c.state == RUNNING).values(state=PENDING, progress=0)
            )
            and None
        )
    )


def run_next(desk: Desk, folder: Path, now: Callable[[], datetime], id: str | None = None) -> bool:
    """Work the oldest waiting job, or the one given; False when none waits."""
    with desk.ledger.reading() as connection:
        query = select(simulations.c.id, simulations.c.asked, simulations.c.created_at).where(
            simulations.c.state == PENDING
        )
        query = query.where(simulations.c.id == id) if id else query
        row = connection.execute(query.order_by(simulations.c.created_at).limit(1)).one_or_none()
    if row is None or not _move(desk, row.id, PENDING, state=RUNNING):
        return False
    asked = msgspec.convert(row.asked, Asked)
    try:
        document = simulate(desk, asked, folder, row.created_at, _Told(desk, row.id), folder / row.id)
    except Stopped:
        pass
    except Invalid as invalid:
        _move(desk, row.id, RUNNING, state=FAILED, error=[each.as_json("fr") for each in invalid.problems])
    except Exception:
        log.exception("simulation %s failed", row.id)
        message = "La simulation a échoué ; rien n’est changé. Relancez-la."
        _move(desk, row.id, RUNNING, state=FAILED, error=[{"code": "failed", "pointer": "", "message": message}])
    else:
        _move(
            desk,
            row.id,
            RUNNING,
            state=DONE,
            progress=100,
            result=document,
            inputs_hash=document["inputs_hash"],
            report_hash=report_hash(document),
            finished_at=now(),
        )
    return True


class _Told:
    """Progress as it is, written at most once a percent; raises Stopped when the job was cancelled."""

    def __init__(self, desk: Desk, id: str):
        self.desk, self.id, self.last = desk, id, -1

    def __call__(self, percent: int) -> None:
        if percent != self.last:
            self.last = percent
            if not _move(self.desk, self.id, RUNNING, progress=percent):
                raise Stopped


def simulate(
    desk: Desk,
    asked: Asked,
    folder: Path,
    at: datetime,
    tell: Callable[[int], None] = lambda percent: None,
    upload: Path | None = None,
) -> dict[str, Any]:
    """The report that was asked for, in one go; `folder` holds the sheet while it lasts, `upload` the file's rows."""
    before, after = sides(desk, asked, at)
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder, prefix=SCRATCH) as scratch, desk.ledger.reading() as connection:
        source = _source(desk, connection, asked, (before, after), tell, upload)
        sheet = fill_sheet(Path(scratch) / "sheet.parquet", source.orders, desk.installation.zone, source.progress)
        document = report(sheet, desk.policies, before, after, desk.installation, changes_of(desk), tell)
    return {**document, "source": source.document(), "before": _named(before), "after": _named(after)}


class _Ledger:
    """The orders received in a period, as a source."""

    def __init__(self, connection: Connection, asked: Asked, tell: Callable[[int], None]):
        self._total, self._tell = max(1, count_between(connection, asked.since, asked.until)), tell
        self.orders: Iterable[Taken] = orders_between(connection, asked.since, asked.until)

    def progress(self, done: int) -> None:
        self._tell(FILLED * done // self._total)

    def document(self) -> dict[str, Any]:
        return {"kind": "ledger"}


def _source(
    desk: Desk,
    connection: Connection,
    asked: Asked,
    contents: tuple[Content, Content],
    tell: Callable[[int], None],
    upload: Path | None,
) -> _Ledger | FileSource:
    if asked.reading is None:
        return _Ledger(connection, asked, tell)
    names = names_in(connection, contents, desk.installation.zone)
    return FileSource(upload, asked.reading, names, asked.since, asked.until, tell)


def sides(desk: Desk, asked: Asked, at: datetime) -> tuple[Content, Content]:
    """What is compared: first what is in force (or `against`), then the proposal or version. Raises Invalid."""
    policies = desk.policies
    before = version_content(policies, asked.against or policies.in_force(at).number)
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


def _move(desk: Desk, id: str, state_before: str, **values: Any) -> bool:
    return desk.ledger.write(
        lambda connection: (
            connection.execute(
                update(simulations).where(simulations.c.id == id, simulations.c.state == state_before).values(**values)
            ).rowcount
            == 1
        )
    )


def work_for_ever(desk: Desk, folder: Path, now: Callable[[], datetime], idle: float = 1.0) -> None:
    """The server's worker: one simulation after the other; files that nobody needs any more are taken away."""
    waiting = threading.Event()
    take_up_again(desk)
    clear_scratch(folder)
    while True:
        try:
            busy = run_next(desk, folder, now)
            clear_away(folder, lambda id: is_over(desk, id), now())
        except Exception:
            log.exception("simulations could not be read; trying again")
            busy = False
        if not busy:
            waiting.wait(idle)

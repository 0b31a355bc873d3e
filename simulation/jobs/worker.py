"""The worker of simulations: one after the other, stopped when somebody cancels, taken up after a kill."""

import logging
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import msgspec
from filelock import FileLock
from sqlalchemy import Connection, select, update

from houblon.engine.core.problem import Invalid, Problem, problem
from houblon.orders.db.tables import simulations
from houblon.orders.services import Services
from houblon.simulation.compare.changed_orders import file_of
from houblon.simulation.files.source import clear_away
from houblon.simulation.jobs.jobs import DONE, FAILED, PENDING, RUNNING, has_ended, move, status
from houblon.simulation.jobs.retention import DAYS, prune
from houblon.simulation.jobs.simulation import SCRATCH, Asked, simulate
from houblon.simulation.report.report import report_hash
from houblon.simulation.report.summary import summary_of

LOCK = "worker.lock"  # of the one process that works simulations: a server, for as long as it runs
ATTEMPTS = 2  # a simulation that a server did not survive so often is not tried again
_LOOK = 0.3  # seconds between looks at whether somebody cancelled a query
_PRUNE_EVERY = timedelta(hours=1)
log = logging.getLogger("houblon.simulate")


class Stopped(Exception):
    """Somebody cancelled it."""


def run_forever(
    services: Callable[[], Services],
    folder: Path,
    now: Callable[[], datetime],
    bell: threading.Event,
    idle: float = 1.0,
    is_over: Callable[[], bool] = lambda: False,
    days: int = DAYS,
) -> None:
    """The server’s worker: one simulation after the other, begun at once when the bell rings.

    One process works them at a time; when it ends, even by a kill, another one takes up what it left.
    Files and simulations that nobody needs any more are taken away.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / LOCK, poll_interval=idle):
        tidy(folder)
        take_up_again(services(), now())
        pruned: datetime | None = None
        while not is_over():
            bell.clear()
            try:
                busy = run_next(services(), folder, now)
                clear_away(folder, lambda id: has_ended(services(), id), now())
                if busy or pruned is None or now() - pruned >= _PRUNE_EVERY:
                    prune(services(), folder, pruned := now(), days)
            except Exception:
                log.exception("simulations could not be read; trying again")
                busy = False
            if not busy:
                bell.wait(idle)


def run_next(services: Services, folder: Path, now: Callable[[], datetime], id: str | None = None) -> bool:
    """Work the oldest waiting job, or the one given; False when none waits."""
    with services.ledger.reading() as connection:
        query = select(simulations.c.id, simulations.c.asked, simulations.c.created_at).where(
            simulations.c.state == PENDING
        )
        query = query.where(simulations.c.id == id) if id else query
        row = connection.execute(query.order_by(simulations.c.created_at).limit(1)).one_or_none()
    if row is None or not move(services, row.id, PENDING, state=RUNNING, attempts=simulations.c.attempts + 1):
        return False
    asked = msgspec.convert(row.asked, Asked)
    try:
        document = simulate(
            services,
            asked,
            folder,
            row.created_at,
            _Heard(services, row.id),
            lambda connection: _interruptible(services, row.id, connection),
            folder / row.id,
            file_of(folder, row.id),
        )
    except Stopped:
        pass
    except Invalid as invalid:
        move(services, row.id, RUNNING, state=FAILED, error=_documents(invalid.problems), finished_at=now())
    except Exception:
        log.exception("simulation %s failed", row.id)
        move(services, row.id, RUNNING, state=FAILED, error=_documents([_BROKEN]), finished_at=now())
    else:
        move(
            services,
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


def take_up_again(services: Services, at: datetime) -> None:
    """What a stopped server left running waits again; what stopped it too often has failed."""

    def work(connection: Connection) -> None:
        running = update(simulations).where(simulations.c.state == RUNNING)
        lost = running.where(simulations.c.attempts >= ATTEMPTS)
        connection.execute(lost.values(state=FAILED, error=_documents([_INTERRUPTED]), finished_at=at))
        connection.execute(running.values(state=PENDING, progress=0))

    services.ledger.write(work)


def tidy(folder: Path) -> None:
    """Remove what simulations that were killed left in their folder."""
    for left in folder.glob(f"{SCRATCH}*"):
        shutil.rmtree(left, ignore_errors=True)


class _Heard:
    """Progress as it is, written at most once a percent; raises Stopped when the job was cancelled."""

    def __init__(self, services: Services, id: str):
        self.services, self.id, self.last = services, id, -1

    def __call__(self, percent: int) -> None:
        if percent != self.last:
            self.last = percent
            if not move(self.services, self.id, RUNNING, progress=percent):
                raise Stopped


@contextmanager
def _interruptible(services: Services, id: str, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """While it lasts, a query of a job that is cancelled stops; raises Stopped then."""
    over = threading.Event()

    def poll() -> None:
        while not over.wait(_LOOK):
            with services.ledger.reading() as reading:
                found = status(reading, id)
            if found is None or found.state != RUNNING:
                connection.interrupt()

    watch = threading.Thread(target=poll, name="simulation watch", daemon=True)
    watch.start()
    try:
        yield
    except duckdb.InterruptException:
        raise Stopped from None
    finally:
        over.set()
        watch.join()


def _documents(problems: Sequence[Problem]) -> list[Any]:
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

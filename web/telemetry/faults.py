"""What the machine refuses a command, as a Problem: what failed, where, and what to do. Nothing leaves as a traceback.

Where a fault happened in the code is told on stderr with `--debug` alone, and always kept in the data folder's
`faults.log`, which holds no more than its last half megabyte.
"""

import errno
import os
import traceback
from contextlib import suppress
from logging import Formatter, LogRecord
from logging.handlers import RotatingFileHandler
from pathlib import Path

import click
import msgspec
from sqlalchemy.exc import DBAPIError

from houblon.engine.core.problem import Invalid, Problem, Text
from houblon.orders.db.causes import cause_of
from houblon.orders.db.migrate import NewerLedger
from houblon.orders.services import Conflict as OrderConflict
from houblon.rules.publishing.publish import Conflict
from houblon.rules.store.storage import StorageFault
from houblon.web.foundation.composition import utc_now
from houblon.web.foundation.data_folder import NotInitialised, is_initialised
from houblon.web.foundation.settings import BadSetting
from houblon.web.foundation.stale import Outdated

FILE = "faults.log"
_MOST = 256 * 1024  # bytes, twice


def problems_of(fault: Exception) -> tuple[Problem, ...]:
    """The Problems that a command's fault amounts to."""
    if isinstance(fault, Invalid):
        return fault.problems
    if isinstance(fault, BadSetting):
        return (Problem("badsetting", "", fault.text),)
    if isinstance(fault, OrderConflict):
        return (fault.problem,)
    if isinstance(fault, Outdated):
        return (
            Problem(
                "changed",
                "",
                Text(
                    "Quelqu’un vient de changer cela : rien n’est fait, relisez d’abord.",
                    "Somebody changed this just now: nothing is done, read it again first.",
                ),
            ),
        )
    if isinstance(fault, (NotInitialised, StorageFault, NewerLedger, Conflict)):
        return (Problem(type(fault).__name__.lower(), "", Text(str(fault), str(fault))),)
    found = cause_of(fault)
    if found is not None:
        return (Problem(found.code, "", found.text),)
    kind = type(fault).__name__
    return (
        Problem(
            "unexpected",
            "",
            Text(
                f"Houblon a failli ({kind}). Recommencez avec --debug, et rapportez ce qui s’affiche.",
                f"Houblon failed ({kind}). Try again with --debug, and report what it prints.",
            ),
        ),
    )


def is_expected(fault: Exception) -> bool:
    """Whether the fault is an answer of Houblon's own, with nothing to look for in the code."""
    return isinstance(fault, (Invalid, BadSetting, NotInitialised, NewerLedger, Conflict, OrderConflict, Outdated))


def is_nobody_listening(fault: Exception) -> bool:
    """Whether what the command says is read by nobody any more (`houblon … | head`): click leaves quietly."""
    return isinstance(fault, OSError) and fault.errno == errno.EPIPE


def keep(fault: Exception, folder: Path) -> None:
    """Add the fault to the installation's `faults.log`, as a line of JSON; where that can't be, it is not."""
    with suppress(OSError):
        if not is_initialised(folder):
            return
        handler = _Private(folder / FILE, maxBytes=_MOST, backupCount=1, encoding="utf-8", errors="backslashreplace")
        handler.setFormatter(Formatter("%(message)s"))
        try:
            handler.handle(LogRecord("houblon", 40, "", 0, _line(fault), None, None))
        finally:
            handler.close()


def traceback_of(fault: Exception) -> str:
    """Where the fault happened: the innermost first cause, without the values of statements."""
    if isinstance(fault, DBAPIError):
        fault.hide_parameters = True
    return "".join(traceback.format_exception(fault))


def _line(fault: Exception) -> str:
    said = {
        "timestamp": utc_now().isoformat(),
        "level": "error",
        "event": "command.failed",
        "command": click.get_current_context().command_path,
        "exception": traceback_of(fault),
    }
    return msgspec.json.encode(said).decode()


class _Private(RotatingFileHandler):
    """A file that its owner alone reads, and that says nothing of itself where the disk takes no more."""

    def _open(self):  # type: ignore[no-untyped-def]  # logging's own is a TextIOWrapper
        return open(
            os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600),
            self.mode,
            encoding=self.encoding,
            errors=self.errors,
        )

    def handleError(self, record: LogRecord) -> None:
        """Nothing: the fault is told on stderr already."""

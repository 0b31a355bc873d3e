"""A copy of the ledger for as long as something is tried or packed: where it lies, and whether there is room for it.

It takes as much room as the ledger and holds all that is in it: it is in no backup, and what a process that was killed
left of it goes with the next.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from houblon.engine.core.problem import Text, refuse

PREFIX = ".copying-"
_LEFT_AFTER = 24 * 3600  # seconds: no copy takes so long


@contextmanager
def scratch_folder(place: Path, now: datetime) -> Iterator[Path]:
    """A folder in `place` that is there for a moment; left-overs of others there go."""
    for left in place.glob(f"{PREFIX}*"):
        if left.stat().st_mtime < now.timestamp() - _LEFT_AFTER:
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=place) as folder:
        yield Path(folder)


def check_room(database: Path, folder: Path, hint: Text) -> None:
    """Raises Invalid, with what to do, where the disk has no room for a copy of the ledger, before it is full for
    everybody."""
    size = sum(path.stat().st_size for end in ("", "-wal") if (path := Path(f"{database}{end}")).exists())
    free = shutil.disk_usage(folder).free
    if free < size:
        raise refuse(
            "disk",
            "",
            f"La copie du registre prend {size} octets pour un moment, et {folder.parent} n’en a que {free} : {hint.fr}",
            f"The ledger's copy takes {size} bytes for a while, and {folder.parent} has only {free}: {hint.en}",
        )


def is_in_scratch(path: Path) -> bool:
    """Whether a path within an installation leads into such a folder, whose it may be."""
    return any(part.startswith(PREFIX) for part in path.parts)

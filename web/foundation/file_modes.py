"""Who may read an installation's files: their owner alone, whatever the system's mask was when they were made."""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from houblon.orders.db.snapshot import BESIDE, database_file
from houblon.web.foundation.settings import Settings

FOLDER, FILE = 0o700, 0o600
_MASK = 0o077


def make_private() -> None:
    """Whatever this process makes from now on is its owner's alone."""
    os.umask(_MASK)


def put_right(settings: Settings) -> tuple[int, tuple[Path, ...]]:
    """Take the installation's folder and files from everybody but their owner.

    Returns how many were open to others, and those that are still, because they are somebody else's.
    """
    right, refused = 0, []
    for path in _all(settings):
        with contextlib.suppress(FileNotFoundError):  # a file of a moment
            mode = stat.S_IMODE(path.lstat().st_mode)
            # A sticky folder is everybody's by intent, such as /tmp: it is no installation's own.
            if not mode & _MASK or mode & stat.S_ISVTX:
                continue
            try:
                path.chmod(FOLDER if path.is_dir() else FILE)
                right += 1
            except PermissionError:
                refused.append(path)
    return right, tuple(refused)


def _all(settings: Settings) -> Iterator[Path]:
    """The folder, all that is in it, and the ledger's files where it is elsewhere; no link is followed."""
    yield settings.data
    for folder, folders, files in os.walk(settings.data):
        for name in (*folders, *files):
            path = Path(folder, name)
            if not path.is_symlink():
                yield path
    database = database_file(settings.database_url)
    if database is not None and not database.absolute().is_relative_to(settings.data.absolute()):
        yield from (path for end in BESIDE if (path := Path(f"{database}{end}")).is_file() and not path.is_symlink())

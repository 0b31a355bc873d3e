"""Who may read an installation's files: their owner alone, whatever the system's mask was when they were made."""

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from houblon.orders.db.migrate import revisions
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


@contextmanager
def given_back(folders: Sequence[Path]) -> Iterator[None]:
    """Whatever root makes or replaces meanwhile in a folder of somebody else's is theirs afterwards.

    A folder that is not there yet is whose its parent is only where it takes the place of an earlier one.
    """
    owners = [(folder, owner) for folder in folders if (owner := owner_of(folder)) is not None]
    try:
        yield
    finally:
        for folder, owner in owners:
            _give_back(folder, *owner)


def owner_of(folder: Path) -> tuple[int, int] | None:
    """User and group of a folder that root works in for somebody else; None for anybody but root, or root's own."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    try:
        stat = folder.stat()
    except OSError:
        return None
    return (stat.st_uid, stat.st_gid) if stat.st_uid != 0 else None


def become_owner(folder: Path) -> None:
    """A server that root starts in the folder of somebody else goes on as that user; what it listens on is taken."""
    owner = owner_of(folder)
    if owner is not None:
        user, group = owner
        revisions()  # loads what migrates: the owner may not be let at the Python of root
        os.setgroups([group])
        os.setgid(group)
        os.setuid(user)


def _give_back(folder: Path, user: int, group: int) -> None:
    for path in (folder, *_beneath(folder)):
        with contextlib.suppress(OSError):  # a file of a moment; a disk that changes nothing any more
            if path.lstat().st_uid == 0:
                os.chown(path, user, group, follow_symlinks=False)


def _all(settings: Settings) -> Iterator[Path]:
    """The folder, all that is in it, and the ledger's files where it is elsewhere; no link is followed."""
    yield settings.data
    yield from _beneath(settings.data)
    database = database_file(settings.database_url)
    if database is not None and not database.absolute().is_relative_to(settings.data.absolute()):
        yield from (path for end in BESIDE if (path := Path(f"{database}{end}")).is_file() and not path.is_symlink())


def _beneath(top: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(top):
        for name in (*folders, *files):
            path = Path(folder, name)
            if not path.is_symlink():
                yield path

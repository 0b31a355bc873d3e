"""Files written whole: a crash leaves the old content or the new, and earlier ones are kept beside."""

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

KEPT_GENERATIONS = 5
_HEADER = re.compile(rb'\{"houblon": 1, "generation": (\d{1,15}), "sha256": "([0-9a-f]{64})"\}\n')

Sync = Callable[[int], None]
Tables = dict[str, dict[str, Any]]


def replace_file(path: Path, content: bytes, sync: Sync = os.fsync) -> None:
    """Write a whole file, its owner's alone, so that a crash leaves the old one or the new one.

    Raises OSError when the disk refuses. Until the file is in its place, the old one is untouched;
    when only the folder can't be synced, the new one is in its place.
    """
    temporary = stage_file(path, content, sync)
    try:
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent, sync)


def stage_file(path: Path, content: bytes, sync: Sync = os.fsync) -> Path:
    """Write what `path` will hold beside it, and make it last. Raises OSError and leaves nothing."""
    temporary = path.with_name(f"{path.name}.writing")
    try:
        # Made anew: one that a killed process left may be open to others.
        temporary.unlink(missing_ok=True)
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            _give_to_owner(file.fileno(), path)
            file.write(content)
            file.flush()
            sync(file.fileno())
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    return temporary


def _give_to_owner(handle: int, path: Path) -> None:
    """What root writes for somebody else is theirs: whose the file was that it replaces, or whose its folder is."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    known = path if path.exists() else path.parent
    found = known.stat()
    os.fchown(handle, found.st_uid, found.st_gid)


def sync_folder(path: Path, sync: Sync = os.fsync) -> None:
    """Make the names in a folder last."""
    folder = os.open(path, os.O_RDONLY)
    try:
        sync(folder)
    finally:
        os.close(folder)


def encode(generation: int, tables: Tables) -> bytes:
    """A state as its file holds it: a line with generation and checksum, then the JSON."""
    body = msgspec.json.encode(tables)
    checksum = hashlib.sha256(body).hexdigest().encode()
    return b'{"houblon": 1, "generation": %d, "sha256": "%s"}\n' % (generation, checksum) + body


def decode(content: bytes) -> tuple[int, Tables] | None:
    """Generation and tables, None when the content does not match its checksum."""
    header = _HEADER.match(content)
    if header is None:
        return None
    body = memoryview(content)[header.end() :]
    if hashlib.sha256(body).hexdigest().encode() != header[2]:
        return None
    return int(header[1]), msgspec.json.decode(body)


def generation_said(content: bytes) -> int:
    """The generation that a file's first line names, whatever follows it; 0 where it names none."""
    header = _HEADER.match(content)
    return int(header[1]) if header else 0


def kept(path: Path, generation: int) -> Path:
    return path.with_name(f"{path.name}.{generation}")


def generations(path: Path) -> list[int]:
    """The generations kept beside `path`, newest first."""
    start = f"{path.name}."
    names = os.listdir(path.parent) if path.parent.is_dir() else []
    suffixes = [name[len(start) :] for name in names if name.startswith(start)]
    return sorted((int(suffix) for suffix in suffixes if suffix.isdecimal()), reverse=True)


def keep(path: Path, generation: int) -> None:
    """Keep the file at `path`, a second name for the same bytes where the disk has such."""
    target = kept(path, generation)
    target.unlink(missing_ok=True)
    try:
        os.link(path, target)
    except OSError:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(path, "rb") as file, open(handle, "wb") as copy:
            shutil.copyfileobj(file, copy)


def forget_old(path: Path) -> None:
    """Remove all but the last few generations."""
    for generation in generations(path)[KEPT_GENERATIONS:]:
        with contextlib.suppress(OSError):
            kept(path, generation).unlink()


def last_good_generation(path: Path) -> int | None:
    """The newest kept generation that is whole, None when there is none."""
    return next((each for each in generations(path) if _is_whole(kept(path, each))), None)


def _is_whole(path: Path) -> bool:
    try:
        return decode(path.read_bytes()) is not None
    except OSError:
        return False

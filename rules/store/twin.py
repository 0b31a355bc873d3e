"""The newest state a second time, in bytes of its own: what a wrong byte in the file would lose is read from here."""

from pathlib import Path

from houblon.rules.store.durable import Tables, decode, generation_said, generations


def twin_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.twin")


def twin_bytes(path: Path) -> bytes | None:
    """What the twin holds; None where it is missing, damaged, or older than something beside it.

    A crash between the two writes leaves the twin of the state before. The file's first line tells, if it can
    still be read; if not, what is kept does: a generation is kept once the next one is being written.
    """
    found = read(twin_of(path))
    state = None if found is None else decode(found)
    if found is None or state is None:
        return None
    said = generation_said(read(path) or b"")
    is_newest = state[0] == said if said else state[0] > max([0, *generations(path)])
    return found if is_newest else None


def read_twin(path: Path) -> tuple[int, Tables] | None:
    """Generation and tables of the newest state by its twin."""
    found = twin_bytes(path)
    return None if found is None else decode(found)


def read(path: Path) -> bytes | None:
    """What a file holds, None where it is missing or can't be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None

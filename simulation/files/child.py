"""`python -m houblon.simulation.files.child FILE FOLDER`: reads one uploaded file where memory and time are bounded.

Leaves `rows.jsonl` (a row a line: its number, then its cells) and `head.json` in the folder; a refusal goes to
standard output as Problems, with exit status 3. It is a process of its own because no library can promise how
much a hostile file makes it ask for.
"""

import resource
import sys
from collections.abc import Iterable
from itertools import chain, islice
from pathlib import Path

import msgspec

from houblon.engine.core.problem import Invalid, refuse
from houblon.simulation.files.cells import Row, bounded, open_file
from houblon.simulation.files.guard import kind_of, too_slow
from houblon.simulation.files.words import header_among

MEMORY = 400_000_000  # bytes of data; code and libraries come on top
SECONDS = 20
REFUSED = 3
_LOOKED_AT = 15  # rows among which the header is looked for
_BUFFER = 1 << 16


class Found(msgspec.Struct, frozen=True):
    """What reading found: the kind of file, its header (empty without one), how many rows follow, how wide."""

    kind: str
    header: tuple[str, ...]
    rows: int
    width: int
    details: dict[str, str] = msgspec.field(name="told")  # as uploads were kept so far


def read_into(file: Path, folder: Path) -> Found:
    """Read the file's rows into the folder. Raises Invalid."""
    kind = kind_of(file)
    opened = open_file(file, kind)
    rows = bounded(opened.rows)
    header = opened.header
    if header is None:
        first = list(islice(rows, _LOOKED_AT))
        place = header_among([cells for _, cells in first])
        header = () if place is None else tuple("" if cell is None else str(cell) for cell in first[place][1])
        rows = chain(first if place is None else first[place + 1 :], rows)
    count, width = _write(rows, folder / "rows.jsonl")
    if not count:
        raise refuse("empty", "/file", "Ce fichier n’a aucune ligne.", "This file has no row.")
    found = Found(kind, header, count, max(width, len(header)), opened.details)
    (folder / "head.json").write_bytes(msgspec.json.encode(found))
    return found


def _write(rows: Iterable[Row], path: Path) -> tuple[int, int]:
    encoder, count, width = msgspec.json.Encoder(), 0, 0
    with path.open("wb", buffering=_BUFFER) as file:
        for number, cells in rows:
            file.write(encoder.encode([number, *cells]) + b"\n")
            count, width = count + 1, max(width, len(cells))
    return count, width


def main(file: str, folder: str) -> int:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        read_into(Path(file), Path(folder))
    except Invalid as invalid:
        problems = invalid.problems
    except (MemoryError, RecursionError):
        problems = too_slow().problems
    else:
        return 0
    sys.stdout.buffer.write(msgspec.json.encode(problems))
    return REFUSED


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

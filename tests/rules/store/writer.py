"""A writing process for tests: `python -m tests.rules.store.writer rows|versions FOLDER NAME [COUNT]`.

It prints a line when it has begun, then each number as soon as the write of it was answered.
"""

import sys
from pathlib import Path

from tinydb import TinyDB

from houblon.rules.model.statements import Edit
from houblon.rules.publishing.publish import publish
from houblon.rules.store.documents import open_store
from houblon.rules.store.storage import CrashSafeStorage
from tests.clock import real
from tests.rules.documents import group

# Cut to a little more each time, so that a half-written state could not pass for whole.
PAYLOAD = "houblon " * 1_000_000


def say(text: str) -> None:
    print(text, flush=True)


def write_rows(folder: Path, name: str, count: int, size: int) -> None:
    """One row a transaction; the number of rows and the sum kept beside must agree in every state."""
    storage = CrashSafeStorage(folder / "rules.json")
    say("begun")
    for number in range(count):
        with storage.transaction():
            database = TinyDB(storage=lambda: storage)
            rows = database.table("rows", cache_size=0)
            rows.insert({"name": name, "number": number})
            database.table("sums", cache_size=0).truncate()
            database.table("sums", cache_size=0).insert({"rows": len(rows), "padding": PAYLOAD[: size + number % 5]})
        say(str(number))


def write_versions(folder: Path, name: str, count: int) -> None:
    store = open_store(folder)
    say("begun")
    for number in range(count):
        edit = Edit("group", f"{name}-{number}", group(f"{name}-{number}", ord(name[0]) * 1_000 + number))
        say(str(publish(store, [edit], author=name, note="", at=real()).number))


if __name__ == "__main__":
    what, folder, name, count, size = (*sys.argv[1:], "1000000", "0")[:5]
    if what == "rows":
        write_rows(Path(folder), name, int(count), int(size))
    else:
        write_versions(Path(folder), name, int(count))

"""When an installation was last backed up, and last found whole: kept in its folder, and told by `/metrics`."""

from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from houblon.rules.store.durable import replace_file

FILE = "upkeep.json"


class Upkeep(msgspec.Struct, frozen=True):
    backup: datetime | None = None
    check: datetime | None = None


def read_upkeep(folder: Path) -> Upkeep:
    """What is known of it: nothing, where it was never done or can't be read."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=Upkeep)
    except (OSError, UnicodeError, msgspec.MsgspecError, RecursionError):
        return Upkeep()


def note_upkeep(folder: Path, **done: datetime) -> None:
    """Note what was done; where that can't be written, what was done is done all the same."""
    with suppress(OSError):
        replace_file(folder / FILE, msgspec.json.encode(msgspec.structs.replace(read_upkeep(folder), **done)))

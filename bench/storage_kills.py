"""Kill -9 a process that writes 1 to 5 MB states, 330 times unless told otherwise.

    python -m bench.storage_kills [--kills 330]

After each kill the file must be whole, and hold every write that was answered.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.rules.store.kills import kill_while_writing

SIZES = (1_000_000, 2_000_000, 5_000_000)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=330)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    chance, began = random.Random(arguments.seed), time.monotonic()
    for size in SIZES:
        kills = arguments.kills // len(SIZES)
        with tempfile.TemporaryDirectory() as folder:
            kept, interrupted = kill_while_writing(Path(folder), kills, size, chance)
        print(
            f"{size / 1e6:.0f} MB: {kills} kills, {interrupted} inside a write; {kept} rows kept, none broken, none lost",
            flush=True,
        )
    print(f"{time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())

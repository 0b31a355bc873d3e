"""Random histories of drafts, imports, plans, moves of retailers and of the clock, and kills, beside a plain model.

    python -m bench.histories [--histories 10000] [--acts 14] [--first 1000] [--minutes 60]

After every act, two servers decide an order of each of 50 buyers as a model in dictionaries says, no rule overrides
another unsaid, and no draft loses its date without a word to its people.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from houblon.orders.db.ledger import make_ledger
from tests.orders.retailers.histories import play


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--histories", type=int, default=10_000)
    parser.add_argument("--acts", type=int, default=14)
    parser.add_argument("--first", type=int, default=1_000)
    parser.add_argument("--minutes", type=float, default=60, help="the most that it takes: then it says how many")
    arguments = parser.parse_args()
    began, played, differing = time.monotonic(), 0, []
    with tempfile.TemporaryDirectory() as place:
        empty = Path(place) / "empty.db"
        make_ledger(f"sqlite:///{empty}").close()
        for seed in range(arguments.first, arguments.first + arguments.histories):
            if time.monotonic() - began > arguments.minutes * 60:
                break
            with tempfile.TemporaryDirectory() as folder:
                try:
                    play(Path(folder), empty, seed, arguments.acts)
                except AssertionError as difference:
                    differing.append(seed)
                    print(f"history {seed}: {difference}", flush=True)
            played += 1
    seconds = time.monotonic() - began
    print(f"{played} histories of {arguments.acts} acts, {len(differing)} differ; {seconds:.0f} s")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())

"""Random lives of orders after their acceptance, two people at once now and then, beside a plain model.

    python -m bench.lives [--lives 20000] [--acts 12] [--first 1000] [--postgresql URL]

After every act (delivered in part, credited, paid, reversed, cancelled, undone) the ledger has what the model has:
states, balances and every credit note, to the cent. At the end the bookkeeper's journal has every act once, balanced, and
comes to what the ledger and the pages say.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.orders.bookkeeping.test_journal import check_sums
from tests.orders.handling.lives import make_lives, play


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lives", type=int, default=20_000)
    parser.add_argument("--acts", type=int, default=12)
    parser.add_argument("--first", type=int, default=1_000)
    parser.add_argument("--postgresql", help="the URL of an empty database; else SQLite")
    arguments = parser.parse_args()
    began, differing = time.monotonic(), []
    with tempfile.TemporaryDirectory() as folder:
        services = make_lives(Path(folder), arguments.postgresql)
        for seed in range(arguments.first, arguments.first + arguments.lives):
            try:
                play(services, seed, arguments.acts)
            except AssertionError as difference:
                differing.append(seed)
                print(f"life {seed}: {difference}", flush=True)
        check_sums(services)
        services.ledger.close()
    seconds = time.monotonic() - began
    print(f"{arguments.lives} lives of {arguments.acts} acts, {len(differing)} differ; {seconds:.0f} s")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())

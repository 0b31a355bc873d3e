"""Random lives of orders after their acceptance, two people at once now and then, beside a plain model.

    python -m bench.lives [--lives 20000] [--acts 12] [--first 1000] [--kills 0] [--postgresql URL]

After every act (delivered in part, credited, paid, reversed, cancelled, undone, changed by its source, the change accepted
or dismissed) the ledger has what the model has: states, balances and every credit note, to the cent. With `--kills`, as
many processes that live such lives are killed amid them first (embedded only): of each act all is there, or nothing.
At the end the bookkeeper's journal has every act once, balanced, and comes to what the ledger and the pages say.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.orders.bookkeeping.test_journal import check_sums
from tests.orders.handling.killed_lives import differing, kill_amid
from tests.orders.handling.lives import make_lives, play
from tests.orders.services import open_services


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lives", type=int, default=20_000)
    parser.add_argument("--acts", type=int, default=12)
    parser.add_argument("--first", type=int, default=1_000)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--postgresql", help="the URL of an empty database; else SQLite")
    arguments = parser.parse_args()
    began, wrong = time.monotonic(), []
    with tempfile.TemporaryDirectory() as folder:
        services = make_lives(Path(folder), arguments.postgresql)
        if arguments.kills:
            services.ledger.close()
            wrong += killed(Path(folder), arguments.kills, arguments.first + arguments.lives, arguments.acts)
            services = open_services(Path(folder), arguments.postgresql)
        for seed in range(arguments.first, arguments.first + arguments.lives):
            try:
                play(services, seed, arguments.acts)
            except AssertionError as difference:
                wrong.append(seed)
                print(f"life {seed}: {difference}", flush=True)
        check_sums(services)
        services.ledger.close()
    seconds = time.monotonic() - began
    print(f"{arguments.lives} lives of {arguments.acts} acts, {len(wrong)} differ; {seconds:.0f} s")
    return 1 if wrong else 0


def killed(folder: Path, kills: int, first: int, acts: int) -> list[int]:
    """The lives of which a kill left half of something."""
    chance, found = random.Random(first), list[int]()
    for _ in range(kills):
        done = kill_amid(folder, first, acts, chance)
        first = max(done) + 2
        services = open_services(folder)
        half = differing(services, done, acts)
        services.ledger.close()
        for seed in half:
            print(f"life {seed}: half of an act, or something that was not said", flush=True)
        found += half
    return found


if __name__ == "__main__":
    sys.exit(main())

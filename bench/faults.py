"""The long forms of tests/faults, on demand, against the real server.

    python -m bench.faults kills [--count 1000]     kill -9 under webhooks, reviews and edits
    python -m bench.faults storm [--count 10000]    events delivered five times, in any order, by 8 clients

Every round's seed is printed; what fails says which promise was broken.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.faults import kills, storm
from tests.web.houses import make_folder, open_place
from tests.web.servers import serving

COUNTS = {"kills": 1_000, "storm": 10_000}
ROUNDS = 20  # kills between two looks at everything
RESTART = 5.0  # seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=COUNTS)
    parser.add_argument("--count", type=int)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    count, chance = asked.count or COUNTS[asked.what], random.Random(asked.seed)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        password = make_folder(data)
        place = open_place(data, password)
        place.house.close()
        print(f"{asked.what}: {count}, seed {asked.seed}", flush=True)
        return {"kills": _kills, "storm": _storm}[asked.what](data, place.secret, password, count, chance)


def _kills(data: Path, secret: str, password: str, count: int, chance: random.Random) -> int:
    done, slowest = 0, 0.0
    while done < count:
        answered = kills.kill_rounds(data, secret, password, min(ROUNDS, count - done), chance, f"{done}-")
        kills.verify(data, answered)
        done, slowest = done + len(answered.starts), max(slowest, *answered.starts)
        print(f"after {done}: {answered}; nothing lost, doubled or out of sequence", flush=True)
    print(f"slowest restart {slowest:.2f} s, goal {RESTART:.0f} s")
    return 0 if slowest <= RESTART else 1


def _storm(data: Path, secret: str, password: str, count: int, chance: random.Random) -> int:
    began = time.monotonic()
    with serving(data) as server:
        answers = storm.deliver(server, secret, range(count), chance)
    storm.verify(data, answers)
    print(f"{count * storm.TIMES} deliveries, exactly {count} decisions, {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())

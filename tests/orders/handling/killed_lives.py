"""Lives in a process that is killed amid them: what it said is there, and of what it was about, all or nothing.

python -m tests.orders.handling.killed_lives FOLDER FIRST ACTS
"""

import random
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

from houblon.orders.services import Services
from tests.orders.handling.lives import key_of, lived, play_alone, seen
from tests.orders.services import open_services

ROOT = Path(__file__).parents[3]


def main(folder: str, first: str, acts: str) -> None:
    services = open_services(Path(folder))
    for seed in count(int(first)):
        play_alone(services, seed, int(acts), lambda done, seed=seed: print(seed, done, flush=True))  # type: ignore[misc]


def kill_amid(folder: Path, first: int, acts: int, chance: random.Random) -> dict[int, int]:
    """How many acts of which life were done, by its own word, when the process was killed."""
    command = [sys.executable, "-m", "tests.orders.handling.killed_lives", str(folder), str(first), str(acts)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline()]
        time.sleep(chance.uniform(0.1, 0.9))
        child.kill()
        lines += child.stdout.readlines()
    whole = [line.split() for line in lines if line.endswith("\n")]
    return {int(seed): int(done) for seed, done in whole}


def differing(services: Services, done: dict[int, int], acts: int) -> list[int]:
    """The lives of which the ledger has something else than was said of them, or half of an act."""
    last, found = max(done), []
    for seed, number in done.items():
        expected = lived(seed, acts)
        # What it was about when it was killed may be there, and unsaid.
        possible = expected[number : number + 2] if seed == last else [expected[number]]
        if seen(services, key_of(services, f"L-{seed}")) not in possible:
            found.append(seed)
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])

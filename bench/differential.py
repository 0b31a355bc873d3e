"""The long comparison with the oracles, on demand; any disagreement is told with its seed.

python -m bench.differential [--n 1000000] [--seed 1]
"""

import argparse
import sys
import time

from tests.engine.oracle.comparison import compare

ORDERS = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=1_000_000, help="orders compared")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    print(f"seed {asked.seed}, {asked.n} orders")
    for number in range(asked.n // ORDERS):
        try:
            compare(asked.seed + number, ORDERS)
        except AssertionError as difference:
            sys.exit(f"seed {asked.seed + number}: {difference}")
        if number % 500 == 499:
            print(f"{(number + 1) * ORDERS} orders agree", flush=True)
    print("everyone agrees")


if __name__ == "__main__":
    main()

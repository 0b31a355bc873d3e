"""Invoices drawn as PDF, many in a row: milliseconds each, beside a bare document by the same compiler.

    python -m bench.invoices [--count 300]

Goal: 20 ms each or less when many are made, whatever their length up to thirty lines.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import typst
from sqlalchemy import select

from houblon.orders.db.tables import invoices
from houblon.orders.handling.receive import receive
from houblon.orders.intake.decode import read_order
from houblon.orders.invoicing.document import pdf
from tests.clock import NOW
from tests.orders.services import make_services
from tests.web.houses import order

GOAL = 0.020  # seconds
LENGTHS = (1, 10, 30)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bare = _timed(_bare(Path(folder)), asked.count)
        print(f"a bare page      median {1e3 * statistics.median(bare):5.1f} ms")
        met = True
        for length in LENGTHS:
            made = _issued(Path(folder) / str(length), length, asked.count)
            taken = _timed(lambda number, made=made: pdf(made[number]), asked.count)
            median, worst = statistics.median(taken), sorted(taken)[int(0.99 * len(taken))]
            met = met and median <= GOAL
            ratio = median / statistics.median(bare)
            print(
                f"{length:3} lines        median {1e3 * median:5.1f} ms   p99 {1e3 * worst:5.1f} ms   {ratio:.1f} × bare"
            )
    print("goal", "met" if met else "missed", f"{1e3 * GOAL:.0f} ms each")
    return 0 if met else 1


def _issued(folder: Path, length: int, count: int) -> list[dict[str, Any]]:
    """The documents of invoices that were really issued, each of another order."""
    folder.mkdir()
    services = make_services(folder)
    lines = [
        {"sku": f"SKU-{line}", "name": f"Bière {line}, caisse de 24", "quantity": 24, "unit_price": "47.85"}
        for line in range(length)
    ]
    for number in range(count):
        body = msgspec.json.encode(order(f"PO-{number}", lines=lines))
        receive(services, body, read_order(body), source="banc", at=NOW)
    with services.ledger.reading() as connection:
        found = list(connection.execute(select(invoices.c.document)).scalars())
    services.ledger.close()
    if len(found) != count:
        raise SystemExit(f"{len(found)} invoices were issued for {count} orders")
    return found


def _bare(folder: Path) -> Callable[[int], bytes]:
    template = folder / "bare.typ"
    template.write_text("#sys.inputs.words")
    compiler = typst.Compiler(template, ignore_system_fonts=True)
    return lambda number: compiler.compile(format="pdf", sys_inputs={"words": f"Facture {number}"})


def _timed(make: Callable[[int], bytes], count: int) -> list[float]:
    """Seconds that each takes; the first warms up and does not count."""
    make(0)
    taken = []
    for number in range(count):
        began = time.perf_counter()
        if not make(number).startswith(b"%PDF"):
            raise SystemExit("this is no PDF")
        taken.append(time.perf_counter() - began)
    return taken


if __name__ == "__main__":
    sys.exit(main())

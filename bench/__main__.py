"""Runs every bench in its short form, a line each: `python -m bench`, or those that are named.

The short form shows that each still runs and that everybody's answers are equal; figures to quote come from a
bench of its own (`python -m bench.engine`), on a machine that does nothing else. A goal that is missed here is told
and fails nothing; a bench that breaks, or does not end, fails the run.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import msgspec

PATIENCE = 300  # seconds for one of them
_ROOT = Path(__file__).parent.parent


class Bench(msgspec.Struct, frozen=True):
    """A module of this folder with the arguments of its short form, and what it shows."""

    name: str
    shows: str
    short: tuple[str, ...]


class Ran(NamedTuple):
    """How a short run ended: `ok`, `goal missed` or `BROKEN`; its last words; all that it said."""

    end: str
    seconds: float
    gist: str
    said: str


BENCHES = (
    Bench("engine", "one order, beside zen, business-rules, json-logic and code by hand", ("--rounds", "3")),
    Bench(
        "simulate",
        "many orders, beside DuckDB's scan, Polars, zen and business-rules",
        ("--orders", "50000", "--rules", "10", "--rounds", "2"),
    ),
    Bench("service", "orders a second by the doors, beside a bare page", ("--requests", "400", "--rounds", "2")),
    Bench("invoices", "PDFs, beside a bare page of the same compiler", ("--count", "30")),
    Bench("pages", "pages over many orders", ("--orders", "2000", "--entries", "2000", "--rounds", "2")),
    Bench("rules", "publishing and opening versions of many groups", ("--groups", "100", "--versions", "60")),
    Bench("differential", "the engine against its two oracles", ("--n", "5000")),
    Bench("proofs", "guardrails asked of every possible order", ("--guardrails", "10")),
    Bench("faults", "kills of a running server; nothing lost or doubled", ("kills", "--count", "3")),
    Bench("histories", "drafts, plans and moves of retailers beside a plain model", ("--histories", "30")),
    Bench("lives", "deliveries, credits and payments of orders beside a plain model", ("--lives", "40")),
    Bench("storage_kills", "kills inside a write of the rules", ("--kills", "12")),
    Bench("forgeries", "forged signatures, none let in", ("500",)),
    Bench("hostile", "callers who mean harm; health and orders answered meanwhile", ("--callers", "32")),
    Bench("fuzz", "the API against its own description", ("400",)),
)


def main() -> int:
    named = {each.name: each for each in BENCHES}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these")
    parser.add_argument("--list", action="store_true", help="name each, and run none")
    asked = parser.parse_args()
    if unknown := [name for name in asked.names if name not in named]:
        parser.error(f"no such bench: {', '.join(unknown)}")
    chosen = [named[name] for name in asked.names] or list(BENCHES)
    if asked.list:
        for each in chosen:
            print(f"{each.name:14} python -m bench.{each.name:14} {each.shows}")
        return 0
    return 1 if "BROKEN" in [_outcome_of(each) for each in chosen] else 0


def _outcome_of(bench: Bench) -> str:
    print(f"{bench.name:14} ", end="", flush=True)
    ran = run(bench)
    print(f"{ran.end:12}{ran.seconds:6.1f} s   {ran.gist[:110]}", flush=True)
    if ran.end == "BROKEN":
        print(ran.said[-4_000:], file=sys.stderr)
    return ran.end


def run(bench: Bench) -> Ran:
    """Run it in a process of its own, which is ended after PATIENCE."""
    command = [sys.executable, "-m", f"bench.{bench.name}", *bench.short]
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, cwd=_ROOT, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            status = process.wait(PATIENCE)
        except BaseException as fault:  # it ends with us, and the servers that it began with it
            os.killpg(process.pid, signal.SIGKILL)
            if not isinstance(fault, subprocess.TimeoutExpired):
                raise
            status = None
        output.seek(0)
        said = output.read()
    lines = [line for line in said.splitlines() if line.strip()]
    broken = status not in (0, 1) or "Traceback (most recent call last)" in said
    end = "BROKEN" if broken else "goal missed" if status else "ok"
    gist = f"not over after {PATIENCE} s" if status is None else lines[-1].strip() if lines else ""
    return Ran(end, time.monotonic() - began, gist, said)


if __name__ == "__main__":
    sys.exit(main())

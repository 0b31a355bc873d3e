"""Time comes from few places: whoever reads a clock anywhere else is found here."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCT, TESTS = ("engine", "rules", "orders", "simulation", "web"), ("tests",)
# What reads the clock of the machine, or shows an instant by the zone of the machine.
CLOCKS = {
    *(f"datetime.{name}" for name in ("now", "utcnow", "today", "utcfromtimestamp")),
    "date.today",
    *(f"time.{name}" for name in ("time", "time_ns", "localtime", "gmtime", "ctime", "strftime", "asctime")),
    *(f"func.{name}" for name in ("now", "current_timestamp", "current_date", "current_time", "localtimestamp")),
}
# These take the machine's zone with fewer arguments.
ARGUMENTS = {"fromtimestamp": 2, "astimezone": 1}
# Seconds that are measured: in the product for its log and its metrics, in no test.
STOPWATCHES = {f"time.{name}{of}" for name in ("perf_counter", "process_time", "thread_time") for of in ("", "_ns")}
ALLOWED = {
    ("web/foundation/composition.py", "datetime.now"): "the clock of the product, which hands it on",
    ("orders/db/query_cache.py", "time.time"): "compared with what the file system's clock wrote",
    ("orders/db/migrations/versions/r0002_accounts.py", "func.now"): "a ledger of that age has no other",
    ("tests/clock.py", "datetime.now"): "the clock of tests that talk with a running server",
}


def read_in(source, looked_for):
    """The clocks that a program reads, by their names however they were imported."""
    tree, names, found = ast.parse(source), {}, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in ("time", "datetime"):
            for each in node.names:
                full = each.name if node.module == "datetime" else f"time.{each.name}"
                names[each.asname or each.name] = full
        elif isinstance(node, ast.Import):
            names.update({each.asname: each.name for each in node.names if each.asname})
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.add(names.get(node.id, ""))
        elif isinstance(node, ast.Attribute):
            found.add(f"{_name(node.value, names)}.{node.attr}")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            given = len(node.args) + len(node.keywords)
            if given < ARGUMENTS.get(node.func.attr, 0):
                found.add(f"{node.func.attr} without a zone")
    return {each for each in found if each in looked_for or each.endswith("without a zone")}


def _name(node, names):
    """The last name of what an attribute is of: `datetime` of `datetime.datetime`, too."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return names.get(node.id, node.id) if isinstance(node, ast.Name) else ""


def programs(rooms):
    return {path.relative_to(ROOT).as_posix(): path for room in rooms for path in (ROOT / room).rglob("*.py")}


def test_the_clock_is_read_in_the_few_places_that_hand_it_on():
    found = {
        (place, clock)
        for place, path in programs(PRODUCT + TESTS).items()
        for clock in read_in(path.read_text(encoding="utf-8"), CLOCKS)
        if place != "tests/tidy/test_clocks.py"
    }
    assert found == set(ALLOWED)


def test_no_test_reads_a_stopwatch():
    """What must cost little is counted: tests/effort.py."""
    found = {place: read_in(path.read_text(encoding="utf-8"), STOPWATCHES) for place, path in programs(TESTS).items()}
    assert {place: clocks for place, clocks in found.items() if clocks} == {}


@pytest.mark.parametrize(
    "program",
    [
        "from datetime import datetime\ndatetime.now()",
        "from datetime import datetime as d\nwhen = d.utcnow",
        "import datetime\ndatetime.datetime.now(datetime.UTC)",
        "import datetime as dt\ndt.date.today()",
        "import time\ntime.time()",
        "import time as t\nread = t.time",
        "from time import time\ntime()",
        "from time import time as now\nnow()",
        "from datetime import datetime\ndatetime.fromtimestamp(5)",
        "from datetime import datetime\nmoment.astimezone()",
        "from sqlalchemy import func\nfunc.now()",
        "import sqlalchemy as sa\nsa.func.current_timestamp()",
    ],
)
def test_a_clock_is_found_however_it_is_named(program):
    assert read_in(program, CLOCKS)

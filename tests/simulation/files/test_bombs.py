"""Hostile files are refused at once, in little memory, and leave nothing behind."""

import subprocess
import sys

import msgspec
import pytest

from houblon.engine.core.problem import Invalid, Problem
from houblon.simulation.files.child import REFUSED
from houblon.simulation.files.upload import child, receive
from tests.clock import NOW
from tests.effort import steps
from tests.simulation.files.bombs import BOMBS, deep_json_lines, workbook
from tests.simulation.files.files import orders_in, read

SECONDS, MEMORY = 2, 512_000_000
CODES = {
    "nested_zip": {"bomb"},
    "zip_of_zips": {"kind"},
    "ratio": {"bomb", "huge_cell"},
    "lying_sizes": {"unreadable", "bomb"},
    "overlapping": {"bomb"},
    "many_rows": {"too_many_rows"},
    "many_csv_rows": {"too_many_rows"},
    "huge_cell": {"huge_cell"},
    "huge_csv_cell": {"huge_cell"},
    "one_line": {"huge_cell"},
    "entities": {"entities"},
    "deep_json": {"huge_cell"},
    "many_json_lines": {"too_many_rows"},
    "many_parquet_rows": {"too_many_rows"},
    "parquet_dictionary": {"too_heavy"},
}

# A process is counted what the one that made it held at that moment: these tests hold more than a bomb may.
MEASURED = """
import pathlib, resource, subprocess, sys
code = subprocess.run(sys.argv[2:]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
pathlib.Path(sys.argv[1]).write_text(f"{used.ru_utime + used.ru_stime} {used.ru_maxrss}")
sys.exit(code if code >= 0 else 128 - code)
"""


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_two_seconds_and_half_a_gigabyte(tmp_path, name):
    BOMBS[name](tmp_path / "bomb")
    measured = [sys.executable, "-c", MEASURED, str(tmp_path / "used"), *child(tmp_path / "bomb", tmp_path)]
    process = subprocess.run(measured, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    seconds, kilobytes = (tmp_path / "used").read_text().split()
    # The processor's seconds: other tests may run beside this one.
    assert float(seconds) < SECONDS
    assert int(kilobytes) * 1024 < MEMORY
    assert process.returncode != 0 and not (tmp_path / "head.json").exists()
    if name in CODES:
        assert process.returncode == REFUSED
        [problem] = msgspec.json.decode(process.stdout, type=tuple[Problem, ...])
        assert problem.code in CODES[name]


@pytest.mark.parametrize("name", ["far_cell", "many_csv_rows"])
def test_a_refusal_is_a_problem_and_leaves_no_folder(tmp_path, name):
    """Whether the child says so itself or is ended for what it asks for."""
    BOMBS[name](tmp_path / "bomb")
    with pytest.raises(Invalid) as refused:
        receive(iter([(tmp_path / "bomb").read_bytes()]), "x.xlsx", tmp_path / "up", by="anne", at=NOW)
    assert refused.value.problems[0].pointer == "/file" and not (tmp_path / "up").exists()


def test_json_without_an_end_is_a_fault_of_its_row(tmp_path):
    deep_json_lines(tmp_path / "bomb")
    bomb, made = (tmp_path / "bomb").read_bytes(), []
    assert steps(lambda: made.append(orders_in(bomb, tmp_path / "up"))) < 1_000_000
    [(found, reader)] = made
    assert (found, reader.faulty, {fault.problem.code for fault in reader.faults}) == ([], 40, {"too_deep"})


def test_an_honest_workbook_of_the_same_make_is_read(tmp_path):
    head = b'<row r="2"><c r="B2" t="inlineStr"><is><t>order id</t></is></c><c r="C2"/></row>'
    workbook(tmp_path / "book", [head, b'<row r="3"><c r="B3"><v>12.5</v></c></row>'])
    upload = read((tmp_path / "book").read_bytes(), tmp_path / "up")
    assert (upload.found.kind, upload.found.rows, upload.found.details) == ("xlsx", 1, {"sheet": "A"})

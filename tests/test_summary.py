"""No test is skipped without a word."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULE = """import pytest
pytest.skip("no kettle", allow_module_level=True)
"""
SINGLE = """import pytest
@pytest.mark.parametrize("cup", [1, 2])
def test_tea(cup):
    pytest.skip("no tea")
@pytest.mark.skipif(True, reason="finds processes where Linux tells of them")
def test_process():
    pass
def test_water():
    pass
"""


@pytest.mark.parametrize(("workers", "ci"), [("0", ""), ("1", "true")])
def test_skips_are_counted_by_their_reason_and_fail_a_run_in_ci(tmp_path, workers, ci):
    for name, program in (("test_module.py", MODULE), ("test_single.py", SINGLE)):
        (tmp_path / name).write_text(program)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.summary", "-n", workers, "-c", os.devnull]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CI": ci}
    done = subprocess.run([*command, str(tmp_path)], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == (1 if ci else 0), done.stdout
    said = [line.strip() for line in done.stdout.splitlines()]
    assert {"2  no tea", "1  finds processes where Linux tells of them"} <= set(said)
    assert any(line.startswith("1  ") and line.endswith("test_module.py as a whole: no kettle") for line in said)
    assert any("--randomly-seed=" in line for line in said)
    blamed = [line for line in said if line.startswith("In CI nothing excuses this")]
    assert len(blamed) == (2 if ci else 0)

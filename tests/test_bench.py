"""Every bench has a short form, and one of them runs in it."""

import subprocess
import sys
from pathlib import Path

from bench.__main__ import BENCHES, Bench, run

ROOT = Path(__file__).resolve().parents[1]


def test_every_bench_has_a_short_form():
    runnable = {path.stem for path in (ROOT / "bench").glob("*.py") if '__name__ == "__main__"' in path.read_text()}
    assert sorted(each.name for each in BENCHES) == sorted(runnable - {"__main__"})
    assert all(each.short and each.shows for each in BENCHES)


def test_the_list_names_each_with_its_command():
    command = [sys.executable, "-m", "bench", "--list"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [line.split()[:4] for line in said] == [
        [each.name, "python", "-m", f"bench.{each.name}"] for each in BENCHES
    ]


def test_a_short_form_runs_and_one_that_breaks_is_told():
    assert run(Bench("differential", "", ("--n", "400"))).gist == "everyone agrees"
    broken = run(Bench("differential", "", ("--n", "many")))
    assert (broken.end, "many" in broken.said) == ("BROKEN", True)

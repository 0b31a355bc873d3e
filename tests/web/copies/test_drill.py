"""The nightly copy and the drill that the documents show, run as they are written."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests import databases
from tests.web.houses import copy_of

PAGE = Path(__file__).resolve().parents[3] / "docs" / "operations.md"
NIGHTLY, DRILL = re.findall(r"```bash\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)[:2]


def run(script, data, safe, bin):
    environ = {**os.environ, "HOUBLON_DATA": str(data), "SAFE": str(safe), "PATH": f"{bin}:{os.environ['PATH']}"}
    return subprocess.run(["bash", "-c", script], env=environ, capture_output=True, text=True, timeout=120)


@databases.in_a_file
def test_the_nightly_copy_is_kept_thinned_out_and_stands_the_drill(template, tmp_path):
    data, safe, bin = copy_of(template[0], tmp_path / "data"), tmp_path / "safe", tmp_path / "bin"
    safe.mkdir()
    bin.mkdir()
    (bin / "houblon").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m houblon "$@"\n')
    (bin / "houblon").chmod(0o755)
    for day in range(1, 32):
        old = safe / f"houblon-2020-01-{day:02d}-000000.tar.gz"
        old.write_bytes(b"")
        os.utime(old, (day, day))
    done = run(NIGHTLY, data, safe, bin)
    assert done.returncode == 0, done.stderr
    assert len(list(safe.iterdir())) == 30 and not list(safe.glob("*-01-0[12]-*"))
    drilled = run(DRILL, data, safe, bin)
    assert drilled.returncode == 0, drilled.stderr
    assert "Restored" in drilled.stdout and "drill" in drilled.stdout
    before = sorted(safe.iterdir())
    (data / "secret.key").unlink()
    assert run(NIGHTLY, data, safe, bin).returncode != 0
    assert [path for path in sorted(safe.iterdir()) if path.suffix != ".part"] == before

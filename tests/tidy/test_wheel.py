"""The wheel is a good neighbour: one top-level name, all it needs inside, and nobody's files overwritten."""

import json
import subprocess
import sys
import sysconfig
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("wheel")  # built once
ROOT = Path(__file__).resolve().parents[2]
# Packages that are called as two folders of the house are.
NEIGHBOURS = ["rules", "web.py"]


def run(*command, cwd):
    done = subprocess.run([str(each) for each in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from what is in the repository, as an installer would."""
    folder = tmp_path_factory.mktemp("roue")
    source = folder / "source"
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", cwd=ROOT).split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--disable-pip-version-check")
    run(*pip, "--wheel-dir", folder / "dist", source, cwd=folder)
    [built] = (folder / "dist").glob("*.whl")
    return built


def test_its_only_name_is_houblon_and_it_carries_what_it_needs(wheel):
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
        [info] = [name.split("/")[0] for name in names if name.endswith(".dist-info/METADATA")]
        metadata = message_from_string(packed.read(f"{info}/METADATA").decode())
    assert {name.split("/")[0] for name in names} == {"houblon", info}
    inside = {name.removeprefix("houblon/") for name in names}
    assert {f"{layer}/py.typed" for layer in ("engine", "rules", "orders", "simulation", "web")} <= inside
    assert {"rules/tous.json", "orders/invoicing/invoice.typ", "web/static/vendor/htmx.min.js"} <= inside
    assert {"web/translations/en/LC_MESSAGES/messages.mo", "orders/intake/mappings/shopify.json"} <= inside
    assert any(name.endswith("/LICENSE") for name in names)
    assert metadata["License-Expression"] == "MIT" and metadata.get_all("Project-URL")


def test_it_runs_alone_beside_packages_called_as_its_folders_are(wheel, tmp_path):
    run(sys.executable, "-m", "venv", "env", cwd=tmp_path)
    python = tmp_path / "env" / "bin" / "python"
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, *NEIGHBOURS, cwd=tmp_path)
    run(*pip, "--no-deps", wheel, cwd=tmp_path)
    # What it depends on is here already; a path file is no editable install, so that no checkout is found by it.
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path).strip())
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    told = run(python, "-m", "houblon", "init", "--data", "data", "--json", cwd=tmp_path)
    assert json.loads(told)
    run(python, "-m", "houblon", "check", "--data", "data", cwd=tmp_path)
    asked = """
import rules, web, houblon.engine, houblon.web.app.app
assert rules.is_authenticated and rules.predicate(lambda: True).test()
assert web.application((), {}).request("/").status.startswith("404")
for module in (rules, web, houblon.engine):
    assert "env" in module.__file__, module.__file__
"""
    run(python, "-c", asked, cwd=tmp_path)

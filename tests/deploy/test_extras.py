"""What each extra declares is all that it needs: an environment of just that, as pip would make it, runs the server."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.orders.receivers import Endpoint
from tests.orders.receivers import serving as receiving
from tests.web.conftest import template  # noqa: F401
from tests.web.houses import copy_of
from tests.web.servers import Server, free_port


def needed(name, extras=frozenset(), found=None):
    """The distributions that a requirement brings, with all that they bring."""
    found = {} if found is None else found
    name = name.lower().replace("_", "-")
    missing = {"", *extras} - found.get(name, set())
    if not missing:
        return found
    found.setdefault(name, set()).update(missing)
    for text in distribution(name).requires or ():
        each = Requirement(text)
        if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in missing):
            needed(each.name, frozenset(each.extras), found)
    return found


def environment(folder, names):
    """A virtual environment that holds these distributions and nothing else; its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for name in names:
        for file in distribution(name).files or ():
            if ".." in file.parts or "__pycache__" in file.parts:
                continue
            here = site / Path(*file.parts)
            here.parent.mkdir(parents=True, exist_ok=True)
            if not here.exists():
                here.symlink_to(Path(file.locate()).absolute())
    return folder / "bin" / "python"


@pytest.mark.parametrize("extra", ["", "otel"], ids=["plain", "otel"])
def test_the_server_starts_with_what_is_declared_and_traces_where_it_can(template, tmp_path, monkeypatch, extra):
    names = needed("houblon", frozenset([extra]) - {""})
    assert "pytest" not in names and ("opentelemetry-sdk" in names) == bool(extra)
    monkeypatch.setattr(sys, "executable", str(environment(tmp_path / "venv", names)))
    folder, log, collector = copy_of(template[0], tmp_path / "data"), tmp_path / "log", Endpoint()
    with receiving(collector):
        base = collector.url.removesuffix("/hooks")
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": base, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        server = Server(folder, free_port(), {**os.environ, **settings}, log)
        try:
            assert server.said.startswith("listening"), log.read_text()
            urllib.request.urlopen(f"{server.address}/connexion").close()
            deadline = time.monotonic() + 20
            while extra and not collector.calls and time.monotonic() < deadline:
                time.sleep(0.05)
            assert server.stop() == 0
        finally:
            server.kill()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    (asked,) = (each for each in lines if each.get("route") == "/connexion")
    warned = [each["event"] for each in lines if "nothing is traced" in each["event"]]
    if extra:
        assert collector.calls and not warned and len(asked["trace"]) == 32
    else:
        assert "pip install houblon[otel]" in warned[0] and "trace" not in asked


def test_tracing_that_can_t_begin_is_told_and_stops_nothing(monkeypatch, caplog, template, tmp_path):
    from houblon.web.app import tracing
    from houblon.web.foundation.settings import Settings

    def broken(*_):
        raise RuntimeError("no such processor")

    monkeypatch.setattr(tracing, "_instrument", broken)
    settings = Settings.from_env({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, tmp_path)
    assert tracing.trace(None, None, settings) is False and "nothing is traced" in caplog.text

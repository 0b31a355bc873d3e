"""What the end of a run says: the seed of its order, and how many tests were skipped for which reason.

In CI, skips that nothing excuses fail the run. A module that skips as a whole is told here too: xdist tells nobody of it.
"""

import os
from collections import Counter

import pytest

# What CI's environment need not have; all else that the tests ask for is there, or the run fails.
EXCUSED = (
    "the shared cases folder is absent",
    "a small disk can't be mounted here",
    # What a test of owners needs, and programs that are Debian's and not Python's.
    "only root ",
    "as anybody else than root",
    "is not installed on this machine",
    # On PostgreSQL, on demand.
    "about the file that SQLite keeps",
    "about the process that writes to SQLite",
    "finds processes where Linux tells of them",
)
_MODULES = "skipped_modules"
_whole_modules: list[str] = []


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.skipped:
        _whole_modules.append(f"{report.nodeid} as a whole: {_reason(report)}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of xdist hands its list to the one that began it."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_MODULES] = _whole_modules
    elif _inexcusable(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node) -> None:
    # Each worker collects everything: one list is all of them.
    found = getattr(node, "workeroutput", {}).get(_MODULES, [])
    _whole_modules.extend(each for each in found if each not in _whole_modules)


def pytest_terminal_summary(terminalreporter) -> None:
    seed = terminalreporter.config.getoption("randomly_seed", None)
    if isinstance(seed, int):
        terminalreporter.line(f"\nTests in random order: the same again with --randomly-seed={seed}")
    reasons = _reasons(terminalreporter)
    if not reasons:
        return
    terminalreporter.section(f"{reasons.total()} skipped, for want of")
    for reason, count in reasons.most_common():
        terminalreporter.line(f"{count:4}  {reason}")
    for reason in _inexcusable(terminalreporter.config):
        terminalreporter.line(f"In CI nothing excuses this: {reason}", red=True)


def _inexcusable(config: pytest.Config) -> list[str]:
    if not os.environ.get("CI"):
        return []
    reasons = _reasons(config.pluginmanager.get_plugin("terminalreporter"))
    return [reason for reason in reasons if not any(excuse in reason for excuse in EXCUSED)]


def _reasons(terminalreporter) -> Counter[str]:
    single = [report for report in terminalreporter.stats.get("skipped", []) if report.when != "collect"]
    return Counter([*map(_reason, single), *_whole_modules])


def _reason(report: pytest.CollectReport | pytest.TestReport) -> str:
    told = report.longrepr[2] if isinstance(report.longrepr, tuple | list) else str(report.longrepr)
    return told.removeprefix("Skipped: ")

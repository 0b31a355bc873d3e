"""The tests' world: what every test may ask for."""

from tests.garbage import pytest_collection_finish

# isort: split

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import expect, sync_playwright

from tests import databases
from tests.clock import MOMENTS
from tests.summary import (
    pytest_collectreport,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
)
from tests.web.browsing import CHROMIUM, FLAGS

__all__ = [
    "pytest_collection_finish",
    "pytest_collectreport",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "pytest_testnodedown",
]

# A busy machine is not a fault: examples have no deadline, may take their time, and pages too.
settings.register_profile("houblon", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("houblon")
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session", params=MOMENTS.values(), ids=MOMENTS)
def moment(request):
    """One of the moments at which dates go wrong; the test runs at each."""
    return request.param


def pytest_unconfigure() -> None:
    """What is started once for all tests of a process ends with them."""
    databases.stop()


@pytest.fixture(scope="session")
def browser():
    """The one browser of a process: its driver can't be started twice at a time."""
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()

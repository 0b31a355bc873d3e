"""The tests' world: what every test may ask for."""

import pytest

from tests.clock import MOMENTS
from tests.summary import (
    pytest_collectreport,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
)

__all__ = ["pytest_collectreport", "pytest_sessionfinish", "pytest_terminal_summary", "pytest_testnodedown"]


@pytest.fixture(scope="session", params=MOMENTS.values(), ids=MOMENTS)
def moment(request):
    """One of the moments at which dates go wrong; the test runs at each."""
    return request.param

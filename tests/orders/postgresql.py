"""A new PostgreSQL database for each test that asks for its `url`, in the server of `tests.databases`."""

import pytest

from tests import databases

pytestmark = pytest.mark.xdist_group("postgresql")


@pytest.fixture
def url():
    """A new database."""
    return databases.database("houblon")

"""What the API keeps and reads, over PostgreSQL: the same answers."""

import pytest

from tests.orders.postgresql import pytestmark, url  # noqa: F401
from tests.web.houses import make_folder, open_place


@pytest.fixture
def place(tmp_path, url):
    environ = {"HOUBLON_DATABASE_URL": url}
    password = make_folder(tmp_path / "data", environ)
    opened = open_place(tmp_path / "data", password, environ=environ)
    yield opened
    opened.house.close()

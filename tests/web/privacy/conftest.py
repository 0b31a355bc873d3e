"""An installation with a retailer in every place where personal data is kept."""

import pytest

from tests.web.houses import copy_of, open_place
from tests.web.privacy.houses import populate


@pytest.fixture
def place(template, tmp_path):
    opened = open_place(copy_of(template[0], tmp_path / "data"), template[1])
    populate(opened)
    yield opened
    opened.house.close()

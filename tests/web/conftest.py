"""An installation a test, copied from one that is made once."""

import pytest

from tests.web.houses import copy_of, make_folder, open_place


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    folder = tmp_path_factory.mktemp("modele") / "data"
    return folder, make_folder(folder)


@pytest.fixture
def place(template, tmp_path):
    folder, password = template
    opened = open_place(copy_of(folder, tmp_path / "data"), password)
    yield opened
    opened.house.close()

"""What the API keeps and reads, over PostgreSQL: the same answers."""

import pytest

from tests.orders.postgresql import pytestmark, server, url  # noqa: F401
from tests.web.houses import make_folder, open_place
from tests.web.test_api import (  # noqa: F401
    call,
    test_a_held_order_is_reviewed_by_key_as_it_was_read,
    test_a_simulation_is_begun_worked_read_and_cancelled,
    test_lists_are_paged_by_key_and_link_to_what_follows,
    test_the_same_idempotency_key_does_nothing_twice,
)
from tests.web.test_mapping_pages import (  # noqa: F401
    client,
    test_a_mapping_is_changed_previewed_kept_and_taken_back,
)


@pytest.fixture
def place(tmp_path, url):  # noqa: F811
    environ = {"HOUBLON_DATABASE_URL": url}
    password = make_folder(tmp_path / "data", environ)
    opened = open_place(tmp_path / "data", password, environ=environ)
    yield opened
    opened.house.close()

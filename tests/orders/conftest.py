import pytest

from tests.orders.services import make_services


@pytest.fixture
def services(tmp_path):
    made = make_services(tmp_path)
    yield made
    made.ledger.close()

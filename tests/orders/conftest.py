import pytest

from tests.orders.desks import make_desk


@pytest.fixture
def desk(tmp_path):
    made = make_desk(tmp_path)
    yield made
    made.ledger.close()

"""Whatever is delivered, credited, paid, reversed and cancelled, the ledger has what a plain model has, to the cent."""

import pytest

from houblon.orders.db import tables
from houblon.orders.queries.sums import sums_that_differ
from tests.orders.events.test_facts import unsound
from tests.orders.handling.lives import make_lives, play
from tests.orders.services import rows


@pytest.mark.parametrize("first", range(0, 120, 30))
def test_any_life_of_an_order_is_that_of_the_model(tmp_path, first):
    services = make_lives(tmp_path)
    for seed in range(first, first + 30):
        play(services, seed, acts=7)
    issued = rows(services, tables.invoices)
    for kind in ("invoice", "credit_note"):
        assert [row.sequence for row in issued if row.kind == kind] == list(
            range(1, sum(row.kind == kind for row in issued) + 1)
        )
    with services.ledger.reading() as connection:
        assert list(sums_that_differ(connection)) == []
    assert unsound(services) == []
    services.ledger.close()

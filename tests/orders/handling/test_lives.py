"""Whatever is delivered, credited, paid, reversed and cancelled, the ledger has what a plain model has, to the cent."""

import random

import pytest

from houblon.orders.db import tables
from houblon.orders.handling.replay import replay
from houblon.orders.queries.sums import sums_that_differ
from tests.orders.events.test_facts import unsound
from tests.orders.handling.killed_lives import differing, kill_amid
from tests.orders.handling.lives import make_lives, play
from tests.orders.services import open_services, rows


@pytest.mark.parametrize("first", range(0, 120, 30))
def test_any_life_of_an_order_is_that_of_the_model(tmp_path, first):
    services = make_lives(tmp_path)
    for seed in range(first, first + 30):
        play(services, seed, acts=8)
    check(services)
    services.ledger.close()


def test_a_life_that_a_kill_ends_has_all_of_an_act_or_nothing_of_it(tmp_path):
    make_lives(tmp_path).ledger.close()
    chance, first = random.Random(8), 200
    for _ in range(2):
        done = kill_amid(tmp_path, first, 8, chance)
        first = max(done) + 2
        services = open_services(tmp_path)
        assert differing(services, done, 8) == []
        check(services)
        services.ledger.close()


def check(services):
    """Numbers have no gap, sums add up, every fact has its event, and every decision comes out again."""
    issued = rows(services, tables.invoices)
    for kind in ("invoice", "credit_note"):
        assert [row.sequence for row in issued if row.kind == kind] == list(
            range(1, sum(row.kind == kind for row in issued) + 1)
        )
    with services.ledger.reading() as connection:
        assert list(sums_that_differ(connection)) == []
        assert replay(connection, services).differences == ()
    assert unsound(services) == []

"""A balance of the past is the one that the ledger had then, whatever happened since."""

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from houblon.orders.retailers.account_history import AccountHistory
from houblon.orders.retailers.accounts import account_of
from tests.databases import database
from tests.orders.handling import lives
from tests.orders.services import later

MOMENT = timedelta(microseconds=1)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql"))])
def url(request):
    return database("houblon") if request.param == "postgresql" else None


class Watched:
    """What the accounts of some retailers came to after each act."""

    def __init__(self, services):
        self.services, self.seen = services, []

    def look(self, at):
        with self.services.ledger.reading() as connection:
            for each in WHO:
                self.seen.append((each, at, account_of(connection, self.services, each, at)))


WHO = [f"{name}-{percent or 0}".replace(".", "") for name in lives.TRIGGERS.values() for percent in lives.PERCENTS]


def test_after_any_life_each_balance_of_before_is_found_again(tmp_path, monkeypatch, url):
    services = replace(lives.make_lives(tmp_path, url), knows_accounts=True)
    watched, ticks = Watched(services), count(1)
    one, at_once = lives._one, lives._at_once

    def soon(**_delta):
        return later(hours=7 * next(ticks))

    def watching(act):
        def acted(*given):
            after = act(*given)
            watched.look(later(hours=7 * (next(ticks) - 1)) + MOMENT)
            return after

        return acted

    monkeypatch.setattr(lives, "later", soon)
    monkeypatch.setattr(lives, "_one", watching(one))
    monkeypatch.setattr(lives, "_at_once", watching(at_once))
    monkeypatch.setattr(lives, "send", lambda services, body, at=None: lives_send(services, body, at=at or soon()))
    for seed in range(40 if url is None else 16):
        lives.play(services, seed, acts=8)
    with services.ledger.reading() as connection:
        history = AccountHistory(connection, services)
        some = AccountHistory(connection, services, only=WHO[:2])
        for retailer, at, then in watched.seen:
            assert history.account(retailer, at) == then, (retailer, at)
            if retailer in WHO[:2]:
                assert some.account(retailer, at) == then
    assert len({then for _, _, then in watched.seen}) > len(watched.seen) / 20
    assert any(then.days_overdue for _, _, then in watched.seen)
    services.ledger.close()


lives_send = lives.send

"""What is old enough is removed, what waits or counts stays, and the log says how many."""

import os
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, update

from houblon.orders.db.tables import events, idempotent_calls, invoices, orders, outbox, simulations, webhook_calls
from houblon.orders.db.tables.refused import refused_calls, refused_payloads
from houblon.orders.privacy import retention
from houblon.web.access.accounts import attempts, sessions
from houblon.web.foundation.composition import open_house
from houblon.web.foundation.settings import BadSetting, Settings
from houblon.web.privacy.keeping import prune
from tests.clock import NOW
from tests.web.houses import order, settings_of, shell

EVERYTHING = {
    f"HOUBLON_KEEP_{each}": "30" for each in ("MESSAGES", "CALLS", "SIGN_INS", "SIMULATIONS", "EVENTS", "REFUSED")
}


def count(house, table, *which):
    with house.services.ledger.reading() as connection:
        return connection.execute(select(func.count()).select_from(table).where(*which)).scalar_one()


def opened(place, days, **environ):
    return open_house(settings_of(place.house.settings.data, environ), now=lambda: NOW + timedelta(days=days))


def test_what_is_old_goes_and_facts_and_what_waits_stay(place):
    ledger = place.house.services.ledger
    first = select(outbox.c.id).limit(1).scalar_subquery()
    ledger.write(lambda c: c.execute(update(outbox).where(outbox.c.id == first).values(state="pending")))
    answer = {"api_key": 1, "idempotency_key": "k", "request_hash": "0", "at": NOW, "body": b"Comptoir"}
    ledger.write(lambda c: c.execute(insert(idempotent_calls).values(**answer)))
    ledger.write(lambda c: c.execute(insert(attempts).values(who="x", at=NOW)))
    for path in place.house.settings.mail_folder.glob("*.eml"):
        os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    house = opened(place, 29, **EVERYTHING)
    assert {name: n for name, n in prune(house).counts.items() if n} == {"answers": 1, "refused_sign_ins": 1}
    house.close()
    before = count(place.house, orders), count(place.house, invoices)
    house = opened(place, 31, **EVERYTHING)
    asked = prune(house, only_ask=True).counts
    found = prune(house).counts
    assert {name: n for name, n in found.items() if name != "simulations"} == asked
    # What refused calls said goes; that they wait, and why, stays.
    assert (found["refused"], count(house, refused_payloads), count(house, refused_calls)) == (3, 0, 3)
    assert found["messages"] > 3 and found["calls"] == 5 and found["mail_files"] > 0 and found["simulations"] == 1
    assert count(house, outbox) == 1 and count(house, outbox, outbox.c.state == "pending") == 1
    # The last one stays, for places are counted from it.
    assert found["events"] > 5 and count(house, events) == 1
    assert (count(house, webhook_calls), count(house, simulations), count(house, sessions)) == (0, 0, 0)
    assert (count(house, orders), count(house, invoices)) == before
    assert prune(house).total == 0
    house.close()


def test_unless_it_is_set_nothing_is_removed_but_old_simulations_events_and_refused_payloads(place):
    house = opened(place, 91)
    assert {name for name, n in prune(house).counts.items() if n} == {"simulations", "events", "refused"}
    assert count(house, outbox) > 3 and count(house, webhook_calls) == 5 and count(house, sessions) > 0
    house.close()


def test_a_session_that_is_in_use_is_never_removed(place):
    client = place.signed_in()
    house = opened(place, 3, HOUBLON_KEEP_SIGN_INS="1")
    live = count(house, sessions, sessions.c.ended_at.is_(None))
    prune(house)
    assert count(house, sessions) == live and client.get("/").status_code == 200
    house.close()


def test_a_call_that_comes_again_after_its_trace_is_gone_changes_nothing(place):
    house = opened(place, 31, HOUBLON_KEEP_CALLS="30")
    prune(house)
    house.close()
    before = count(place.house, orders), count(place.house, invoices)
    buyer = {"id": "autre-1", "name": "Une Autre"}
    assert place.send({**order("AUTRE", buyer="autre-1"), "buyer": buyer}, "m-5").status_code == 200
    assert (count(place.house, orders), count(place.house, invoices)) == before


def test_a_great_many_go_a_few_at_a_time(place, monkeypatch):
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    house = opened(place, 31, **EVERYTHING)
    assert prune(house).counts["calls"] == 5
    house.close()


def test_the_command_says_what_would_go_and_removes_it(place, monkeypatch):
    data = place.house.settings.data
    assert shell(["prune", "--data", data]).exit_code == 0
    monkeypatch.setenv("HOUBLON_KEEP_CALLS", "30")  # the orders are of 2021
    told = shell(["prune", "--preview", "--data", data])
    assert "Would remove: 5 calls" in told.stdout and count(place.house, webhook_calls) == 5
    assert "5 calls" in shell(["prune", "--data", data]).stdout and count(place.house, webhook_calls) == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOUBLON_KEEP_MESSAGES", "0"),
        ("HOUBLON_KEEP_CALLS", "deux"),
        ("HOUBLON_TAX_YEARS", "-1"),
        ("HOUBLON_TAX_YEAR_ENDS", "31-12"),
        ("HOUBLON_TAX_YEAR_ENDS", "02-29"),
    ],
)
def test_a_setting_that_is_no_number_of_days_is_named(name, value):
    with pytest.raises(BadSetting, match=name):
        Settings.from_env({name: value})

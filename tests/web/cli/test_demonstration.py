"""The demonstration: a brewery that looks lived in, decided by the product itself."""

from collections import Counter

from sqlalchemy import select

from houblon.orders.db.tables import orders
from houblon.orders.handling.replay import replay
from houblon.orders.queries import lists, receivables
from houblon.orders.queries.sums import sums_that_differ
from houblon.web.cli.installation import initialise
from houblon.web.foundation.composition import open_house
from houblon.web.foundation.settings import Settings
from tests.clock import day_of, instant

NOW = instant("2026-11-24T22:17:41.123457")


def test_the_demonstration_holds_what_it_promises(tmp_path):
    settings = Settings.from_env({}, tmp_path / "data")
    initialise(settings, demo=True, admin="a@b.example", now=NOW, progress=lambda line: None)
    house = open_house(settings, now=lambda: NOW)
    content = house.store.content(house.store.newest().number)
    assert {group.name for group in content.groups.values()} == {
        "Tous",
        "Payeurs à risque",
        "Épiceries",
        "Bars et restaurants",
        "Dépanneurs",
    }
    assert {cycle.rrule for cycle in content.cycles.values()} == {
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH",
        "FREQ=WEEKLY;BYDAY=TU",
    }
    with house.services.ledger.reading() as connection:
        rows = connection.execute(select(orders.c.state, orders.c.received_at)).all()
        assert len(set(_retailers(connection))) <= 60
        counts = lists.count_messages(connection)
        assert 5 <= lists.count_held(connection) <= 15
        receivable = receivables.totals(connection, day_of(NOW))
    assert len(rows) == 500
    assert house.store.version(2).effective_from < min(row.received_at for row in rows)
    assert set(Counter(row.state for row in rows)) == {"accepted", "delivered", "held", "refused", "cancelled"}
    assert counts.get("pending", 0) == 0 and 1 <= counts["parked"] <= 5
    assert 1 <= receivable["late"].count <= 15 and receivable["to_pay"].count > 50
    # One of a cancellation; the others are of deliveries that did not all come.
    assert receivable["credited"].count == 1 and 3 <= receivable["credit_notes"].count <= 12
    proposals = house.store.history().proposals.values()
    assert Counter(each.state for each in proposals) == {"published": 2, "scheduled": 1, "open": 1}
    # Bad payers wait for what they owe, as the house's own invoices say.
    risk = content.groups["payeurs-a-risque"].settings
    assert (risk["acceptance.credit_limit"], risk["acceptance.maximum_days_overdue"]) == ("8000.00", 10)
    assert "acceptance.mode" not in risk and house.services.knows_accounts
    with house.services.ledger.reading() as connection:
        assert list(sums_that_differ(connection)) == []
        assert replay(connection, house.services).differences == ()
    house.close()


def _retailers(connection):
    return connection.execute(select(orders.c.retailer_id)).scalars()

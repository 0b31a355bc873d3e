"""The demonstration: a brewery that looks lived in, decided by the product itself."""

from collections import Counter

from sqlalchemy import select

from houblon.orders.db.tables import deliveries, events, invoices, orders, outbox
from houblon.orders.events.sound import unsound_events
from houblon.orders.handling.replay import replay
from houblon.orders.queries import lists, receivables
from houblon.orders.queries.sums import sums_that_differ
from houblon.web.cli.installation import initialise
from houblon.web.foundation.composition import open_house
from houblon.web.foundation.settings import Settings
from tests.clock import day_of, instant

OVER = invoices.c.paid + invoices.c.credited > invoices.c.total
# What came of orders after their acceptance.
SHOWN = {
    "order.delivered",
    "order.cancelled",
    "order.change_held",
    "invoice.viewed",
    "invoice.reminded",
    "invoice.disputed",
    "invoice.dispute_closed",
    "payment.recorded",
    "payment.reversed",
    "invoice.reopened",
    "invoice.credited",
    "credit_note.issued",
}
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
    # One of a cancellation, one of an order that its buyer changed; the others are of what did not all come.
    assert receivable["credited"].count == 2 and 5 <= receivable["credit_notes"].count <= 14
    assert receivable["disputed"].count == 1 and receivable["partly_paid"].count >= 1
    proposals = house.store.history().proposals.values()
    assert Counter(each.state for each in proposals) == {"published": 2, "scheduled": 1, "open": 1}
    # Bad payers wait for what they owe, as the house's own invoices say.
    risk = content.groups["payeurs-a-risque"].settings
    assert (risk["acceptance.credit_limit"], risk["acceptance.maximum_days_overdue"]) == ("8000.00", 10)
    assert "acceptance.mode" not in risk and house.services.knows_accounts
    with house.services.ledger.reading() as connection:
        told = Counter(connection.execute(select(events.c.kind)).scalars())
        assert set(told) >= SHOWN
        assert (told["invoice.disputed"], told["invoice.dispute_closed"], told["payment.reversed"]) == (2, 1, 1)
        over = select(invoices.c.number).where(invoices.c.kind == "invoice", OVER)
        assert connection.execute(over).first() is not None
        sent = select(outbox.c.state).where(outbox.c.event == "retailer.statement")
        assert connection.execute(sent).scalars().all() == ["sent"]
        in_part = select(deliveries.c.key).where(deliveries.c.lines.is_not(None))
        assert connection.execute(in_part).first() is not None
        printed = connection.execute(select(invoices.c.document)).scalars().all()
        assert any(each["cents"]["deposits"] for each in printed)
        assert any(each["cents"].get("taxed_deposits") for each in printed)
        replaced = select(invoices.c.number).where(invoices.c.replaced_at.is_not(None))
        assert len(connection.execute(replaced).all()) == 1
        assert list(sums_that_differ(connection)) == [] and unsound_events(connection) == []
        assert replay(connection, house.services).differences == ()
    house.close()


def _retailers(connection):
    return connection.execute(select(orders.c.retailer_id)).scalars()

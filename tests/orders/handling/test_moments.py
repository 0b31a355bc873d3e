"""An order's life at the moments when dates go wrong: its days are the house's, its instants are exact."""

import re
from datetime import date, datetime, timedelta
from io import BytesIO

import pytest
from pypdf import PdfReader

from houblon.engine.schedule.cadence import day_text
from houblon.orders.db import tables
from houblon.orders.events.endpoints import Wanted, add_endpoint
from houblon.orders.events.feed import feed
from houblon.orders.handling import deliveries, review
from houblon.orders.handling.replay import replay
from houblon.orders.invoicing.document import pdf
from houblon.orders.invoicing.payments import pay_rest as pay
from houblon.orders.mail.rendered import rendered
from houblon.orders.queries import receivables
from tests.clock import day_of
from tests.orders.services import order_body, rows, send

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def invoiced(services, moment):
    """An order placed, accepted and invoiced at that moment; endpoints are told."""
    wanted = Wanted("https://compta.example/", ("order.accepted", "invoice.issued"))
    services.ledger.write(lambda c: add_endpoint(c, wanted, lambda count: bytes(count), moment))
    send(services, order_body(placed_at=moment.isoformat(), planned_delivery=None), at=moment)
    return services


def totals(services, today):
    with services.ledger.reading() as connection:
        return {kind: found.count for kind, found in receivables.totals(connection, today).items()}


def test_an_invoice_has_the_local_day_its_year_and_its_term(invoiced, moment):
    [row] = rows(invoiced, tables.invoices)
    today = day_of(moment)
    assert row.number == f"F-{today.year}-00001"
    assert row.document["derivation"]["base_date"] == today.isoformat()
    assert date.fromisoformat(row.due_date) == today + 30 * DAY


def test_an_invoice_is_late_from_the_local_day_after_it_was_due(invoiced, moment):
    due = day_of(moment) + 30 * DAY
    assert totals(invoiced, due)["late"] == 0 and totals(invoiced, due + DAY)["late"] == 1


def test_an_invoice_may_be_paid_today_whatever_the_day_is_in_utc(invoiced, moment):
    today = day_of(moment)
    with pytest.raises(ValueError):
        pay(invoiced, 1, by="anne", at=moment, on=today + DAY)
    pay(invoiced, 1, by="anne", at=moment, on=today)
    assert rows(invoiced, tables.invoices)[0].paid_on == today.isoformat()


def test_what_is_printed_and_mailed_names_the_local_day_and_no_other(invoiced, moment):
    [row] = rows(invoiced, tables.invoices)
    printed = PdfReader(BytesIO(pdf(row.document)))
    text = " ".join(page.extract_text() for page in printed.pages).replace("\u00a0", " ")
    mails = "\n".join(rendered(each.message)["text"] for each in rows(invoiced, tables.outbox) if each.kind == "mail")
    today, due = day_of(moment), day_of(moment) + 30 * DAY
    days = {day_text(day).fr.replace("\u00a0", " ") for day in (today, due)}
    assert days <= {*found_days(text)} and {*found_days(text + mails.replace("\u00a0", " "))} <= days
    assert printed.metadata.creation_date.replace(microsecond=0) == moment.replace(microsecond=0)


def found_days(text):
    return re.findall(r"\b\d{1,2}(?:er)? [a-zéû]+ 20\d\d\b", text)


def test_instants_are_told_to_the_last_digit(invoiced, moment):
    feed(invoiced.ledger, moment)
    told = [each.message["timestamp"] for each in rows(invoiced, tables.outbox) if each.kind == "webhook"]
    assert len(told) == 2 and {datetime.fromisoformat(each) for each in told} == {moment}
    assert rows(invoiced, tables.orders)[0].placed_at == moment == rows(invoiced, tables.decisions)[0].made_at


def test_what_follows_within_the_hour_stands_in_the_order_in_which_it_was(services, moment):
    send(services, order_body(items=3), at=moment)
    review.accept(services, 1, by="anne", at=moment + 50 * MINUTE)
    deliveries.deliver(services, 1, by="bruno", at=moment + 70 * MINUTE)
    moves = [row for row in rows(services, tables.transitions) if row.invoice_key is None]
    assert [move.after for move in moves] == ["held", "accepted", "delivered"]
    assert [move.at - moment for move in moves] == [0 * MINUTE, 50 * MINUTE, 70 * MINUTE]


def test_what_was_decided_then_is_decided_again_without_a_difference(invoiced, moment):
    send(invoiced, order_body("B", items=3, distributor="transbroue", placed_at=moment.isoformat()), at=moment)
    review.accept(invoiced, 2, by="anne", at=moment + MINUTE)
    with invoiced.ledger.reading() as connection:
        found = replay(connection, invoiced)
    assert (found.count, found.differences) == (3, ())

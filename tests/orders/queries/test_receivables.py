"""What is owed, by how long ago it was due: sums that are those of the invoices, one by one."""

from datetime import date, timedelta

import pytest
from sqlalchemy import update

from houblon.orders.db import tables
from houblon.orders.invoicing import payments
from houblon.orders.invoicing.payments import Payment
from houblon.orders.queries.receivables import AGES, NOT_DUE, Receivable, by_age, days_late, totals
from tests.clock import NOW, day_of
from tests.orders.services import later, order_body, rows, send

DAY = day_of(NOW)
DUE = date(2021, 6, 11)


def owed(services):
    return [row for row in rows(services, tables.invoices) if row.kind == "invoice" and row.state == "issued"]


@pytest.mark.parametrize(
    ("since", "age", "late"),
    [
        (-1, NOT_DUE, 0),
        (0, "0_30", 0),
        (1, "0_30", 1),
        (30, "0_30", 30),
        (31, "31_60", 31),
        (60, "31_60", 60),
        (61, "61_90", 61),
        (90, "61_90", 90),
        (91, "over_90", 91),
        (4_000, "over_90", 4_000),
    ],
)
def test_a_debt_is_as_old_as_the_days_since_it_was_due(services, since, age, late):
    send(services)
    [invoice] = owed(services)
    assert invoice.due_date == DUE.isoformat()
    today = DUE + timedelta(days=since)
    with services.ledger.reading() as connection:
        found = by_age(connection, today)
    assert list(found) == [NOT_DUE, *AGES]
    assert {name: each for name, each in found.items() if each.count} == {age: Receivable(1, invoice.total)}
    assert days_late(invoice, today) == late


def test_ages_add_up_to_what_is_owed_whatever_was_paid_and_by_whom(services):
    for number in range(6):
        send(services, order_body(f"PO-{number}", items=24 + number, buyer={"id": f"r{number % 2}"}))
    pay = {"by": "anne", "at": later(days=1)}
    payments.pay(services, 2, Payment(10_000, DAY), **pay)
    payments.pay_rest(services, 3, on=DAY, **pay)
    paid, undated = tables.invoices.c.key == 3, tables.invoices.c.key == 4
    services.ledger.write(lambda c: c.execute(update(tables.invoices).where(undated).values(due_date=None)))
    today = DUE + timedelta(days=45)
    with services.ledger.reading() as connection:
        everyone, of_one = by_age(connection, today), by_age(connection, today, "r1")
        sums = totals(connection, today)
        [without, settled] = [connection.execute(tables.invoices.select().where(w)).one() for w in (undated, paid)]
    assert everyone["31_60"].count == 4 and everyone[NOT_DUE] == Receivable(1, without.total)
    assert sum(each.amount for each in everyone.values()) == sums["to_pay"].amount
    assert sums["late"].amount == everyone["31_60"].amount and sums["partly_paid"].count == 1
    assert (of_one["31_60"].count, of_one[NOT_DUE].count) == (2, 1)
    assert days_late(without, today) == days_late(settled, today) == 0

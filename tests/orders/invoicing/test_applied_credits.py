"""What is over on one invoice pays another of the same retailer, by a person, and is taken back whole."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from houblon.engine.core.problem import Invalid
from houblon.orders.db import tables
from houblon.orders.handling import credit_notes
from houblon.orders.handling.credit_notes import Asked
from houblon.orders.invoicing import payments
from houblon.orders.invoicing.applied_credits import apply_credit, invoices_over
from houblon.orders.invoicing.credits import Words
from houblon.orders.invoicing.payments import Payment
from houblon.orders.invoicing.transitions import balance_of
from houblon.orders.queries.sums import sums_that_differ
from houblon.orders.services import Conflict
from tests.clock import NOW, day_of
from tests.orders.services import later, order_body, rows, send

DAY = day_of(NOW)
BY = {"by": "anne", "at": later(days=1)}


@pytest.fixture
def over(services):
    """Invoice 1 is overpaid by 500.00, 2 is owed by the same retailer, 3 by another."""
    for number, whose in ((1, "coin"), (2, "coin"), (3, "zinc")):
        send(services, order_body(f"PO-{number}", buyer={"id": whose}))
    payments.pay(services, 1, Payment(149_008 + 50_000, DAY), **BY)
    return services


def balances(services):
    return [balance_of(row) for row in rows(services, tables.invoices) if row.kind == "invoice"]


def states(services):
    return [row.state for row in rows(services, tables.invoices) if row.kind == "invoice"]


def sound(services):
    with services.ledger.reading() as connection:
        return list(sums_that_differ(connection)) == []


def test_what_is_over_pays_another_invoice_and_is_taken_back_whole(over):
    with over.ledger.reading() as connection:
        assert [(row.number, row.over) for row in invoices_over(connection, "coin")] == [("F-2021-00001", 50_000)]
    done = apply_credit(over, 2, 1, **BY)
    assert (done.amount, done.balance, balances(over)) == (50_000, 99_008, [0, 99_008, 149_008])
    assert states(over) == ["paid", "issued", "issued"] and sound(over)
    said = [(row.invoice_key, row.amount, row.means, row.reference) for row in rows(over, tables.payments)][1:]
    assert said == [(1, -50_000, "credit", "F-2021-00002"), (2, 50_000, "credit", "F-2021-00001")]
    # From either of its two sides.
    payments.reverse(over, 2, 3, **BY)
    assert balances(over) == [-50_000, 149_008, 149_008] and sound(over)
    with pytest.raises(Conflict) as caught:
        payments.reverse(over, 1, 2, **BY)
    assert caught.value.code == "already_reversed"
    apply_credit(over, 2, 1, 20_000, **BY)
    taken = max(row.key for row in rows(over, tables.payments) if row.amount == -20_000)
    payments.reverse(over, 1, taken, **BY)
    assert balances(over) == [-50_000, 149_008, 149_008] and sound(over)


def test_a_credit_note_of_what_was_paid_is_applied_too_and_no_more_than_is_owed(over):
    payments.pay_rest(over, 2, on=DAY, **BY)
    credit_notes.credit(over, 2, (Asked(1, 24),), Words(), **BY)
    send(over, order_body("PO-4", buyer={"id": "coin"}))
    last = max(row.key for row in rows(over, tables.invoices))
    assert apply_credit(over, last, 2, **BY).balance == 0
    assert states(over) == ["paid", "credited", "issued", "paid"] and sound(over)


@pytest.mark.parametrize(
    ("to", "of", "amount", "code"),
    [
        (3, 1, None, "other_retailer"),
        (2, 2, None, "nothing_over"),
        (1, 1, None, "already_paid"),
        (2, 1, 50_001, "amount"),
        (2, 1, 0, "amount"),
        (2, 1, -5, "amount"),
    ],
)
def test_what_can_t_be_applied_is_refused_and_nothing_changes(over, to, of, amount, code):
    before = rows(over, tables.payments)
    with pytest.raises((Conflict, Invalid)) as caught:
        apply_credit(over, to, of, amount, **BY)
    fault = caught.value
    assert (fault.code if isinstance(fault, Conflict) else fault.problems[0].code) == code
    assert rows(over, tables.payments) == before


def test_many_who_apply_it_at_once_apply_it_once(over):
    def one(_number):
        try:
            return apply_credit(over, 2, 1, **BY).amount
        except Conflict:
            return 0

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(8))) == 50_000
    assert sound(over)


def test_a_payment_of_which_the_rest_was_applied_is_taken_back_only_after_that(over):
    apply_credit(over, 2, 1, **BY)
    with pytest.raises(Conflict) as caught:
        payments.reverse(over, 1, 1, **BY)
    assert caught.value.code == "credit_applied"
    payments.reverse(over, 1, 2, **BY)
    payments.reverse(over, 1, 1, **BY)
    assert balances(over) == [149_008, 149_008, 149_008] and sound(over)

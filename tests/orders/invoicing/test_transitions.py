"""An invoice's way: issued, sent, viewed, paid or credited; each once, and never backwards."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from houblon.engine.core.problem import Invalid
from houblon.orders.db import tables
from houblon.orders.handling import lifecycle
from houblon.orders.invoicing import payments, transitions
from houblon.orders.outbox.delivery import deliver_due
from houblon.orders.queries import receivables as lists
from houblon.orders.queries.receivables import InvoiceFilter
from houblon.orders.services import Conflict
from tests.orders.services import invoice_moves as moves
from tests.orders.services import later, make_services, order_body, rows, send, tous

TODAY = date(2021, 5, 14)


class Post:
    def send(self, id, recipient, message):
        pass


class Closed:
    def send(self, id, recipient, message):
        raise ConnectionError


def states(services):
    return [row.state for row in rows(services, tables.invoices)]


def told(services):
    return [(row.before, row.after, row.who) for row in moves(services)]


def pay(services, key=1, by="anne", on=TODAY):
    return payments.pay_rest(services, key, by=by, at=later(days=2), on=on)


def test_an_invoice_is_sent_when_its_message_has_left_and_not_before(services):
    send(services)
    deliver_due(services.ledger, Closed(), later(minutes=1))
    assert states(services) == ["issued"]
    deliver_due(services.ledger, Post(), later(hours=1))
    assert states(services) == ["sent"]
    assert told(services) == [(None, "issued", "houblon"), ("issued", "sent", "houblon")]


def test_a_message_to_the_team_sends_no_invoice(tmp_path):
    team = {"events": ["invoice.issued"], "to": ["equipe@example.com"]}
    services = make_services(tmp_path, tous(notifications_team=team, notifications_buyer=["order.accepted"]))
    send(services)
    deliver_due(services.ledger, Post(), later(hours=1))
    assert states(services) == ["issued"] and {row.state for row in rows(services, tables.outbox)} == {"sent"}
    services.ledger.close()


def test_a_buyer_s_first_look_counts_once(services):
    send(services)
    assert transitions.viewed(services, 1, at=later(hours=1))
    assert not transitions.viewed(services, 1, at=later(hours=2))
    deliver_due(services.ledger, Post(), later(hours=3))  # the sending, noted late, takes nothing back
    assert states(services) == ["viewed"] and told(services)[1:] == [("issued", "viewed", "buyer")]


def test_a_payment_is_noted_once_with_its_day(services):
    send(services)
    assert pay(services).number == "F-2021-00001"
    [row] = rows(services, tables.invoices)
    assert (row.state, row.paid_on) == ("paid", "2021-05-14")
    with pytest.raises(Conflict) as caught:
        pay(services, by="bruno")
    assert caught.value.code == "already_paid" and "par anne" in caught.value.fr
    assert not transitions.viewed(services, 1, at=later(days=3)) and states(services) == ["paid"]


@pytest.mark.parametrize("on", [date(2021, 5, 15), date(2021, 5, 11)])
def test_nothing_is_paid_tomorrow_or_before_it_was_ordered(services, on):
    send(services)
    with pytest.raises(Invalid):
        pay(services, on=on)
    assert states(services) == ["issued"]


def test_a_credited_invoice_and_a_credit_note_are_not_to_be_paid(services):
    send(services)
    lifecycle.cancel(services, 1, was="accepted", by="anne", at=later(hours=1), why="fermé")
    codes = []
    for key in (1, 2):
        with pytest.raises(Conflict) as caught:
            pay(services, key)
        codes.append(caught.value.code)
    assert codes == ["already_credited", "credit_note"]
    with pytest.raises(LookupError):
        pay(services, 3)


def test_two_people_who_note_a_payment_at_once_make_one_move(services):
    send(services)

    def one(number):
        try:
            pay(services, by=f"person {number}")
        except Conflict:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(16))) == 1
    assert len(moves(services)) == 2


def test_lists_hold_what_their_names_say_and_totals_add_up(services):
    for number, terms in enumerate(("A", "B", "C", "D")):
        send(services, order_body(f"PO-{terms}", items=24 + number))
    pay(services, 2)
    lifecycle.cancel(services, 3, was="accepted", by="anne", at=later(hours=1), why="fermé")

    def numbers(kind, today=TODAY, search=""):
        found = lists.list_invoices(connection, InvoiceFilter(today, kind, search))
        return [row.number for row in found]

    with services.ledger.reading() as connection:
        assert numbers(None) == ["NC-2021-00001", "F-2021-00004", "F-2021-00003", "F-2021-00002", "F-2021-00001"]
        assert numbers("to_pay") == ["F-2021-00004", "F-2021-00001"]
        assert numbers("late") == [] and numbers("late", date(2021, 6, 11)) == []
        assert numbers("late", date(2021, 6, 12)) == ["F-2021-00004", "F-2021-00001"]
        assert numbers("paid") == ["F-2021-00002"] and numbers("credited") == ["F-2021-00003"]
        assert numbers("credit_notes") == ["NC-2021-00001"]
        assert numbers("to_pay", search="po-d") == ["F-2021-00004"] and numbers(None, search="%") == []
        sums = lists.totals(connection, TODAY)
    assert sums["credited"].amount == -sums["credit_notes"].amount
    assert sums["to_pay"].amount == sum(row.total for row in rows(services, tables.invoices) if row.key in (1, 4))


LINES = st.lists(
    st.fixed_dictionaries(
        {
            "sku": st.just("IPA"),
            "quantity": st.integers(1, 500),
            "unit_price": st.integers(0, 50_000).map(lambda cents: f"{cents / 100:.2f}"),
            "deposit": st.integers(0, 3_000).map(lambda cents: f"{cents / 100:.2f}"),
            "taxable": st.booleans(),
        }
    ),
    min_size=1,
    max_size=4,
)
ORDERS = st.lists(st.tuples(LINES, st.sampled_from(("QC", "ON", "AB", None)), st.booleans()), min_size=1, max_size=6)


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(ORDERS, st.sampled_from((None, "12.5", "100")))
def test_numbers_have_no_gap_and_every_total_is_the_sum_of_its_parts(tmp_path_factory, orders, percent):
    free = {"acceptance_minimum_items": None, "acceptance_minimum_value": None}
    services = make_services(tmp_path_factory.mktemp("services"), tous(**free, invoicing_discount_percent=percent))
    for number, (lines, province, is_cancelled) in enumerate(orders):
        send(services, order_body(f"PO-{number}", lines=lines, buyer={"province": province}))
        if is_cancelled:
            lifecycle.cancel(services, number + 1, was="accepted", by="anne", at=later(hours=1), why="non")
    issued = rows(services, tables.invoices)
    services.ledger.close()
    for kind, count in (("invoice", len(orders)), ("credit_note", sum(each[2] for each in orders))):
        assert [row.sequence for row in issued if row.kind == kind] == list(range(1, count + 1))
    for row in issued:
        cents = row.document["cents"]
        taxes = sum(tax["amount"] for tax in row.document["taxes"])
        assert row.total == cents["taxable"] + cents["untaxed"] + cents["deposits"] + taxes
        assert cents["subtotal"] == cents["taxable"] + cents["discount"] + cents["untaxed"]
        values = [round(float(line["value"]) * 100) for line in row.document["lines"]]
        assert sum(values) == cents["subtotal"]
    for order_key in {row.order_key for row in issued if row.kind == "credit_note"}:
        assert sum(row.total for row in issued if row.order_key == order_key) == 0

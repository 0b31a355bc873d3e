"""What pages ask of the ledger."""

from datetime import date, timedelta

import pytest
from sqlalchemy import event

from houblon.orders.handling import review
from houblon.orders.queries import lists
from houblon.orders.queries.held import held_orders
from houblon.orders.queries.lists import OrderFilter
from tests import databases
from tests.clock import NOW
from tests.orders.services import join, later, order_body, send


@pytest.fixture
def busy(services):
    """Seven orders of two retailers: PO-0, PO-3 and PO-6 are held."""
    for number in range(7):
        buyer = {"id": f"r{number % 2}", "name": ("Épicerie 100 %", "Bar_Zinc")[number % 2]}
        send(
            services,
            order_body(f"PO-{number}", items=1 if number % 3 == 0 else 24, buyer=buyer),
            at=later(hours=number),
        )
    return services


@pytest.fixture
def connection(busy):
    with busy.ledger.reading() as connection:
        yield connection


def ids(found):
    return [row.order_id for row in found]


@databases.in_a_file
@pytest.mark.parametrize(
    ("asks", "index"),
    [
        (lambda c: lists.list_orders(c, OrderFilter(state="held")), "orders_by_state"),
        (lambda c: lists.list_orders(c, OrderFilter(state="cancelled"), before=5), "orders_by_state"),
        (lambda c: lists.list_orders(c, OrderFilter(state="accepted")), None),
        (held_orders, "orders_by_state"),
        (lists.count_held, "orders_by_state"),
        (lambda c: lists.list_messages(c, state="parked"), "outbox_parked"),
        (lambda c: lists.list_messages(c, kind="webhook"), "outbox_webhooks"),
        (lambda c: lists.list_messages(c, destination="webhook:a", before=(NOW, "x")), "outbox_by_destination"),
        (lambda c: lists.list_messages(c, state="pending"), "outbox_due"),
        (lambda c: lists.list_messages(c, state="sent"), "outbox_by_creation"),
        (lambda c: lists.list_messages(c, kind="mail"), "outbox_by_creation"),
        (lists.count_messages, "outbox_due"),
    ],
)
def test_lists_are_found_by_an_index_or_in_their_own_order(connection, asks, index):
    plan = plan_of(connection, asks)
    if index is not None:
        assert f"INDEX {index} " in plan
    # Few messages are pending; those alone are sorted.
    assert "TEMP B-TREE FOR ORDER BY" not in plan or index == "outbox_due"


def plan_of(connection, asks):
    """How SQLite goes about the last statement that `asks` runs."""
    asked = []

    def hear(_connection, _cursor, statement, parameters, _context, _many):
        asked.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", hear)
    try:
        asks(connection)
    finally:
        event.remove(connection, "before_cursor_execute", hear)
    statement, parameters = asked[-1]
    return "\n".join(row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)) + " "


def test_pages_follow_each_other_without_a_gap_or_a_repeat(connection):
    seen, before = [], None
    while page := lists.list_orders(connection, before=before, limit=3):
        seen += ids(page)
        before = page[-1].key
    assert seen == [f"PO-{number}" for number in range(6, -1, -1)]


def test_orders_are_found_by_state_id_and_retailer(connection):
    assert ids(lists.list_orders(connection, OrderFilter(state="held"))) == ["PO-6", "PO-3", "PO-0"]
    assert ids(lists.list_orders(connection, OrderFilter(search="po-5"))) == ["PO-5"]
    assert len(lists.list_orders(connection, OrderFilter(search="zinc"))) == 3
    assert len(lists.list_orders(connection, OrderFilter(search="r0"))) == 4


def test_orders_are_found_by_group_day_and_amount(busy):
    join(busy, "r1", "payeurs-a-risque")
    with busy.ledger.reading() as connection:
        assert ids(lists.list_orders(connection, OrderFilter(group="payeurs-a-risque"))) == ["PO-5", "PO-3", "PO-1"]
        since_until = OrderFilter(since=later(hours=2), until=later(hours=4))
        assert ids(lists.list_orders(connection, since_until)) == ["PO-3", "PO-2"]
        assert ids(lists.list_orders(connection, OrderFilter(at_least=129600))) == ["PO-5", "PO-4", "PO-2", "PO-1"]
        assert ids(held_orders(connection, OrderFilter(group="payeurs-a-risque"))) == ["PO-3"]


@pytest.mark.parametrize(("search", "count"), [("%", 4), ("_", 3), ("\\", 0), ("100 %", 4), ("' OR 1=1", 0)])
def test_what_is_searched_is_text_and_no_pattern(connection, search, count):
    assert len(lists.list_orders(connection, OrderFilter(search=search))) == count


def test_the_queue_is_oldest_first_with_why_each_order_waits(connection):
    held = held_orders(connection)
    assert ids(held) == ["PO-0", "PO-3", "PO-6"]
    assert [reason["code"] for reason in held[0].decision["reasons"]] == ["minimum_items", "minimum_value"]


def test_one_order_comes_with_its_history(busy):
    review.accept(busy, 1, by="anne", at=later(days=1), why="bon client")
    with busy.ledger.reading() as connection:
        row = lists.order_row(connection, 1)
        assert (row.order_id, row.retailer_name, row.state) == ("PO-0", "Épicerie 100 %", "accepted")
        assert [made.who for made in lists.decisions_of(connection, 1)] == ["anne", "houblon"]
        assert [move.after for move in lists.transitions_of(connection, 1)] == ["held", "accepted", "issued"]
        invoice = lists.invoice_of_order(connection, 1)
        assert lists.invoice_row(connection, invoice.key) == invoice
        assert [message.event for message in lists.messages_of(connection, 1)] == ["order.held", "invoice.issued"]
        assert lists.order_row(connection, 99) is lists.invoice_row(connection, 99) is None


def test_invoices_and_messages_are_listed_newest_first(connection):
    invoices = lists.list_invoices(connection)
    assert [row.sequence for row in invoices] == [4, 3, 2, 1]
    assert [row.sequence for row in lists.list_invoices(connection, before=invoices[1].key)] == [2, 1]
    assert len(lists.list_messages(connection)) == 7
    assert lists.list_messages(connection, state="parked") == []


def test_counts_are_told_by_state_since_a_moment(connection):
    assert lists.count_orders(connection) == {"accepted": (4, 4 * 129600), "held": (3, 3 * 5400)}
    assert lists.count_orders(connection, since=later(hours=5)) == {"accepted": (1, 129600), "held": (1, 5400)}
    assert lists.count_messages(connection) == {"pending": 7}
    assert lists.count_held(connection) == 3 and lists.count_retailers(connection) == 2


def test_a_group_s_members_are_listed_even_before_they_order(busy):
    join(busy, "r0", "payeurs-a-risque")
    join(busy, "nouveau", "payeurs-a-risque")
    with busy.ledger.reading() as connection:
        assert lists.count_members(connection) == {"payeurs-a-risque": 2}
        members = {row.retailer_id: row.name for row in lists.members_of(connection, "payeurs-a-risque")}
        assert members == {"r0": "Épicerie 100 %", "nouveau": None}


def test_an_empty_ledger_answers_too(services):
    with services.ledger.reading() as connection:
        assert lists.list_orders(connection) == held_orders(connection) == []
        assert lists.count_orders(connection, since=NOW) == {} and lists.count_held(connection) == 0


def test_what_is_to_be_received_is_told_with_what_is_late_of_it(connection):
    everything = lists.receivable(connection)
    assert everything.count == 4 and everything.amount == sum(row.total for row in lists.list_invoices(connection))
    due = date(2021, 6, 11)  # 30 days after the acceptance: no cycle is named, and midnight passes after the first
    counts = [lists.receivable(connection, due_before=due + timedelta(days=after)).count for after in (0, 1, 2)]
    assert counts == [0, 1, 4]
    assert lists.receivable(connection, since=later(hours=4)).count == 2


def test_the_automatic_share_is_that_of_a_period_and_nothing_when_nothing_came(connection):
    assert lists.automatic_percent(connection, since=NOW) == 57  # four of seven
    assert lists.automatic_percent(connection, since=later(hours=5)) == 50
    assert lists.automatic_percent(connection, since=later(hours=7)) is None

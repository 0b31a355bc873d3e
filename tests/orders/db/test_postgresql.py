"""The same ledger on PostgreSQL, with several web processes."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, text, update

from houblon.engine.core.problem import Invalid
from houblon.orders.db import tables
from houblon.orders.db.ledger import Ledger, make_ledger
from houblon.orders.db.migrate import is_current, revisions
from houblon.orders.handling import review
from houblon.orders.handling.planned_delivery import change
from houblon.orders.outbox.delivery import deliver_due
from houblon.orders.queries import lists
from houblon.orders.queries.held import held_orders
from houblon.orders.services import Conflict
from tests.clock import NOW
from tests.orders.db.earlier import make_earlier, rows_now
from tests.orders.db.test_ledger import is_the_ledger_s
from tests.orders.postgresql import pytestmark, url  # noqa: F401
from tests.orders.services import join, later, make_services, order_body, rows, send


@pytest.fixture
def services(tmp_path, url):
    made = make_services(tmp_path, url=url)
    yield made
    made.ledger.close()


def test_an_order_goes_all_the_way(services):
    join(services, "depanneur-42", "payeurs-a-risque")
    assert send(services, order_body(distributor="transbroue"), webhook_id="msg_1").document["outcome"] == "held"
    assert review.accept(services, 1, by="anne", at=later(hours=1)) == "F-2021-00001"
    assert send(services, order_body(distributor="transbroue"), webhook_id="msg_1", at=later(days=1)).replayed
    sent = []

    class Post:
        def send(self, id, recipient, message):
            sent.append(recipient)

    assert deliver_due(services.ledger, Post(), later(hours=2)) == 2
    assert deliver_due(services.ledger, Post(), later(days=2)) == 0
    assert sent == ["coin@example.com"] * 2
    [invoice] = rows(services, tables.invoices)
    assert (invoice.due_date, invoice.issued_at) == ("2021-06-19", later(hours=1))


def test_many_copies_and_many_orders_at_once_make_one_invoice_each_without_a_gap(services):
    def one(number):
        return send(services, order_body(f"PO-{number % 10}"), webhook_id=f"msg_{number % 20}").document

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one, range(80)))
    assert len({str(answer) for answer in answers}) == 10
    assert len(rows(services, tables.orders)) == 10
    assert sorted(row.sequence for row in rows(services, tables.invoices)) == list(range(1, 11))


def test_many_people_at_once_plan_a_delivery_anew_once(services):
    send(services, order_body(planned_delivery="2021-05-20"))
    following = replace(services, follow_delivery=True)

    def one(number):
        try:
            change(following, 1, date(2021, 5, 27), by=f"person {number}", at=later(hours=1), why="pluie", seen=0)
        except (Conflict, Invalid):
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(16))) == 1
    assert [row.due_after for row in rows(services, tables.planned_deliveries)] == ["2021-06-26"]


def test_many_people_at_once_make_one_transition(services):
    send(services, order_body(items=1))

    def one(number):
        try:
            review.accept(services, 1, by=f"person {number}", at=later(hours=1))
        except Conflict as conflict:
            assert conflict.code == "already_settled"
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(16))) == 1
    assert len(rows(services, tables.invoices)) == 1


def test_an_order_that_changes_while_it_is_accepted_is_invoiced_as_it_was_seen_or_not_at_all(services):
    for number in range(10):
        send(services, order_body(f"PO-{number}", items=1))

    def accept(number):
        try:
            review.accept(services, number + 1, by="anne", at=later(hours=1))
        except Conflict as conflict:
            assert conflict.code == "order_changed"

    def change(number):
        try:
            send(services, order_body(f"PO-{number}", items=2))
        except Conflict as conflict:
            assert conflict.code == "already_settled"

    with ThreadPoolExecutor(8) as pool:
        for number in range(10):
            pool.submit(accept, number)
            pool.submit(change, number)
    orders = {row.key: row for row in rows(services, tables.orders)}
    for invoice in rows(services, tables.invoices):
        assert invoice.document["lines"][0]["quantity"] == orders[invoice.order_key].item_count


def test_two_workers_share_the_outbox_without_sending_twice(services):
    for number in range(30):
        send(services, order_body(f"PO-{number}"))
    sent = []

    class Post:
        def send(self, id, recipient, message):
            sent.append(id)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: deliver_due(services.ledger, Post(), NOW), range(12)))
    assert len(sent) == len(set(sent)) == 30


def test_pages_ask_the_same_questions(services):
    send(services, order_body("A", items=1))
    send(services, order_body("B"))
    with services.ledger.reading() as connection:
        assert [row.order_id for row in lists.list_orders(connection, lists.OrderFilter(search="dép"))] == [
            "B",
            "A",
        ]
        assert [row.order_id for row in held_orders(connection)] == ["A"]
        assert lists.count_orders(connection) == {"accepted": (1, 129600), "held": (1, 5400)}
        assert len(lists.list_invoices(connection)) == 1 and len(lists.list_messages(connection)) == 2


def test_migrations_make_the_schema_that_the_code_expects(services):
    with services.ledger.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": is_the_ledger_s})
        assert compare_metadata(context, tables.metadata) == []


def test_processes_that_start_together_upgrade_one_after_the_other(url):
    with ThreadPoolExecutor(4) as pool:
        ledgers = list(pool.map(lambda _: make_ledger(url), range(4)))
    for ledger in ledgers:
        ledger.close()


def test_transactions_in_each_other_s_way_are_done_anew(services):
    services.ledger.write(
        lambda connection: connection.execute(
            insert(tables.counters), [{"name": "a", "value": 0}, {"name": "b", "value": 0}]
        )
    )

    def both(names):
        def work(connection):
            for name in names:
                moved = update(tables.counters).where(tables.counters.c.name == name)
                connection.execute(moved.values(value=tables.counters.c.value + 1))
                connection.execute(text("SELECT pg_sleep(0.05)"))

        services.ledger.write(work)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(both, (("a", "b"), ("b", "a"))))
    assert {row.value for row in rows(services, tables.counters)} == {2}


def test_an_earlier_ledger_is_upgraded_with_all_that_is_in_it(url):
    for revision in revisions()[:-1]:
        ledger = Ledger(url)
        ledger.write(lambda connection: connection.execute(text("DROP SCHEMA public CASCADE")))
        ledger.write(lambda connection: connection.execute(text("CREATE SCHEMA public")))
        made = ledger.write(lambda connection, revision=revision: make_earlier(connection, revision))
        ledger.close()
        upgraded = make_ledger(url)
        with upgraded.reading() as connection:
            assert is_current(connection)
            for name, rows in rows_now(connection, made).items():
                assert len(rows) == len(made[name]) or (name == "transitions" and len(rows) > len(made[name])), name
            options = {"compare_type": True, "include_name": is_the_ledger_s}
            assert compare_metadata(MigrationContext.configure(connection, opts=options), tables.metadata) == []
        upgraded.close()

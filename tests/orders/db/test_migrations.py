"""From every earlier schema, with data in it, to the one that the code works with."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError

from houblon.orders.db import tables
from houblon.orders.db.ledger import Ledger, make_file, make_ledger, open_ledger
from houblon.orders.db.migrate import is_current, newest_revision, revision_of, revisions, upgrade
from houblon.orders.db.tables import metadata
from houblon.orders.events.feed import feed
from houblon.orders.outbox.delivery import deliver_due
from tests.clock import NOW
from tests.orders.db.earlier import make_earlier, rows_now
from tests.orders.db.test_ledger import is_the_ledger_s
from tests.orders.events.test_facts import unsound
from tests.orders.services import make_services, order_body, send
from tests.orders.services import rows as rows_of

# Columns that a later revision did away with.
GONE = {"webhook_calls": {"answer"}, "endpoints": {"since"}}
# The last revision by which payments and deliveries were no entries yet.
BEFORE_ENTRIES = "0023"


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/ledger.db"


def earlier(url, revision):
    """A ledger left at `revision` with rows in every table, closed."""
    make_file(url)
    ledger = Ledger(url)
    made = ledger.write(lambda connection: make_earlier(connection, revision))
    ledger.close()
    return made


@pytest.mark.parametrize("revision", revisions()[:-1])
def test_an_earlier_ledger_is_upgraded_with_all_that_is_in_it_to_the_schema_of_a_new_one(
    url, revision, tmp_path, new_shape
):
    made = earlier(url, revision)
    ledger = open_ledger(url)
    assert shape(ledger) == new_shape
    with ledger.reading() as connection:
        assert is_current(connection)
        for name, rows in rows_now(connection, made).items():
            # Moves that an earlier ledger knew only by its rows come after those that it kept.
            assert len(rows) == len(made[name]) or (name == "transitions" and len(rows) > len(made[name])), name
            for now, before in zip(rows, made[name], strict=False):
                plain = {column: value for column, value in before.items() if isinstance(value, str | bytes | int)}
                assert plain.keys() - now.keys() <= GONE.get(name, set())
                assert now == {column: plain.get(column, now[column]) for column in now}
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": is_the_ledger_s})
        assert compare_metadata(context, metadata) == []
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    ledger.close()
    services = make_services(tmp_path / "rules", url=url)
    assert send(services, order_body("NEW")).document["outcome"] == "accepted"
    assert len(rows_of(services, tables.orders)) == 3
    services.ledger.close()


def test_the_files_are_named_by_what_they_lead_to_and_the_last_is_the_newest():
    """The newest is known by its name alone: nothing that reads migrations is loaded where none is to be done."""
    assert newest_revision() == revisions()[-1]
    assert len({*revisions()}) == len(revisions()) == int(newest_revision())


@pytest.fixture(scope="module")
def new_shape(tmp_path_factory):
    ledger = make_ledger(f"sqlite:///{tmp_path_factory.mktemp('new')}/new.db")
    yield shape(ledger)
    ledger.close()


def shape(ledger):
    """Tables, columns, indexes, unique constraints and triggers, without what depends on their order."""
    with ledger.reading() as connection:
        found = inspect(connection)
        tables_ = {
            name: (
                sorted((each["name"], str(each["type"]), each["nullable"]) for each in found.get_columns(name)),
                sorted((each["name"], tuple(each["column_names"])) for each in found.get_indexes(name)),
                sorted(tuple(each["column_names"]) for each in found.get_unique_constraints(name)),
            )
            for name in found.get_table_names()
        }
        triggers = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY 1").all()
    return tables_, triggers


def test_a_call_names_the_decision_that_it_was_answered_not_the_last_one(url):
    earlier(url, "0013")
    ledger = Ledger(url)
    ledger.write(
        lambda connection: connection.exec_driver_sql(
            "INSERT INTO decisions (order_key, made_at, who, outcome, version, policy_hash, chain, content_hash, document) "
            "SELECT order_key, 9, 'houblon', 'held', 9, policy_hash, chain, content_hash, '{}' FROM decisions WHERE key = 1"
        )
    )
    ledger.write(
        lambda connection: connection.exec_driver_sql(
            "INSERT INTO webhook_calls (source, webhook_id, body_hash, answer, at) VALUES "
            "('source-1', 'other', 'x', '{\"order_id\": \"order_id-1\"}', 3), "
            "('source-1', 'lost', 'x', '{\"order_id\": \"nobody\"}', 3)"
        )
    )
    ledger.close()
    upgraded = open_ledger(url)
    with upgraded.reading() as connection:
        calls = connection.exec_driver_sql("SELECT webhook_id, decision_key FROM webhook_calls ORDER BY 1").all()
    # Where no decision reads as the answer did, the last by policy is what the order stands by.
    assert calls == [("other", 3), ("webhook_id-1", 1), ("webhook_id-2", 2)]
    upgraded.close()


def test_what_was_pending_before_events_goes_out_once_and_events_begin_after_it(url, tmp_path):
    make_file(url)
    ledger = Ledger(url)
    ledger.write(lambda connection: upgrade(connection, "0021"))

    def fill(connection):
        connection.exec_driver_sql(
            "INSERT INTO endpoints (id, url, description, events, secret, active, created_at, since, rests) VALUES "
            "('ep_1', 'https://erp.example/', '', '[\"order.held\",\"invoice.issued\"]', 'whsec_', 1, 0, 0, 0)"
        )
        connection.exec_driver_sql(
            "INSERT INTO outbox (id, kind, destination, event, recipient, message, state, attempts, created_at, due_at) "
            "VALUES ('m-1', 'webhook', 'webhook:ep_1', 'order.held', 'https://erp.example/', '{\"type\":\"order.held\"}', "
            "'pending', 0, 0, 0)"
        )

    ledger.write(fill)
    ledger.close()
    services, had = make_services(tmp_path / "rules", url=url), []

    class Receiver:
        def send(self, id, recipient, message):
            had.append((id, message["type"]))

    send(services, order_body())
    for _ in range(2):
        feed(services.ledger, NOW)
        deliver_due(services.ledger, Receiver(), NOW, destination="webhook:ep_1")
    assert had[0] == ("m-1", "order.held") and [kind for _, kind in had] == ["order.held", "invoice.issued"]
    [endpoint] = rows_of(services, tables.endpoints)
    assert endpoint.events == ["order.held", "invoice.issued", "credit_note.issued"]
    services.ledger.close()


def test_what_was_done_before_events_is_not_missed_and_what_is_done_since_is(url, tmp_path):
    earlier(url, "0021")
    services = make_services(tmp_path / "rules", url=url)
    assert unsound(services) == []
    send(services, order_body())
    services.ledger.write(lambda connection: connection.exec_driver_sql("DELETE FROM events"))
    assert [kind for kind, _, is_missing in unsound(services) if is_missing] == ["order.accepted", "invoice.issued"]
    services.ledger.close()


def test_revisions_follow_each_other_to_one_head():
    assert revisions()[-1] == newest_revision() and len(set(revisions())) == len(revisions())


def test_an_upgrade_that_fails_leaves_the_ledger_as_it_was(url, monkeypatch):
    first = revisions()[0]
    made = earlier(url, first)
    # The next revision makes tables that are here already, as if somebody had been at it by hand.
    ledger = Ledger(url)
    ledger.write(lambda connection: connection.exec_driver_sql("CREATE TABLE audit (key INTEGER)"))
    ledger.close()
    with pytest.raises(Exception, match="already exists"):
        open_ledger(url)
    left = Ledger(url)
    with left.reading() as connection:
        assert revision_of(connection) == first
        assert rows_now(connection, made).keys() == made.keys()
        assert "accounts" not in inspect(connection).get_table_names()
    left.close()


def test_a_shop_s_known_buyers_keep_their_retailers_by_its_names_of_them(url, tmp_path):
    make_file(url)
    ledger = Ledger(url)
    ledger.write(lambda connection: upgrade(connection, "0021"))
    script = """
        INSERT INTO retailers (id, created_at, updated_at)
            VALUES ('5001', 1, 1), ('Eve@X.ca', 1, 1), ('Luc@X.ca', 1, 2), ('luc@x.ca', 1, 1), ('11', 1, 1);
        INSERT INTO sources (name, secret, created_at, active, kind)
            VALUES ('boutique', 's', 1, 1, 'woocommerce'), ('resto', 's', 1, 0, 'shopify'), ('erp', 's', 1, 1, 'standard');
        INSERT INTO orders (source, order_id, retailer_id, state, body, content_hash, order_value, item_count,
            placed_at, received_at)
            SELECT column1, column2, column3, 'accepted', '{}', '', 1, 1, 1, 1 FROM
            (VALUES ('boutique', 'A', '5001'), ('resto', 'B', '5001'), ('boutique', 'C', 'Luc@X.ca'),
                ('boutique', 'D', 'luc@x.ca'), ('erp', 'E', '11'), ('boutique', 'F', '5001'));
    """
    for statement in script.split(";")[:-1]:
        ledger.write(lambda connection, said=statement: connection.exec_driver_sql(said))
    ledger.close()
    services = make_services(tmp_path / "rules", url=url)
    names = {(row.source, row.name): (row.own_id, row.retailer_id) for row in rows_of(services, tables.retailer_names)}
    assert names == {
        ("boutique", "5001"): ("5001", "5001"),
        ("resto", "5001"): ("5001", "5001"),
        # The one that ordered last; with the other, they are for a person to join.
        ("boutique", "luc@x.ca"): ("luc@x.ca", "luc@x.ca"),
        ("", "eve@x.ca"): ("Eve@X.ca", "Eve@X.ca"),
    }
    buyers = {"G": ("boutique", "5001"), "H": ("boutique", "6001"), "I": ("", "EVE@x.ca"), "J": ("", "11")}
    for id, (source, buyer) in buyers.items():
        send(services, order_body(id, buyer={"id": buyer}), source=source or "erp", buyer_source=source)
    found = {row.order_id: row.retailer_id for row in rows_of(services, tables.orders)}
    assert [found[id] for id in buyers] == ["5001", "boutique-6001", "Eve@X.ca", "11"]
    services.ledger.close()


def test_what_was_paid_credited_and_delivered_is_kept_as_entries(url):
    """Invoices 1 (paid), 2 (paid, then credited by 3) and 4 (to be paid), of orders that are delivered but the second."""
    make_file(url)
    ledger = Ledger(url)
    document = '{"lines": [], "taxes": []}'
    ledger.write(lambda connection: upgrade(connection, BEFORE_ENTRIES))
    ledger.write(
        lambda connection: [
            connection.exec_driver_sql(statement)
            for statement in (
                "INSERT INTO retailers (id, created_at, updated_at) VALUES ('r', 1, 1)",
                *(
                    "INSERT INTO orders (key, source, order_id, retailer_id, state, body, content_hash, order_value, "
                    f"item_count, placed_at, received_at) VALUES ({key}, 's', 'o{key}', 'r', '{state}', '{{}}', 'h', 1, 1, 1, 1)"
                    for key, state in ((1, "delivered"), (2, "cancelled"), (4, "delivered"))
                ),
                *(
                    "INSERT INTO invoices (key, order_key, kind, credits, prefix, year, sequence, number, state, issued_at, "
                    f"paid_on, total, document) VALUES ({key}, {order}, '{kind}', {credits}, '{kind[0]}', 2021, {key}, "
                    f"'n{key}', '{state}', 5, {paid_on}, {total}, '{document}')"
                    for key, order, kind, credits, state, paid_on, total in (
                        (1, 1, "invoice", "NULL", "paid", "'2021-05-20'", 1000),
                        (2, 2, "invoice", "NULL", "credited", "'2021-05-12'", 700),
                        (3, 2, "credit_note", 2, "issued", "NULL", -700),
                        (4, 4, "invoice", "NULL", "sent", "NULL", 300),
                    )
                ),
                *(
                    "INSERT INTO transitions (order_key, invoice_key, at, who, before, after, why) "
                    f"VALUES ({order}, {invoice}, {at}, '{who}', 'x', '{after}', '{why}')"
                    for order, invoice, at, who, after, why in (
                        (1, 1, 20, "anne", "paid", "2021-05-20"),
                        (2, 2, 21, "houblon", "paid", "ch_123"),
                        (1, "NULL", 30, "luc", "delivered", ""),
                        (4, "NULL", 31, "luc", "delivered", ""),
                    )
                ),
            )
        ]
    )
    ledger.close()
    upgraded = open_ledger(url)
    with upgraded.reading() as connection:
        paid = connection.exec_driver_sql("SELECT invoice_key, amount, paid_on, reference, at, who FROM payments").all()
        assert paid == [(1, 1000, "2021-05-20", "", 20, "anne"), (2, 700, "2021-05-12", "ch_123", 21, "houblon")]
        sums = connection.exec_driver_sql("SELECT key, paid, credited FROM invoices ORDER BY key").all()
        assert sums == [(1, 1000, 0), (2, 700, 700), (3, 0, 0), (4, 0, 0)]
        gone = connection.exec_driver_sql("SELECT order_key, at, who, delivered_on, lines FROM deliveries").all()
        assert gone == [(1, 30, "luc", None, None), (4, 31, "luc", None, None)]
    # A second note of one invoice is what the earlier schema refused; a second invoice of an order still is.
    values = "VALUES (%s, %s, '%s', %s, 'x', 2021, %s, 'n%s', 'issued', 5, -1, '{}')"
    into = "INSERT INTO invoices (key, order_key, kind, credits, prefix, year, sequence, number, state, issued_at, total, document) "
    upgraded.write(lambda connection: connection.exec_driver_sql(into + values % (5, 2, "credit_note", 2, 5, 5)))
    with pytest.raises(IntegrityError):
        upgraded.write(lambda connection: connection.exec_driver_sql(into + values % (6, 1, "invoice", "NULL", 6, 6)))
    upgraded.close()


def test_an_invoice_of_nothing_that_was_to_be_paid_is_settled_since_its_issue(url, tmp_path):
    """Invoices 1 (0.00, sent), 2 (0.00, credited) and 3 (3.00, sent)."""
    make_file(url)
    ledger = Ledger(url)
    ledger.write(lambda connection: upgrade(connection, BEFORE_ENTRIES))
    document = '{"lines": [], "taxes": [], "issued_on": "2021-05-12"}'
    ledger.write(
        lambda connection: [
            connection.exec_driver_sql(statement)
            for statement in (
                "INSERT INTO retailers (id, created_at, updated_at) VALUES ('r', 1, 1)",
                *(
                    "INSERT INTO orders (key, source, order_id, retailer_id, state, body, content_hash, order_value, "
                    f"item_count, placed_at, received_at) VALUES ({key}, 's', 'o{key}', 'r', 'accepted', '{{}}', 'h', 1, 1, 1, 1)"
                    for key in (1, 2, 3)
                ),
                *(
                    "INSERT INTO invoices (key, order_key, kind, prefix, year, sequence, number, state, issued_at, total, "
                    f"document) VALUES ({key}, {key}, 'invoice', 'F', 2021, {key}, 'n{key}', '{state}', 5, {total}, '{document}')"
                    for key, state, total in ((1, "sent", 0), (2, "credited", 0), (3, "sent", 300))
                ),
            )
        ]
    )
    ledger.close()
    upgraded = open_ledger(url)
    with upgraded.reading() as connection:
        found = connection.exec_driver_sql("SELECT state, paid_on, paid FROM invoices ORDER BY key").all()
    assert found == [("paid", "2021-05-12", 0), ("credited", None, 0), ("sent", None, 0)]
    upgraded.close()

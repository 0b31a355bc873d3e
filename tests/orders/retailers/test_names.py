"""Whose ids: each source's name of a buyer leads to one retailer, joined or not."""

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from houblon.engine.core.problem import Invalid
from houblon.orders.db import tables
from houblon.orders.handling import credit_notes, existing
from houblon.orders.handling.amend import remove
from houblon.orders.handling.credit_notes import Asked
from houblon.orders.handling.replay import replay
from houblon.orders.handling.review import accept
from houblon.orders.handling.whatif import what_if
from houblon.orders.intake.decode import read_order
from houblon.orders.intake.sources import keep_own_buyers
from houblon.orders.invoicing import payments
from houblon.orders.invoicing.credits import Words
from houblon.orders.invoicing.payments import Payment
from houblon.orders.queries.joins import side_of
from houblon.orders.queries.lists import OrderFilter, list_orders
from houblon.orders.queries.retailers import list_retailers
from houblon.orders.retailers.joins import join_retailers, part_retailer
from houblon.orders.retailers.memberships import memberships_of, set_memberships
from houblon.orders.retailers.names import ids_to_be
from tests import databases
from tests.clock import NOW, START, day_of
from tests.orders.services import join, later, make_services, order_body, rows, send


@pytest.fixture
def services(tmp_path):
    made = make_services(tmp_path)
    yield made
    made.ledger.close()


def shop(services, of="boutique", buyer="5001", id="A", at=NOW, **said):
    return send(
        services,
        order_body(id, **said.pop("order", {}), buyer={"id": buyer, "email": None, "name": None, **said}),
        source=of,
        buyer_source=of,
        at=at,
    )


def house(services, buyer, id="H", source="erp", **said):
    return send(services, order_body(id, buyer={"id": buyer, "email": None, "name": None, **said}), source=source)


def owner(services, id):
    return {row.order_id: row.retailer_id for row in rows(services, tables.orders)}[id]


def write(services, work):
    return services.ledger.write(work)


def joined(services, id, into):
    return write(services, lambda connection: join_retailers(connection, id, into, by="anne", at=later(hours=1)))


def parted(services, id):
    return write(services, lambda connection: part_retailer(connection, id, by="anne", at=later(hours=2)))


def groups(services, id):
    with services.ledger.reading() as connection:
        return sorted(memberships_of(connection, id))


def card(services, id):
    return next(row for row in rows(services, tables.retailers) if row.id == id)


def mails(services):
    return [row.recipient for row in rows(services, tables.outbox) if row.kind == "mail" and row.recipient]


def test_customers_of_two_shops_are_two_retailers(services):
    shop(services, "boutique", id="A", name="Bar de l’Anse", email="anse@example.com")
    shop(services, "resto", id="B", name="Resto du Pont", email="pont@example.com")
    house(services, "5001", name="Épicerie")
    assert [owner(services, id) for id in "ABH"] == ["boutique-5001", "resto-5001", "5001"]
    assert [card(services, each).name for each in ("boutique-5001", "resto-5001", "5001")] == [
        "Bar de l’Anse",
        "Resto du Pont",
        "Épicerie",
    ]
    shop(services, "boutique", id="C")
    assert owner(services, "C") == "boutique-5001"


def test_a_held_order_of_one_shop_leaves_the_mail_of_another_alone(services):
    shop(services, "boutique", id="A", email="anse@example.com")
    shop(services, "resto", id="B", order={"items": 1}, email="pont@example.com")
    shop(services, "boutique", id="C")
    assert mails(services) == ["anse@example.com", "pont@example.com", "anse@example.com"]


def test_the_house_can_speak_of_a_shop_s_buyer_by_its_id(services):
    shop(services)
    house(services, "boutique-5001")
    assert owner(services, "H") == "boutique-5001"


def test_an_id_that_the_house_has_already_is_left_to_it(services):
    house(services, "boutique-5001", id="H")
    shop(services, id="A")
    assert [owner(services, id) for id in "HA"] == ["boutique-5001", "boutique-5001-2"]
    house(services, "boutique-5001-3", id="I")
    shop(services, id="B")
    assert owner(services, "B") == "boutique-5001-2"


def test_names_as_long_as_ids_may_be_stay_apart(services):
    long = "x" * 199
    shop(services, buyer=long + "1", id="A")
    shop(services, buyer=long + "2", id="B")
    shop(services, buyer=long + "1", id="C")
    found = [owner(services, id) for id in "ABC"]
    assert found[0] == found[2] != found[1]
    assert all(len(id) <= 200 for id in found)


def test_guests_are_compared_without_case(services):
    shop(services, buyer="Eve.Roy@X.example", id="A")
    shop(services, buyer="eve.roy@x.example", id="B")
    house(services, "Luc@X.example", id="H")
    house(services, "luc@x.example", id="I")
    assert [owner(services, id) for id in "ABHI"] == ["boutique-eve.roy@x.example"] * 2 + ["luc@x.example"] * 2
    shop(services, buyer="AB", id="C")
    shop(services, buyer="ab", id="D")
    assert owner(services, "C") != owner(services, "D")


def test_who_was_sorted_by_the_id_to_be_is_in_the_group_at_the_first_order(services):
    join(services, "boutique-5001", "payeurs-a-risque")
    assert shop(services).document["chain"] == ["payeurs-a-risque", "tous"]


def test_joined_retailers_share_orders_groups_and_receivables_and_keep_their_mail(services):
    shop(services, id="A", name="Bar de l’Anse", email="anse@example.com")
    house(services, "depanneur-42", id="H", name="Dépanneur", email="coin@example.com")
    join(services, "boutique-5001", "payeurs-a-risque")
    done = joined(services, "boutique-5001", "depanneur-42")
    assert (done.orders, done.after) == (1, ("payeurs-a-risque",))
    assert [owner(services, id) for id in "AH"] == ["depanneur-42"] * 2
    shop(services, id="B", order={"items": 30}, email="nouveau@example.com")
    assert owner(services, "B") == "depanneur-42"
    assert rows(services, tables.decisions)[-1].document["chain"] == ["payeurs-a-risque", "tous"]
    assert card(services, "depanneur-42").email == "coin@example.com"
    house(services, "boutique-5001", id="I")
    assert owner(services, "I") == "depanneur-42"
    key = next(row.key for row in rows(services, tables.orders) if row.order_id == "B")
    accept(services, key, by="anne", at=later(hours=1))
    assert mails(services)[-1] == "nouveau@example.com"


def test_parting_gives_back_what_was_theirs(services):
    shop(services, id="A", email="anse@example.com")
    house(services, "depanneur-42", id="H")
    write(
        services,
        lambda connection: set_memberships(
            connection, {"boutique-5001": ["payeurs-a-risque"], "depanneur-42": ["x"]}, START
        ),
    )
    joined(services, "boutique-5001", "depanneur-42")
    shop(services, id="B")
    house(services, "depanneur-42", id="I")
    parted(services, "boutique-5001")
    shop(services, id="C")
    assert {id: owner(services, id) for id in "ABCHI"} == {
        **dict.fromkeys("ABC", "boutique-5001"),
        **dict.fromkeys("HI", "depanneur-42"),
    }
    assert groups(services, "boutique-5001") == ["payeurs-a-risque"]
    assert groups(services, "depanneur-42") == ["x"]
    assert {row.own_retailer_id for row in rows(services, tables.orders)} == {None}
    with pytest.raises(Invalid):
        parted(services, "boutique-5001")


def test_the_same_order_again_is_the_same_after_a_joining_and_a_parting(services):
    first = shop(services, id="A")
    house(services, "depanneur-42", id="H")
    joined(services, "boutique-5001", "depanneur-42")
    assert shop(services, id="A", at=later(hours=2)) == msgspec.structs.replace(first, replayed=True)
    parted(services, "boutique-5001")
    assert shop(services, id="A", at=later(hours=3)).replayed


def test_decisions_come_out_again_with_the_facts_that_they_had(services):
    shop(services, id="A")
    house(services, "depanneur-42", id="H")
    joined(services, "boutique-5001", "depanneur-42")
    shop(services, id="B")
    with services.ledger.reading() as connection:
        assert replay(connection, services).differences == ()
        assert replay(connection, services, retailer="depanneur-42").count == 3
    assert [row.reading["buyer"] for row in rows(services, tables.decisions)] == [
        "boutique-5001",
        "depanneur-42",
        "depanneur-42",
    ]


def test_a_held_order_changed_after_the_joining_stays_with_both(services):
    lines = [{"sku": sku, "quantity": 1, "unit_price": "5.00"} for sku in ("A", "B")]
    shop(services, id="A", order={"lines": lines})
    house(services, "depanneur-42", id="H")
    joined(services, "boutique-5001", "depanneur-42")
    row = rows(services, tables.orders)[0]
    remove(services, row.key, 0, by="anne", at=later(hours=1), seen=row.content_hash)
    assert owner(services, "A") == "depanneur-42"
    shop(services, id="A", order={"items": 2}, at=later(hours=2))
    parted(services, "boutique-5001")
    assert owner(services, "A") == "boutique-5001"


def test_a_chain_of_joins_leads_to_the_last_and_parts_where_it_is_cut(services):
    for name in ("a", "b", "c"):
        shop(services, name, buyer="1", id=name)
        join(services, f"{name}-1", *sorted({f"g-{name}", "shared" if name != "c" else "g-c"}))
    joined(services, "a-1", "b-1")
    joined(services, "b-1", "c-1")
    assert {owner(services, id) for id in "abc"} == {"c-1"}
    assert groups(services, "c-1") == ["g-a", "g-b", "g-c", "shared"]
    parted(services, "a-1")
    assert [owner(services, id) for id in "abc"] == ["a-1", "c-1", "c-1"]
    assert groups(services, "c-1") == ["g-b", "g-c", "shared"]
    parted(services, "b-1")
    assert groups(services, "b-1") == ["g-b", "shared"]
    assert groups(services, "c-1") == ["g-c"]


@pytest.mark.parametrize(
    ("one", "other", "code"),
    [
        ("boutique-5001", "boutique-5001", "same"),
        ("nobody", "boutique-5001", "unknown_retailer"),
        ("boutique-5001", "nobody", "unknown_retailer"),
        ("gone", "boutique-5001", "joined"),
    ],
)
def test_only_two_that_are_there_and_apart_are_joined(services, one, other, code):
    shop(services, id="A")
    house(services, "gone", id="H")
    house(services, "third", id="I")
    joined(services, "gone", "third")
    with pytest.raises(Invalid) as refused:
        joined(services, one, other)
    assert [each.code for each in refused.value.problems] == [code]


def test_lists_show_the_one_and_find_it_by_the_names_of_both(services):
    shop(services, id="A", name="Bar de l’Anse")
    house(services, "depanneur-42", id="H", name="Dépanneur")
    joined(services, "boutique-5001", "depanneur-42")
    with services.ledger.reading() as connection:
        assert [row.id for row in list_retailers(connection)] == ["depanneur-42"]
        for asked in ("5001", "Anse", "dépanneur"):
            assert [row.id for row in list_retailers(connection, asked)] == ["depanneur-42"]
            assert {row.order_id for row in list_orders(connection, OrderFilter(search=asked))} == {"A", "H"}
        side = side_of(connection, "boutique-5001")
        assert (side.orders, side.invoices, side.names) == (1, 1, (("boutique", "5001"),))


def test_of_an_invoice_that_is_partly_paid_or_credited_the_rest_is_to_be_received(services):
    shop(services, id="A")
    [invoice] = rows(services, tables.invoices)

    def outstanding():
        with services.ledger.reading() as connection:
            return side_of(connection, "boutique-5001").outstanding

    assert outstanding() == invoice.total
    payments.pay(services, invoice.key, Payment(50_000, day_of(NOW)), by="anne", at=later(hours=1))
    assert outstanding() == invoice.total - 50_000
    credit_notes.credit(services, invoice.key, (Asked(1, 3),), Words(), by="anne", at=later(hours=1))
    credited = -rows(services, tables.invoices)[-1].total
    assert outstanding() == invoice.total - 50_000 - credited > 0
    payments.pay_rest(services, invoice.key, on=day_of(NOW), by="anne", at=later(hours=2))
    assert outstanding() == 0


def test_a_what_if_of_a_source_s_buyer_is_that_of_its_order(services):
    join(services, "depanneur-42", "payeurs-a-risque")
    shop(services, id="A")
    house(services, "depanneur-42", id="H")
    order = read_order(order_body("X", buyer={"id": "5001"}))

    def chain(source):
        with services.ledger.reading() as connection:
            return what_if(connection, services, order, now=NOW, buyer_source=source).decision.chain

    assert chain("boutique") == ("tous",)
    joined(services, "boutique-5001", "depanneur-42")
    assert chain("boutique") == ("payeurs-a-risque", "tous")
    assert chain("") == chain("resto") == ("tous",)


def test_a_source_that_takes_its_own_buyers_keeps_those_it_named(services):
    house(services, "11", id="A")
    write(services, lambda connection: keep_own_buyers(connection, "erp", NOW))
    send(services, order_body("B", buyer={"id": "11"}), source="erp", buyer_source="erp")
    send(services, order_body("C", buyer={"id": "12"}), source="erp", buyer_source="erp")
    assert [owner(services, id) for id in "ABC"] == ["11", "11", "erp-12"]


def test_two_orders_of_a_new_customer_at_once_make_one_retailer(services):
    _at_once(services)


@pytest.mark.xdist_group("postgresql")
def test_on_postgresql_too(tmp_path):
    made = make_services(tmp_path, url=databases.database("houblon"))
    _at_once(made)
    joined(made, "boutique-5001", "boutique-6000")
    with ThreadPoolExecutor(4) as pool:
        sent = [pool.submit(shop, made, id=f"J{number}") for number in range(12)]
        pool.submit(parted, made, "boutique-5001").result()
        for each in sent:
            each.result()
    assert {owner(made, f"J{number}") for number in range(12)} == {"boutique-5001"}
    made.ledger.close()


def _at_once(services):
    shop(services, buyer="6000", id="Z")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: shop(services, id=f"N{number}"), range(8)))
    assert {owner(services, f"N{number}") for number in range(8)} == {"boutique-5001"}
    assert len(rows(services, tables.retailers)) == 2
    with services.ledger.reading() as connection:
        assert ids_to_be(connection, "boutique", "5001").retailer == "boutique-5001"


def test_the_look_for_an_order_reads_names_by_their_key(services):
    asked = {"source": "s", "webhook_id": "w", "order_id": "o", "buyer_source": "s", "name": "n", "own": ""}
    with services.ledger.reading() as connection:
        compiled = existing._EXISTING.statement.compile(connection.engine, compile_kwargs={"render_postcompile": True})
        values = tuple(asked.get(name, compiled.params[name]) for name in compiled.positiontup)
        plan = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", values)]
    names = [each for each in plan if "retailer_names" in each]
    assert names == ["SEARCH retailer_names USING PRIMARY KEY (source=? AND name=?) LEFT-JOIN"]
    assert not [each for each in plan if each.startswith(("SCAN retailers", "SCAN memberships", "SCAN orders"))]

"""A shop's payload becomes an order; what it does not say stays unsaid."""

import json
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houblon.engine.core.problem import Invalid
from houblon.orders.intake.decode import read_order
from houblon.orders.intake.mapping import map_order, read_mapping
from houblon.orders.intake.sources import default_mapping
from tests import cases
from tests.effort import steps

MONTREAL = ZoneInfo("America/Toronto")
SHOPIFY, WOOCOMMERCE = (read_mapping(default_mapping(kind)) for kind in ("shopify", "woocommerce"))


def mapped(mapping, payload, groups=()):
    return map_order(mapping, payload, MONTREAL, groups)


def shopify(**members):
    line = {"id": 1, "sku": "IPA-24", "title": "IPA", "quantity": 12, "price": "54.00", "taxable": True}
    return {
        "id": 450789469,
        "name": "#1001",
        "created_at": "2021-05-12T09:30:00-04:00",
        "currency": "CAD",
        "customer": {"id": 7, "tags": "Dépanneurs, VIP"},
        "line_items": [line],
        **members,
    }


def woocommerce(**members):
    line = {"product_id": 9, "variation_id": 0, "sku": "", "quantity": 3, "subtotal": "10.00", "total": "9.50"}
    return {
        "id": 727,
        "number": "727",
        "status": "processing",
        "date_created_gmt": "2021-05-12T13:30:00",
        "currency": "CAD",
        "customer_id": 0,
        "billing": {"email": "coin@example.com", "company": ""},
        "line_items": [{**line, "name": "Stout &amp; café", "price": 3.3333333333333335}],
        **members,
    }


def faults(mapping, payload):
    with pytest.raises(Invalid) as raised:
        mapped(mapping, payload)
    return {problem.pointer for problem in raised.value.problems}


def decoded(document):
    return read_order(json.dumps(document).encode())


@pytest.mark.parametrize(
    "mapping, file, value, currency",
    [
        (SHOPIFY, "shopify_orders_create.json", 39300, "USD"),
        (WOOCOMMERCE, "woocommerce_order_723_3.json", 2900, "USD"),
        (WOOCOMMERCE, "woocommerce_order_727_0.json", 1800, "USD"),
        (WOOCOMMERCE, "woocommerce_order_727_2.json", 1800, "USD"),
        (WOOCOMMERCE, "woocommerce_order_727_10.json", 1800, "USD"),
    ],
)
def test_the_shops_own_samples_become_orders_worth_what_the_shop_says(mapping, file, value, currency):
    order = decoded(mapped(mapping, cases.load(file)))
    assert (sum(line.value for line in order.lines), order.currency) == (value, currency)


def test_what_a_payload_does_not_say_is_absent():
    bare = {"name": "#1", "created_at": "2021-05-12T09:30:00-04:00", "email": "a@example.com"}
    line = {"sku": "X", "quantity": 1, "price": "1.00"}
    assert mapped(SHOPIFY, {**bare, "line_items": [line], "customer": None, "note": None, "currency": None}) == {
        "id": "#1",
        "placed_at": "2021-05-12T09:30:00-04:00",
        "source": "shopify",
        # No currency is not the installation's by a guess: it holds.
        "currency": "XXX",
        "buyer": {"id": "a@example.com", "email": "a@example.com"},
        "lines": [{"sku": "X", "quantity": 1, "unit_price": "1.00"}],
    }


def test_without_lines_an_order_is_refused_and_nothing_breaks():
    for absent in ({"line_items": None}, {"line_items": []}):
        with pytest.raises(Invalid) as raised:
            decoded(mapped(SHOPIFY, shopify(**absent)))
        assert [problem.pointer for problem in raised.value.problems] == ["/lines"]
    assert "/lines" in faults(SHOPIFY, shopify(line_items="none"))
    assert faults(SHOPIFY, shopify(line_items=[1])) == {"/lines/0"}


def test_tags_name_groups_and_only_those_meant_for_houblon_may_be_unknown():
    groups = mapped(SHOPIFY, shopify(tags="houblon:Payeurs à risque, été"), {"depanneurs"})["buyer"]["groups"]
    assert groups == ["depanneurs", "payeurs-a-risque"]
    assert "groups" not in mapped(SHOPIFY, shopify(), {"bars"})["buyer"]


def test_a_trial_a_cancelled_and_a_refunded_order_say_so_by_their_state():
    assert mapped(SHOPIFY, shopify(test=True, financial_status="paid"))["status"] == "test"
    assert "status" not in mapped(SHOPIFY, shopify(test=False))
    cancelled = shopify(cancelled_at="2021-05-12T10:00:00-04:00", financial_status="paid")
    assert mapped(SHOPIFY, cancelled)["status"] == "cancelled"
    refunded = mapped(WOOCOMMERCE, woocommerce(refunds=[{"id": 1, "total": "-5.00"}]))
    assert refunded["status"] == "partially-refunded"


def test_what_was_refunded_of_a_line_is_not_ordered_any_more():
    refunds = [{"refund_line_items": [{"line_item_id": 1, "quantity": 5}, {"line_item_id": 2, "quantity": 1}]}]
    lines = [shopify()["line_items"][0], {"id": 2, "sku": "STO", "quantity": 1, "price": "33.60"}]
    made = mapped(SHOPIFY, shopify(line_items=lines, refunds=refunds))["lines"]
    assert [(line["sku"], line["quantity"]) for line in made] == [("IPA-24", 7)]


def test_taxes_inside_shopify_s_prices_come_off():
    line = {"sku": "X", "quantity": 1, "price": "114.98", "tax_lines": [{"price": "5.00"}, {"price": "9.98"}]}
    [made] = mapped(SHOPIFY, shopify(taxes_included=True, line_items=[line]))["lines"]
    assert (made["unit_price"], made["discount"]) == ("114.98", "14.98")
    [made] = mapped(SHOPIFY, shopify(taxes_included=False, line_items=[line]))["lines"]
    assert "discount" not in made


def test_a_line_that_does_not_divide_is_worth_its_amount_to_the_cent():
    order = decoded(mapped(WOOCOMMERCE, woocommerce()))
    [line] = order.lines
    assert (line.unit_price, line.value, line.name, line.sku) == (334, 950, "Stout & café", "9")


@given(st.integers(1, 500), st.integers(0, 10**7), st.integers(0, 10**7))
def test_any_woocommerce_line_keeps_its_total(quantity, subtotal, off):
    total = max(subtotal - off, 0)
    line = {"product_id": 1, "quantity": quantity, "subtotal": f"{subtotal / 100:.2f}", "total": f"{total / 100:.2f}"}
    order = decoded(mapped(WOOCOMMERCE, woocommerce(line_items=[line])))
    assert order.lines[0].value == total


@pytest.mark.parametrize("written", ["3", "3.0", "3.00", 3, 3.0, " 3.00 "])
def test_an_amount_is_read_however_it_is_written(written):
    line = {"sku": "X", "quantity": "2", "price": written}
    assert mapped(SHOPIFY, shopify(line_items=[line]))["lines"][0] == {
        "sku": "X",
        "quantity": 2,
        "unit_price": "3.00",
    }


@pytest.mark.parametrize(
    "written",
    ["1_0", "\u0664\u0668.\u0660\u0660", "\uff13", "3\u00b2", "0x30", "3 0", "3,00", "inf", "--3", ".", "", "1e9999"],
)
def test_an_amount_that_two_readers_could_take_differently_is_none(written):
    line = {"sku": "X", "quantity": 2, "price": "3.00", "total_discount": written or "-"}
    with pytest.raises(Invalid) as refused:
        mapped(SHOPIFY, shopify(line_items=[line]))
    assert [(each.code, each.pointer) for each in refused.value.problems] == [("mapping", "/lines/0/discount")]


def test_faults_name_the_member_that_they_were_for():
    line = {"sku": "X", "quantity": 1.5, "price": "douze"}
    wrong = shopify(created_at="2021-05-12T09:30:00", line_items=[line])
    assert faults(SHOPIFY, wrong) == {"/placed_at", "/lines/0/quantity", "/lines/0/unit_price"}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.data())
def test_no_payload_breaks_a_mapping(data):
    mapping, whole = data.draw(st.sampled_from([(SHOPIFY, shopify()), (WOOCOMMERCE, woocommerce())]))
    payload = {**whole, **data.draw(st.dictionaries(st.sampled_from(sorted(whole)), values, max_size=4))}
    lines = payload["line_items"]
    if isinstance(lines, list) and lines and isinstance(lines[0], dict) and lines[0]:
        first = lines[0]
        changed = data.draw(st.dictionaries(st.sampled_from(sorted(first)), values, max_size=3))
        payload["line_items"] = [{**first, **changed}]
    try:
        decoded(mapped(mapping, payload, {"depanneurs"}))
    except Invalid as invalid:
        assert invalid.problems


def test_a_mapping_is_read_strictly_with_every_fault():
    good = default_mapping("shopify")
    wrong = {
        **good,
        "houblon_mapping": 2,
        "order": {"id": "a b", "placed_at": {"path": "x", "as": "date"}, "total": "total"},
        "buyer": {},
        "lines": {**good["lines"], "discount": {"sum": ["a", {"when": "b"}]}, "sku": {"first": []}},
        "extra": 1,
    }
    with pytest.raises(Invalid) as raised:
        read_mapping(wrong)
    assert {problem.pointer for problem in raised.value.problems} == {
        "/houblon_mapping",
        "/order/id",
        "/order/placed_at/as",
        "/order/total",
        "/buyer/id",
        "/lines/discount/sum/1/then",
        "/lines/sku/first",
        "/extra",
    }


def test_attributes_and_tables_are_read_by_rules_that_people_add():
    own = default_mapping("shopify")
    own = {
        **own,
        "order": {
            **own["order"],
            "planned_delivery": {"path": {"entry": "livraison", "of": "note_attributes"}, "as": "day"},
        },
    }
    own["order"]["distributor"] = {"path": {"entry": "par", "of": "note_attributes"}, "options": {"TB": "transbroue"}}
    attributes = [{"name": "livraison", "value": "2021-05-20"}, {"name": "par", "value": "TB"}]
    made = mapped(read_mapping(own), shopify(note_attributes=attributes))
    assert (made["planned_delivery"], made["distributor"]) == ("2021-05-20", "transbroue")


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2021-05-20", "2021-05-20"),
        ("2021-05-20T18:30:00", "2021-05-20"),
        ("2021-05-21T02:30:00Z", "2021-05-20"),  # the evening before in Montréal
        ("2021-05-20T22:30:00.734501-04:00", "2021-05-20"),
        ("2021-05-20T00:00:00.000Z", "2021-05-20"),  # a day, as scripts keep days
    ],
)
def test_a_day_written_as_an_instant_is_the_day_on_the_house_s_clocks(written, day):
    mapping = default_mapping("shopify")
    mapping = {**mapping, "order": {**mapping["order"], "planned_delivery": {"path": "ship_on", "as": "day"}}}
    assert mapped(read_mapping(mapping), shopify(ship_on=written))["planned_delivery"] == day


@pytest.mark.parametrize(
    "written", ["2021-05", "20 mai", "2021-05-20T25:00:00Z", 20210520, "9999-12-31T23:00:00-08:00"]
)
def test_what_is_no_day_is_refused(written):
    mapping = default_mapping("shopify")
    mapping = {**mapping, "order": {**mapping["order"], "planned_delivery": {"path": "ship_on", "as": "day"}}}
    with pytest.raises(Invalid) as refused:
        mapped(read_mapping(mapping), shopify(ship_on=written))
    assert refused.value.problems[0].pointer == "/planned_delivery"


def test_refunds_are_taken_off_in_linear_time_whatever_their_number():
    line = shopify()["line_items"][0]
    refunds = [
        {"refund_line_items": [{"line_item_id": id, "quantity": 1} for id in range(start, start + 100)]}
        for start in range(0, 12_000, 100)
    ]

    def reading(count):
        payload = shopify(line_items=[{**line, "id": id} for id in range(count)], refunds=refunds)
        return steps(lambda: mapped(SHOPIFY, payload))

    assert {each["quantity"] for each in mapped(SHOPIFY, shopify(refunds=refunds))["lines"]} == {11}
    assert reading(200) < 3 * reading(100)


def test_a_payload_that_takes_too_long_to_read_is_refused():
    mapping = default_mapping("shopify")
    mapping["lines"]["name"] = {"join": ["$.note_attributes[].value"] * 30}
    payload = shopify(line_items=shopify()["line_items"] * 2_000, note_attributes=[{"name": "a", "value": "b"}] * 2_000)
    with pytest.raises(Invalid, match="too long to read"):
        mapped(read_mapping(mapping), payload)


@pytest.mark.timeout(10)  # its normal form takes minutes
def test_a_tag_of_any_length_is_read_at_once():
    tag = "a" + "\u0301\u0323" * 200_000
    mapped(SHOPIFY, shopify(customer={"id": 7, "tags": f"houblon:{tag}"}))

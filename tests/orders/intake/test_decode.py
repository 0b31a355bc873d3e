"""Reading an order: fast when it is right, complete about what is wrong."""

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houblon.engine.core.order import Buyer, Line, Order, decode_order
from houblon.engine.core.problem import Invalid
from houblon.orders.intake import decode
from houblon.orders.intake.decode import content_hash, parse_json, read_order, read_order_and_hash
from houblon.orders.intake.order_schema import ORDER


def document(**members):
    return {
        "id": "PO-1",
        "placed_at": "2021-05-12T09:30:00-04:00",
        "buyer": {"id": "depanneur-42"},
        "lines": [{"sku": "IPA-24", "quantity": 24, "unit_price": "54.00"}],
        **members,
    }


def body(**members):
    return json.dumps(document(**members)).encode()


def faults(raw):
    with pytest.raises(Invalid) as caught:
        read_order(raw)
    return {(each.pointer, each.code) for each in caught.value.problems}


def test_an_order_of_the_design_is_read_whole():
    line = {
        "sku": "IPA-24",
        "name": "IPA, caisse de 24",
        "category": "ipa",
        "quantity": 24,
        "unit_price": "54.00",
        "discount": "0.00",
        "deposit": "2.40",
        "taxable": True,
        "available": True,
    }
    order = read_order(body(currency="CAD", planned_delivery=None, lines=[line], note="", unknown={"kept": True}))
    assert (order.id, order.lines[0].unit_price, order.lines[0].deposit) == ("PO-1", 5400, 240)


def test_three_faults_are_all_told_by_pointer():
    raw = body(
        placed_at="yesterday",
        buyer={"id": ""},
        lines=[
            {"sku": "IPA-24", "quantity": 24, "unit_price": "54.00"},
            {"sku": "IPA-24", "quantity": 0, "unit_price": "54.00"},
        ],
    )
    assert {pointer for pointer, _ in faults(raw)} == {"/placed_at", "/buyer/id", "/lines/1/quantity"}


def test_what_is_missing_is_told_where_it_should_be():
    assert faults(b"{}") == {(f"/{name}", "required") for name in ("id", "placed_at", "buyer", "lines")}
    assert faults(body(lines=[{}])) == {(f"/lines/0/{name}", "required") for name in ("sku", "quantity", "unit_price")}


@pytest.mark.parametrize("value", [[], "x", 3, None, True])
def test_a_body_that_is_no_object_is_told_so_at_the_root(value):
    assert {pointer for pointer, _ in faults(json.dumps(value).encode())} == {""}


def test_an_order_without_lines_is_told_so():
    assert {pointer for pointer, _ in faults(body(lines=[]))} == {"/lines"}
    assert {pointer for pointer, _ in faults(body(lines="none"))} == {"/lines"}


NOT_JSON = {
    "nothing": b"",
    "half": b'{"id": "PO-1", ',
    "two values": b"{} {}",
    "not a number": body(extra=1).replace(b"1}", b"NaN}"),
    "infinity": body(extra=1).replace(b'"extra": 1', b'"extra": -Infinity'),
    "latin-1": '{"id": "é"}'.encode("latin-1"),
    "a byte order mark": b"\xef\xbb\xbf" + body(),
    "half a surrogate pair": body(note="X").replace(b'"X"', b'"\\ud800"'),
    "bytes that are no text, in a member nobody knows": body(extra="X").replace(b'"X"', b'"\xff\xfe"'),
    "half a surrogate pair in a member nobody knows": body(extra="X").replace(b'"X"', b'"\\udc00"'),
    "a number beyond all numbers, in a member nobody knows": body(extra=1).replace(b'"extra": 1', b'"extra": 1e999'),
    "5,000 digits in a member nobody knows": body(extra=1).replace(b'"extra": 1', b'"extra": ' + b"9" * 5_000),
}


@pytest.mark.parametrize("raw", NOT_JSON.values(), ids=NOT_JSON.keys())
def test_a_body_that_is_not_json_is_one_problem(raw):
    assert faults(raw) == {("", "json")}


def nested(levels):
    return b"[" * levels + b"]" * levels


@pytest.mark.parametrize("levels", [101, 5_000, 400_000])
def test_what_is_too_deep_is_one_problem_on_every_python(levels):
    assert faults(nested(levels)) == {("/0/0/0/0/0", "too_deep")}
    unknown = body(extra=1).replace(b'"extra": 1', b'"extra": ' + nested(levels))
    assert faults(unknown) == {("/extra/0/0/0/0", "too_deep")}
    assert faults(body(lines=1).replace(b'"lines": 1', b'"lines": ' + nested(levels))) == {
        ("/lines/0/0/0/0", "too_deep")
    }


def test_a_hundred_levels_are_read():
    assert read_order(body(extra=1).replace(b'"extra": 1', b'"extra": ' + nested(99))).id == "PO-1"
    assert faults(body(extra=1).replace(b'"extra": 1', b'"extra": ' + nested(100))) == {("/extra/0/0/0/0", "too_deep")}


def test_a_text_with_a_null_character_is_refused_where_it_stands():
    """PostgreSQL keeps none, and no screen shows one."""
    assert faults(body(note="a\0b", buyer={"id": "b\0"})) == {("/note", "text"), ("/buyer/id", "text")}


def test_an_order_worth_more_than_the_ledger_counts_is_refused():
    line = {"sku": "IPA-24", "quantity": 1_000_000, "unit_price": "999999999999.99"}
    assert {pointer for pointer, _ in faults(body(lines=[line] * 10))} == {"/lines"}


def test_texts_that_no_buyer_has_are_refused():
    long = "x" * 100_000
    found = faults(body(buyer={"id": "b", "name": long, "email": long, "language": long, "province": long}))
    assert {pointer for pointer, _ in found} == {f"/buyer/{name}" for name in ("name", "email", "language", "province")}


def test_the_same_content_has_the_same_hash_however_it_is_written():
    shuffled = json.dumps(dict(reversed(document().items())), indent=3).encode()
    assert content_hash(body()) == content_hash(shuffled) != content_hash(body(note="autre"))


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 30),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.sampled_from(["", "a" * 200, "a" * 201, "54.00", "54.001", "-0.01", "1e3", "٣.00", "24", "null"]),
    st.sampled_from(["2021-05-12T09:30:00-04:00", "2021-05-12T09:30:00", "2021-05-12", "2021-02-30", "20210512"]),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(st.text(max_size=3), SCALARS, max_size=2))
FULL = document(
    currency="CAD",
    distributor="transbroue",
    delivery_method="pickup",
    planned_delivery="2021-05-20",
    source="retailer",
    note="",
    buyer={
        "id": "depanneur-42",
        "name": "Dépanneur",
        "email": "a@b.c",
        "language": "fr",
        "province": "QC",
        "groups": ["depanneurs"],
        "is_first_order": False,
        "overdue_balance": "0.00",
        "days_overdue": 0,
        "outstanding_balance": "0.00",
        "credit_limit": "5000.00",
    },
    lines=[
        {
            "sku": "IPA-24",
            "name": "IPA",
            "category": "ipa",
            "quantity": 24,
            "unit_price": "54.00",
            "discount": "0.00",
            "deposit": "2.40",
            "taxable": True,
            "available": True,
        }
    ]
    * 2,
)


def places(value, path=()):
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in members:
        yield from places(inner, (*path, key))


PLACES = [path for path in places(FULL) if path]


@st.composite
def nearly_orders(draw):
    """An order in which a few members were replaced, removed or added."""
    made = json.loads(json.dumps(FULL))
    for path in draw(st.lists(st.sampled_from(PLACES), max_size=4)):
        holder = made
        for key in path[:-1]:
            holder = holder[key] if isinstance(holder, dict) and key in holder else holder
        if not isinstance(holder, dict):
            continue
        if draw(st.booleans()):
            holder[path[-1]] = draw(VALUES)
        else:
            holder.pop(path[-1], None)
    return made


@settings(max_examples=400, deadline=None)
@given(nearly_orders())
def test_the_decoder_and_the_schema_accept_the_same_orders(made):
    raw = json.dumps(made).encode()
    try:
        decode_order(raw)
    except msgspec.ValidationError:
        accepted = False
    else:
        accepted = True
    assert (not ORDER.validate(json.loads(raw))) is accepted


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=60)
    | st.builds(lambda made, cut: json.dumps(made).encode()[cut:], nearly_orders(), st.integers(0, 3))
)
def test_no_body_makes_anything_but_an_order_or_problems(raw):
    try:
        read_order(raw)
    except Invalid as invalid:
        assert invalid.problems and all(each.message.fr and each.message.en for each in invalid.problems)


@pytest.mark.parametrize(
    ("part", "member", "most"),
    [
        *[("", name, most) for name, most in decode.LENGTHS.items()],
        *[("/buyer", name, most) for name, most in decode.BUYER_LENGTHS.items()],
        *[("/lines/0", name, most) for name, most in decode.LINE_LENGTHS.items()],
    ],
)
def test_each_text_of_an_order_has_a_length(part, member, most):
    def with_length(length):
        written = document()
        place = {"": written, "/buyer": written["buyer"], "/lines/0": written["lines"][0]}[part]
        place[member] = "x" * length
        return json.dumps(written).encode()

    read_order(with_length(most))
    with pytest.raises(Invalid) as caught:
        read_order(with_length(most + 1))
    assert [each.pointer for each in caught.value.problems] == [f"{part}/{member}"]


def test_an_order_claims_so_many_groups_and_no_more():
    def claiming(groups):
        return json.dumps(document(buyer={"id": "b", "groups": groups})).encode()

    read_order(claiming(["g"] * decode.MAX_GROUPS))
    for groups in (["g"] * (decode.MAX_GROUPS + 1), ["g" * (decode.MAX_GROUP + 1)]):
        with pytest.raises(Invalid) as caught:
            read_order(claiming(groups))
        assert [each.pointer for each in caught.value.problems] == ["/buyer/groups"]


def test_every_text_of_an_order_is_capped_by_the_decoder_or_here():
    known = {Order: decode.LENGTHS, Buyer: decode.BUYER_LENGTHS, Line: decode.LINE_LENGTHS}
    for struct, lengths in known.items():
        texts = {field.name for field in msgspec.structs.fields(struct) if field.type in (str | None, str)}
        assert texts == set(lengths)


@pytest.mark.parametrize(
    ("written", "where"),
    [
        ('{"id": "PO-1", "currency": "CAD", "currency": "USD"}', "/currency"),
        ('{"id": "PO-1", "lines": [{"sku": "A"}, {"quantity": 24, "quantity":3}]}', "/lines/1/quantity"),
        ('{"customer": {"id" : 1, "\\u0069d": 2}}', "/customer/id"),
    ],
)
def test_a_member_that_is_said_twice_is_refused_where_it_stands(written, where):
    for read in (parse_json, read_order, read_order_and_hash):
        with pytest.raises(Invalid) as refused:
            read(written.encode())
        assert [(each.code, each.pointer) for each in refused.value.problems] == [("repeated", where)]


def test_names_in_texts_and_spaces_before_colons_are_no_member_said_twice():
    for written in ('{"note": "a\\":1, \\"a\\":2"}', '{"a" : 1, "b" : {"a" : 2}}', '{"note": "\\u003a"}'):
        assert parse_json(written.encode()) == json.loads(written)

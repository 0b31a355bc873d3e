"""What is kept of an order whose buyer is erased: no text but those that are known to be nobody's."""

import msgspec
import pytest

from houblon.engine.core.order import Buyer, Charge, Line, Order, Payment, StatedTotal, decode_order
from houblon.orders.privacy.documents import ERASED, IMPERSONAL, body_without_person

WORD = "Luc Roy"
PARTS = (
    (Order, lambda document: document),
    (Buyer, lambda document: document["buyer"]),
    (Line, lambda document: document["lines"][0]),
    (Charge, lambda document: document["charges"][0]),
    (Payment, lambda document: document["payment"]),
    (StatedTotal, lambda document: document["stated_total"]),
)
MEMBERS = [(struct, part, name) for struct, part in PARTS for name in struct.__struct_fields__]


def full_order():
    return {
        "id": "PO-1",
        "placed_at": "2021-05-12T09:30:00-04:00",
        "buyer": {"id": "comptoir-1", "province": "QC", "credit_limit": "9.00", "is_first_order": True},
        "lines": [{"sku": "IPA-24", "quantity": 12, "unit_price": "54.00", "name": "IPA", "taxable": True}],
        "charges": [{"kind": "fee", "amount": "5.00", "taxable": False}],
        "payment": {"state": "partial", "amount": "2.00"},
        "stated_total": {"amount": "653.00", "taxes_included": False},
        "planned_delivery": "2021-05-20",
        "tax_exempt": True,
    }


def test_what_is_no_text_or_read_by_rules_stays_as_it_was():
    left = msgspec.json.decode(body_without_person(msgspec.json.encode(full_order()), (), False))
    assert left == {**full_order(), "buyer": {**full_order()["buyer"], "name": ERASED}}


@pytest.mark.parametrize(("struct", "part", "name"), MEMBERS, ids=[f"{s.__name__}.{n}" for s, _, n in MEMBERS])
def test_a_text_goes_unless_it_is_known_to_be_nobodys(struct, part, name):
    document = full_order()
    part(document)[name] = WORD
    try:
        decode_order(msgspec.json.encode(document))
    except msgspec.ValidationError:
        return  # it is no text
    left = body_without_person(msgspec.json.encode(document), (), False)
    assert (WORD.encode() in left) is (name in IMPERSONAL.get(struct, ()))
    decode_order(left)


@pytest.mark.parametrize("part", [part for _, part in PARTS], ids=[struct.__name__ for struct, _ in PARTS])
def test_members_that_nobody_knows_go_whatever_they_hold(part):
    document = full_order()
    part(document)["courier"] = {"name": [WORD], WORD: 1}
    assert WORD.encode() not in body_without_person(msgspec.json.encode(document), (), False)


def test_a_product_keeps_its_name_but_for_who_ordered_it():
    document = full_order()
    document["lines"][0]["name"] = f"Fût gravé, {WORD}"
    left = msgspec.json.decode(body_without_person(msgspec.json.encode(document), (WORD,), False))
    assert left["lines"][0]["name"] == f"Fût gravé, {ERASED}"

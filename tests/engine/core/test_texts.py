"""What is one id, one name of a choice, one text, one province, one address: whatever spaces and accents it is written with."""

import tracemalloc

import pytest

from houblon.engine.core.mail_address import read_address
from houblon.engine.core.order import order_of
from houblon.engine.core.places import country_code, province_of, region
from houblon.engine.core.taxes import place_of
from houblon.engine.core.texts import MAX_ID, clean_id, identity, is_id, is_text

SAME = [
    "comptoir-é",
    " comptoir-é",
    "comptoir-é\n",
    "comptoir-é\u00a0",
    "comptoir-e\u0301",
    "comp\u200btoir-\ufeffé",
    "\u202acomptoir-é",
]


@pytest.mark.parametrize("written", SAME)
def test_an_id_is_one_however_it_is_written(written):
    assert clean_id(written) == "comptoir-é" and is_id(clean_id(written))


@pytest.mark.parametrize("text", ["", " ", "\u200b", "a\x07b", "a\0", "x" * (MAX_ID + 1), "e\u0301" * MAX_ID])
def test_what_is_no_id_is_refused(text):
    assert not is_id(clean_id(text))


def test_an_order_has_its_names_in_one_form_and_what_is_empty_is_absent():
    order = order_of(
        {
            "id": " PO-1\n",
            "placed_at": "2021-05-12T09:30:00-04:00",
            "buyer": {"id": "x\u200b ", "province": " qc ", "name": "", "groups": [" bars ", "bars", ""]},
            "distributor": "\u00a0Transbroue ",
            "source": " ",
            "note": "",
            "lines": [{"sku": "IPA\u00a024", "quantity": 1, "unit_price": "1.00", "category": ""}],
        }
    )
    buyer, line = order.buyer, order.lines[0]
    assert (order.id, order.distributor, order.source, order.note) == ("PO-1", "Transbroue", None, "")
    assert (buyer.id, buyer.province, buyer.name, buyer.groups) == ("x", "QC", None, ("bars",))
    assert (line.sku, line.category) == ("IPA 24", None)


@pytest.mark.parametrize("written", ["QC", " qc ", "Québec", "quebec", "CA-QC", "Que\u0301bec"])
def test_a_province_is_its_code(written):
    assert province_of(written) == "QC"


def test_an_empty_province_is_absent_in_an_order_that_is_otherwise_plain():
    line = {"sku": "A", "quantity": 1, "unit_price": "1.00"}
    document = {
        "id": "A",
        "placed_at": "2021-05-12T09:30:00-04:00",
        "buyer": {"id": "x", "province": ""},
        "lines": [line],
    }
    assert order_of(document).buyer.province is None


def test_names_of_choices_are_compared_without_case():
    assert identity(" Transbroue") == identity("TRANSBROUE\u200b") != identity("transbroué")


@pytest.mark.parametrize("text", ["Prix\u00a0: 5\u202f$", "Cafe\u0301", "☕\ufe0f", "👩\u200d🌾", "«\u00a0Été\u00a0»"])
def test_french_spaces_accents_and_emoji_are_text(text):
    assert is_text(text, 300)


@pytest.mark.parametrize("text", ["a\nb", "a\x07", "\u202eabc", "x" * 301, None, "\u200b", "\u00a0\ufe0f"])
def test_controls_and_overrides_of_direction_are_none(text):
    assert not is_text(text, 300)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (" ok@x.example ", "ok@x.example"),
        ("\ufeffa\u200b@x.ca\u2060", "a@x.ca"),
        ("o'neil+1@b-c.ca", "o'neil+1@b-c.ca"),
        ("ventes@québec.example", "ventes@xn--qubec-csa.example"),
        ("marie@localhost", "marie@localhost"),
        *[(text, None) for text in ('"a b"@x.ca', "a@b, c@d", "a..b@x.ca", "a@-x.ca", "<a@b>", "a@", "@b")],
        ("a" * 400 + "@x.ca", None),
    ],
)
def test_an_address_is_read_by_one_rule(written, read):
    assert read_address(written) == read


def test_lengths_are_asked_before_accents_are_composed():
    long = "a" + "\u0301\u0323" * 50_000
    assert not is_id(clean_id(long)) and province_of(long) == long and read_address(f"{long}@x.example") is None


def plain_order(**buyer):
    line = {"sku": "A", "quantity": 1, "unit_price": "1.00"}
    return {"id": "A", "placed_at": "2021-05-12T09:30:00-04:00", "buyer": {"id": "x", **buyer}, "lines": [line]}


@pytest.mark.parametrize("sku", ["A", " A "])
@pytest.mark.parametrize("length", [MAX_ID, MAX_ID + 1, 300])
def test_a_long_name_is_trimmed_whatever_stands_beside_it(length, sku):
    document = plain_order(name=" " + "é" * (length - 1))
    document["lines"][0]["sku"] = sku
    assert order_of(document).buyer.name == "é" * (length - 1)


@pytest.mark.parametrize(
    "read",
    [
        *(lambda text, name=name: order_of(plain_order(**{name: text})) for name in ("name", "email", "province")),
        *(is_id, identity, read_address, province_of, country_code),
        lambda text: region(text, text),
        lambda text: place_of(text, text),
    ],
)
def test_nothing_that_is_too_long_is_remembered(read):
    tracemalloc.start()
    try:
        for number in range(20):
            read(f"{number}" + "x" * 100_000)
        assert tracemalloc.get_traced_memory()[0] < 500_000
    finally:
        tracemalloc.stop()

"""One number, typed in a rule, a setting, a filter and an order that is tried: read alike, or refused by all."""

import re

import pytest

from tests.web.groups.test_pages import change, text
from tests.web.houses import token_of
from tests.web.rule_editor.test_pages import press


@pytest.fixture
def client(place):
    return place.signed_in()


def in_rule(client, typed):
    page = text(press(client, "json", **{"c-0-value": typed}))
    said = re.search(r"&#34;value&#34;: ([^\n]+?)\s*\n", page).group(1)
    return None if said.startswith("&#34;") else float(said)


def in_setting(client, typed):
    answer = change(client, "acceptance.minimum_value", "tous", etat="propre", value=typed)
    if answer.status_code == 422:
        return None
    assert answer.status_code == 302
    said = re.search(
        r'name="value"[^>]*value="([^"]*)"', text(client.get("/groupes/tous")).split("minimum_value", 1)[1]
    )
    return said.group(1)


def in_filter(client, typed, place="/commandes"):
    answer = client.get(place, query_string={"minimum": typed})
    assert answer.status_code == 200
    return 'id="f-minimum-faute"' not in text(answer)


def in_trial(client, typed):
    data = {"csrf_token": token_of(text(client.get("/et-si"))), "buyer": "x", "items": "1", "price": typed}
    return client.post("/et-si", data=data).status_code == 200


@pytest.mark.parametrize(
    ("language", "typed", "value"),
    [
        ("en", "1,200", 1200),
        ("en", "$1,200.50", 1200.5),
        ("fr", "1\u202f200,50\u00a0$", 1200.5),
        ("fr", "12,5", 12.5),
        ("fr", "1,200", None),
        ("fr", "1.200", None),
        ("en", "12 %", None),
        ("en", "1,234,56", None),
        ("fr", "1 2", None),
        ("fr", "1e3", None),
    ],
)
def test_every_page_reads_a_typed_amount_alike(client, language, typed, value):
    client.set_cookie("langue", language)
    if value is None:
        assert in_setting(client, typed) is None
        assert in_rule(client, typed) is None
    else:
        assert in_rule(client, typed) == value
        assert in_setting(client, typed) is not None
    for page in ("/commandes", "/file"):
        assert in_filter(client, typed, page) == (value is not None)
    assert in_trial(client, typed) == (value is not None)


@pytest.mark.parametrize(("language", "typed", "kept"), [("fr", "7,125 %", "7.125"), ("en", "7.125%", "7.125")])
def test_a_percentage_may_have_three_decimals_and_its_sign(client, language, typed, kept):
    client.set_cookie("langue", language)
    assert change(client, "invoicing.discount_percent", "tous", etat="propre", value=typed).status_code == 302
    assert change(client, "invoicing.discount_percent", "tous", etat="propre", value="12 $").status_code == 422


def test_a_number_of_days_or_items_carries_no_sign(client):
    for path, name in (("acceptance.minimum_items", "value"), ("invoicing.terms", "days")):
        typed = {"value": "net"} if name == "days" else {}
        assert change(client, path, "tous", etat="propre", **{**typed, name: "30 $"}).status_code == 422
        assert change(client, path, "tous", etat="propre", **{**typed, name: " 30 "}).status_code == 302

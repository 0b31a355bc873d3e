"""What a page's caller may send: lengths before anything is read, ways back, keys of rows."""

import pytest
from sqlalchemy import select

from houblon.orders.db.tables import saved_views
from houblon.web.limits import sizes
from houblon.web.limits.entry import is_local
from tests.web.houses import app_over, token_of

# Each takes the one before it apart again: the time to put it in its normal form grows with the square of it.
PILE = "a" + "\u0301\u0323" * 30_000 + "@x.example"
ELSEWHERE = (
    "//evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    "/\n/evil.example",
    "https://evil.example",
    "javascript:alert(1)",
    "/ok\r\nX-Header: 1",
    "",
)


@pytest.fixture
def client(place):
    return place.signed_in()


def test_a_way_back_that_leads_elsewhere_is_not_taken(client):
    token = token_of(client.get("/groupes").get_data(as_text=True))
    for way in ELSEWHERE:
        assert not is_local(way)
        answer = client.post("/langue", data={"langue": "en", "retour": way, "csrf_token": token})
        assert answer.location == "/"
        assert not way or client.get("/connexion", query_string={"next": way}).status_code == 400


def test_a_local_way_back_is_taken(client):
    token = token_of(client.get("/groupes").get_data(as_text=True))
    for way in ("/groupes?q=1&tri=nom", "/detaillants/a%20b"):
        answer = client.post("/langue", data={"langue": "fr", "retour": way, "csrf_token": token})
        assert is_local(way) and answer.location == way


@pytest.mark.parametrize("address", ["/connexion", "/mot-de-passe"])
def test_a_long_field_is_refused_before_anything_looks_at_it(place, address):
    with app_over(place.house).test_client() as stranger:
        token = token_of(stranger.get(address).get_data(as_text=True))
        form = {"email": PILE, "password": "x", "csrf_token": token}
        assert stranger.post(address, data=form).status_code == 422


def test_a_field_of_a_page_has_a_length_too(client):
    token = token_of(client.get("/groupes").get_data(as_text=True))
    answer = client.post("/groupes", data={"nom": PILE, "csrf_token": token})
    assert answer.status_code == 422 and str(sizes.FIELD) in answer.get_data(as_text=True)


NO_ROW = (
    "/commandes/9223372036854775808",
    "/factures/9223372036854775808",
    "/factures/99999999999999999999999.pdf",
    "/commandes?avant=9223372036854775808",
    "/factures?avant=9223372036854775808",
    "/journal?avant=9223372036854775808",
    "/historique?avant=9223372036854775808",
    "/essai?commande=9223372036854775808",
)


def test_a_key_that_no_row_can_have_is_not_found(client):
    assert {address: client.get(address).status_code for address in NO_ROW} == dict.fromkeys(NO_ROW, 404)


def test_a_saved_view_keeps_known_filters_only(client, place):
    token = token_of(client.get("/commandes").get_data(as_text=True))
    strange = dict.fromkeys(("endpoint", "_method", "_external", "_anchor", "values", "q2"), "x")
    for field, value in strange.items():
        form = {"nom": "À suivre", "q": "PO", field: value, "csrf_token": token}
        assert client.post("/vues/orders", data=form).location == "/commandes?q=PO"
    with place.house.services.ledger.reading() as connection:
        assert connection.execute(select(saved_views.c.query)).scalars().all() == ["q=PO"]


def test_a_method_that_nobody_knows_is_no_label(place):
    app = app_over(place.house)
    with app.test_client() as stranger:
        for number in range(3):
            stranger.open("/connexion", method=f"X{'y' * 60_000}{number}")
        told = stranger.get("/metrics").get_data(as_text=True)
    assert "yyyy" not in told and 'method="other"' in told

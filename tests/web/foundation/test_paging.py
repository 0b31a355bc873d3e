"""Lists by pages: the last page is known for the last, and no address or cursor leads past what a key can be."""

import pytest
from sqlalchemy import insert

from houblon.orders.db.tables import outbox
from houblon.web.foundation.paging import MAX_KEY, moment_cursor, page, row_key
from tests.clock import NOW
from tests.web.houses import order

PAST = MAX_KEY + 1
LISTS = ("/commandes", "/factures", "/messages", "/journal", "/historique")
PLACES = (
    "/commandes/{}",
    "/factures/{}",
    "/factures/{}.pdf",
    "/commandes/{}/bon-de-commande",
    "/api/v1/orders/{}",
    "/api/v1/invoices/{}.pdf",
)


@pytest.mark.parametrize("address", LISTS)
@pytest.mark.parametrize("cursor", [PAST, "9" * 400, "-1", "1;5", "١٢", "abc", "1_0", "%00", "9" * 18 + ".a"])
def test_a_cursor_that_can_be_none_is_not_found(place, address, cursor):
    assert place.signed_in().get(f"{address}?avant={cursor}").status_code == 404


@pytest.mark.parametrize("address", LISTS)
def test_no_cursor_is_the_first_page(place, address):
    assert place.signed_in().get(f"{address}?avant=").status_code == 200


@pytest.mark.parametrize("address", PLACES)
def test_an_address_past_what_a_key_can_be_is_not_found(place, address):
    client, key = place.signed_in(), {"Authorization": f"Bearer {place.key}"}
    for number in (MAX_KEY, PAST, int("9" * 30)):
        headers = key if address.startswith("/api") else {}
        assert client.get(address.format(number), headers=headers).status_code == 404


def test_what_acts_on_keys_takes_none_past_what_a_key_can_be(place):
    client = place.signed_in()
    place.send(order(items=1), "m1")
    assert client.get(f"/file?commande={PAST}").status_code in (200, 404)
    assert client.get(f"/essai?commande={PAST}").status_code in (200, 404)


@pytest.mark.parametrize("text", ["", "-1", " 1", "1 ", "+1", "1_0", "١", str(PAST), "9" * 5_000])
def test_a_key_is_read_strictly(text):
    with pytest.raises(ValueError, match="key"):
        row_key(text)


def test_keys_are_read_up_to_the_largest():
    assert (row_key("0"), row_key("007"), row_key(str(MAX_KEY))) == (0, 7, MAX_KEY)


def test_the_last_page_leads_nowhere():
    assert page([5, 4, 3], 2, lambda each: each) == ([5, 4], "4")
    assert page([5, 4], 2, lambda each: each) == ([5, 4], None)
    assert page([], 2, lambda each: each) == ([], None)


def test_a_list_that_fills_its_page_exactly_has_no_next_one(place):
    rest = {"state": "parked", "kind": "mail", "event": "order.held", "destination": "mail", "attempts": 1}
    rows = [{"id": f"{number:04x}", "message": {}, "created_at": NOW, "due_at": NOW, **rest} for number in range(51)]
    place.house.services.ledger.write(lambda c: c.execute(insert(outbox), rows[:50]))
    client = place.signed_in()
    assert "avant=" not in client.get("/messages?etat=parked").get_data(as_text=True)
    place.house.services.ledger.write(lambda c: c.execute(insert(outbox), rows[50:]))
    assert "avant=" in client.get("/messages?etat=parked").get_data(as_text=True)
    rest = client.get(f"/messages?etat=parked&avant={moment_cursor(NOW, '0001')}").get_data(as_text=True)
    assert "/messages/0000" in rest and "/messages/0001" not in rest

"""A place in an order has a clerk's name, or none: never a wrong one."""

import pytest

from houblon.web.presentation.order_places import place_in_order


@pytest.mark.parametrize(
    "pointer, french, english",
    [
        ("/lines/0/unit_price", "ligne 1, prix", "line 1, price"),
        ("/lines/11/quantity", "ligne 12, quantité", "line 12, quantity"),
        ("/lines/2", "ligne 3", "line 3"),
        ("/lines", "lignes", "lines"),
        ("/charges/0/amount", "frais 1, montant", "charge 1, amount"),
        ("/buyer/id", "identifiant de l’acheteur", "buyer’s id"),
        ("/currency", "monnaie", "currency"),
    ],
)
def test_a_place_of_an_order_is_named(pointer, french, english):
    place = place_in_order(pointer)
    assert (place.fr, place.en) == (french, english)


@pytest.mark.parametrize(
    "pointer",
    ["", "/", "/x", "/lines/0/x", "/lines/-", "/lines/0/sku/1", "/buyer/x", "/buyer/id/0", "/currency/0", "/lines/²"],
)
def test_what_has_no_name_is_not_named(pointer):
    assert place_in_order(pointer) is None

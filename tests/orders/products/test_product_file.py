"""A file of products: what its columns hold, what it would change, and what is wrong with it by row."""

import pytest

from houblon.engine.core.problem import Invalid
from houblon.orders.cell_values import COMMA, POINT
from houblon.orders.products.catalogue import Product
from houblon.orders.products.product_file import guess_columns, guess_decimal, header_and_rows, plan_import

KNOWN = [Product("IPA-24", "IPA", 5400, unit="caisse", deposit=240, available=False)]


def planned(header, *rows, known=KNOWN, decimal=COMMA):
    numbered = [(place, row) for place, row in enumerate(rows, 2)]
    return plan_import(numbered, guess_columns(header), decimal, known)


@pytest.mark.parametrize(
    ("header", "members"),
    [
        (("Code", "Nom du produit", "Prix", "Consigne"), ("sku", "name", "price", "deposit")),
        (("SKU", "Product name", "Unit price", "In stock", "x"), ("sku", "name", "price", "available", "")),
        (("Produit", "Prix"), ("sku", "price")),
        (("Code", "Produit", "Catégorie", "Prix"), ("sku", "name", "category", "price")),
        (("Prix", "Prix"), ("price", "")),
    ],
)
def test_headers_in_either_language_say_what_a_column_holds(header, members):
    assert guess_columns(header) == members


def test_a_header_that_nobody_knew_is_taken_from_the_rows():
    rows = [(1, ("Code", "Consigne")), (2, ("A", "1,20"))]
    assert header_and_rows((), rows) == (("Code", "Consigne"), rows[1:])
    assert header_and_rows((), rows[1:]) == ((), rows[1:])


def test_what_a_file_does_not_say_stays():
    plan = planned(("sku", "prix"), ("ipa-24", "56,00"))
    [change] = plan.changes
    assert change.after == Product("IPA-24", "IPA", 5600, unit="caisse", deposit=240, available=False)
    assert change.members == ("price",)


def test_new_changed_and_unchanged_are_told_apart():
    header = ("sku", "nom", "prix", "disponible")
    rows = (("IPA-24", "IPA", "54,00", "non"), (1024.0, "Stout", 33.6, "oui"))
    plan = planned(header, *rows)
    assert plan.unchanged == 1 and plan.added == 1 and plan.changes[0].after == Product("1024", "Stout", 3360)


def test_an_empty_cell_empties_what_may_be_empty():
    [change] = planned(("sku", "nom", "prix", "consigne", "unite"), ("IPA-24", None, None, None, None)).changes
    assert change.after == Product("IPA-24", "IPA", 5400, available=False)


def test_faults_are_told_by_row_and_the_rest_is_taken():
    plan = planned(
        ("sku", "nom", "prix", "taxable"),
        (None, "Sans code", "1,00", None),
        ("A", None, "1,00", None),
        ("B", "Bière", "gratuit", None),
        ("C", "Cidre", "2,00", "peut-être"),
        ("D", "Doppel", "2,00", "non"),
        ("d", "Encore", "2,00", None),
        ("E", "Eau", "-1,00", None),
    )
    assert [(each.row, each.problem.code) for each in plan.faults] == [
        (2, "id"),
        (3, "required"),
        (4, "number"),
        (5, "truth"),
        (7, "twice"),
        (8, "money"),
    ]
    assert [each.after.sku for each in plan.changes] == ["D"] and not plan.changes[0].after.taxable


@pytest.mark.parametrize("columns", [("name", "price"), ("sku", "sku"), ("sku", "rien")])
def test_columns_that_do_not_do_are_refused(columns):
    with pytest.raises(Invalid):
        plan_import([(2, ("A", "1"))], columns, POINT, ())


def test_the_mark_before_cents_is_read_from_the_prices():
    assert guess_decimal(("sku", "price"), [(2, ("A", "1,50"))], POINT) == COMMA

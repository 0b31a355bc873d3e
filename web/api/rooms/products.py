"""`/products`: what the house sells, at what price, and whether it can be had."""

from typing import Any

import msgspec
from flask import Response
from sqlalchemy import Connection

from houblon.engine.core.money import dollars
from houblon.engine.core.order import Moment
from houblon.engine.core.problem import refuse
from houblon.engine.core.texts import MAX_ID
from houblon.orders.products import catalogue
from houblon.orders.products.catalogue import product_of, product_row, read_product
from houblon.rules.model.faults import Checked
from houblon.web.access.audit import by as acting
from houblon.web.access.audit import noted
from houblon.web.api.blueprint import not_found, operation
from houblon.web.api.bodies import Body, Listing, amount, text
from houblon.web.api.etags import seen, tagged
from houblon.web.api.keys import caller
from houblon.web.api.spec.types import Money
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import json_response
from houblon.web.foundation.paging import linked, page
from houblon.web.foundation.stale import tag_of


class Product(msgspec.Struct, frozen=True):
    """A product as it is kept; null where nothing is said. `price` and `deposit` are those of one `unit`."""

    sku: str
    name: str
    name_en: str | None
    unit: str | None
    category: str | None
    price: Money
    deposit: Money | None
    taxable: bool
    deposit_taxable: bool
    available: bool
    archived_at: Moment | None
    created_at: Moment
    updated_at: Moment


class Products(msgspec.Struct, frozen=True):
    items: tuple[Product, ...]


ANSWERS: tuple[Any, ...] = (Products, Product)


def _flag(**options: Any) -> Checked:
    """True or false."""

    def read(value: Any) -> bool:
        if not isinstance(value, bool):
            raise refuse("boolean", "", "true ou false.", "true or false.")
        return value

    return Checked(read, metadata={"type": "boolean"}, **options)


class ProductListing(Listing):
    """`search` is a part of the name, the SKU or the category; `after` is the SKU of the last one seen."""

    after = text(MAX_ID, 1)
    search = text(100, load_default="")


class ProductCard(Body):
    """All that is said of a product, money as a decimal string."""

    name = text(300, 1, required=True)
    name_en = text(300, load_default="", allow_none=True)
    unit = text(60, load_default="", allow_none=True)
    category = text(MAX_ID, load_default="", allow_none=True)
    price = amount(required=True)
    deposit = amount(load_default=None, allow_none=True)
    taxable = _flag(load_default=True)
    deposit_taxable = _flag(load_default=False)
    available = _flag(load_default=True)
    archived = _flag(load_default=False)


class Availability(Body):
    """Whether a product can be had."""

    available = _flag(required=True)


@operation("GET", "/products", scope="read", room="Products", answer="Products", query=ProductListing)
def list_products(asked: dict[str, Any]) -> Response:
    """Products, archived ones too, by name"""
    with house().services.ledger.reading() as connection:
        found = catalogue.list_products(connection, asked["search"], archived=None)
    after = asked.get("after")
    start = 0 if after is None else next((n + 1 for n, row in enumerate(found) if row.sku == after), None)
    if start is None:
        not_found()
    shown, more = page(found[start : start + asked["limit"] + 1], asked["limit"], lambda row: row.sku)
    return linked(json_response({"items": [_document(row) for row in shown]}), more)


@operation("GET", "/products/<path:sku>", scope="read", room="Products", answer="Product", faults=(404,), etag=True)
def get_product(sku: str) -> Response:
    """One product"""
    return _shown(sku)


@operation(
    "PUT",
    "/products/<path:sku>",
    scope="write",
    room="Products",
    answer="Product",
    body=ProductCard,
    etag=True,
    if_match=False,
)
def put_product(asked: dict[str, Any], sku: str) -> Response:
    """Write a product, or make one; held orders that name it are decided again where its availability changes"""
    money = {name: None if asked[name] is None else dollars(asked[name]) for name in ("price", "deposit")}
    product, by, check_seen = read_product({**asked, **money, "sku": sku}), acting(house(), caller()), seen()
    if product.sku != sku:
        raise refuse("id", "/sku", "Ce code s’écrit autrement.", f"This SKU is written “{product.sku}”.")

    def work(connection: Connection) -> None:
        row = product_row(connection, sku)
        check_seen("" if row is None else _etag(row))
        if row is None or row.sku != sku:
            catalogue.add_product(connection, product, by.at, by.who)
            noted(connection, by, "product.added", sku, None, product.document)
        elif product_of(row) != product:
            before = catalogue.edit_product(connection, product, by.at, by.who)
            noted(connection, by, "product.edited", sku, before, product.document)
        if catalogue.archive(connection, sku, asked["archived"], by.at):
            noted(connection, by, "product.archived" if asked["archived"] else "product.restored", sku)

    house().services.ledger.write(work)
    return _shown(sku)


@operation(
    "PUT",
    "/product-availability/<path:sku>",
    scope="write",
    room="Products",
    answer="Product",
    body=Availability,
    faults=(404,),
)
def put_availability(asked: dict[str, Any], sku: str) -> Response:
    """Say whether a product can be had: orders that name it wait until it is back, and are decided again then"""
    available, by = asked["available"], acting(house(), caller())

    def work(connection: Connection) -> None:
        row = product_row(connection, sku)
        if row is None:
            raise LookupError
        if catalogue.set_available(connection, row.sku, available, by.at, by.who):
            noted(connection, by, "product.edited", row.sku, {"available": not available}, {"available": available})

    try:
        house().services.ledger.write(work)
    except LookupError:
        not_found()
    return _shown(sku)


def _shown(sku: str) -> Response:
    with house().services.ledger.reading() as connection:
        row = product_row(connection, sku) or not_found()
    return tagged(json_response(_document(row)), _etag(row))


def _document(row: Any) -> dict[str, Any]:
    moments = {name: getattr(row, name) for name in ("archived_at", "created_at", "updated_at")}
    return {**product_of(row).document, **moments}


def _etag(row: Any) -> str:
    return tag_of([product_of(row).document, row.archived_at is not None])[:32]

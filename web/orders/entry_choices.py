"""Whom and what a clerk means by a few letters: retailers and products, accents and case apart."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
from sqlalchemy import Connection, select

from houblon.engine.core.texts import identity
from houblon.orders.csv_text import folded
from houblon.orders.db.tables import retailers
from houblon.orders.products.catalogue import Product, list_products, product_of

T = TypeVar("T")
MOST = 6  # that are offered at once


class Retailer(msgspec.Struct, frozen=True):
    """A retailer as a clerk tells them apart."""

    id: str
    name: str
    language: str | None = None
    email: str | None = None
    province: str | None = None


class Choice(msgspec.Struct, frozen=True):
    """What is meant: the one `found`, or the first of those that it may be, of how many."""

    found: object | None = None
    offered: tuple[object, ...] = ()
    count: int = 0


def all_retailers(connection: Connection) -> list[Retailer]:
    """Everyone who may order: whoever is joined to another is that one."""
    columns = (retailers.c.id, retailers.c.name, retailers.c.language, retailers.c.email, retailers.c.province)
    query = select(*columns).where(retailers.c.joined_to.is_(None))
    return [Retailer(row.id, row.name or row.id, *row[2:]) for row in connection.execute(query)]


def all_products(connection: Connection) -> list[Product]:
    """What is offered."""
    return [product_of(row) for row in list_products(connection)]


def retailer_meant(text: str, known: Sequence[Retailer], chosen: str = "") -> Choice:
    """The retailer that is typed; `chosen` is the id of the one that was picked, which counts while its name stands."""
    return _meant(text, known, chosen, lambda each: (each.id, each.name))


def product_meant(text: str, known: Sequence[Product], chosen: str = "") -> Choice:
    """The product that is typed, by its SKU, its name, or a part of either."""
    return _meant(text, known, chosen, lambda each: (each.sku, each.name, each.name_en or "", each.category or ""))


def _meant(text: str, known: Sequence[T], chosen: str, words_of: Callable[[T], tuple[str, ...]]) -> Choice:
    wanted = folded(text)
    if not wanted:
        return Choice()
    by_id = [each for each in known if identity(words_of(each)[0]) == identity(text)]
    named = [each for each in known if folded(words_of(each)[1]) == wanted]
    picked = [each for each in named if words_of(each)[0] == chosen]
    exact = picked or by_id or named
    if len(exact) == 1:
        return Choice(exact[0])
    parts = wanted.split()
    found = exact or [each for each in known if all(part in folded(" ".join(words_of(each))) for part in parts)]
    if len(found) == 1:
        return Choice(found[0])
    # What begins so comes first.
    found.sort(key=lambda each: (not folded(words_of(each)[1]).startswith(wanted), folded(words_of(each)[1])))
    return Choice(None, tuple(found[:MOST]), len(found))

"""The products of the house: what a person writes of one, kept with its audit entry's before and after."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, func, insert, select, update

from houblon.engine.core.money import dollars, price
from houblon.engine.core.problem import Faults, refuse, step
from houblon.engine.core.texts import MAX_ID, clean_id, composed, identity, is_id, is_text
from houblon.orders.csv_text import folded
from houblon.orders.db.statements import AnyRow
from houblon.orders.db.tables.products import products
from houblon.orders.records.redecisions import PRODUCT, decide_all_again

MOST = 10_000
_FLAGS = {"taxable": True, "deposit_taxable": False, "available": True}
_TEXTS = (("name", 300), ("name_en", 300), ("unit", 60), ("category", MAX_ID))


class Product(msgspec.Struct, frozen=True):
    """What is sold under a SKU; `price` and `deposit` are those of one `unit`, in cents."""

    sku: str
    name: str
    price: int
    name_en: str | None = None
    unit: str | None = None
    category: str | None = None
    deposit: int | None = None
    taxable: bool = True
    deposit_taxable: bool = False
    available: bool = True

    @property
    def document(self) -> dict[str, Any]:
        """As documents write it: money is a decimal string."""
        said = msgspec.structs.asdict(self)
        return {
            **said,
            "price": dollars(self.price),
            "deposit": None if self.deposit is None else dollars(self.deposit),
        }

    def name_in(self, language: str | None) -> str:
        return self.name_en if language == "en" and self.name_en else self.name


def product_of(row: Any) -> Product:
    """The product of a row of the table."""
    return Product(**{name: getattr(row, name) for name in Product.__struct_fields__})


def read_product(said: Mapping[str, Any]) -> Product:
    """What a person or a program says of a product, money as documents write it. Raises Invalid with every fault."""
    faults, texts = Faults(), {name: composed(said.get(name) or "").strip() for name, _ in _TEXTS}
    sku = clean_id(said.get("sku") or "")
    if not is_id(sku):
        faults.add(
            "id",
            "/sku",
            f"Un code (SKU) de 1 à {MAX_ID} caractères visibles.",
            f"A code (SKU) of 1 to {MAX_ID} visible characters.",
        )
    for name, most in _TEXTS:
        if not is_text(texts[name], most):
            faults.add(
                "text",
                step("", name),
                f"Un texte d’au plus {most} caractères visibles.",
                f"A text of at most {most} visible characters.",
            )
    if not texts["name"]:
        faults.add("required", "/name", "Nommez le produit.", "Name the product.")
    texts["category"] = clean_id(texts["category"])
    money = {name: _money(faults, name, said.get(name)) for name in ("price", "deposit")}
    if not said.get("price"):
        faults.add("required", "/price", "Écrivez le prix d’une unité.", "Write the price of one unit.")
    faults.raise_if_any()
    flags = {name: said.get(name) for name in _FLAGS}
    return Product(
        sku,
        texts["name"],
        money["price"] or 0,
        texts["name_en"] or None,
        texts["unit"] or None,
        texts["category"] or None,
        money["deposit"],
        *(default if flags[name] is None else bool(flags[name]) for name, default in _FLAGS.items()),
    )


def _money(faults: Faults, name: str, text: Any) -> int | None:
    if not text:
        return None
    try:
        return int(price(text))
    except ValueError:
        faults.add(
            "money",
            step("", name),
            "Un montant positif avec au plus deux décimales, comme « 54.00 ».",
            'A positive amount with at most two places, such as "54.00".',
        )
        return None


def list_products(connection: Connection, search: str = "", *, archived: bool | None = False) -> list[AnyRow]:
    """Products by name, accents and case apart; `search` is in the name, the SKU or the category. Those that are sold,
    those that are `archived`, or with None all."""
    query = select(products)
    if archived is not None:
        query = query.where(products.c.archived_at.is_not(None) if archived else products.c.archived_at.is_(None))
    words = folded(search).split()
    rows = [row for row in connection.execute(query) if all(word in _looked_in(row) for word in words)]
    return sorted(rows, key=lambda row: (folded(row.name), row.sku))


def _looked_in(row: Any) -> str:
    return folded(" ".join(filter(None, (row.name, row.name_en, row.sku, row.category))))


def product_row(connection: Connection, sku: str) -> AnyRow | None:
    """One product, archived or not; a SKU minds no case."""
    row = connection.execute(select(products).where(products.c.sku == sku)).one_or_none()
    if row is not None:
        return row
    same = [each for each in connection.execute(select(products.c.sku)).scalars() if identity(each) == identity(sku)]
    return connection.execute(select(products).where(products.c.sku == same[0])).one() if same else None


def add_product(connection: Connection, product: Product, at: datetime, by: str) -> None:
    """Make a product. Raises Invalid when there is one of this SKU, archived or not, or too many."""
    if product_row(connection, product.sku) is not None:
        raise refuse(
            "taken",
            "/sku",
            f"Il y a déjà un produit « {product.sku} ».",
            f"There is a product “{product.sku}” already.",
        )
    write_products(connection, [(product, None)], at, by)


def edit_product(connection: Connection, product: Product, at: datetime, by: str) -> dict[str, Any]:
    """Write a product over what is kept, and return what was before. Raises LookupError when there is none."""
    row = connection.execute(select(products).where(products.c.sku == product.sku)).one_or_none()
    if row is None:
        raise LookupError(f"there is no product {product.sku}")
    before = product_of(row)
    write_products(connection, [(product, before)], at, by)
    return before.document


def write_products(
    connection: Connection, changes: Sequence[tuple[Product, Product | None]], at: datetime, by: str
) -> None:
    """Write products, each over what is known to be kept of its SKU, None of a new one. Raises Invalid where there
    would be too many.

    Held orders are decided again, once, where one can be had no more, or again.
    """
    added = [product for product, before in changes if before is None]
    if added:
        kept = connection.execute(select(func.count()).select_from(products)).scalar_one()
        if kept + len(added) > MOST:
            raise refuse("limit", "/sku", f"Au plus {MOST} produits.", f"At most {MOST} products.")
        moments = {"created_at": at, "updated_at": at}
        connection.execute(insert(products), [{**msgspec.structs.asdict(each), **moments} for each in added])
    for product, before in changes:
        if before is not None:
            values = {**msgspec.structs.asdict(product), "updated_at": at}
            connection.execute(update(products).where(products.c.sku == product.sku).values(values))
    turned = [after.sku for after, before in changes if after.available != (before is None or before.available)]
    if turned:
        decide_all_again(connection, PRODUCT, ", ".join(turned), by=by, at=at)


def set_available(connection: Connection, sku: str, available: bool, at: datetime, by: str) -> bool:
    """Say whether a product can be had; held orders are decided again by it. Returns whether that is news."""
    row = connection.execute(select(products).where(products.c.sku == sku)).one_or_none()
    if row is None:
        raise LookupError(f"there is no product {sku}")
    if row.available == available:
        return False
    edit_product(connection, msgspec.structs.replace(product_of(row), available=available), at, by)
    return True


def archive(connection: Connection, sku: str, archived: bool, at: datetime) -> bool:
    """Take a product out of what is offered, or back into it: orders that name it stay as they are. Returns whether
    that is news."""
    state = products.c.archived_at.is_(None) if archived else products.c.archived_at.is_not(None)
    values = {"archived_at": at if archived else None, "updated_at": at}
    return connection.execute(update(products).where(products.c.sku == sku, state).values(values)).rowcount == 1


def categories(rows: Sequence[Any]) -> list[str]:
    """The categories that products have, for whoever types another."""
    return sorted({row.category for row in rows if row.category}, key=folded)

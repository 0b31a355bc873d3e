"""Products in a file: which column holds what, and what taking the file in would do, faults by row.

A column that the file doesn't have leaves what is kept; an empty cell empties what may be empty.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from houblon.engine.core.money import dollars
from houblon.engine.core.problem import Invalid, Problem, problem, refuse
from houblon.engine.core.texts import clean_id, identity
from houblon.orders.cell_values import COMMA, POINT, Cell, Unread, cents_of, guess_mark, truth_of
from houblon.orders.csv_text import word
from houblon.orders.products.catalogue import MOST, Product, read_product

# The members of a product by the headers that say them; those that follow say it where no other column does.
_WORDS = {
    "sku": "sku code code_produit code_de_produit no_produit numero_produit code_article no_article product_code "
    "product_id product_sku item_code item_number upc cup code_barres",
    "name": "nom nom_produit nom_du_produit nom_francais nom_fr description designation libelle titre name product_name "
    "title name_fr french_name",
    "name_en": "nom_anglais nom_en name_en english_name name_english anglais",
    "unit": "unite format contenant conditionnement unit uom unit_of_measure packaging size",
    "category": "categorie categorie_de_produit famille type type_produit category product_category product_type",
    "price": "prix prix_unitaire prix_unite pu prix_de_vente price unit_price list_price",
    "deposit": "consigne consignes depot deposit bottle_deposit",
    "taxable": "taxable taxe taxes tax taxed",
    "deposit_taxable": "consigne_taxable consigne_taxee deposit_taxable deposit_taxed",
    "available": "disponible disponibilite en_stock available availability in_stock",
}
_LOOSE = ("produit", "article", "product", "item", "id", "no", "numero")
MEMBERS = tuple(_WORDS)
_BY_WORD = {each: member for member, words in _WORDS.items() for each in words.split()}
_TEXTS, _FLAGS = ("name", "name_en", "unit", "category"), ("taxable", "deposit_taxable", "available")

Rows = Sequence[tuple[int, Sequence[Cell]]]
Columns = tuple[str, ...]


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a row of the file; the row is left out."""

    row: int
    problem: Problem


class Change(msgspec.Struct, frozen=True):
    """A product that the file makes, or changes."""

    after: Product
    before: Product | None = None

    @property
    def members(self) -> tuple[str, ...]:
        """What changes of one that is there."""
        was = self.before
        return () if was is None else tuple(name for name in MEMBERS if getattr(was, name) != getattr(self.after, name))


class Plan(msgspec.Struct, frozen=True):
    """What taking a file in would do."""

    changes: tuple[Change, ...]
    unchanged: int
    faults: tuple[Fault, ...]

    @property
    def added(self) -> int:
        return sum(each.before is None for each in self.changes)


def header_and_rows(header: Sequence[str], rows: Rows) -> tuple[tuple[str, ...], Rows]:
    """The header and what is under it; a reader that didn't know products may have left the header among the rows."""
    if (
        not header
        and rows
        and len([each for each in guess_columns([str(cell or "") for cell in rows[0][1]]) if each]) > 1
    ):
        return tuple(str(cell or "") for cell in rows[0][1]), rows[1:]
    return tuple(header), rows


def guess_columns(header: Sequence[str]) -> Columns:
    """What each column holds, by its header: a member of a product, or nothing."""
    found: list[str] = []
    for each in header:
        member = _BY_WORD.get(word(each), "")
        found.append("" if member in found else member)
    for member in ("sku", "name"):
        loose = [place for place, each in enumerate(header) if not found[place] and word(each) in _LOOSE]
        if member not in found and loose:
            found[loose[0]] = member
    return tuple(found)


def guess_decimal(columns: Columns, rows: Rows, otherwise: str) -> str:
    """Which mark stands before the cents."""
    places = [place for place, member in enumerate(columns) if member in ("price", "deposit")]
    return guess_mark([cells[place] for _, cells in rows for place in places if place < len(cells)], otherwise)


def check_columns(columns: Columns) -> None:
    """Raises Invalid where a member is said twice, or the SKU by none."""
    if any(each and (each not in MEMBERS or columns.count(each) > 1) for each in columns):
        raise refuse(
            "twice",
            "/columns",
            "Deux colonnes disent la même chose\u00a0: gardez-en une.",
            "Two columns say the same: keep one.",
        )
    if "sku" not in columns:
        raise refuse(
            "required",
            "/columns",
            "Dites quelle colonne donne le code (SKU).",
            "Say which column gives the code (SKU).",
        )


def plan_import(rows: Rows, columns: Columns, decimal: str, known: Iterable[Product]) -> Plan:
    """What the rows would do to the products that are `known`. Raises Invalid where the columns don't do."""
    check_columns(columns)
    if decimal not in (COMMA, POINT):
        raise refuse("choice", "/decimal", "Choisissez dans la liste.", "Choose from the list.")
    if len(rows) > MOST:
        raise refuse("too_many", "/file", f"Au plus {MOST} produits.", f"At most {MOST} products.")
    there = {identity(each.sku): each for each in known}
    changes: list[Change] = []
    faults: list[Fault] = []
    seen: dict[str, int] = {}
    unchanged = 0
    for number, cells in rows:
        try:
            said = {member: cells[place] for place, member in enumerate(columns) if member and place < len(cells)}
            sku = clean_id(_text(said.get("sku")))
            if earlier := seen.get(identity(sku)):
                raise refuse(
                    "twice",
                    "/sku",
                    f"«\u00a0{sku}\u00a0» est déjà à la ligne {earlier}.",
                    f"“{sku}” is on line {earlier} already.",
                )
            before = there.get(identity(sku))
            after = _read({**said, "sku": before.sku if before else sku}, columns, decimal, before)
            seen[identity(sku)] = number
        except Unread as unread:
            faults.append(Fault(number, problem(unread.code, "", unread.text.fr, unread.text.en)))
        except Invalid as invalid:
            faults.extend(Fault(number, each) for each in invalid.problems)
        else:
            if before == after:
                unchanged += 1
            else:
                changes.append(Change(after, before))
    return Plan(tuple(changes), unchanged, tuple(faults))


def _read(said: Mapping[str, Cell], columns: Columns, decimal: str, before: Product | None) -> Product:
    document: dict[str, Any] = before.document if before else {}
    document["sku"] = said["sku"]
    for name in _TEXTS:
        if name in columns and (name != "name" or _text(said.get(name))):
            document[name] = _text(said.get(name))
    for name in ("price", "deposit"):
        if said.get(name) is not None:
            cents = cents_of(said[name], decimal)
            document[name] = dollars(cents)
        elif name in columns and name == "deposit":
            document[name] = None
    for name in _FLAGS:
        if said.get(name) is not None:
            document[name] = truth_of(said[name])
    return read_product(document)


def _text(cell: Cell) -> str:
    """A cell as a text: a spreadsheet keeps a code of digits as a number."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()

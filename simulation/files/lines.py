"""The lines of an order in an uploaded file: from a row of its own each, or from a list in one cell."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from houblon.engine.core.money import MOST, Price
from houblon.engine.core.order import Line
from houblon.engine.core.problem import Invalid
from houblon.engine.core.strict_json import check_depth
from houblon.orders.cell_values import Cell, Unread, cents_of, decimal_of, share_of, to_cents, truth_of, whole_of
from houblon.simulation.files.words import meaning_of

MAX_LINES = 5_000
Cells = Mapping[str, Cell]  # of one line, by their meaning
_MEMBERS = frozenset({"sku", "category", "quantity", "unit_price", "discount", "amount", "available"})
_decoder = msgspec.json.Decoder(list[dict[str, Any]])


class LineFault(ValueError):
    """A line can't be read: the meaning of the cell at fault, and what would be right."""

    def __init__(self, meaning: str, unread: Unread):
        self.meaning, self.unread = meaning, unread
        super().__init__(str(unread))


def lines_in(cell: Cell) -> list[dict[str, Cell]]:
    """The lines that a cell lists: `[{"sku", "quantity", "unit_price" or "amount", …}]`. Raises LineFault."""
    try:
        written = str(cell).encode("utf-8", "surrogatepass")
        check_depth(written)
        found = _decoder.decode(written)
    except (msgspec.MsgspecError, Invalid):
        raise LineFault("lines", _NO_LIST) from None
    if not 1 <= len(found) <= MAX_LINES:
        raise LineFault("lines", _COUNT)
    names = {name: meaning_of(name) for each in found for name in each}
    lines = [{names[name]: value for name, value in each.items() if names[name] in _MEMBERS} for each in found]
    if any(isinstance(value, list | dict) for each in lines for value in each.values()):
        raise LineFault("lines", _NO_LIST)
    return lines  # type: ignore[return-value]


def discounts_in(cells: Iterable[Cell]) -> list[Cell]:
    """The discounts that the lines in these cells name."""
    found: list[Cell] = []
    for cell in cells:
        try:
            found += [line["discount"] for line in lines_in(cell) if line.get("discount") is not None]
        except LineFault:
            continue
    return found


def line_of(cells: Cells, mark: str, rates: bool) -> tuple[Line, bool]:
    """One line, and whether it names its product; with `rates`, its discount is a share. Raises LineFault."""
    quantity = _read(cells, "quantity", lambda cell: whole_of(cell, mark, least=1))
    if quantity is None:
        raise LineFault("quantity", _WANTING)
    unit, discount = _priced(cells, quantity, mark, rates)
    if quantity * unit > MOST:
        raise LineFault("amount" if cells.get("amount") is not None else "unit_price", _TOO_LARGE)
    sku, category = _text(cells, "sku"), _text(cells, "category")
    available = _read(cells, "available", truth_of)
    return Line(sku or "?", quantity, unit, category=category, discount=discount, available=available), sku is not None


def _priced(cells: Cells, quantity: int, mark: str, rates: bool) -> tuple[Price, Price]:
    """The line's price per unit and its discount, in cents; what is finer than a cent goes into the discount."""
    amount = _read(cells, "amount", lambda cell: cents_of(cell, mark))
    if amount is not None:
        if amount < 0:
            raise LineFault("amount", _NEGATIVE)
        return split(amount, quantity)
    price = _read(cells, "unit_price", lambda cell: decimal_of(cell, mark))
    if price is None:
        raise LineFault("unit_price", _WANTING)
    off = _read(cells, "discount", lambda cell: share_of(cell, mark) if rates else decimal_of(cell, mark)) or Decimal(0)
    for meaning, value in (("unit_price", price), ("discount", off)):
        if value < 0:
            raise LineFault(meaning, _NEGATIVE)
    if rates:
        return split(to_cents(quantity * price * (1 - off)), quantity)
    if to_cents(price) == price * 100:
        return Price(to_cents(price)), Price(to_cents(off))
    return split(max(0, to_cents(quantity * price - off)), quantity)


def split(amount: int, quantity: int) -> tuple[Price, Price]:
    """A price per unit and a discount of the line that make up the amount exactly, all in cents."""
    unit = -(-amount // quantity)
    return Price(unit), Price(unit * quantity - amount)


def _read(cells: Cells, meaning: str, reader: Any) -> Any:
    cell = cells.get(meaning)
    if cell is None or cell == "":
        return None
    try:
        return reader(cell)
    except Unread as unread:
        raise LineFault(meaning, unread) from None


def _text(cells: Cells, meaning: str) -> str | None:
    cell = cells.get(meaning)
    text = None if cell is None else str(cell).strip()
    if text and len(text) > 200:
        raise LineFault(meaning, Unread("text", "Au plus 200 caractères.", "At most 200 characters."))
    return text or None


_WANTING = Unread(
    "required", "Cette cellule est vide\u00a0: une valeur est attendue.", "This cell is empty: a value is expected."
)
_NEGATIVE = Unread("negative", "Un montant d’au moins 0 est attendu.", "An amount of at least 0 is expected.")
_TOO_LARGE = Unread("too_large", "Un montant moins grand.", "A smaller amount.")
_NO_LIST = Unread(
    "lines",
    'Une liste JSON de lignes est attendue, comme [{"sku": "IPA-24", "quantity": 24, "unit_price": 54}].',
    'A JSON list of lines is expected, such as [{"sku": "IPA-24", "quantity": 24, "unit_price": 54}].',
)
_COUNT = Unread("lines", "Une commande a de 1 à 5 000 lignes.", "An order has 1 to 5,000 lines.")

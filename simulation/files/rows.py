"""One row of an uploaded file as an order's head, its lines, or both, by a reading.

An order without a time is taken at noon, and does not say its hour; one without lines says neither their number
nor its products. What an order does not say is unknown to the rules, as everywhere.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from houblon.engine.core.money import MOST, Cents, Price
from houblon.engine.core.order import Buyer, Line, Order, settled
from houblon.engine.core.problem import Problem, problem
from houblon.engine.core.texts import MAX_ID, clean_id, is_id
from houblon.orders.cell_values import Cell, Unread, cents_of, day_of, moment_of, truth_of, whole_of
from houblon.orders.csv_text import folded
from houblon.orders.retailers.membership_file import groups_in
from houblon.simulation.facts.fill import Taken
from houblon.simulation.files.lines import LineFault, line_of, lines_in, split
from houblon.simulation.files.reading import RATES, Reading
from houblon.simulation.files.words import MEANINGS

Row = Mapping[str, Cell]  # the cells that say something, by their meaning
_NO_LINES = frozenset({"line_count", "largest_line_value", "skus"})


class Names(msgspec.Struct, frozen=True):
    """What a file's names are looked up in: ids by folded name, the groups that retailers are kept in, and whom those
    are that were joined to others."""

    zone: ZoneInfo
    retailers: Mapping[str, str]
    groups: Mapping[str, str]
    distributors: Mapping[str, str]
    kept: Mapping[str, tuple[str, ...]]
    joined: Mapping[str, str] = MappingProxyType({})


class Head(msgspec.Struct, frozen=True):
    """What a row says of its whole order; `timed` when it says the hour."""

    id: str
    placed_at: datetime
    timed: bool
    buyer: Buyer
    planned: Any
    distributor: str | None
    delivery_method: str | None
    currency: str | None
    source: str | None
    note: str | None


class Faulty(Exception):
    """One row can't be read, for what stands in the column of a meaning."""

    def __init__(self, meaning: str, problem: Problem):
        self.meaning, self.problem = meaning, problem
        super().__init__(problem.message.en)


class RowReader:
    """Reads rows by one reading, with the house's names; every method raises Faulty."""

    def __init__(self, reading: Reading, names: Names):
        self.reading, self.names = reading, names

    def id_of(self, row: Row) -> str:
        """The order's id."""
        id = clean_id(self._text(row, "order", required=True) or "")
        if not is_id(id):
            raise Faulty("order", _NO_ID)
        return id

    def head_of(self, row: Row) -> Head:
        """All that the row says but of lines."""
        id = self.id_of(row)
        zone, days = self.names.zone, self.reading.days
        placed = self._read(row, "date", lambda cell: moment_of(cell, days, zone), required=True)
        planned = self._read(row, "planned", lambda cell: day_of(cell, days, zone))
        return Head(
            id,
            placed[0],
            placed[1],
            self._buyer(row),
            planned,
            self._known(row, "distributor", self.names.distributors),
            self._text(row, "delivery_method"),
            self._text(row, "currency", 10),
            self._text(row, "source"),
            self._text(row, "note", 10_000),
        )

    def _buyer(self, row: Row) -> Buyer:
        named = "buyer" if "buyer" in row or "buyer_name" not in row else "buyer_name"
        id = self._known(row, named, self.names.retailers, required=True) or ""
        mark = self.reading.decimal
        overdue, outstanding, limit = (
            self._cents(row, name, mark) for name in ("overdue_balance", "outstanding_balance", "credit_limit")
        )
        if limit is not None and limit < 0:
            raise Faulty("credit_limit", _NEGATIVE)
        return Buyer(
            id,
            self._text(row, "buyer_name", 300) or self._text(row, "buyer", 300),
            province=self._text(row, "province", 100),
            groups=self._groups(row),
            is_first_order=self._read(row, "is_first_order", truth_of),
            days_overdue=self._read(row, "days_overdue", lambda cell: whole_of(cell, mark, most=100_000)),
            overdue_balance=overdue,
            outstanding_balance=outstanding,
            credit_limit=None if limit is None else Price(limit),
        )

    def _cents(self, row: Row, meaning: str, mark: str) -> Cents | None:
        found = self._read(row, meaning, lambda cell: cents_of(cell, mark))
        return None if found is None else Cents(found)

    def _groups(self, row: Row) -> tuple[str, ...] | None:
        text = self._text(row, "groups", 1_000)
        if text is None:
            return None
        found, fault = groups_in(text, self.names.groups)
        if fault is not None:
            raise Faulty("groups", Problem(fault.code, "", fault.message))
        return tuple(found)

    def _known(self, row: Row, meaning: str, names: Mapping[str, str], required: bool = False) -> str | None:
        """The id that a cell names, by itself or by its name; what nobody knows stands for itself."""
        text = self._text(row, meaning, required=required)
        if text is None:
            return None
        id = clean_id(text)
        return names.get(id) or names.get(folded(id)) or id

    def listed(self, row: Row) -> tuple[tuple[Line, ...], frozenset[str]]:
        """The lines that one cell lists, and the facts that they do not say."""
        if row.get("lines") is None:
            raise Faulty("lines", _WANTING)
        mark, rates = self.reading.decimal, self.reading.discounts == RATES
        try:
            read = [line_of(each, mark, rates) for each in lines_in(row["lines"])]
        except LineFault as fault:
            raise Faulty("lines", _in_line(fault)) from None
        named = all(each for _, each in read)
        return tuple(line for line, _ in read), frozenset() if named else frozenset({"skus"})

    def summed(self, row: Row) -> tuple[tuple[Line, ...], frozenset[str]]:
        """One line that stands for all: its quantity and value are the order's."""
        mark = self.reading.decimal
        value = self._read(row, "value", lambda cell: cents_of(cell, mark), required=True)
        items = self._read(row, "items", lambda cell: whole_of(cell, mark, least=1), required=True)
        if value < 0:
            raise Faulty("value", _NEGATIVE)
        unit, discount = split(value, items)
        return (Line("?", items, unit, discount=discount),), _NO_LINES

    def line_in(self, row: Row) -> tuple[Line, bool]:
        """The line that the row is, and whether it names its product."""
        try:
            return line_of(row, self.reading.decimal, self.reading.discounts == RATES)
        except LineFault as fault:
            text = fault.unread.text
            raise Faulty(fault.meaning, Problem(fault.unread.code, "", text)) from None

    def taken(self, head: Head, lines: tuple[Line, ...], omitted: frozenset[str]) -> Taken:
        """The order made whole; its acceptance would count from the instant it was placed."""
        if sum(line.value for line in lines) > MOST:
            raise Faulty("value", _TOO_MUCH)
        order = Order(
            head.id,
            head.placed_at,
            head.buyer,
            lines,
            head.currency,
            head.distributor,
            head.delivery_method,
            head.planned,
            head.source,
            head.note,
        )
        unsaid = omitted if head.timed else omitted | {"placed_hour"}
        order = settled(order)
        return Taken(order, head.placed_at, self.names.kept.get(order.buyer.id, ()), omitted=unsaid)

    def _text(self, row: Row, meaning: str, most: int = 200, required: bool = False) -> str | None:
        cell = row.get(meaning)
        text = "" if cell is None else str(cell).strip()
        if not text and required:
            raise Faulty(meaning, _WANTING)
        if len(text) > most:
            said = problem("text", "", f"Un texte d’au plus {most} caractères.", f"At most {most} characters.")
            raise Faulty(meaning, said)
        return text or None

    def _read(self, row: Row, meaning: str, reader: Callable[[Cell], Any], required: bool = False) -> Any:
        cell = row.get(meaning)
        if cell is None:
            if required:
                raise Faulty(meaning, _WANTING)
            return None
        try:
            return reader(cell)
        except Unread as unread:
            raise Faulty(meaning, Problem(unread.code, "", unread.text)) from None


def _in_line(fault: LineFault) -> Problem:
    text, label = fault.unread.text, MEANINGS[fault.meaning].label
    if fault.meaning == "lines":
        return Problem(fault.unread.code, "", text)
    return problem(
        fault.unread.code, "", f"Dans une ligne, {label.fr}\u00a0: {text.fr}", f"In a line, {label.en}: {text.en}"
    )


_WANTING = problem(
    "required", "", "Cette cellule est vide\u00a0: une valeur est attendue.", "This cell is empty: a value is expected."
)
_NO_ID = problem(
    "id",
    "",
    f"Un identifiant de 1 à {MAX_ID} caractères visibles est attendu.",
    f"An id of 1 to {MAX_ID} visible characters is expected.",
)
_NEGATIVE = problem("negative", "", "Un montant d’au moins 0 est attendu.", "An amount of at least 0 is expected.")
_TOO_MUCH = problem(
    "too_large",
    "",
    "La valeur de cette commande dépasse ce qui se compte.",
    "The value of this order is beyond what can be counted.",
)

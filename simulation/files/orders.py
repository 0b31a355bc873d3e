"""The orders of an uploaded file, by a reading; what can't be read is told by row and column, and left out whole."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from houblon.engine.core.order import Line, Order
from houblon.engine.core.problem import Invalid, Problem, problem, step
from houblon.orders.cell_values import Cell
from houblon.orders.intake.decode import MAX_BODY, read_order
from houblon.orders.retailers.names import with_buyer
from houblon.simulation.facts.fill import Taken
from houblon.simulation.files.guard import ORDERS
from houblon.simulation.files.lines import MAX_LINES
from houblon.simulation.files.reading import BY_LINE, IN_A_CELL, Reading
from houblon.simulation.files.rows import Faulty, Head, Names, RowReader
from houblon.simulation.files.upload import Upload, rows_of
from houblon.simulation.files.words import MEANINGS

KEPT_FAULTS = 200
STEP = 500  # rows between two words of progress


class Fault(msgspec.Struct, frozen=True):
    """What is wrong in one place: the row's number as the file's program shows it, the column's header.

    An order that is JSON has no columns: the problem's own pointer says where.
    """

    row: int
    column: str
    problem: Problem

    def as_problem(self) -> Problem:
        """The fault as every door tells it."""
        return self.problem.under(step("/rows", self.row, *([self.column] if self.column else [])))


class Orders:
    """The orders of a file, to be gone through once; the faults and figures are whole when that is done."""

    def __init__(
        self,
        upload: Upload,
        folder: Path,
        reading: Reading,
        names: Names,
        progress: Callable[[int], None] = lambda rows: None,
        most_rows: int | None = None,
    ):
        self.upload, self.folder, self.reading, self.names = upload, folder, reading, names
        self.faults: list[Fault] = []
        self.faulty = self.rows = self.count = 0
        self._places, self._reader = reading.places(), RowReader(reading, names)
        self._progress, self._most = progress, most_rows
        self._seen: dict[str, int] = {}

    def __iter__(self) -> Iterator[Taken]:
        if self.upload.found.kind == ORDERS:
            found = self._documents()
        elif self.reading.shape == BY_LINE:
            found = self._gathered()
        else:
            found = self._by_row()
        for each in found:
            self.count += 1
            yield each

    def _numbered(self) -> Iterator[tuple[int, Sequence[Cell]]]:
        for number, cells in rows_of(self.folder):
            if self._most is not None and self.rows >= self._most:
                return
            self.rows += 1
            if self.rows % STEP == 0:
                self._progress(self.rows)
            yield number, cells

    def _documents(self) -> Iterator[Taken]:
        for number, cells in self._numbered():
            body = str(cells[0]).encode()
            try:
                if len(body) > MAX_BODY:
                    raise Invalid([_TOO_LONG])
                order = self._led(read_order(body))
                self._once(order.id, number)
            except Invalid as invalid:
                self._add_fault(number, "", *invalid.problems)
            except Faulty as faulty:
                self._add_fault(number, "", faulty.problem)
            else:
                yield Taken(order, order.placed_at, self.names.kept.get(order.buyer.id, ()))

    def _led(self, order: Order) -> Order:
        """The order of whom its buyer was joined to."""
        return with_buyer(order, self.names.joined.get(order.buyer.id, order.buyer.id))

    def _by_row(self) -> Iterator[Taken]:
        in_a_cell = self.reading.shape == IN_A_CELL
        for number, cells in self._numbered():
            try:
                row = self._row(cells)
                head = self._reader.head_of(row)
                self._once(head.id, number)
                if in_a_cell:
                    lines, omitted = self._reader.listed(row)
                else:
                    lines, omitted = self._reader.summed(row)
                taken = self._reader.taken(head, lines, omitted)
            except Faulty as faulty:
                self._add_fault(number, faulty.meaning, faulty.problem)
            else:
                yield taken

    def _gathered(self) -> Iterator[Taken]:
        """A row a line: those of one order need not stand together."""
        found: dict[str, _Gathered] = {}
        spoiled: set[str] = set()
        for number, cells in self._numbered():
            id = ""
            try:
                row = self._row(cells)
                id = self._reader.id_of(row)
                line = self._reader.line_in(row)
                head = self._reader.head_of(row)
                if id not in found:
                    found[id] = _Gathered(number, head, [])
                gathered = found[id]
                self._agrees(gathered, head)
                if len(gathered.lines) >= MAX_LINES:
                    raise Faulty("order", _MANY_LINES)
                gathered.lines.append(line)
            except Faulty as faulty:
                spoiled.add(id)
                self._add_fault(number, faulty.meaning, faulty.problem)
        for id, gathered in found.items():
            if id not in spoiled:
                lines = tuple(line for line, _ in gathered.lines)
                unnamed = not all(named for _, named in gathered.lines)
                try:
                    yield self._reader.taken(gathered.head, lines, frozenset({"skus"}) if unnamed else frozenset())
                except Faulty as faulty:
                    self._add_fault(gathered.row, faulty.meaning, faulty.problem)

    def _agrees(self, gathered: "_Gathered", head: Head) -> None:
        first = gathered.head
        for meaning, one, other in (
            ("buyer", first.buyer.id, head.buyer.id),
            ("date", first.placed_at, head.placed_at),
            ("groups", first.buyer.groups, head.buyer.groups),
        ):
            if one != other:
                label = MEANINGS[meaning].label
                raise Faulty(
                    meaning,
                    problem(
                        "contradicts",
                        "",
                        f"La ligne {gathered.row} dit autre chose de la même commande ({label.fr}).",
                        f"Row {gathered.row} says something else of the same order ({label.en}).",
                    ),
                )

    def _row(self, cells: Sequence[Cell]) -> dict[str, Cell]:
        """The cells by their meaning; those that say nothing are left out."""
        width = max(len(self.upload.header), len(self._places) and max(self._places.values()) + 1)
        if self.upload.header and len(cells) > width:
            raise Faulty("", _WIDE)
        return {
            meaning: cells[place]
            for meaning, place in self._places.items()
            if place < len(cells) and cells[place] is not None
        }

    def _once(self, id: str, number: int) -> None:
        first = self._seen.setdefault(id, number)
        if first != number:
            said = problem(
                "twice",
                "",
                f"La commande « {id[:60]} » est déjà à la ligne {first}.",
                f"Order “{id[:60]}” is already on row {first}.",
            )
            raise Faulty("order", said)

    def _add_fault(self, row: int, meaning: str, *problems: Problem) -> None:
        self.faulty += 1
        place = self._places.get(meaning)
        header = self.upload.header
        column = header[place] if place is not None and place < len(header) else ""
        if not column and meaning in MEANINGS and place is not None:
            column = str(place + 1)
        for each in problems:
            if len(self.faults) < KEPT_FAULTS:
                self.faults.append(Fault(row, column, each))


class _Gathered(msgspec.Struct):
    """An order while its lines are gathered, with its first row."""

    row: int
    head: Head
    lines: list[tuple[Line, bool]]


_TOO_LONG = problem("too_large", "", "Une commande fait au plus 1 Mo.", "An order is at most 1 MB.")
_MANY_LINES = problem("lines", "", "Une commande a de 1 à 5 000 lignes.", "An order has 1 to 5,000 lines.")
_WIDE = problem(
    "wide",
    "",
    "Cette ligne a plus de cellules que l’en-tête\u00a0: un guillemet y manque, ou le séparateur est aussi la décimale.",
    "This row has more cells than the header: a quotation mark is missing, or the separator is also the decimal mark.",
)

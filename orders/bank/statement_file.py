"""A bank's file read: what came in, each line with its day, its amount and its text; faults are told by line.

Whether the day or the month comes first, and which mark stands before decimals, is asked where the file does not
prove it.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from zoneinfo import ZoneInfo

import msgspec

from houblon.engine.core.money import MOST
from houblon.engine.core.problem import Invalid, Problem, problem, refuse
from houblon.orders import csv_text
from houblon.orders.bank.columns import Columns, Rows, find_columns
from houblon.orders.cell_values import Unread, day_of, decimal_of, guess_day_order, guess_mark, to_cents
from houblon.orders.csv_text import folded

MAX_BYTES, MAX_LINES, MAX_COLUMNS, MAX_TEXT = 400_000, 5_000, 50, 500
_OUT = ("debit", "retrait", "withdrawal", "sortie")
_IN = ("credit", "depot", "deposit", "entree")


class BankLine(msgspec.Struct, frozen=True):
    """What came in, in cents: the line of the file that says so, and a hash that is the same in every file that has it."""

    line: int
    on: date
    amount: int
    text: str
    hash: str


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with one line of the file; the line is left out."""

    line: int
    problem: Problem


class Asked(msgspec.Struct, frozen=True):
    """What a person says of a file where it does not say so itself; None asks the file."""

    columns: Columns | None = None
    days: str | None = None
    decimal: str | None = None


class BankFile(msgspec.Struct, frozen=True):
    """A file as it was read; `out` is how many lines tell of what was paid out, which nothing is done with."""

    header: tuple[str, ...]
    width: int
    columns: Columns
    days: str
    decimal: str
    lines: tuple[BankLine, ...]
    faults: tuple[Fault, ...]
    out: int


class Unclear(Invalid):
    """The file can't be read before a person says more: what is in it, as far as that is known."""

    def __init__(self, problems: Sequence[Problem], rows: Rows, header: tuple[str, ...], columns: Columns):
        super().__init__(list(problems))
        self.rows, self.header, self.columns = rows, header, columns

    @property
    def width(self) -> int:
        return max((len(cells) for _, cells in self.rows), default=0)


def text_of(data: bytes) -> str:
    """The text of a file. Raises Invalid when it is too large."""
    if len(data) > MAX_BYTES:
        raise _too_large()
    return csv_text.decoded(data)


def read_file(text: str, asked: Asked, today: date, currency: str) -> BankFile:
    """What came in by a file. Raises Unclear for what a person must say first, Invalid for what is no file of a bank."""
    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise _too_large()
    rows = []
    for row in csv_text.table_of(text, MAX_COLUMNS, "/csv"):
        rows.append(row)
        if len(rows) > MAX_LINES:
            raise _too_large()
    if not rows:
        raise refuse("empty", "/csv", "Ce fichier est vide.", "This file is empty.")
    start, found = find_columns(rows)
    columns = asked.columns or found
    header = rows[start - 1][1] if start else ()
    body = rows[start:]
    problems = _unclear(body, columns, asked)
    if problems:
        raise Unclear(problems, body, header, columns)
    days = asked.days or guess_day_order(_cells(body, (columns.date,)))[0]
    decimal = asked.decimal or _mark(body, columns) or csv_text.DELIMITERS[-1]
    reader = _Reader(columns, days, decimal, today, currency)
    for line, cells in body:
        reader.take(line, cells)
    width = max(len(cells) for _, cells in rows)
    return BankFile(header, width, columns, days, decimal, _hashed(reader.came_in), tuple(reader.faults), reader.out)


def _unclear(rows: Rows, columns: Columns, asked: Asked) -> list[Problem]:
    if not columns.are_enough:
        return [_COLUMNS]
    found = []
    order, is_certain = guess_day_order(_cells(rows, (columns.date,)))
    if asked.days is None and not is_certain:
        found.append(_DAYS)
    if asked.decimal is None and not _mark(rows, columns) and _has_marks(rows, columns):
        found.append(_DECIMAL)
    return found


def _mark(rows: Rows, columns: Columns) -> str:
    return guess_mark(_cells(rows, _money(columns)), "")


def _has_marks(rows: Rows, columns: Columns) -> bool:
    return any("," in cell or "." in cell for cell in _cells(rows, _money(columns)))


def _money(columns: Columns) -> tuple[int | None, ...]:
    return columns.signed, columns.paid_in, columns.paid_out


def _cells(rows: Rows, places: Iterable[int | None]) -> list[str]:
    return [_cell(cells, place) for place in places if place is not None for _, cells in rows]


def _cell(cells: tuple[str, ...], place: int | None) -> str:
    return cells[place] if place is not None and place < len(cells) else ""


class _Reader:
    """Takes the lines of a file one by one: what came in, what is wrong, and how many lines went out."""

    def __init__(self, columns: Columns, days: str, decimal: str, today: date, currency: str):
        self.columns, self.days, self.decimal, self.today, self.currency = columns, days, decimal, today, currency
        self.came_in: list[BankLine] = []
        self.faults: list[Fault] = []
        self.out = 0

    def take(self, line: int, cells: tuple[str, ...]) -> None:
        try:
            amount = self._amount(cells)
            if amount <= 0:
                self.out += amount < 0
                return
            on = day_of(_cell(cells, self.columns.date), self.days, ZoneInfo("UTC"))
            self._check(cells, on, amount)
        except Unread as unread:
            self.faults.append(Fault(line, Problem(unread.code, "", unread.text)))
        else:
            self.came_in.append(BankLine(line, on, amount, self._text(cells), ""))

    def _amount(self, cells: tuple[str, ...]) -> int:
        """What came in, below zero for what went out."""
        columns = self.columns
        if columns.signed is not None:
            return self._signed(_cell(cells, columns.signed), folded(_cell(cells, columns.kind)))
        came, went = (self._read(_cell(cells, place)) for place in (columns.paid_in, columns.paid_out))
        if not came and not went:
            raise _NO_AMOUNT
        if came and went:
            raise _BOTH
        return came or -abs(went)

    def _signed(self, cell: str, kind: str) -> int:
        if not cell:
            raise _NO_AMOUNT
        amount = self._read(cell)
        if kind.startswith(_OUT):
            return -abs(amount)
        return abs(amount) if kind.startswith(_IN) else amount

    def _read(self, cell: str) -> int:
        if not cell.strip("- "):
            return 0
        amount = decimal_of(cell, self.decimal)
        # A bank moves whole cents: what has more after its mark was parted into thousands by it, or is no amount.
        if amount != round(amount, 2):
            raise Unread(
                "number",
                f"Un montant a au plus deux chiffres après la virgule, pas « {cell[:40]} ».",
                f"An amount has at most two digits after its mark, not “{cell[:40]}”.",
            )
        return to_cents(amount)

    def _check(self, cells: tuple[str, ...], on: date, amount: int) -> None:
        if on > self.today:
            raise _LATER
        if amount > MOST:
            raise Unread("too_large", "Un montant moins grand.", "A smaller amount.")
        currency = _cell(cells, self.columns.currency).upper()
        if currency and currency != self.currency:
            raise Unread(
                "currency",
                f"Cette ligne est en {currency[:10]} : la maison compte en {self.currency}.",
                f"This line is in {currency[:10]}: the house counts in {self.currency}.",
            )

    def _text(self, cells: tuple[str, ...]) -> str:
        said = dict.fromkeys(" ".join(_cell(cells, place).split()) for place in self.columns.texts)
        return " · ".join(each for each in said if each)[:MAX_TEXT]


def _hashed(lines: Iterable[BankLine]) -> tuple[BankLine, ...]:
    """The lines with their hashes: a line that is there twice on one day is two, whichever file says so first."""
    seen: Counter[str] = Counter()
    found = []
    for each in lines:
        # Letters and digits alone: banks write the same line with other spaces and accents from file to file.
        said = f"{each.on.isoformat()}|{each.amount}|{re.sub('[^a-z0-9]', '', folded(each.text))}"
        seen[said] += 1
        hash = hashlib.sha256(f"{said}|{seen[said]}".encode()).hexdigest()
        found.append(msgspec.structs.replace(each, hash=hash))
    return tuple(found)


def _too_large() -> Invalid:
    return refuse(
        "too_large",
        "/csv",
        f"Au plus {MAX_BYTES // 1000} ko et {MAX_LINES} lignes à la fois\u00a0: partagez le fichier.",
        f"At most {MAX_BYTES // 1000} kB and {MAX_LINES} lines at a time: split the file.",
    )


_NO_AMOUNT = Unread("amount", "Aucun montant sur cette ligne.", "There is no amount on this line.")
_BOTH = Unread("amount", "Un débit et un crédit sur la même ligne.", "A debit and a credit on the same line.")
_LATER = Unread("date", "Ce jour n’est pas encore venu.", "This day has not come yet.")
_COLUMNS = problem(
    "columns",
    "/columns",
    "Dites quelle colonne donne la date, et laquelle le montant ou ce qui est entré.",
    "Say which column has the date, and which one the amount or what came in.",
)
_DAYS = problem(
    "day_order",
    "/days",
    "Rien dans ce fichier ne dit si le jour ou le mois vient d’abord : dites-le.",
    "Nothing in this file tells whether the day or the month comes first: say so.",
)
_DECIMAL = problem(
    "decimal",
    "/decimal",
    "Rien dans ce fichier ne dit si la virgule ou le point précède les cents : dites-le.",
    "Nothing in this file tells whether a comma or a point stands before the cents: say so.",
)

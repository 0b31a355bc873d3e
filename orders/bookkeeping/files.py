"""A table as a file: CSV as the language's spreadsheets open it, or a workbook of real dates and numbers, row by row."""

import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter

from houblon.orders import csv_text
from houblon.orders.bookkeeping.tables import Cell, Table

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_PIECE = 1 << 16
_LONGEST = 32_000  # characters that a spreadsheet's cell holds


def written(table: Table, kind: str, language: str, at: datetime) -> Iterator[bytes]:
    """The table as a file of one of TYPES, piece by piece; `at` is when a workbook says that it was made."""
    if kind == "xlsx":
        return _workbook(table, at)
    is_french = language == "fr" and not table.is_for_a_program
    rows = ([_text(cell, is_french) for cell in row] for row in table.rows)
    return csv_text.pieces(table.header, rows, ";" if is_french else ",")


def _text(cell: Cell, is_french: bool) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, Decimal):
        return str(cell).replace(".", ",") if is_french else str(cell)
    return str(cell)


def _workbook(table: Table, at: datetime) -> Iterator[bytes]:
    with tempfile.TemporaryFile() as file:
        # Row by row, each written out when the next one comes: memory does not grow with the file.
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(file, {**options, "strings_to_numbers": False}) as book:
            book.set_properties({"created": at.replace(tzinfo=None), "author": "Houblon"})
            _fill(book, table)
        file.seek(0)
        while piece := file.read(_PIECE):
            yield piece


def _fill(book: Any, table: Table) -> None:
    sheet = book.add_worksheet(table.name)
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    formats = {
        Decimal: book.add_format({"num_format": "#,##0.00"}),
        datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
        date: book.add_format({"num_format": "yyyy-mm-dd"}),
    }
    sheet.freeze_panes(1, 0)
    for place, (title, width) in enumerate(zip(table.header, table.widths, strict=True)):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, title, head)
    last = 0
    for last, row in enumerate(table.rows, start=1):
        for place, cell in enumerate(row):
            _write(sheet, last, place, cell, formats)
    if last:
        sheet.autofilter(0, 0, last, len(table.header) - 1)


def _write(sheet: Any, row: int, place: int, cell: Cell, formats: dict[type, Any]) -> None:
    if cell is None or cell == "":
        return
    if isinstance(cell, str):
        sheet.write_string(row, place, cell[:_LONGEST])
    elif isinstance(cell, datetime):
        sheet.write_datetime(row, place, cell.replace(tzinfo=None), formats[datetime])
    elif isinstance(cell, date):
        sheet.write_datetime(row, place, cell, formats[date])
    elif isinstance(cell, Decimal):
        sheet.write_number(row, place, float(cell), formats[Decimal])
    else:
        sheet.write_number(row, place, cell)

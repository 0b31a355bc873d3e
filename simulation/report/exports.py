"""A report as a file: CSV of the orders that change, a workbook of all its tables, or JSON as it is kept."""

import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import xlsxwriter

from houblon.orders import csv_text
from houblon.simulation.compare.changed_orders import ChangedOrder
from houblon.simulation.report.export_tables import Cell, ReportTables, Share, Table

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}
_LONGEST = 32_000  # characters that a spreadsheet's cell holds
_WIDEST, _BESIDE_FIGURES, _NARROWEST = 60, 28, 9  # of a column, in characters
_LETTER = 1  # Excel's number for the paper


def exported(
    report: dict[str, Any],
    kind: str,
    language: str,
    zone: ZoneInfo,
    at: datetime,
    changed_orders: Iterable[ChangedOrder] | None = None,
) -> Iterator[bytes]:
    """The report as a file of one of TYPES, piece by piece; `at` is when the workbook says that it was made.

    A CSV has the orders `changed_orders`, where they are given, in the place of those that the report lists.
    """
    if kind == "json":
        yield msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"
        return
    tables = ReportTables(report, language, zone)
    if kind == "csv":
        yield from _orders_csv(tables, report["flips"] if changed_orders is None else changed_orders)
    else:
        yield workbook(tables.tables(), language, at)


def _orders_csv(tables: ReportTables, changed_orders: Iterable[ChangedOrder]) -> Iterator[bytes]:
    """The orders as a spreadsheet of the language opens them: in French, commas are decimal marks."""
    language = tables.language
    rows = ([_text(cell, language) for cell in tables.order(changed_order)] for changed_order in changed_orders)
    return csv_text.pieces(tables.orders_header(), rows, ";" if language == "fr" else ",")


def _text(cell: Cell, language: str) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="minutes")[:16]
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, Decimal):
        return str(cell).replace(".", ",") if language == "fr" else str(cell)
    return str(cell.percent) if isinstance(cell, Share) else str(cell)


def workbook(tables: Sequence[Table], language: str, at: datetime) -> bytes:
    """The tables, a sheet each: frozen headers, figures as figures, and no cell that runs."""
    file = io.BytesIO()
    # Texts stay texts, whatever they begin with.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(file, options) as book:
        book.set_properties({"created": at.replace(tzinfo=None), "author": "Houblon"})
        writer = _Writer(book, language)
        for table in tables:
            writer.write(table)
    return file.getvalue()


class _Writer:
    """Writes tables as sheets of one workbook."""

    def __init__(self, book: xlsxwriter.Workbook, language: str):
        self.book, self.language = book, language
        money = '#,##0.00\u00a0"$"' if language == "fr" else '"$"#,##0.00'
        named = {
            "money": money,
            "count": "#,##0",
            "share": "0.0\u00a0%" if language == "fr" else "0.0%",
            "day": "yyyy-mm-dd",
            "moment": "yyyy-mm-dd hh:mm",
        }
        # Excel's own default wraps nothing: reasons are long, and are read.
        self.formats = {name: book.add_format({"num_format": code, "valign": "top"}) for name, code in named.items()}
        self.formats["unbroken"] = book.add_format({"valign": "top"})
        self.formats["text"] = book.add_format({"valign": "top", "text_wrap": True})
        self.formats["beside figures"] = book.add_format({"valign": "top", "text_wrap": True, "align": "right"})
        head = {"bold": True, "bottom": 1, "bg_color": "#e9f2ea", "text_wrap": True, "valign": "top"}
        self.head, self.figures_head = book.add_format(head), book.add_format({**head, "align": "right"})

    def write(self, table: Table) -> None:
        sheet = self.book.add_worksheet(table.title)
        self._lay_out(sheet)
        for place, title in enumerate(table.header):
            cells = [row[place] for row in table.rows]
            has_figures = any(map(_is_figure, cells))
            sheet.write_string(0, place, title, self.figures_head if has_figures else self.head)
            sheet.set_column(place, place, _width(title, cells, _BESIDE_FIGURES if has_figures else _WIDEST))
            for number, cell in enumerate(cells, start=1):
                self._cell(sheet, number, place, cell, "beside figures" if has_figures else "text")
        if not table.rows:
            nothing = "Rien à montrer." if self.language == "fr" else "Nothing to show."
            sheet.write_string(1, 0, nothing, self.formats["unbroken"])
        elif table.is_searched:
            sheet.autofilter(0, 0, len(table.rows), len(table.header) - 1)

    def _lay_out(self, sheet: Any) -> None:
        """Header and first column stay in sight; on paper all columns are on one page, and pages are numbered."""
        sheet.freeze_panes(1, 1)
        sheet.set_landscape()
        sheet.set_paper(_LETTER)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.set_footer("&L&A&R&P / &N")

    def _cell(self, sheet: Any, row: int, place: int, cell: Cell, text: str) -> None:
        if cell is None:
            return
        if isinstance(cell, str):
            sheet.write_string(row, place, cell[:_LONGEST], self.formats[text])
        elif isinstance(cell, datetime):
            sheet.write_datetime(row, place, cell.replace(tzinfo=None), self.formats["moment"])
        elif isinstance(cell, date):
            sheet.write_datetime(row, place, cell, self.formats["day"])
        elif isinstance(cell, Share):
            if cell.percent is not None:
                sheet.write_number(row, place, round(cell.percent / 100, 6), self.formats["share"])
        elif isinstance(cell, Decimal):
            sheet.write_number(row, place, float(cell), self.formats["money"])
        else:
            sheet.write_number(row, place, cell, self.formats["count"])


def _is_figure(cell: Cell) -> bool:
    return isinstance(cell, int | Decimal | Share)


def _width(title: str, cells: Sequence[Cell], widest: int) -> int:
    """A column's width: that of its longest cell, within reason; an amount takes its format's marks too."""
    longest = max((_length(cell) for cell in cells), default=0)
    return min(widest, max(_NARROWEST, longest, min(len(title), 18)) + 2)


def _length(cell: Cell) -> int:
    if isinstance(cell, Decimal):
        return len(f"{cell:,.2f}") + 2
    if isinstance(cell, datetime):
        return 16
    return 10 if isinstance(cell, date) else len(str(cell)) if isinstance(cell, str | int) else 6

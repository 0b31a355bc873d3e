"""The rows of an uploaded file, one after the other, each with its number as its own program shows it.

A cell is a text, a number, true, false, or None where nothing stands; days and instants are texts, as ISO 8601
writes them. Run only where memory and time are bounded: see `upload_child`.
"""

import codecs
import csv
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, TextIO

import msgspec

from houblon.engine.core.problem import refuse
from houblon.orders.cell_values import Cell
from houblon.orders.csv_text import delimiter_of, unguarded
from houblon.simulation.files.guard import (
    CSV,
    MAX_CELL,
    MAX_COLUMNS,
    MAX_INSIDE,
    MAX_ROWS,
    ORDERS,
    WORKBOOK,
    check_workbook,
    huge_cell,
    too_many_columns,
    too_many_rows,
    too_slow,
    unreadable,
)

Row = tuple[int, list[Cell]]
_ENCODINGS = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}
_MARKS = {";": ";", ",": ",", "\t": "tab"}
_BATCH = 64  # rows of a Parquet file in memory at once: a cell may be long


class Opened(msgspec.Struct):
    """A file being read: its rows, its header where the kind has one by itself, and how it was understood."""

    rows: Iterator[Row]
    header: tuple[str, ...] | None
    details: dict[str, str]


def open_file(path: Path, kind: str) -> Opened:
    """The rows of a file. Raises Invalid, at once or while they are read, for what can't or may not be read."""
    if kind == WORKBOOK:
        check_workbook(path)
        return _workbook(path)
    if kind == CSV:
        return _csv(path)
    return _orders(path) if kind == ORDERS else _parquet(path)


def bounded(rows: Iterator[Row]) -> Iterator[Row]:
    """The rows that say something, as long as they are within the limits. Raises Invalid."""
    count = inside = 0
    for number, cells in rows:
        while cells and cells[-1] is None:
            cells.pop()
        if not cells:
            continue
        count += 1
        if count > MAX_ROWS + 1:
            raise too_many_rows()
        if len(cells) > MAX_COLUMNS:
            raise too_many_columns()
        for cell in cells:
            if isinstance(cell, str):
                if len(cell) > MAX_CELL:
                    raise huge_cell(number)
                inside += len(cell)
        if inside > MAX_INSIDE // 2:
            raise too_slow()
        yield number, cells


def _text(path: Path) -> tuple[TextIO, str]:
    """The file as text, and its encoding's name. Raises Invalid for what is no text."""
    encoding = _encoding(path)
    errors = "replace" if encoding == "cp1252" else "strict"
    file = path.open(encoding=encoding, errors=errors, newline="")
    return file, _ENCODINGS.get(encoding, "Windows-1252")


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(1 << 16)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if b"\0" in start:
            half = len(start) // 2
            zeros = (start[0::2].count(0), start[1::2].count(0))
            if max(zeros) * 2 > half and min(zeros) * 10 < half:
                return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
            raise refuse("text", "/file", "Ce fichier n’est pas un texte.", "This file is not text.")
        decoder = codecs.getincrementaldecoder("utf-8")()
        piece = start
        try:
            while piece:
                decoder.decode(piece)
                piece = file.read(1 << 20)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"


def _csv(path: Path) -> Opened:
    file, encoding = _text(path)
    try:
        start = file.read(1 << 16)
    except UnicodeError:
        raise unreadable() from None
    file.seek(0)
    delimiter = delimiter_of(start)
    return Opened(_csv_rows(file, delimiter), None, {"encoding": encoding, "delimiter": _MARKS[delimiter]})


def _csv_rows(file: TextIO, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(MAX_CELL)
    with file:
        reader = csv.reader(_lines(file), delimiter=delimiter, strict=True)
        before = 0
        try:
            for cells in reader:
                yield before + 1, [unguarded(cell.strip()) or None for cell in cells]
                before = reader.line_num
        except csv.Error as fault:
            if "field larger" in str(fault):
                raise huge_cell(before + 1) from None
            raise refuse(
                "csv",
                "/file",
                f"La ligne {before + 1} ne se lit pas\u00a0: un guillemet y manque peut-être.",
                f"Line {before + 1} can't be read: a quotation mark may be missing.",
            ) from None
        except UnicodeError:
            raise unreadable() from None


def _lines(file: TextIO) -> Iterator[str]:
    """The lines of a text; none is read whole when it is longer than any line may be."""
    while line := file.readline(MAX_CELL * 2):
        if len(line) >= MAX_CELL * 2:
            raise huge_cell()
        if "\0" in line:
            raise refuse("text", "/file", "Ce fichier n’est pas un texte.", "This file is not text.")
        yield line


def _orders(path: Path) -> Opened:
    file, encoding = _text(path)
    return Opened(_order_rows(file), (), {"encoding": encoding})


def _order_rows(file: TextIO) -> Iterator[Row]:
    with file:
        try:
            for number, line in enumerate(_lines(file), start=1):
                yield number, [line.strip() or None]
        except UnicodeError:
            raise unreadable() from None


def _workbook(path: Path) -> Opened:
    from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

    try:
        workbook = CalamineWorkbook.from_path(str(path))
        names = [each.name for each in workbook.sheets_metadata if each.visible == SheetVisibleEnum.Visible]
        for name in names:
            sheet = workbook.get_sheet_by_name(name)
            if sheet.height:
                return Opened(_sheet_rows(sheet), None, {"sheet": name})
    except (CalamineError, ValueError, OSError):
        raise unreadable() from None
    raise refuse("empty", "/file", "Aucune feuille visible ne dit rien.", "No visible sheet says anything.")


def _sheet_rows(sheet: Any) -> Iterator[Row]:
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        yield number, [_plain(cell) for cell in cells]


def _plain(cell: Any) -> Cell:
    if isinstance(cell, str):
        return cell.strip() or None
    if isinstance(cell, bool | int) or cell is None:
        return cell
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() and abs(cell) < 1e15 else cell if cell - cell == 0 else None
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return str(cell) if isinstance(cell, timedelta) else None


def _parquet(path: Path) -> Opened:
    import duckdb

    from houblon.simulation.facts.sheet import connect

    file = str(path).replace("'", "''")
    connection = connect(memory="160MB", threads=1)
    try:
        # The footer's own figures first: they are read without any of the pages.
        figures = connection.execute(
            "SELECT count(*), sum(total_uncompressed_size), max(total_uncompressed_size), min(total_compressed_size) "
            f"FROM parquet_metadata('{file}')"
        ).fetchone()
        rows = connection.execute(f"SELECT num_rows FROM parquet_file_metadata('{file}')").fetchone()
        if rows is None or figures is None or not 0 <= rows[0] <= MAX_ROWS:
            raise too_many_rows()
        if (figures[1] or 0) > MAX_INSIDE or (figures[3] or 0) < 0 or (figures[2] or 0) < 0:
            raise too_slow()
        columns = connection.execute(f"SELECT * FROM read_parquet('{file}') LIMIT 0").description or []
        if len(columns) > MAX_COLUMNS:
            raise too_many_columns()
        names = tuple(str(column[0]) for column in columns)
        texts = [_as_text(each[0], str(each[1])) for each in columns]
        lengths = ", ".join(f"max(strlen({text}))" for text in texts)
        totals = " + ".join(f"coalesce(sum(strlen({text})), 0)" for text in texts)
        *longest, total = connection.execute(f"SELECT {lengths}, {totals} FROM read_parquet('{file}')").fetchone() or (
            0,
        )
        if max((each or 0 for each in longest), default=0) > MAX_CELL:
            raise huge_cell()
        if total > MAX_INSIDE // 2:
            raise too_slow()
        found = connection.execute(f"SELECT {', '.join(texts)} FROM read_parquet('{file}')")
    except (duckdb.Error, ValueError, OverflowError) as fault:
        connection.close()
        raise _of_duckdb(fault) from None
    return Opened(_parquet_rows(found), names, {})


def _parquet_rows(found: Any) -> Iterator[Row]:
    import duckdb

    number = 0
    try:
        while rows := found.fetchmany(_BATCH):
            for cells in rows:
                number += 1
                yield number, [cell.strip() or None if isinstance(cell, str) else cell for cell in cells]
    except (duckdb.Error, ValueError, OverflowError) as fault:
        raise _of_duckdb(fault) from None


def _of_duckdb(fault: Exception) -> Exception:
    from duckdb import OutOfMemoryException

    if isinstance(fault, OutOfMemoryException):
        return too_slow()
    return fault if hasattr(fault, "problems") else unreadable()


def _as_text(name: str, kind: str) -> str:
    """A column as text: what is nested as JSON, the rest as DuckDB writes it."""
    quoted = '"' + name.replace('"', '""') + '"'
    if kind.upper().startswith(("STRUCT", "MAP")) or kind.endswith("]") or kind.lower() in ("list", "dict"):
        return f"to_json({quoted})::VARCHAR"
    return f"{quoted}::VARCHAR"

"""A file that was downloaded is what its name says: opened by what people would open it with."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from lxml import etree
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from tests.walk.visitor import Answer

_PICTURES = {"png": b"\x89PNG", "jpg": b"\xff\xd8", "ico": b"\x00\x00\x01\x00", "woff2": b"wOF2"}
_KINDS = {
    "pdf": {"application/pdf"},
    "csv": {"text/csv"},
    "json": {"application/json"},
    "jsonl": {"application/jsonl", "application/x-ndjson"},
    "xlsx": {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    "svg": {"image/svg+xml"},
    "css": {"text/css"},
    "js": {"text/javascript", "application/javascript"},
}


def name_of(answer: Answer) -> str:
    """The name it is saved under: what the server says, or the end of its address."""
    said = answer.headers.get("content-disposition", "")
    if "filename=" in said:
        return said.split("filename=", 1)[1].split(";")[0].strip('" ')
    return urlsplit(answer.address).path.rpartition("/")[2]


def ending(answer: Answer) -> str:
    return name_of(answer).rpartition(".")[2].lower() if "." in name_of(answer) else ""


def faults(answer: Answer) -> Iterator[str]:
    """What keeps a file from being of its kind."""
    end = ending(answer)
    if not answer.body:
        # A line for each entry: where nothing answers the filters, there is none.
        if end != "jsonl":
            yield "is empty"
        return
    if end in _KINDS and answer.kind not in _KINDS[end]:
        yield f"is called {name_of(answer)} and sent as {answer.kind}"
    try:
        if end in _PICTURES:
            assert answer.body.startswith(_PICTURES[end]), "does not begin as its kind does"
        elif end in _OPENED:
            _OPENED[end](answer.body)
        elif answer.kind == "application/json":
            json.loads(answer.body)
        elif answer.kind not in ("text/plain",):
            yield f"{name_of(answer) or 'what came'} is of a kind that nobody checks: {answer.kind}"
    except Exception as fault:  # whatever a reader says of it
        yield f"{name_of(answer)} can't be opened: {type(fault).__name__}: {str(fault)[:200]}"


def text_of_pdf(body: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(body), strict=True).pages)


def _pdf(body: bytes) -> None:
    said = text_of_pdf(body)
    assert len(said.split()) > 20, f"says only {said!r}"
    assert "$" in said, "names no amount"


def _csv(body: bytes) -> None:
    text = body.decode("utf-8-sig")
    first = text.partition("\n")[0]
    rows = list(
        csv.reader(io.StringIO(text), delimiter=";" if first.count(";") > first.count(",") else ",", strict=True)
    )
    assert rows and all(rows[0]), "has no header"
    uneven = [number for number, row in enumerate(rows, 1) if len(row) != len(rows[0])]
    assert not uneven, f"lines {uneven[:5]} have another number of columns"


def _workbook(body: bytes) -> None:
    book = CalamineWorkbook.from_filelike(io.BytesIO(body))
    assert book.sheet_names, "has no sheet"
    for name in book.sheet_names:
        assert any(any(row) for row in book.get_sheet_by_name(name).to_python()), f"sheet {name} is empty"


def _json_lines(body: bytes) -> None:
    for line in body.decode().splitlines():
        json.loads(line)


_OPENED: dict[str, Callable[[bytes], object]] = {
    "pdf": _pdf,
    "csv": _csv,
    "xlsx": _workbook,
    "json": json.loads,
    "jsonl": _json_lines,
    "svg": etree.fromstring,
    "css": lambda body: body.decode(),
    "js": lambda body: body.decode(),
}

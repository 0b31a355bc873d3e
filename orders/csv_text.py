"""CSV as spreadsheets write and read it: words compared, delimiters guessed, formulas disarmed."""

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from houblon.engine.core.problem import refuse

DELIMITERS = ";\t,"
_LOOKED_AT = 20  # lines
COMPARED = 1_000  # characters of a header or name that are looked at
_SHORTEST_WIDE = 8  # bytes
_PIECE = 1 << 16  # characters
# What a spreadsheet would run as a formula.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
# An amount below zero is none.
_AMOUNT = re.compile(r"-\d{1,18}([.,]\d{1,6})?", re.ASCII)

# Excel's own first line, which says what parts the cells.
_SAID_MARK = re.compile(r"sep=([;,\t|])[;,\t ]*\n", re.IGNORECASE)


def decoded(data: bytes) -> str:
    """The text of a file: UTF-16 with its mark or its many zeros, UTF-8 with or without its mark, else Windows-1252."""
    wide = _wide_encoding(data)
    if wide is not None:
        return data.decode(wide, errors="replace").removeprefix("\ufeff")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Windows-1252 leaves five bytes undefined; Latin-1 has them as control characters.
        return data.decode("cp1252", errors="replace")


def _wide_encoding(data: bytes) -> str | None:
    """How two bytes make a letter, where they do: what spreadsheets save as « Unicode text »."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    first, second = data[:200:2], data[1:200:2]
    if len(data) % 2 or len(data) < _SHORTEST_WIDE:
        return None
    for zeros, letters, encoding in ((second, first, "utf-16-le"), (first, second, "utf-16-be")):
        if 0 not in letters and zeros.count(0) * 3 > len(zeros):
            return encoding
    return None


def table_of(text: str, most_columns: int, pointer: str = "/fichier") -> Iterator[tuple[int, tuple[str, ...]]]:
    """The rows of a text that say something, each with its line in the file. Raises Invalid for what is no CSV."""
    if "\0" in text:
        raise refuse("text", pointer, "Ce fichier n’est pas un texte CSV.", "This file is not CSV text.")
    text = "\n".join(text.splitlines())
    said = _SAID_MARK.match(text)
    if said:  # for Excel, which shows it nowhere; the line counts still
        text = "\n" + text[said.end() :]
    reader = csv.reader(io.StringIO(text), delimiter=said[1] if said else delimiter_of(text), strict=True)
    try:
        for cells in reader:
            kept = tuple(unguarded(cell.strip()) for cell in cells[:most_columns])
            if any(kept):
                yield reader.line_num, kept
    except csv.Error:
        line = reader.line_num
        raise refuse(
            "csv",
            pointer,
            f"La ligne {line} ne se lit pas\u00a0: un guillemet y manque peut-être.",
            f"Line {line} can't be read: a quotation mark may be missing.",
        ) from None


def folded(text: str) -> str:
    """The text without accents, case and superfluous spaces: what two headers or names are compared by."""
    # As much as any name has: accents in a long row take quadratic time.
    plain = unicodedata.normalize("NFKD", text[:COMPARED]).casefold()
    return " ".join("".join(each for each in plain if not unicodedata.combining(each)).split())


def word(header: str) -> str:
    """A column's header as one word: « Nº de commande » → `no_de_commande`."""
    return re.sub(r"[^a-z0-9]+", "_", folded(header)).strip("_")


def delimiter_of(text: str) -> str:
    """What parts the cells: the mark that most of the first lines have as often; a comma where there is none.

    A title above the table, or decimal commas in it, do not mislead.
    """
    lines = [line for line in re.sub(r'"[^"]*"', "", text).splitlines() if line.strip()][:_LOOKED_AT]

    def agreement(mark: str) -> tuple[int, int]:
        counts = Counter(line.count(mark) for line in lines if mark in line)
        return max(counts.values(), default=0), sum(count * times for count, times in counts.items())

    return max(DELIMITERS, key=agreement) if any(mark in line for mark in DELIMITERS for line in lines) else ","


def guarded(cell: str) -> str:
    """The cell behind an apostrophe where a spreadsheet would run it."""
    return f"'{cell}" if _FORMULA.match(cell) and not _AMOUNT.fullmatch(cell) else cell


def unguarded(cell: str) -> str:
    """The cell as it was before `guarded`."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell


def written(header: Sequence[str], rows: Iterable[Sequence[str]], delimiter: str) -> bytes:
    """The rows as a CSV file that a spreadsheet opens as it is and runs nothing of: UTF-8 with its mark."""
    return b"".join(pieces(header, rows, delimiter))


def pieces(header: Sequence[str], rows: Iterable[Sequence[str]], delimiter: str) -> Iterator[bytes]:
    """The same file piece by piece, as the rows come."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(header)
    yield b"\xef\xbb\xbf"
    for row in rows:
        writer.writerow([guarded(cell) for cell in row])
        if file.tell() > _PIECE:
            yield _taken(file)
    yield _taken(file)


def _taken(file: io.StringIO) -> bytes:
    text = file.getvalue()
    file.seek(0)
    file.truncate()
    return text.encode()

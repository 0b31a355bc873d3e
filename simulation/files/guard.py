"""What an uploaded file is, by its first bytes, and whether it is safe to open: nothing is unpacked to find out.

A bomb is small outside and endless inside. Its members are counted as they are inflated, a few at a time, and the
count stops at the limits; no reader of spreadsheets or of Parquet sees a file before it has passed here.
"""

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from houblon.engine.conditions.figures import number_text
from houblon.engine.core.problem import Invalid, refuse

MAX_BYTES = 25_000_000  # of the file
MAX_INSIDE = 160_000_000  # of what it holds, unpacked
MAX_ROWS = 200_000
MAX_COLUMNS = 200
MAX_CELL = 1_000_000  # characters
MAX_RATIO, RATIO_FROM = 150, 8_000_000  # unpacked to packed, of members larger than so many bytes
MAX_MEMBERS = 2_000
_PIECE = 1 << 18
_ZIPS = (b"PK\x03\x04", b"PK\x05\x06")
_ARCHIVES = (*_ZIPS, b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"Rar!", b"BZh", b"\xfd7zXZ")
CSV, WORKBOOK, ORDERS, PARQUET = "csv", "xlsx", "jsonl", "parquet"


def kind_of(path: Path) -> str:
    """CSV, WORKBOOK, ORDERS or PARQUET, whatever the file's name. Raises Invalid for what is none of them."""
    with path.open("rb") as file:
        start = file.read(4096)
    if not start.strip():
        raise refuse("empty", "/file", "Ce fichier est vide.", "This file is empty.")
    if start.startswith(b"PAR1"):
        return PARQUET
    if start.startswith(_ZIPS):
        return WORKBOOK
    if start.startswith((*_ARCHIVES, b"\xd0\xcf\x11\xe0", b"%PDF")):
        raise not_a_table()
    plain = start.removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").replace(b"\0", b"").lstrip()
    return ORDERS if plain.startswith(b"{") else CSV


def check_workbook(path: Path) -> None:
    """Raises Invalid unless the file is a workbook whose every member stays within the limits."""
    size = path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            names = {each.filename for each in members}
            if len(members) > MAX_MEMBERS:
                raise a_bomb()
            if "xl/workbook.xml" not in names:
                raise not_a_table()
            # Members that overlap say more than the file can hold.
            if sum(each.compress_size for each in members) > size:
                raise a_bomb()
            inside = 0
            for member in members:
                if member.flag_bits & 1:
                    raise not_a_table()
                inside += _check_member(archive, member, MAX_INSIDE - inside)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError) as fault:
        if isinstance(fault, Invalid):
            raise
        raise unreadable() from None


def _check_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, room: int) -> int:
    """The bytes that a member really holds. Raises Invalid past `room` and past what a sheet may say."""
    is_sheet = member.filename.startswith("xl/worksheets/")
    is_xml = member.filename.endswith((".xml", ".rels"))
    seen = rows = quiet = 0
    tail = b""
    for piece in _pieces(archive, member):
        if not seen and piece.startswith(_ARCHIVES):
            raise a_bomb()
        seen += len(piece)
        if seen > room or (seen > RATIO_FROM and seen > MAX_RATIO * max(1, member.compress_size)):
            raise a_bomb()
        if not is_xml:
            continue
        joined = tail + piece
        if b"<!DOCTYPE" in joined or b"<!ENTITY" in joined:
            raise refuse(
                "entities",
                "/file",
                "Ce classeur déclare des entités XML\u00a0: enregistrez-le de nouveau depuis votre tableur.",
                "This workbook declares XML entities: save it again from your spreadsheet.",
            )
        # Text that no tag interrupts is one cell.
        last = joined.rfind(b"<")
        quiet = quiet + len(piece) if last < len(tail) else len(joined) - last
        if quiet > 4 * MAX_CELL:
            raise huge_cell()
        if is_sheet:
            rows += joined.count(b"<row") - tail.count(b"<row")
            if rows > MAX_ROWS + 100:
                raise too_many_rows()
        tail = joined[-16:]
    return seen


def _pieces(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(member) as file:
        while piece := file.read(_PIECE):
            yield piece


def not_a_table() -> Invalid:
    return refuse(
        "kind",
        "/file",
        "Ce fichier n’est ni un CSV, ni un classeur .xlsx, ni des lignes JSON, ni un Parquet.",
        "This file is no CSV, no .xlsx workbook, no JSON Lines and no Parquet.",
    )


def unreadable() -> Invalid:
    return refuse(
        "unreadable",
        "/file",
        "Ce fichier est abîmé ou n’est pas ce que dit son en-tête\u00a0: enregistrez-le de nouveau.",
        "This file is damaged or is not what its head says: save it again.",
    )


def a_bomb() -> Invalid:
    return refuse(
        "bomb",
        "/file",
        "Ce fichier contient bien plus qu’il ne montre (archive dans une archive, ou compression démesurée)\u00a0: "
        "il n’est pas ouvert.",
        "This file holds far more than it shows (an archive in an archive, or outsized compression): it is not opened.",
    )


def too_many_rows() -> Invalid:
    most = number_text(MAX_ROWS)
    return refuse(
        "too_many_rows",
        "/file",
        f"Au plus {most.fr} lignes à la fois\u00a0: partagez le fichier, ou prenez les commandes reçues.",
        f"At most {most.en} rows at a time: split the file, or take the orders received.",
    )


def too_many_columns() -> Invalid:
    return refuse("too_many_columns", "/file", f"Au plus {MAX_COLUMNS} colonnes.", f"At most {MAX_COLUMNS} columns.")


def huge_cell(row: int | None = None) -> Invalid:
    where_fr, where_en = ("", "") if row is None else (f" (ligne {row})", f" (line {row})")
    most = number_text(MAX_CELL)
    return refuse(
        "huge_cell",
        "/file",
        f"Une cellule dépasse {most.fr} caractères{where_fr}\u00a0: un guillemet y manque peut-être.",
        f"A cell is over {most.en} characters{where_en}: a quotation mark may be missing.",
    )


def too_large() -> Invalid:
    most = MAX_BYTES // 1_000_000
    return refuse(
        "too_large",
        "/file",
        f"Au plus {most} Mo à la fois\u00a0: partagez le fichier.",
        f"At most {most} MB at a time: split the file.",
    )


def too_slow() -> Invalid:
    return refuse(
        "too_heavy",
        "/file",
        "Ce fichier demande trop de temps ou de mémoire pour être lu\u00a0: partagez-le, ou donnez-le en CSV.",
        "This file takes too much time or memory to be read: split it, or give it as CSV.",
    )

"""Files that are small outside and endless inside, or that lie about themselves; built when a test runs."""

import io
import struct
import zipfile
import zlib
from pathlib import Path

import duckdb

_TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
_WORKBOOK = (
    '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="A" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
_ROOT = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Target="xl/workbook.xml" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>'
)
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Target="worksheets/sheet1.xml" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"/>'
    '<Relationship Id="rId2" Target="sharedStrings.xml" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"/></Relationships>'
)
_SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)


def workbook(path: Path, sheet=None, **members):
    """A workbook of one sheet, given as pieces of text, with further members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _ROOT)
        archive.writestr("xl/workbook.xml", _WORKBOOK)
        archive.writestr("xl/_rels/workbook.xml.rels", _RELATIONS)
        for name, body in members.items():
            archive.writestr(f"xl/{name.replace('__', '/')}", body)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as file:
            before, after = _SHEET.split("{}")
            file.write(before.encode())
            for piece in sheet or ():
                file.write(piece)
            file.write(after.encode())


def nested_zip(path):
    inside = io.BytesIO()
    with zipfile.ZipFile(inside, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(50_000_000))
    workbook(path, embeddings__encore=inside.getvalue())


def zip_of_zips(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(16):
            inside = io.BytesIO()
            with zipfile.ZipFile(inside, "w", zipfile.ZIP_DEFLATED) as nested:
                nested.writestr("zeros", bytes(10_000_000))
            archive.writestr(f"{number}.zip", inside.getvalue())


def ratio(path):
    workbook(path, (b" " * 1_000_000 for _ in range(400)))


def lying_sizes(path):
    """A member that says it holds nothing."""
    workbook(path, (b" " * 1_000_000 for _ in range(300)))
    body = bytearray(path.read_bytes())
    at = body.rfind(b"PK\x01\x02")
    struct.pack_into("<I", body, at + 24, 10)
    path.write_bytes(body)


def overlapping(path):
    """Many members that share the same bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", _WORKBOOK)
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 30_000_000)
        last = archive.infolist()[-1]
        for number in range(500):
            again = zipfile.ZipInfo(f"xl/worksheets/sheet{number + 2}.xml")
            for name in ("compress_type", "header_offset", "CRC", "compress_size", "file_size"):
                setattr(again, name, getattr(last, name))
            archive.filelist.append(again)
            archive.NameToInfo[again.filename] = again
        archive._didModify = True


def many_rows(path):
    row = b'<row><c t="n"><v>1</v></c><c t="n"><v>2</v></c></row>' * 10_000
    workbook(path, (row for _ in range(200)))


def many_csv_rows(path):
    path.write_bytes(b"commande;date;total\n" + b"1;2;3\n" * 2_000_000)


def huge_cell(path):
    strings = b"<sst><si><t>" + b"x" * 40_000_000 + b"</t></si></sst>"
    workbook(path, [b'<row r="1"><c r="A1" t="s"><v>0</v></c></row>'], **{"sharedStrings.xml": strings})


def repeated_cell(path):
    """One long text that a hundred thousand cells share."""
    strings = b"<sst><si><t>" + bytes(zlib.crc32(b"%d" % n) % 26 + 97 for n in range(900_000)) + b"</t></si></sst>"
    row = b'<row><c t="s"><v>0</v></c></row>' * 1_000
    workbook(path, (row for _ in range(100)), **{"sharedStrings.xml": strings})


def far_cell(path):
    """Two cells, at the two ends of the largest sheet there is."""
    workbook(
        path,
        [b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'],
    )


def huge_csv_cell(path):
    path.write_bytes(b'commande;date;total\n"' + b"x" * 20_000_000)


def one_line(path):
    path.write_bytes(b"x" * 20_000_000)


def entities(path):
    names = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    strings = f'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a0 "lol">{names}]><sst><si><t>&a11;</t></si></sst>'
    workbook(path, [b'<row r="1"><c r="A1" t="s"><v>0</v></c></row>'], **{"sharedStrings.xml": strings})


def deep_json(path):
    path.write_bytes(b'{"a":' * 3_000_000)


def deep_json_lines(path):
    line = b'{"id": "1", "lines": ' + b"[" * 200_000 + b"]" * 200_000 + b"}\n"
    path.write_bytes(line * 40)


def many_json_lines(path):
    path.write_bytes(b"{}\n" * 2_000_000)


def _parquet(path, query):
    duckdb.connect().execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")


def many_parquet_rows(path):
    _parquet(path, "SELECT 'a' AS commande, 1 AS total FROM range(2000000)")


def parquet_dictionary(path):
    """One long text, said twenty thousand times in a few kilobytes."""
    _parquet(path, "SELECT repeat('x', 50000) AS commande FROM range(20000)")


def lying_footer_length(path):
    _parquet(path, "SELECT 'a' AS commande FROM range(10)")
    body = bytearray(path.read_bytes())
    struct.pack_into("<I", body, len(body) - 8, 0x7FFFFFFF)
    path.write_bytes(body)


def lying_footer(path):
    """A footer whose counts and sizes are random; each is tried as it comes."""
    _parquet(path, "SELECT i AS commande, i * 2 AS total FROM range(1000) t(i)")
    body = bytearray(path.read_bytes())
    size = struct.unpack_from("<I", body, len(body) - 8)[0]
    for place in range(len(body) - 8 - size, len(body) - 8, 7):
        body[place] ^= 0xFF
    path.write_bytes(body)


def lying_rows(path):
    """Ten rows that the footer calls a thousand million."""
    _parquet(path, "SELECT 'a' AS commande FROM range(77)")
    body = path.read_bytes()
    count = b"\x16" + bytes([77 * 2 & 0x7F | 0x80, 77 * 2 >> 7])  # a thrift i64, zigzag: 77
    assert body.count(count) >= 1
    path.write_bytes(body.replace(count, b"\x16\xfe\xff\xff\xff\x0f"[: len(count)]))


BOMBS = {
    each.__name__: each
    for each in (
        nested_zip,
        zip_of_zips,
        ratio,
        lying_sizes,
        overlapping,
        many_rows,
        many_csv_rows,
        huge_cell,
        repeated_cell,
        far_cell,
        huge_csv_cell,
        one_line,
        entities,
        deep_json,
        many_json_lines,
        many_parquet_rows,
        parquet_dictionary,
        lying_footer_length,
        lying_footer,
        lying_rows,
    )
}

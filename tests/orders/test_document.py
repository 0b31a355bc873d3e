"""The printed document: a PDF of every invoice and credit note, at any instant."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from orders import lifecycle, tables
from orders.document import pdf
from tests.orders.desks import make_desk, rows, send

MONTREAL = ZoneInfo("America/Toronto")
INSTANTS = [
    datetime(2021, 5, 13, 2, 7, 31, 734501, UTC),  # the evening before in Montréal
    datetime(2021, 5, 12, 22, 7, 31, 999999, MONTREAL),
    datetime(2021, 11, 7, 1, 30, 0, 1, MONTREAL, fold=1),  # the hour that comes twice
    datetime(2024, 2, 29, 23, 59, 59, tzinfo=MONTREAL),
]


def written_at(document: bytes) -> bytes:
    [instant] = re.findall(rb"/CreationDate\(D:(\d{14})Z\)", document)
    return instant


@pytest.mark.parametrize("at", INSTANTS, ids=str)
def test_an_invoice_and_its_credit_note_have_a_pdf_at_any_instant(tmp_path, at):
    desk = make_desk(tmp_path)
    send(desk, at=at)
    lifecycle.cancel(desk, 1, was="accepted", by="anne", at=at, why="")
    issued, credited = rows(desk, tables.invoices)
    desk.ledger.close()
    for row in (issued, credited):
        printed = pdf(row.document)
        assert printed.startswith(b"%PDF-") and printed == pdf(row.document)
        assert written_at(printed).decode() == at.astimezone(UTC).strftime("%Y%m%d%H%M%S")

"""The printed document: a PDF of every invoice and credit note, at any instant."""

import re
from datetime import UTC

from houblon.orders.db import tables
from houblon.orders.handling import lifecycle
from houblon.orders.invoicing.document import pdf
from tests.orders.services import make_services, rows, send


def written_at(document: bytes) -> bytes:
    [instant] = re.findall(rb"/CreationDate\(D:(\d{14})Z\)", document)
    return instant


def test_an_invoice_and_its_credit_note_have_a_pdf_at_any_instant(tmp_path, moment):
    services = make_services(tmp_path)
    send(services, at=moment)
    lifecycle.cancel(services, 1, was="accepted", by="anne", at=moment, why="")
    issued, credited = rows(services, tables.invoices)
    services.ledger.close()
    for row in (issued, credited):
        printed = pdf(row.document)
        assert printed.startswith(b"%PDF-") and printed == pdf(row.document)
        assert written_at(printed).decode() == moment.astimezone(UTC).strftime("%Y%m%d%H%M%S")

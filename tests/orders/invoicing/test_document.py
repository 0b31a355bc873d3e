"""The printed document: a PDF of every invoice and credit note, at any instant."""

import re
from datetime import UTC

import pytest

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


def test_a_text_that_the_library_panics_over_is_an_error_and_the_next_invoice_is_drawn(tmp_path):
    services = make_services(tmp_path)
    send(services)
    [issued] = rows(services, tables.invoices)
    services.ledger.close()
    line = issued.document["lines"][0]

    def with_name(name):
        return {**issued.document, "lines": [{**line, "name": name}]}

    # Orders of before names had a length may hold such a one; 300 characters are what one may have.
    with pytest.raises(RuntimeError):
        pdf(with_name("a" + "\u0301" * 131_000))
    assert pdf(with_name("a" + "\u0301" * 299)).startswith(b"%PDF-")
    assert pdf(issued.document).startswith(b"%PDF-")

"""The files that come out: a CSV as spreadsheets of its language open it, a workbook of dates and numbers, neither run."""

import csv
import io
from datetime import date, datetime
from decimal import Decimal

import pytest
from python_calamine import CalamineWorkbook

from houblon.orders.bookkeeping import entries
from houblon.orders.bookkeeping.accounts import Accounts
from houblon.orders.bookkeeping.files import written
from houblon.orders.bookkeeping.period import Period
from houblon.orders.bookkeeping.tables import TABLES, Books, Table, table_of
from houblon.orders.db import tables
from houblon.orders.invoicing import payments
from houblon.orders.invoicing.payments import Payment
from tests.clock import NOW, day_of
from tests.orders.bookkeeping.years import ZONE
from tests.orders.services import later, make_services, order_body, rows, send

DAY = day_of(NOW)
PERIOD = Period(date(2021, 5, 1), date(2021, 6, 1))


@pytest.fixture
def services(tmp_path):
    made = make_services(tmp_path)
    buyer = {"id": "d-1", "name": '=HYPERLINK("http://x")', "province": "QC"}
    lines = [
        {"sku": "BLO-50", "quantity": 30, "unit_price": "250.00", "deposit": "50.00", "deposit_taxable": True},
        {"sku": "@SUM(1)", "quantity": 24, "unit_price": "54.00", "deposit": "2.40", "discount": "1.01"},
    ]
    send(made, order_body(buyer=buyer, lines=lines))
    paid = payments.pay(made, 1, Payment(10_001, DAY, "+1", "cheque"), by="anne", at=later(hours=1))
    payments.reverse(made, 1, paid.key, by="anne", at=later(hours=2), why="-sans provision")
    yield made
    made.ledger.close()


def file_of(services, name, kind, language="fr"):
    books = Books(services.ledger, Accounts(), ZONE, language, PERIOD)
    return b"".join(written(table_of(books, name), kind, language, NOW))


def read(content, delimiter):
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter, strict=True))


def test_a_csv_is_as_spreadsheets_of_its_language_open_it(services):
    header, row = read(file_of(services, "invoices", "csv"), ";")
    found = dict(zip(header, row, strict=True))
    assert found["Date"] == DAY.isoformat() and found["Pièce"] == "Facture"
    assert (found["Consignes taxables"], found["Consignes"]) == ("1500,00", "57,60")
    [row] = rows(services, tables.invoices)
    assert found["Total"] == f"{row.total // 100},{row.total % 100:02d}"
    english = dict(zip(*read(file_of(services, "invoices", "csv", "en"), ","), strict=True))
    assert english["Taxable deposits"] == "1500.00" and english["Document"] == "Invoice"


def test_amounts_below_zero_are_amounts_and_what_would_run_is_text(services):
    header, paid, reversed_one = read(file_of(services, "payments", "csv"), ";")
    assert (paid[header.index("Montant")], reversed_one[header.index("Montant")]) == ("100,01", "-100,01")
    assert reversed_one[header.index("Raison")] == "'-sans provision"
    assert paid[header.index("Référence")] == "'+1"
    assert paid[header.index("Détaillant")] == '\'=HYPERLINK("http://x")'
    assert reversed_one[header.index("Annule")] == paid[header.index("Numéro")] == "P-1"


@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_quickbooks_reads_is_the_same_in_every_language_but_for_its_words(services, language):
    header, *lines = read(file_of(services, "quickbooks", "csv", language), ",")
    assert header[:4] == ["*InvoiceNo", "*Customer", "*InvoiceDate", "*DueDate"]
    amounts = [line[header.index("*ItemAmount")] for line in lines]
    assert amounts == ["7500.00", "1296.00", "-1.01", "1500.00", "57.60"]
    codes = [line[header.index("*ItemTaxCode")] for line in lines]
    assert codes == ["GST/QST QC"] * 4 + ["Out of scope"]
    assert [line[7] for line in lines][1] == "'@SUM(1)"


@pytest.mark.parametrize("name", TABLES)
def test_a_workbook_has_the_same_rows_with_real_dates_and_numbers(services, name):
    books = Books(services.ledger, Accounts(), ZONE, "fr", PERIOD)
    table = table_of(books, name)
    wanted, content = list(table.rows), file_of(services, name, "xlsx")
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    header, *found = book.get_sheet_by_index(0).to_python()
    assert tuple(header) == table.header and len(found) == len(wanted) > 0
    for row, cells in zip(found, wanted, strict=True):
        for cell, asked in zip([*row, *[""] * len(cells)], cells, strict=False):
            if asked is None or asked == "":
                assert cell == ""
            elif isinstance(asked, datetime):
                assert isinstance(cell, datetime) and abs(cell - asked.replace(tzinfo=None)).total_seconds() < 1
            elif isinstance(asked, date):
                assert cell == asked and isinstance(cell, date)
            elif isinstance(asked, Decimal | int):
                assert isinstance(cell, float) and Decimal(repr(cell)).quantize(Decimal("0.01")) == asked
            else:
                assert cell == asked


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_rows_are_written_as_they_are_read(kind, tmp_path):
    """What a file of many rows holds in memory does not grow with them."""
    import tracemalloc

    def peak(count):
        cells = (("x" * 50, Decimal("1.00"), DAY) for _ in range(count))
        tracemalloc.start()
        for _ in written(Table("Feuille", ("a", "b", "c"), (10, 10, 10), cells), kind, "fr", NOW):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)  # what is made once
    assert peak(8_000) < 2 * peak(1_000) + 400_000


def test_a_period_is_read_a_few_hundred_at_a_time(services, monkeypatch):
    monkeypatch.setattr(entries, "_CHUNK", 1)
    for number in range(2, 6):
        send(services, order_body(f"PO-{number}"), at=later(minutes=number))
    found = [row.number for row in entries.papers_of(services.ledger, PERIOD)]
    assert found == [row.number for row in rows(services, tables.invoices)]

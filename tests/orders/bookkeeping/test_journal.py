"""Whatever becomes of invoices: the journal has every act once, balanced, and comes to what the ledger and pages say."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest

from houblon.orders.bookkeeping.accounts import Account, Accounts
from houblon.orders.bookkeeping.journal import KINDS, journal_of
from houblon.orders.bookkeeping.period import Period, last_month, period_of
from houblon.orders.bookkeeping.postings import is_balanced, postings_of
from houblon.orders.bookkeeping.tables import TABLES, Books, table_of
from houblon.orders.bookkeeping.totals import Balance, totals_of
from houblon.orders.db import tables
from houblon.orders.invoicing import payments
from houblon.orders.invoicing.applied_credits import apply_credit
from houblon.orders.invoicing.payments import Payment
from houblon.orders.invoicing.transitions import balance_of
from houblon.orders.queries import receivables
from houblon.orders.queries.lists import OWED
from houblon.orders.queries.sums import sums_that_differ
from tests.clock import NOW, day_of
from tests.orders.bookkeeping.years import ZONE, lived
from tests.orders.handling.lives import make_lives, play
from tests.orders.services import make_services, order_body, rows, send

ALWAYS = Period(date(2000, 1, 1), date(2100, 1, 1))


@pytest.fixture(scope="module", params=(7, 8))
def services(request, tmp_path_factory):
    made = lived(tmp_path_factory.mktemp("annees"), request.param, 60)
    yield made
    made.ledger.close()


@pytest.fixture(scope="module")
def lives(tmp_path_factory):
    made = make_lives(tmp_path_factory.mktemp("vies"))
    for seed in range(500, 540):
        play(made, seed, acts=7)
    yield made
    made.ledger.close()


def account(totals, name):
    found = totals.accounts[Account(name)]
    return found.debit - found.credit


def check_sums(made):
    """The journal of all days beside the ledger's own sums, and those that the page « Factures » shows."""
    [totals] = totals_of(journal_of(made.ledger, ALWAYS))
    papers, entries = rows(made, tables.invoices), rows(made, tables.payments)
    invoices = [row for row in papers if row.kind == "invoice"]
    assert totals.debit == totals.credit and totals.unbalanced == ()
    assert account(totals, "receivables") == sum(map(balance_of, invoices))
    assert account(totals, "bank") == sum(row.amount for row in entries) == sum(row.paid for row in invoices)
    for name, tax in (("gst", "TPS"), ("qst", "TVQ"), ("hst", "TVH")):
        taxes = [each["amount"] for row in papers for each in row.document["taxes"] if each["tax"] == tax]
        assert account(totals, name) == -sum(taxes)
    for name in ("deposits", "taxed_deposits"):
        assert account(totals, name) == -sum(row.document["cents"].get(name, 0) for row in papers)
    assert sum(totals.kinds[kind].entries for kind in KINDS) == len(papers) + len(entries)
    with made.ledger.reading() as connection:
        page = receivables.totals(connection, date(2021, 6, 1))
        owed = connection.execute(tables.invoices.select().where(OWED)).all()
        assert list(sums_that_differ(connection)) == []
    notes = totals.kinds["credit_note"]
    assert (notes.entries, notes.amount) == (page["credit_notes"].count, page["credit_notes"].amount)
    # What the page has to come in, and the journal beside it: what buyers are owed, and no more is asked of.
    others = [row for row in invoices if row.key not in {each.key for each in owed}]
    assert page["to_pay"].amount == account(totals, "receivables") - sum(map(balance_of, others))


def test_the_journal_comes_to_what_the_ledger_and_the_page_say(services):
    check_sums(services)


def test_so_it_does_after_any_lives_with_two_people_at_once(lives):
    check_sums(lives)


def test_every_entry_balances_and_is_there_once(services):
    found = list(journal_of(services.ledger, ALWAYS))
    assert all(is_balanced(entry.postings) and entry.postings for entry in found)
    names = [row.number for row in rows(services, tables.invoices)]
    names += [f"P-{row.key}" for row in rows(services, tables.payments)]
    assert sorted(entry.number for entry in found) == sorted(names)
    assert {entry.kind for entry in found} == set(KINDS)
    assert [entry.day for entry in found] == sorted(entry.day for entry in found)


@pytest.mark.parametrize("seed", range(4))
def test_periods_that_follow_each_other_have_every_entry_once_on_the_day_it_says(services, seed):
    chance, whole = random.Random(seed), list(journal_of(services.ledger, ALWAYS))
    cuts = sorted(
        {date.fromisoformat(chance.choice(whole).day) + timedelta(days=chance.randint(0, 1)) for _ in "123456"}
    )
    edges = [ALWAYS.first, *cuts, ALWAYS.until]
    periods = [Period(first, until) for first, until in zip(edges, edges[1:], strict=False)]
    parts = [entry for period in periods for entry in journal_of(services.ledger, period)]
    assert parts == whole
    # Each on the day of its act, by the clocks of the installation.
    days = {row.number: row.issued_at.astimezone(ZONE).date().isoformat() for row in rows(services, tables.invoices)}
    assert {entry.number: entry.day for entry in whole if entry.number in days} == days


def test_every_table_of_a_period_has_its_entries(services):
    books = Books(services.ledger, Accounts(), ZONE, "fr", ALWAYS)
    found = {name: list(table_of(books, name).rows) for name in TABLES}
    assert all(len(row) == len(table_of(books, name).header) for name in TABLES for row in found[name])
    papers = rows(services, tables.invoices)
    assert sorted(row[2] for row in found["invoices"]) == sorted(row.number for row in papers)
    assert [row[0] for row in found["invoices"]] == sorted(row[0] for row in found["invoices"])
    assert sum(row[18] for row in found["invoices"]) * 100 == sum(row.total for row in papers)
    assert sum(row[3] for row in found["payments"]) * 100 == sum(row.amount for row in rows(services, tables.payments))
    debit, credit = (sum(row[side] or 0 for row in found["journal"]) for side in (3, 4))
    assert debit == credit > 0
    beside = {row[0] for row in found["quickbooks-journal"]} | {row[0] for row in found["quickbooks"]}
    assert beside == {row[0] for row in found["journal"]}


def test_the_rows_of_an_invoice_for_quickbooks_come_to_its_total(services):
    books = Books(services.ledger, Accounts(), ZONE, "en", ALWAYS)
    sums: dict[str, Decimal] = {}
    for row in table_of(books, "quickbooks").rows:
        sums[row[0]] = sums.get(row[0], Decimal(0)) + row[11] + row[13]
        assert row[9] is None or row[9] * row[10] == row[11]
    totals = {row.number: Decimal(row.total) / 100 for row in rows(services, tables.invoices) if row.kind == "invoice"}
    assert sums == totals


def test_an_invoice_whose_parts_do_not_come_to_its_total_is_found(services):
    document = rows(services, tables.invoices)[0].document
    cents = {**document["cents"], "subtotal": document["cents"]["subtotal"] + 1}
    assert not is_balanced(postings_of({**document, "cents": cents}))


def test_what_is_applied_from_one_invoice_to_another_passes_by_no_bank(tmp_path):
    made = make_services(tmp_path)
    for number in (1, 2):
        send(made, order_body(f"PO-{number}"))
    payments.pay(made, 1, Payment(149_008 + 50_000, day_of(NOW)), by="anne", at=NOW)
    apply_credit(made, 2, 1, by="anne", at=NOW)
    payments.reverse(made, 2, 3, by="anne", at=NOW)
    apply_credit(made, 2, 1, 20_000, by="anne", at=NOW)
    found = list(journal_of(made.ledger, ALWAYS))
    [totals] = totals_of(found)
    assert totals.accounts[Account("bank")] == Balance(149_008 + 50_000, 0)
    assert account(totals, "credits") == 0 and totals.accounts[Account("credits")].debit == 2 * 50_000 + 20_000
    owed = {row.number: balance_of(row) for row in rows(made, tables.invoices)}
    assert list(owed.values()) == [-30_000, 129_008]
    for number, balance in owed.items():
        mine = [each for entry in found if entry.about == number for each in entry.postings]
        assert sum(each.amount for each in mine if each.account == "receivables") == balance
    books = Books(made.ledger, Accounts(), ZONE, "en", ALWAYS)
    header = table_of(books, "payments").header
    told = [dict(zip(header, row, strict=True)) for row in table_of(books, "payments").rows]
    assert [(each["Amount"], each["Means"]) for each in told[1:3]] == [
        (Decimal(-500), "credit applied"),
        (Decimal(500), "credit applied"),
    ]
    accounts = {row[2] for row in table_of(books, "quickbooks-journal").rows if row[0] != "P-1"}
    assert accounts == {Accounts().receivables, Accounts().credits}
    made.ledger.close()


def test_what_is_not_said_of_a_period_is_a_month():
    assert last_month(date(2021, 3, 31)) == Period(date(2021, 2, 1), date(2021, 3, 1))
    assert last_month(date(2021, 1, 1)) == Period(date(2020, 12, 1), date(2021, 1, 1))
    today = date(2021, 6, 15)
    assert period_of(None, None, today) == Period(date(2021, 5, 1), date(2021, 6, 1))
    assert period_of(date(2021, 12, 5), None, today) == Period(date(2021, 12, 5), date(2022, 1, 1))
    assert period_of(None, date(2021, 3, 1), today) == Period(date(2021, 2, 1), date(2021, 3, 1))
    with pytest.raises(ValueError, match="ends before"):
        period_of(date(2021, 3, 1), date(2021, 3, 1), today)

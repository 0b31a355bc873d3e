"""The statement of an account: to the cent the ledger's sums, whatever was lived, over any period."""

import dataclasses
import random
from datetime import date, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from houblon.engine.core.problem import Invalid
from houblon.orders.db import tables
from houblon.orders.handling import credit_notes
from houblon.orders.handling.credit_notes import Asked
from houblon.orders.invoicing import payments
from houblon.orders.invoicing.credits import Words
from houblon.orders.invoicing.languages import languages_on, languages_to
from houblon.orders.invoicing.payments import Payment
from houblon.orders.invoicing.transitions import balance_of
from houblon.orders.mail.rendered import rendered
from houblon.orders.queries.receivables import by_age
from houblon.orders.queries.retailers import owed_by
from houblon.orders.receivables import mail
from houblon.orders.receivables.sheet import pdf, sheet
from houblon.orders.receivables.statement import Entry, add_up, period_of, statement_of
from tests.clock import NOW, day_of
from tests.orders.handling.lives import make_lives, play
from tests.orders.services import later, order_body, rows, send

ZONE = ZoneInfo("America/Toronto")
DAY = day_of(NOW)
FIRST = date(2000, 1, 1)


def statement(services, retailer, since=FIRST, until=date(2030, 1, 1)):
    with services.ledger.reading() as connection:
        return statement_of(connection, retailer, since, until, ZONE)


def papers(services):
    """The invoices and credit notes of each retailer."""
    with services.ledger.reading() as connection:
        query = select(tables.invoices, tables.orders.c.retailer_id).join(tables.orders)
        found = connection.execute(query.where(tables.orders.c.key == tables.invoices.c.order_key)).all()
    return {
        retailer: [row for row in found if row.retailer_id == retailer]
        for retailer in {row.retailer_id for row in found}
    }


@pytest.mark.parametrize("seed", range(4))
def test_a_statement_s_sums_are_the_ledger_s_after_random_lives(tmp_path, seed):
    services = make_lives(tmp_path)
    for number in range(6):
        play(services, seed * 100 + number, 12)
    chance, found = random.Random(seed), papers(services)
    assert found
    for retailer, mine in found.items():
        whole = statement(services, retailer)
        assert whole.closing == sum(balance_of(row) for row in mine if row.kind == "invoice")
        with services.ledger.reading() as connection:
            ages, owed = by_age(connection, whole.until, retailer), owed_by(connection, retailer, whole.until)
        assert dict(whole.ages) == {name: each.amount for name, each in ages.items()}
        assert sum(whole.ages.values()) == owed.outstanding
        assert sum(whole.ages.values()) - whole.credit == whole.closing
        day = DAY + timedelta(days=chance.randint(-2, 40))
        before, after = statement(services, retailer, until=day), statement(services, retailer, day + timedelta(days=1))
        assert (before.closing, after.closing) == (after.opening, whole.closing)
        assert [each.balance for each in (*before.entries, *after.entries)] == [each.balance for each in whole.entries]
    services.ledger.close()


ENTRIES = st.lists(
    st.tuples(
        st.integers(0, 60), st.integers(1, 6), st.sampled_from(("payment", "credit_note")), st.integers(-900, 900)
    ),
    max_size=30,
)


@given(
    invoices=st.lists(st.integers(1, 1_000), min_size=6, max_size=6),
    others=ENTRIES,
    days=st.tuples(*[st.integers(0, 60)] * 2),
)
def test_a_period_begins_with_what_was_before_it_and_ends_with_what_is_left(invoices, others, days):
    start = date(2021, 5, 1)
    entries = [Entry(start, "invoice", key, f"F-{key}", amount, f"F-{key}") for key, amount in enumerate(invoices, 1)]
    entries += [
        Entry(start + timedelta(days=day), kind, key, f"F-{key}", amount) for day, key, kind, amount in sorted(others)
    ]
    since, until = (start + timedelta(days=day) for day in sorted(days))
    made = add_up("r", entries, since, until)
    assert made.opening == sum(each.amount for each in entries if each.on < since)
    assert made.closing == sum(each.amount for each in entries if each.on <= until)
    running = made.opening
    for each in made.entries:
        running += each.entry.amount
        assert each.balance == running
    assert running == made.closing == sum(made.ages.values()) - made.credit
    assert sum(amount for _, amount, _ in made.owed) == sum(made.ages.values())


@pytest.fixture
def lived(services):
    for number, whose in ((1, "coin"), (2, "coin"), (3, "zinc")):
        send(services, order_body(f"PO-{number}", buyer={"id": whose, "name": whose.title(), "language": "fr"}))
    by = {"by": "anne", "at": later(days=3)}
    payments.pay(services, 1, Payment(200_000, DAY, "VIR-7", "transfer"), **by)
    payments.pay(services, 2, Payment(10_000, DAY + timedelta(days=1)), **by)
    payments.reverse(services, 2, 2, why="sans provision", **by)
    credit_notes.credit(services, 2, (Asked(1, 1),), Words(), by="anne", at=later(days=3, hours=1))
    return services


def test_every_entry_is_there_in_its_order_with_what_is_owed_after_it(lived):
    made = statement(lived, "coin")
    assert [(each.entry.kind, each.entry.amount) for each in made.entries] == [
        ("invoice", 149_008),
        ("invoice", 149_008),
        ("payment", -200_000),
        ("payment", -10_000),
        ("reversal", 10_000),
        ("credit_note", -6_209),
    ]
    assert made.closing == made.entries[-1].balance == 149_008 * 2 - 200_000 - 6_209
    assert (made.credit, made.owed[0][:2]) == (50_992, ("F-2021-00002", 142_799))
    nothing = statement(lived, "nobody")
    assert (nothing.entries, nothing.closing) == ((), 0)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_statement_is_printed_and_written_in_the_retailer_s_language(lived, language):
    [coin] = [row for row in rows(lived, tables.retailers) if row.id == "coin"]
    made = statement(lived, "coin", DAY, DAY + timedelta(days=3))
    paper = sheet(made, coin, lived.seller, (language,))
    assert (paper.title, len(paper.rows)) == ({"fr": "Relevé de compte", "en": "Statement of account"}[language], 7)
    assert paper.totals[-1].value == {"fr": "918,07\N{NO-BREAK SPACE}$", "en": "$918.07"}[language]
    assert pdf(paper, NOW).startswith(b"%PDF-") and pdf(paper, NOW) == pdf(paper, NOW)


@pytest.mark.parametrize(
    ("card", "country", "french", "languages"),
    [
        ({"language": "en"}, None, "both", ("fr", "en")),  # the installation's province
        ({"language": "en"}, None, "only", ("fr",)),
        ({"language": "en"}, None, "buyer", ("en",)),
        ({"language": "en", "province": "ON"}, None, "only", ("en",)),
        ({"language": "en"}, "US", "only", ("en",)),
        ({"language": "fr", "province": "ON"}, None, "both", ("fr",)),
        ({}, None, "both", ("fr",)),
    ],
)
def test_a_statement_is_in_the_languages_of_the_invoices(services, card, country, french, languages):
    services = dataclasses.replace(services, french=french)
    send(services, order_body(buyer={"id": "coin", "language": None, "country": country, **card}))
    [invoice], [coin] = rows(services, tables.invoices), rows(services, tables.retailers)
    assert languages_on(invoice.document) == languages
    made = statement(services, "coin", DAY, DAY)
    found = services.ledger.write(lambda connection: languages_to(connection, services, coin))
    paper = sheet(made, coin, services.seller, found)
    assert tuple(each.language for each in (paper, paper.beside) if each) == languages
    assert pdf(paper, NOW).startswith(b"%PDF-")
    services.ledger.write(lambda connection: mail.queue(connection, services, made, coin, NOW))
    [sent] = [row.message for row in rows(services, tables.outbox) if row.event == mail.EVENT]
    text, titles = rendered(sent)["text"], {"fr": "Relevé de compte", "en": "Statement of account"}
    assert [titles[each] in sent["subject"] for each in titles] == [each in languages for each in titles]
    assert ("Solde à payer" in text, "Balance due" in text) == ("fr" in languages, "en" in languages)


def test_the_letter_says_what_the_statement_does_and_waits_where_no_address_is_known(lived):
    [coin] = [row for row in rows(lived, tables.retailers) if row.id == "coin"]
    made = statement(lived, "coin", DAY, DAY + timedelta(days=3))

    unknown = SimpleNamespace(id="coin", name="Coin", email=None, language="fr", province=None)
    for whose in (coin, unknown):
        lived.ledger.write(lambda connection, whose=whose: mail.queue(connection, lived, made, whose, NOW))
    sent = [row for row in rows(lived, tables.outbox) if row.event == mail.EVENT]
    assert sorted((row.recipient, row.state) for row in sent if row.recipient) == [("coin@example.com", "pending")]
    assert [row.state for row in sent if not row.recipient] == ["parked"]
    text = rendered(sent[0].message)["text"].replace("\N{NO-BREAK SPACE}", " ")
    assert "Relevé de compte au 15 mai 2021" in sent[0].message["subject"]
    assert "Facture F-2021-00002 : 1 490,08 $, solde 2 980,16 $" in text and "Solde à payer : 918,07 $" in text


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (None, None, (date(2021, 3, 1), date(2021, 5, 12))),
        (None, date(2021, 1, 31), (date(2020, 11, 1), date(2021, 1, 31))),
        (date(2021, 5, 12), None, (date(2021, 5, 12), date(2021, 5, 12))),
        (date(2021, 5, 13), None, None),
        (None, date(2021, 5, 13), None),
        (date(2021, 2, 1), date(2021, 1, 31), None),
    ],
)
def test_a_period_ends_today_at_the_latest_and_begins_before_it_ends(since, until, expected):
    if expected is None:
        with pytest.raises(Invalid):
            period_of(since, until, date(2021, 5, 12))
    else:
        assert period_of(since, until, date(2021, 5, 12)) == expected

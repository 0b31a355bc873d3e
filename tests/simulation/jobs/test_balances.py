"""A simulation takes each balance as it stood: by what the ledger decided with, else by what it had at that moment."""

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from houblon.orders.db import tables
from houblon.orders.handling import credit_notes, lifecycle, review
from houblon.orders.handling.credit_notes import Asked as Credited
from houblon.orders.invoicing import payments
from houblon.orders.invoicing.credits import Words
from houblon.orders.invoicing.payments import Payment
from houblon.orders.retailers.account_history import AccountHistory
from houblon.orders.retailers.cards import edit_retailer, read_card
from houblon.orders.services import Conflict
from houblon.simulation.facts.ledger_orders import orders_between
from houblon.simulation.files.source import reading_of
from houblon.simulation.jobs.simulation import Asked, simulate
from tests.clock import NOW, START, day_of
from tests.databases import database
from tests.orders.services import group, join, later, make_services, order_body, publish_groups, rows, send, tous
from tests.simulation.files.files import read

# By Tous a limit and a patience; one group has no limit, so that only a retailer's own holds there.
STRICT = {"acceptance_credit_limit": "3000.00", "acceptance_maximum_days_overdue": 20}
TERMS = {"invoicing_terms": {"kind": "net", "days": 10}, "acceptance_minimum_items": None}
FIRST = {
    "conditions": {"all": [{"name": "is_first_order", "operator": "is_true", "value": ""}]},
    "actions": [{"name": "hold", "params": {"reason": "first_order"}}],
}
WHO = ("un", "deux", "trois", "quatre")
SAME, OTHER = Asked(version=1, against=1), Asked(version=2, against=1)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql"))])
def services(request, tmp_path):
    url = database("houblon") if request.param == "postgresql" else None
    groups = (
        tous({"premiere": FIRST}, **STRICT, **TERMS),
        group("libre", 20, acceptance_credit_limit=None, acceptance_maximum_days_overdue=None),
        group("livree", 30, invoicing_trigger="on_delivery"),
    )
    made = replace(make_services(tmp_path, *groups, url=url), knows_accounts=True)
    join(made, "deux", "libre")
    join(made, "trois", "libre", "livree")
    for each, limit in (("deux", "2500"), ("quatre", "")):
        card = read_card(each, each, "", "fr", "QC", limit)
        made.ledger.write(lambda connection, card=card: edit_retailer(connection, card, START, "anne"))
    yield made
    made.ledger.close()


def some_history(services, seed, acts):
    """Orders that come, are decided, paid, credited and taken back, at any hour of a hundred days."""
    chance, at = random.Random(seed), NOW
    for number in range(acts):
        at += timedelta(hours=chance.randint(1, 40), microseconds=chance.randint(0, 999))
        bills = [row for row in rows(services, tables.invoices) if row.kind == "invoice"]
        try:
            if not bills or chance.random() < 0.45:
                buyer = {"id": chance.choice(WHO), "province": "QC", "days_overdue": 999}
                send(services, order_body(f"PO-{number}", items=chance.randint(1, 30), buyer=buyer), at=at)
            else:
                _act(services, chance, chance.choice(bills), at)
        except Conflict:
            pass
    return at


def _act(services, chance, bill, at):
    by = {"by": "anne", "at": at}
    match chance.randrange(5):
        case 0 | 1:
            payments.pay_rest(services, bill.key, on=day_of(at), **by)
        case 2:
            payments.pay(services, bill.key, Payment(chance.randint(1, 90_000), day_of(at)), **by)
        case 3:
            credit_notes.credit(services, bill.key, (Credited(1, 1),), Words(), **by)
        case _:
            _settle(services, chance, by)


def _settle(services, chance, by):
    """A person decides of an order that waits, or what was paid or accepted is taken back."""
    waiting = [row.key for row in rows(services, tables.orders) if row.state == "held"]
    accepted = [row.key for row in rows(services, tables.orders) if row.state == "accepted"]
    paid = [row for row in rows(services, tables.payments) if row.reverses is None]
    name = chance.choice(["accept", "refuse", "cancel", "reverse"])
    if name == "reverse" and paid:
        entry = chance.choice(paid)
        payments.reverse(services, entry.invoice_key, entry.key, **by)
    elif name == "cancel" and accepted:
        lifecycle.cancel(services, chance.choice(accepted), was="accepted", why="non", **by)
    elif name == "accept" and waiting:
        review.accept(services, chance.choice(waiting), **by)
    elif name == "refuse" and waiting:
        review.refuse(services, chance.choice(waiting), why="non", **by)


def report_of(services, asked, folder, upload=None):
    return simulate(services, asked, folder / "sheets", later(days=900), upload=upload)


def outcomes(report):
    """Before and after, how many orders."""
    return {(each["before"], each["after"]): each["orders"] for each in report["matrix"] if each["orders"]}


@pytest.mark.parametrize("seed", range(2))
def test_an_unchanged_policy_decides_of_any_history_what_the_ledger_decided(services, tmp_path, seed):
    some_history(services, seed, 90)
    decided = {}
    for row in rows(services, tables.decisions):
        decided.setdefault(row.order_key, row)
    expected = Counter((row.outcome, row.outcome) for row in decided.values())
    with services.ledger.reading() as connection:
        taken = list(orders_between(connection, None, None, {}, AccountHistory(connection, services)))
    assert [each.account.outstanding_balance for each in taken] == [
        decided[each.key].reading["account"].get("outstanding_balance", 0) for each in taken
    ]
    report = report_of(services, SAME, tmp_path)
    assert (outcomes(report), report["flips"], report["balances"]) == (expected, [], "ledger")
    assert len(expected) == 2
    # As nothing but the ledger's own entries tells it: of before decisions kept what they were made with.
    services.ledger.write(lambda connection: connection.execute(tables.decisions.update().values(reading=None)))
    assert outcomes(report_of(services, SAME, tmp_path)) == expected


def test_a_report_is_about_what_was_owed_then_and_a_payment_of_today_changes_nothing(services, tmp_path):
    card = read_card("un", "un", "", "fr", "QC", "99999")
    services.ledger.write(lambda connection: edit_retailer(connection, card, NOW, "anne"))
    send(services, order_body("PO-1", buyer={"id": "un", "province": "QC"}))
    review.accept(services, 1, by="anne", at=later(hours=1))
    send(services, order_body("PO-2", buyer={"id": "un", "province": "QC"}), at=later(days=40))
    publish_groups(services.policies.store, tous(**TERMS), at=later(days=200))
    before = report_of(services, OTHER, tmp_path)
    assert outcomes(before) == {("held", "accepted"): 2}
    assert [each["before"]["reasons"][0]["code"] for each in before["flips"]] == ["first_order", "overdue"]
    payments.pay_rest(services, 1, by="anne", at=later(days=60), on=day_of(later(days=60)))
    assert report_of(services, OTHER, tmp_path)["flips"] == before["flips"]
    # Paid in time and entered too late: of the ledger's own orders what they were decided with stays.
    payments.reverse(services, 1, 1, by="anne", at=later(days=61))
    payments.pay_rest(services, 1, by="anne", at=later(days=62), on=day_of(later(days=5)))
    assert report_of(services, OTHER, tmp_path)["flips"] == before["flips"]
    services.ledger.write(lambda connection: connection.execute(tables.decisions.update().values(reading=None)))
    assert outcomes(report_of(services, OTHER, tmp_path)) == {("held", "accepted"): 1, ("accepted", "accepted"): 1}


def test_a_file_s_orders_meet_what_their_buyers_owed_when_they_were_placed(services, tmp_path):
    send(services, order_body("PO-1", buyer={"id": "un", "province": "QC"}))
    review.accept(services, 1, by="anne", at=later(hours=1))
    publish_groups(services.policies.store, tous({"premiere": FIRST}, **TERMS), at=later(days=200))
    days = [day_of(later(days=each)) for each in (-400, -399, 5, 45)]
    body = "commande;client;date;articles;valeur;jours de retard\n" + "".join(
        f"{who}-{place};{who};{day} 12:00;6;240,00;{late}\n"
        for who, late in (("un", "0"), ("inconnu", ""), ("autre", "50"))
        for place, day in enumerate(days)
    )
    upload = read(body.encode(), tmp_path / "f-1", "passe.csv")
    asked = Asked(version=2, against=1, reading=reading_of(services, upload, tmp_path / "f-1", NOW), file=upload.name)
    report = report_of(services, asked, tmp_path, tmp_path / "f-1")
    changed = {each["order_id"]: each["before"]["reasons"][0]["code"] for each in report["flips"]}
    # Late by the ledger, whatever the file says; of one whom it does not know, the file's word counts.
    assert changed == {"un-3": "overdue", "autre-1": "overdue", "autre-2": "overdue", "autre-3": "overdue"}
    # The first order of each is the first of the file, or of the ledger.
    assert outcomes(report)["held", "held"] == 3


def test_what_nobody_ever_owed_is_zero_and_where_orders_say_it_they_are_asked(services, tmp_path):
    send(services, order_body("PO-1", buyer={"id": "neuf", "province": "QC"}))
    services.ledger.write(lambda connection: connection.execute(tables.decisions.update().values(reading=None)))
    with services.ledger.reading() as connection:
        [taken] = orders_between(connection, None, None, {}, AccountHistory(connection, services))
    assert (taken.account.outstanding_balance, taken.account.days_overdue, taken.account.is_first_order) == (0, 0, True)
    asking = replace(services, knows_accounts=False)
    report = report_of(asking, SAME, tmp_path)
    assert report["balances"] == "orders" and outcomes(report) == {("held", "held"): 1}

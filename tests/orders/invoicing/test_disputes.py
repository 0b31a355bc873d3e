"""Disputes: what is contested is owed by nobody until it is closed, whatever is paid, credited or said meanwhile."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from houblon.engine.core.problem import Invalid
from houblon.orders.db import tables
from houblon.orders.events.documents import read_events
from houblon.orders.events.sound import unsound_events
from houblon.orders.handling import credit_notes
from houblon.orders.handling.credit_notes import Asked
from houblon.orders.invoicing import disputes, payments
from houblon.orders.invoicing.credits import Words
from houblon.orders.privacy.export import export_retailer
from houblon.orders.queries.sums import sums_that_differ
from houblon.orders.retailers.accounts import account_of
from houblon.orders.services import Conflict
from houblon.orders.waiting.work import decide_due
from tests.clock import NOW, day_of
from tests.orders.services import later, make_services, order_body, rows, send, tous

TOTAL = 149_008


@pytest.fixture
def services(services):
    return replace(services, knows_accounts=True)


def dispute(services, key=1, why="Une caisse manque.", days=1):
    return disputes.dispute(services, key, why, by="anne", at=later(days=days))


def close(services, key=1, outcome="", days=2):
    return disputes.close(services, key, outcome, by="bruno", at=later(days=days))


def owed(services, days=60):
    """Outstanding, overdue and days overdue."""
    with services.ledger.reading() as connection:
        assert list(sums_that_differ(connection)) == [] and unsound_events(connection) == []
        found = account_of(connection, services, "depanneur-42", later(days=days))
    return found.outstanding_balance, found.overdue_balance, found.days_overdue


def told(services):
    with services.ledger.reading() as connection:
        keys = [row.key for row in rows(services, tables.events) if "dispute" in row.kind]
        return [
            (each.type, each.data["balance"], each.data["invoice_number"]) for each in read_events(connection, keys)
        ]


def test_what_is_disputed_is_owed_again_once_that_is_closed(services):
    send(services)
    assert owed(services) == (TOTAL, TOTAL, 30)
    done = dispute(services)
    assert (done.number, done.balance, done.is_open) == ("F-2021-00001", TOTAL, True)
    assert owed(services) == (0, 0, 0)
    close(services, outcome="La caisse est retrouvée.")
    assert owed(services) == (TOTAL, TOTAL, 30)
    assert told(services) == [
        ("invoice.disputed", "1490.08", "F-2021-00001"),
        ("invoice.dispute_closed", "1490.08", "F-2021-00001"),
    ]
    [entry] = rows(services, tables.disputes)
    assert (entry.who, entry.why, entry.ended_by, entry.outcome) == (
        "anne",
        "Une caisse manque.",
        "bruno",
        "La caisse est retrouvée.",
    )
    assert dispute(services, days=3).key == entry.key + 1


def test_what_is_paid_and_credited_meanwhile_is_not_owed_afterwards(services):
    send(services)
    dispute(services)
    paid = payments.pay(services, 1, payments.Payment(50_000, day_of(NOW)), by="anne", at=later(days=1))
    note = credit_notes.credit(services, 1, (Asked(1, 2),), Words(), by="anne", at=later(days=1)).note
    assert owed(services)[0] == 0
    close(services)
    assert owed(services)[0] == TOTAL - 50_000 + note.document["cents"]["total"]
    dispute(services)
    payments.reverse(services, 1, paid.key, by="anne", at=later(days=2))
    assert owed(services)[0] == 0


def test_a_payment_by_mistake_does_not_close_a_dispute(services):
    send(services)
    dispute(services)
    paid = payments.pay_rest(services, 1, by="anne", at=later(days=1), on=day_of(NOW))
    assert paid.state == "paid"
    payments.reverse(services, 1, paid.key, by="anne", at=later(days=1))
    assert owed(services) == (0, 0, 0)
    close(services)
    assert owed(services)[0] == TOTAL


@pytest.mark.parametrize(
    ("before", "code"),
    [
        (lambda s: payments.pay_rest(s, 1, by="anne", at=later(days=1), on=day_of(NOW)), "already_paid"),
        (lambda s: credit_notes.credit(s, 1, (Asked(1, 24),), Words(), by="a", at=later(days=1)), "already_credited"),
        (dispute, "already_disputed"),
    ],
)
def test_what_is_settled_or_disputed_already_is_not_disputed(services, before, code):
    send(services)
    before(services)
    with pytest.raises(Conflict) as refused:
        dispute(services)
    assert refused.value.code == code


def test_neither_a_credit_note_nor_what_is_nothing_is_disputed(services):
    send(services)
    credit_notes.credit(services, 1, (Asked(1, 2),), Words(), by="anne", at=later(days=1))
    with pytest.raises(Conflict) as refused:
        dispute(services, key=2)
    assert refused.value.code == "credit_note"
    with pytest.raises(Conflict) as refused:
        close(services)
    assert refused.value.code == "not_disputed"
    with pytest.raises(LookupError):
        dispute(services, key=9)


@pytest.mark.parametrize("why", ["", "  ", "deux\nlignes", "x" * 501, "\u202eenvers"])
def test_a_reason_is_one_line(services, why):
    send(services)
    with pytest.raises(Invalid) as refused:
        dispute(services, why=why)
    assert refused.value.problems[0].pointer == "/reason"
    assert owed(services)[0] == TOTAL


def test_many_who_dispute_at_once_do_so_once(services):
    send(services)

    def one(_):
        try:
            dispute(services)
        except Conflict as conflict:
            return conflict.code
        return "disputed"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(one, range(4))) == ["already_disputed"] * 3 + ["disputed"]
    assert owed(services)[0] == 0


def test_an_order_that_a_limit_holds_passes_once_the_invoice_before_is_disputed(tmp_path):
    services = replace(make_services(tmp_path, tous(acceptance_credit_limit="2000.00")), knows_accounts=True)
    send(services)
    for id in ("PO-2", "PO-3"):
        send(services, order_body(id))
    assert [row.state for row in rows(services, tables.orders)] == ["accepted", "held", "held"]
    dispute(services)
    assert decide_due(services, lambda: later(days=1)) == 1
    assert [row.state for row in rows(services, tables.orders)] == ["accepted", "accepted", "held"]
    why = [row.why for row in rows(services, tables.transitions) if row.why.startswith("decided_again")]
    assert why == ["decided_again dispute F-2021-00001"]
    # Closed, it counts again: what was accepted stays so, what waits is looked at once more.
    close(services)
    assert owed(services, 3)[0] == 2 * TOTAL
    decide_due(services, lambda: later(days=2))
    assert [row.state for row in rows(services, tables.orders)] == ["accepted", "accepted", "held"]
    services.ledger.close()


def test_a_retailer_s_own_data_tell_of_their_disputes(services):
    send(services)
    dispute(services)
    close(services, outcome="Réglé par Anne.")
    with services.ledger.reading() as connection:
        found = export_retailer(connection, "depanneur-42", later(days=3))
    [said] = found["orders"][0]["invoices"][0]["disputes"]
    assert (said["why"], said["outcome"], said["who"]) == ("Une caisse manque.", "Réglé par Anne.", "team")


def test_what_is_noted_of_a_dispute_that_is_not_there_is_found(services):
    send(services)
    change = tables.invoices.update().values(disputed_at=NOW)
    services.ledger.write(lambda connection: connection.execute(change))
    with services.ledger.reading() as connection:
        assert {each.code for each in sums_that_differ(connection)} == {"dispute", "outstanding"}

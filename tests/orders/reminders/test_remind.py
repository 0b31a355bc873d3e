"""Reminders: one mail for all that a retailer owes, on the days that its policy says, and no more than that."""

import dataclasses
from datetime import time, timedelta

import pytest

from houblon.orders.db import tables
from houblon.orders.events.sound import unsound_events
from houblon.orders.handling import credit_notes
from houblon.orders.handling.credit_notes import Asked
from houblon.orders.invoicing import disputes, payments
from houblon.orders.invoicing.buyer_links import replace_link
from houblon.orders.invoicing.credits import Words
from houblon.orders.invoicing.links import invoice_link
from houblon.orders.mail.rendered import rendered
from houblon.orders.outbox.delivery import deliver_due, send_again
from houblon.orders.reminders.remind import remind_due
from houblon.orders.reminders.renew import renew
from houblon.orders.reminders.stops import Whose, start, stop
from houblon.orders.services import Conflict
from tests.clock import NOW
from tests.orders.reminders.houses import DUE, TOTAL, Post, after_due, house, letters, morning, order, pay, steps, work
from tests.orders.services import group, join, publish_groups, rows, tous

NBSP = "\u00a0"


@pytest.fixture
def services(tmp_path):
    made = house(tmp_path)
    yield made
    made.ledger.close()


def days_on_which_mail_is_written(services, first=-10, last=40):
    return [day for day in range(first, last) if work(services, after_due(day))]


def test_an_invoice_is_reminded_of_on_its_days_and_on_no_other(services):
    order(services)
    assert days_on_which_mail_is_written(services) == [-3, 7, 21]
    assert steps(services) == [(1, -3), (1, 7), (1, 21)]


def test_looking_again_and_again_writes_once(services):
    order(services)
    assert [work(services, after_due(7, time(hour))) for hour in range(9, 20)] == [1] + [0] * 10


@pytest.mark.parametrize("hour", [0, 5, 8, 20, 23])
def test_nobody_is_written_to_at_night(services, hour):
    order(services)
    assert work(services, after_due(7, time(hour, 59))) == 0


def test_a_server_that_was_off_sends_the_newest_day_once(services):
    order(services)
    assert work(services, after_due(28)) == 1
    assert steps(services) == [(1, 21)]
    assert days_on_which_mail_is_written(services, 29, 60) == []


def test_one_mail_lists_all_that_a_retailer_owes(services):
    order(services)
    order(services, "PO-2", NOW + timedelta(days=2))
    pay(services, 40_000, after_due(-10))
    assert [work(services, after_due(day)) for day in (-3, -1)] == [1, 1]
    assert work(services, after_due(7)) == 1
    letter = letters(services)[-1]
    said = rendered(letter.message)["text"]
    assert letter.recipient == "coin@example.com"
    assert f"F-2021-00001{NBSP}: 1{NBSP}090,08{NBSP}$" in said
    assert f"sur un total de 1{NBSP}490,08{NBSP}$" in said and f"7{NBSP}jours de retard" in said
    assert f"Total à payer{NBSP}: 2{NBSP}580,16{NBSP}$" in said
    assert said.count("https://houblon.example/f/") == 2
    assert [(row.invoice_key, row.days, row.balance) for row in rows(services, tables.reminders)][-2:] == [
        (1, 7, TOTAL - 40_000),
        (2, None, TOTAL),
    ]


def test_an_english_buyer_in_quebec_reads_french_with_english_after_it(services):
    order(services, buyer={"language": "en"})
    work(services, after_due(-3))
    said = rendered(letters(services)[0].message)
    assert said["subject"] == (
        "Rappel : facture F-2021-00001 de Brasserie du Test / Reminder: invoice F-2021-00001 from Brasserie du Test"
    )
    french, english = said["text"].split("— — —")
    assert f"Total à payer{NBSP}: 1{NBSP}490,08{NBSP}$" in french and "Total to pay: $1,490.08" in english


def test_an_english_buyer_reads_english(services):
    services = dataclasses.replace(services, french="buyer")
    order(services, buyer={"language": "en"})
    work(services, after_due(-3))
    said = rendered(letters(services)[0].message)
    assert said["subject"] == "Reminder: invoice F-2021-00001 from Brasserie du Test"
    assert "Issued May 12, 2021, due June 11, 2021" in said["text"] and "Total to pay: $1,490.08" in said["text"]
    assert "late" not in said["text"]


def test_the_group_writes_its_own_words(tmp_path):
    words = {"subject": {"fr": "Petit mot", "en": "A word"}, "body": {"fr": "Un rappel\namical.", "en": "Friendly."}}
    services = house(tmp_path, messages_reminder=words)
    order(services)
    work(services, after_due(7))
    said = rendered(letters(services)[0].message)
    assert said["subject"] == "Petit mot" and "Un rappel\namical." in said["text"]
    assert "Un rappel<br>amical." in said["html"] and f"1{NBSP}490,08{NBSP}$" in said["html"]
    services.ledger.close()


def test_what_is_overpaid_is_taken_off_the_total_and_who_owes_nothing_is_not_reminded(services):
    order(services)
    order(services, "PO-2", NOW + timedelta(days=1))
    pay(services, TOTAL + 10_000, after_due(-20))
    assert work(services, after_due(8)) == 1
    said = rendered(letters(services)[0].message)["text"]
    assert f"Total à payer{NBSP}: 1{NBSP}390,08{NBSP}$" in said and "Payée en trop" in said
    pay(services, TOTAL, after_due(9))
    assert days_on_which_mail_is_written(services, 9, 40) == []


@pytest.mark.parametrize("settled", ["paid", "credited", "over", "nothing"])
def test_nothing_is_written_of_what_is_settled(services, settled):
    order(services, price="0.00" if settled == "nothing" else "54.00")
    if settled == "paid":
        pay(services, TOTAL, after_due(-10))
    elif settled == "over":
        pay(services, TOTAL + 1, after_due(-10))
    elif settled == "credited":
        whole = (Asked(1, 24),)
        credit_notes.credit(services, 1, whole, Words(), by="anne", at=after_due(-10))
    assert days_on_which_mail_is_written(services) == []


def test_a_payment_that_is_taken_back_is_asked_for_again(services):
    order(services)
    paid = pay(services, TOTAL, after_due(-10))
    assert work(services, after_due(-3)) == 0
    payments.reverse(services, 1, paid.key, by="anne", at=after_due(5))
    assert days_on_which_mail_is_written(services, 6, 40) == [6, 7, 21]


def test_the_policy_of_the_day_decides(services):
    order(services)
    publish_groups(services.policies.store, tous(invoicing_reminders={"days": [10]}), at=after_due(-5))
    assert days_on_which_mail_is_written(services, -4, 40) == [10]


def test_what_is_switched_on_late_reminds_of_nothing_that_was_past_by_then(tmp_path):
    services = house(tmp_path, invoicing_reminders=None)
    order(services)
    publish_groups(services.policies.store, tous(invoicing_reminders={"days": [7, 21]}), at=after_due(12))
    assert days_on_which_mail_is_written(services, 12, 40) == [21]
    services.ledger.close()


def test_the_groups_of_the_retailer_decide(services):
    publish_groups(services.policies.store, group("bars", 50, invoicing_reminders=None), at=NOW)
    join(services, "depanneur-42", "bars")
    order(services)
    order(services, "PO-2", buyer={"id": "autre", "email": "autre@example.com"})
    assert days_on_which_mail_is_written(services) == [-3, 7, 21]
    assert {key for key, _ in steps(services)} == {2}


def test_a_retailer_without_an_address_has_a_message_that_waits_for_one(services):
    order(services, buyer={"email": None})
    assert work(services, after_due(7)) == 1
    [letter] = letters(services)
    assert (letter.state, letter.error) == ("parked", "no address is known for this recipient")
    assert rows(services, tables.reminders)[0].sent_at is None


def test_an_event_tells_of_it_once_it_has_left(services):
    order(services)
    work(services, after_due(7))
    told = [row for row in rows(services, tables.events) if row.kind == "invoice.reminded"]
    assert told == []
    deliver_due(services.ledger, Post(), after_due(7))
    [told] = [row for row in rows(services, tables.events) if row.kind == "invoice.reminded"]
    assert told.invoice_key == 1 and told.data == {"days_after_due": 7, "due_date": "2021-06-11", "balance": "1490.08"}
    with services.ledger.reading() as connection:
        assert unsound_events(connection) == []


@pytest.mark.parametrize("whose", [Whose(invoice_key=1), Whose(retailer_id="depanneur-42")])
def test_a_person_stops_reminders_and_starts_them_again(services, whose):
    order(services)
    stop(services, whose, by="anne", at=after_due(0), why="en discussion")
    with pytest.raises(Conflict, match="stopped already"):
        stop(services, whose, by="anne", at=after_due(1))
    assert days_on_which_mail_is_written(services, 0, 15) == []
    start(services, whose, by="bob", at=after_due(15))
    with pytest.raises(Conflict, match="Nobody stopped"):
        start(services, whose, by="bob", at=after_due(15))
    # The seventh day passed in silence, and is not made up for.
    assert days_on_which_mail_is_written(services, 15, 40) == [21]


def test_a_disputed_invoice_is_not_reminded_of_until_that_is_closed(services):
    order(services)
    disputes.dispute(services, 1, "une caisse manque", by="anne", at=after_due(0))
    assert days_on_which_mail_is_written(services, 0, 15) == []
    disputes.close(services, 1, by="bob", at=after_due(15))
    assert days_on_which_mail_is_written(services, 15, 40) == [21]


def test_a_reminder_that_waits_is_withdrawn_once_its_invoice_is_disputed(services):
    order(services)
    work(services, after_due(7))
    assert len(letters(services)) == 1
    disputes.dispute(services, 1, "une caisse manque", by="anne", at=after_due(7, time(10)))
    post = Post()
    deliver_due(services.ledger, post, after_due(7, time(10)))
    assert [each for each in post.taken if each.get("table")] == []
    assert renew(services, after_due(7, time(10))) == 1 and letters(services) == []


def test_an_invoice_that_is_stopped_is_not_listed_beside_the_others(services):
    order(services)
    order(services, "PO-2", NOW + timedelta(days=1))
    stop(services, Whose(invoice_key=1), by="anne", at=after_due(0))
    assert work(services, after_due(8)) == 1
    said = rendered(letters(services)[0].message)["text"]
    assert "F-2021-00002" in said and "F-2021-00001" not in said


def test_what_was_paid_while_the_mail_server_was_away_is_not_asked_for(services):
    order(services)
    order(services, "PO-2", NOW)
    work(services, after_due(7))
    pay(services, TOTAL, after_due(7, time(10)))
    post = Post()
    deliver_due(services.ledger, post, after_due(7, time(10)))
    assert [each for each in post.taken if each.get("table")] == []
    assert renew(services, after_due(7, time(10))) == 1
    deliver_due(services.ledger, post, after_due(7, time(11)))
    [said] = [rendered(each)["text"] for each in post.taken if each.get("table")]
    assert "F-2021-00001" not in said and f"Total à payer{NBSP}: 1{NBSP}490,08{NBSP}$" in said
    pay(services, TOTAL, after_due(8), key=2)
    assert days_on_which_mail_is_written(services, 8, 40) == []


def test_a_parked_reminder_of_what_was_paid_is_withdrawn(services):
    order(services, buyer={"email": None})
    work(services, after_due(7))
    pay(services, TOTAL, after_due(9))
    [letter] = letters(services)
    send_again(services.ledger, letter.id, after_due(9), "coin@example.com")
    post = Post()
    deliver_due(services.ledger, post, after_due(9))
    assert post.taken == []
    assert renew(services, after_due(9)) == 1 and letters(services) == []
    assert renew(services, after_due(9)) == 0


def test_a_link_that_is_replaced_is_replaced_in_what_waits(services):
    order(services)
    order(services, "PO-2", NOW)
    work(services, after_due(7))
    services.ledger.write(lambda connection: replace_link(connection, services, 2, 0, after_due(7)))
    links = [row["link"] for row in letters(services)[0].message["table"]["rows"]]
    assert "/f/1~" not in links[0] and "/f/1~" in links[1]


def test_so_it_is_in_every_language_of_every_letter_that_waits(services):
    order(services, buyer={"language": "en"})
    work(services, after_due(7))
    old = invoice_link(services.base_url, services.secret, 1, 0)
    waiting = [row for row in rows(services, tables.outbox) if old in rendered(row.message)["text"]]
    assert {row.event for row in waiting} == {"invoice.issued", "invoice.reminded"}
    services.ledger.write(lambda connection: replace_link(connection, services, 1, 0, after_due(7)))
    fresh, ids = invoice_link(services.base_url, services.secret, 1, 1), {row.id for row in waiting}
    for row in rows(services, tables.outbox):
        if row.id in ids:
            said = rendered(row.message)
            assert (said["text"].count(old), said["text"].count(fresh), said["html"].count(fresh)) == (0, 2, 2)


def test_a_due_date_that_moves_takes_its_days_along(services):
    order(services)
    work(services, after_due(7))
    moved = tables.invoices.update().values(due_date=(DUE + timedelta(days=10)).isoformat())
    services.ledger.write(lambda connection: connection.execute(moved))
    # The third day before the new date is the one that was reminded of already.
    assert days_on_which_mail_is_written(services, 7, 60) == [17, 31]


def test_reminders_follow_local_days_when_the_clock_changes(services):
    order(services, at=morning(DUE.replace(year=2021, month=10, day=1)))
    assert remind_due(services, morning(DUE.replace(year=2021, month=11, day=7))) == 1  # the hour that came again

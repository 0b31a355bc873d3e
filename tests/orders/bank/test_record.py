"""Lines of a bank matched to what is owed, recorded once, and taken back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from houblon.engine.core.problem import Invalid
from houblon.orders.bank import record
from houblon.orders.bank.known import matches_of
from houblon.orders.bank.record import digest_of, record_lines
from houblon.orders.bank.statement_file import Asked, read_file
from houblon.orders.db import tables
from houblon.orders.handling import lifecycle
from houblon.orders.invoicing import payments
from houblon.orders.invoicing.transitions import balance_of
from houblon.orders.queries.sums import sums_that_differ
from houblon.orders.retailers.joins import join_retailers
from houblon.orders.services import Conflict
from tests.orders.services import later, order_body, rows, send

TODAY = date(2021, 6, 30)
AT = later(days=45)


def buyer(id, name):
    return {"id": id, "name": name, "email": f"{id}@example.com"}


COIN, SUD, ZINC = (
    buyer("coin", "Épicerie du Coin inc."),
    buyer("sud", "Épicerie du Coin Sud"),
    buyer("zinc", "Le Bar Zinc"),
)


@pytest.fixture
def owed(services):
    """Invoices 1 to 3 of Épicerie du Coin, 4 of its namesake in the south, 5 of Bar Zinc."""
    for number, (whose, items) in enumerate(((COIN, 24), (COIN, 25), (COIN, 27), (SUD, 24), (ZINC, 30)), 1):
        send(services, order_body(f"PO-{number}", items=items, buyer=whose))
    return services


def total(services, *keys):
    return sum(balance_of(row) for row in rows(services, tables.invoices) if row.key in keys)


def lines(*said):
    """Lines of 20 May: a text, and an amount in cents."""
    body = "".join(f"2021-05-20;{text};{amount // 100},{amount % 100:02d}\n" for text, amount in said)
    return read_file("Date;Description;Crédit\n" + body, Asked(), TODAY, "CAD").lines


def found(services, *said, choices=None):
    with services.ledger.reading() as connection:
        return matches_of(connection, services, lines(*said), choices or {})


def keep(services, *said, choices=None, taken=None, seen=None):
    return record_lines(
        services, "mai.csv", lines(*said), choices or {}, taken, seen=seen, by="anne", at=AT, entries_of=lambda done: []
    )


def short(match):
    return match.state, match.how, match.numbers


@pytest.mark.parametrize(
    "text",
    ["Paiement F-2021-00002", "VIR F202100002 merci", "f 2021 00002", "facture F/2021/00002 de mai", "(F-2021-00002)"],
)
def test_a_number_is_found_however_the_bank_wrote_it(owed, text):
    [match] = found(owed, (text, total(owed, 2)))
    assert short(match) == ("matched", "number", ("F-2021-00002",))


@pytest.mark.parametrize("text", ["F-2021-000023", "XF-2021-00002", "2021-00002", "F-2021-0002"])
def test_what_only_looks_like_a_number_is_none(owed, text):
    [match] = found(owed, (text, 1_000))
    assert short(match) == ("unmatched", "", ())


def test_a_part_of_the_invoice_that_is_named_is_sure_and_more_than_it_is_to_be_confirmed(owed):
    part, over = found(owed, ("F-2021-00001", 10_000), ("F-2021-00004", total(owed, 4) + 500))
    assert short(part) == ("matched", "number", ("F-2021-00001",)) and part.parts[0].balance == total(owed, 1)
    assert short(over) == ("suggested", "number", ("F-2021-00004",)) and over.over == 500


def test_several_invoices_that_are_named_are_sure_where_they_come_to_the_line(owed):
    [both] = found(owed, ("F-2021-00001 et F-2021-00003", total(owed, 1, 3)))
    assert short(both) == ("matched", "number", ("F-2021-00001", "F-2021-00003"))
    [less] = found(owed, ("F-2021-00001 et F-2021-00003", total(owed, 1, 3) - 1))
    assert less.state == "suggested"
    [mixed] = found(owed, ("F-2021-00001 F-2021-00005", total(owed, 1, 5)))
    assert (mixed.state, mixed.note.code) == ("unmatched", "several_retailers")


def test_an_invoice_that_is_named_and_owed_no_more_is_told(owed):
    payments.pay_rest(owed, 2, by="anne", at=later(days=1), on=date(2021, 5, 13))
    lifecycle.cancel(owed, 5, was="accepted", by="anne", at=later(days=1), why="")
    for text, code in (("F-2021-00002", "settled"), ("F-2021-00005", "settled"), ("F-2021-00099", "unknown_invoice")):
        [match] = found(owed, (text, 5_000))
        assert (match.state, match.note.code) == ("unmatched", code)


def test_a_name_and_an_exact_balance_are_sure_and_a_longer_name_is_another(owed):
    one, other = found(owed, ("VIR EPICERIE DU COIN", total(owed, 1)), ("VIR Épicerie du Coin Sud", total(owed, 4)))
    assert short(one) == ("matched", "name", ("F-2021-00001",))
    assert short(other) == ("matched", "name", ("F-2021-00004",))


def test_one_line_settles_several_invoices_of_one_retailer_by_their_exact_sum(owed):
    [everything] = found(owed, ("EPICERIE DU COIN INC", total(owed, 1, 2, 3)))
    assert short(everything) == ("matched", "name", ("F-2021-00001", "F-2021-00002", "F-2021-00003"))
    [some] = found(owed, ("EPICERIE DU COIN INC", total(owed, 1, 3)))
    assert short(some) == ("matched", "name", ("F-2021-00001", "F-2021-00003"))
    [none] = found(owed, ("EPICERIE DU COIN INC", total(owed, 1, 3) + 1))
    assert (none.state, none.retailer, none.note.code) == ("unmatched", "coin", "no_sum")
    # Of nobody else's, though it comes to the same.
    [others] = found(owed, ("LE BAR ZINC", total(owed, 1, 3)))
    assert others.state == "unmatched"


def test_two_ways_to_come_to_a_line_are_to_be_confirmed(owed):
    send(owed, order_body("PO-6", items=25, buyer=COIN))
    [match] = found(owed, ("EPICERIE DU COIN", total(owed, 2)))
    assert short(match) == ("suggested", "name", ("F-2021-00002",))


def test_an_amount_alone_is_never_sure(owed):
    [one] = found(owed, ("DEPOT", total(owed, 5)))
    assert short(one) == ("suggested", "amount", ("F-2021-00005",))
    [several] = found(owed, ("DEPOT", total(owed, 1)))  # as much as the namesake owes
    assert (several.state, several.note.code) == ("unmatched", "several")


def test_the_name_of_whom_is_joined_counts(owed):
    send(owed, order_body("PO-7", items=40, buyer=buyer("shop-1", "Chez Paulette")))
    owed.ledger.write(lambda connection: join_retailers(connection, "shop-1", "zinc", by="anne", at=AT))
    [match] = found(owed, ("INTERAC CHEZ PAULETTE", total(owed, 5)))
    assert short(match) == ("matched", "name", ("F-2021-00005",))


def test_an_invoice_is_taken_by_one_line_only(owed):
    first, second = found(owed, ("LE BAR ZINC", total(owed, 5)), ("LE BAR ZINC", total(owed, 5)))
    assert (first.state, second.state) == ("matched", "unmatched")


def test_a_payment_from_before_the_order_is_not_of_it(owed):
    text = f"Date;Description;Crédit\n2021-05-01;LE BAR ZINC F-2021-00005;{total(owed, 5) / 100:.2f}\n".replace(
        ".", ","
    )
    [line] = read_file(text, Asked(), TODAY, "CAD").lines
    with owed.ledger.reading() as connection:
        [match] = matches_of(connection, owed, [line], {})
    assert (match.state, match.note.code) == ("unmatched", "paid_on")


def test_what_is_sure_is_recorded_once_whatever_file_says_it_again(owed):
    said = (("INTERAC LE BAR ZINC", total(owed, 5)), ("CHEQUE 12 F-2021-00001", 5_000), ("DEPOT", 777))
    done = keep(owed, *said)
    assert [(each.line, each.entered.number) for each in done.noted] == [(2, "F-2021-00005"), (3, "F-2021-00001")]
    made = [(row.amount, row.paid_on, row.means, row.reference) for row in rows(owed, tables.payments)]
    assert made == [
        (said[0][1], "2021-05-20", "transfer", "INTERAC LE BAR ZINC"),
        (5_000, "2021-05-20", "cheque", "CHEQUE 12 F-2021-00001"),
    ]
    again = found(owed, *said, ("LE BAR ZINC", 100))
    assert [each.state for each in again] == ["recorded", "recorded", "unmatched", "unmatched"]
    assert again[0].recorded == ("F-2021-00005",)
    with pytest.raises(Invalid) as caught:
        keep(owed, *said)
    assert caught.value.problems[0].code == "nothing"
    with pytest.raises(Invalid) as caught:
        keep(owed, *said, taken={2})
    assert (caught.value.problems[0].code, len(rows(owed, tables.payments))) == ("already_recorded", 2)


def test_a_person_corrects_a_line_and_confirms_another(owed):
    said = (("DEPOT", total(owed, 5)), ("DEPOT GUICHET", total(owed, 2, 3) + 250), ("AUTRE", 100))
    choices = {3: ("F-2021-00002", "f-2021-00003"), 4: ()}
    matches = found(owed, *said, choices=choices)
    assert [each.state for each in matches] == ["suggested", "matched", "unmatched"]
    assert matches[1].over == 250
    done = keep(owed, *said, choices=choices, taken={2, 3}, seen=digest_of(matches))
    assert [each.entered.balance for each in done.noted] == [0, 0, -250]
    assert [row.state for row in rows(owed, tables.invoices)] == ["issued", "paid", "paid", "issued", "paid"]


@pytest.mark.parametrize(
    ("numbers", "code"),
    [
        (("F-2021-00099",), "not_owed"),
        (("bonjour",), "not_owed"),
        (("F-2021-00001", "F-2021-00005"), "several_retailers"),
    ],
)
def test_a_correction_that_can_t_be_says_why_and_is_not_recorded(owed, numbers, code):
    [match] = found(owed, ("DEPOT", 5_000), choices={2: numbers})
    assert (match.state, match.note.code) == ("unmatched", code)
    with pytest.raises(Invalid):
        keep(owed, ("DEPOT", 5_000), choices={2: numbers}, taken={2})
    assert rows(owed, tables.payments) == [] and rows(owed, tables.bank_imports) == []


def test_what_changed_since_the_preview_is_shown_again_and_nothing_is_recorded(owed):
    said = (("LE BAR ZINC", total(owed, 5)), ("F-2021-00001", 1_000))
    seen = digest_of(found(owed, *said))
    payments.pay_rest(owed, 5, by="bob", at=later(days=2), on=date(2021, 5, 14))
    with pytest.raises(Conflict) as caught:
        keep(owed, *said, seen=seen)
    assert caught.value.code == "plan_changed" and len(rows(owed, tables.payments)) == 1


def test_many_who_record_one_file_at_once_record_it_once(owed):
    said = (("LE BAR ZINC", total(owed, 5)), ("F-2021-00001", 1_000), ("F-2021-00002", 2_000))

    def one(_number):
        try:
            return len(keep(owed, *said).noted)
        except (Conflict, Invalid):
            return 0

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(one, range(8))) == [0] * 7 + [3]
    assert len(rows(owed, tables.payments)) == len(rows(owed, tables.bank_lines)) == 3


def undo(services, key=1):
    return record.undo(services, key, by="bob", at=later(days=46), why="", entries_of=lambda done: [])


def test_a_file_is_undone_whole_and_may_be_recorded_again(owed):
    said = (("LE BAR ZINC", total(owed, 5)), ("EPICERIE DU COIN", total(owed, 1, 2, 3)))
    keep(owed, *said)
    payments.reverse(owed, 5, 1, by="anne", at=later(days=45), why="sans provision")
    done = undo(owed)
    assert (len(done.entered), done.before) == (3, 1)
    assert {row.state for row in rows(owed, tables.invoices)} == {"issued"}
    assert sum(row.amount for row in rows(owed, tables.payments)) == 0
    with pytest.raises(Conflict) as caught:
        undo(owed)
    assert caught.value.code == "already_undone"
    with pytest.raises(LookupError):
        undo(owed, 9)
    assert [each.state for each in found(owed, *said)] == ["matched", "matched"]
    assert len(keep(owed, *said).noted) == 4
    with owed.ledger.reading() as connection:
        assert list(sums_that_differ(connection)) == []


def test_a_line_whose_payment_was_taken_back_by_hand_may_be_recorded_for_another_invoice(owed):
    keep(owed, ("F-2021-00001", 1_000))
    payments.reverse(owed, 1, 1, by="anne", at=later(days=45))
    assert len(keep(owed, ("F-2021-00001", 1_000), choices={2: ("F-2021-00002",)}, taken={2}).noted) == 1
    assert [row.undone_at is None for row in rows(owed, tables.bank_lines)] == [False, True]

"""What follows an acceptance, from a shell: delivered, undone, paid, reversed, credited, with the entries of a page."""

import json
from datetime import timedelta

import pytest

from tests.clock import MONTREAL, real
from tests.web.houses import order, shell


@pytest.fixture
def run(place):
    """Runs a command in the installation of `place`, which has an accepted order of 24 bottles, invoiced."""
    assert place.send(order("PO-1"), "m-1").json["outcome"] == "accepted"
    folder = place.house.settings.data
    place.house.close()

    def run(*words, status=0):
        done = shell([*words, "--data", folder, "--json"])
        assert done.exit_code == status, done.output
        return json.loads(done.stdout if status == 0 else done.stderr) if status < 2 else done.stderr

    return run


def entries(run):
    return [(each["act"], each["after"]) for each in run("audit", "list", "--who", "cli")["entries"]]


def today():
    return real().astimezone(MONTREAL).date().isoformat()


def test_a_part_is_delivered_and_the_rest_credited(run):
    done = run("order", "deliver", 1, "--delivered", "1=22", "--lost", "1=2", "--reason", "casse")
    assert (done["state"], done["invoice"], done["lines"]) == (
        *("delivered", None),
        [{"line": 1, "delivered": 22, "lost": 2, "returned": 0}],
    )
    assert done["credit_note"].startswith("NC-")
    assert run("invoice", "show", run("order", "show", 1)["invoice"])["credit_notes"] == [done["credit_note"]]
    [(act, after)] = entries(run)
    assert act == "order.delivered" and after == {"on": done["on"], "lines": ["1: 22/2/0"]}
    assert run("order", "undo", 1, status=1)["errors"][0]["code"] == "followed"
    assert run("order", "deliver", 1, status=1)["errors"][0]["code"] == "already_settled"


def test_a_whole_delivery_is_undone_once(run):
    assert run("order", "undo", 1, status=1)["errors"][0]["code"] == "state"
    assert run("order", "deliver", 1, "--on", today())["lines"] == [
        {"line": 1, "delivered": 24, "lost": 0, "returned": 0}
    ]
    assert run("order", "undo", 1) == {"order_key": 1, "undone": "delivered", "state": "accepted"}
    assert run("order", "undo", 1, status=1)["errors"][0]["code"] == "state"
    assert run("events", "--type", "order.undone")["items"][0]["data"]["undone"] == "delivered"
    assert [act for act, _ in entries(run)] == ["order.delivered_undone", "order.delivered"]


def test_quantities_that_can_t_be_deliver_nothing(run):
    assert run("order", "deliver", 1, "--delivered", "9=1", status=1)["errors"][0]["code"] == "unknown_line"
    assert run("order", "deliver", 1, "--delivered", "1=25", status=1)["errors"]
    assert run("order", "deliver", 1, "--lost", "1=1", "--lost", "1=2", status=1)["errors"][0]["code"] == "duplicate"
    far = (real() + timedelta(days=9)).date().isoformat()
    assert run("order", "deliver", 1, "--on", far, status=1)["errors"][0]["pointer"] == "/on"
    for said in ("1", "=2", "1=", "-1=2", "1=2.5", "1=999999999"):
        assert "such as 1=22" in run("order", "deliver", 1, "--delivered", said, status=2)
    assert run("order", "show", 1)["state"] == "accepted" and entries(run) == []


def test_payments_are_entered_in_part_and_for_the_rest_and_reversed_once(run):
    number = run("order", "show", 1)["invoice"]
    total = run("invoice", "show", number)["total"]
    part = run("invoice", "pay", number, "100.00", "--on", today(), "--means", "cheque", "--reference", "000123")
    assert part["amount"] == "100.00" and part["state"] != "paid"
    rest = run("invoice", "pay", number, "--on", today())
    assert (rest["state"], rest["balance"]) == ("paid", "0.00")
    assert run("invoice", "pay", number, "--on", today(), status=1)["errors"][0]["code"] == "already_paid"
    shown = run("invoice", "show", number)
    assert (shown["paid"], shown["balance"]) == (total, "0.00")
    assert [(each["amount"], each["reference"]) for each in shown["payments"]] == [
        ("100.00", "000123"),
        (rest["amount"], ""),
    ]
    back = run("invoice", "reverse-payment", number, part["payment"], "--why", "sans provision")
    assert (back["amount"], back["balance"], back["state"]) == ("-100.00", "100.00", "issued")
    assert run("invoice", "reverse-payment", number, part["payment"], status=1)["errors"][0]["code"] == (
        "already_reversed"
    )
    assert run("invoice", "reverse-payment", number, 99, status=1)["errors"][0]["code"] == "unknown_payment"
    assert [act for act, _ in entries(run)] == ["invoice.payment_reversed", "invoice.paid", "invoice.paid"]
    assert entries(run)[-1][1] == {"id": part["payment"], "amount": "100.00", "on": today()}


def test_amounts_that_can_t_be_enter_nothing(run):
    number = run("order", "show", 1)["invoice"]
    for said, code in (("dix", "money"), ("1.005", "money"), ("0", "amount")):
        assert run("invoice", "pay", number, said, "--on", today(), status=1)["errors"][0]["code"] == code
    assert run("invoice", "pay", number, "10", "--on", "1999-01-01", status=1)["errors"][0]["code"] == "paid_on"
    assert "--on" in run("invoice", "pay", number, "10", status=2)
    assert run("invoice", "show", number)["payments"] == [] and entries(run) == []


def test_lines_are_credited_and_never_more_than_was_invoiced(run):
    number = run("order", "show", 1)["invoice"]
    done = run("invoice", "credit", number, "--line", "1=2", "--reason", "casse", "--note", "Deux brisées.")
    assert done["credit_note"].startswith("NC-") and done["total"].startswith("-")
    shown = run("invoice", "show", number)
    assert (shown["lines"][0]["creditable"], shown["credit_notes"]) == (22, [done["credit_note"]])
    assert run("invoice", "credit", number, "--line", "1=23", status=1)["errors"][0]["code"] == "already_credited"
    assert run("invoice", "credit", number, "--line", "2=1", status=1)["errors"][0]["code"] == "unknown_line"
    assert (
        run("invoice", "credit", done["credit_note"], "--line", "1=1", status=1)["errors"][0]["code"] == "credit_note"
    )
    [(act, after)] = entries(run)
    assert act == "invoice.credited" and after == {
        **{"credit_note": done["credit_note"], "lines": ["1: 2"]},
        "reason": "casse",
    }


def test_a_dispute_is_noted_and_closed(run):
    number = run("order", "show", 1)["invoice"]
    done = run("invoice", "dispute", number, "--reason", "Une caisse manque.")
    assert done == {"invoice_number": number, "dispute": 1, "disputed": True, "balance": "745.04"}
    assert run("invoice", "dispute", number, "--reason", "x", status=1)["errors"][0]["code"] == "already_disputed"
    [shown] = run("invoice", "show", number)["disputes"]
    assert (shown["reason"], shown["closed_at"]) == ("Une caisse manque.", None)
    assert run("retailer", "statement", "comptoir-1")["disputed"] == "745.04"
    assert not run("invoice", "close-dispute", number, "--outcome", "créditée")["disputed"]
    assert run("invoice", "close-dispute", number, status=1)["errors"][0]["code"] == "not_disputed"
    assert entries(run) == [
        ("invoice.dispute_closed", {"reason": "créditée"}),
        ("invoice.disputed", {"id": 1, "reason": "Une caisse manque."}),
    ]

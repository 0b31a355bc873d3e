"""Comptabilité, by page, by key and from a shell: the same period is the same, and the accounts are the installation's."""

import csv
import io
import json
import re
from decimal import Decimal

import pytest
from sqlalchemy import select

from houblon.orders.db.tables import invoices
from houblon.orders.handling import lifecycle
from houblon.orders.invoicing import payments
from houblon.orders.invoicing.applied_credits import apply_credit
from houblon.orders.invoicing.payments import Payment
from tests.clock import NOW, day_of
from tests.web.access.ways_in import post, text
from tests.web.api.test_api import Caller
from tests.web.houses import order, shell
from tests.web.people import populate, someone

MAY = {"du": "2021-05-01", "au": "2021-05-31"}
BY_KEY = "since=2021-05-01&until=2021-06-01"


@pytest.fixture
def lived(place):
    """Two invoices of May, one paid, one credited with its order."""
    for number in (1, 2):
        place.send(order(f"PO-{number}"), f"m-{number}")
    services = place.house.services
    payments.pay(services, 1, Payment(1_234, day_of(NOW)), by="anne", at=NOW)
    lifecycle.cancel(services, 2, was="accepted", by="anne", at=NOW, why="non")
    return place


def rows_of(content):
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


def test_a_bookkeeper_who_may_only_read_sees_the_totals_and_takes_the_files(lived):
    populate(lived)
    client = someone(lived, "viewer")
    page = text(client.get("/comptabilite", query_string=MAY))
    assert "équilibré" in page and "12,34" in page and "1100 Comptes clients" in page
    for table in ("invoices", "payments", "journal", "quickbooks", "quickbooks-journal"):
        for kind, beginning in (("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK")):
            answer = client.get(f"/comptabilite/{table}.{kind}", query_string=MAY)
            assert answer.status_code == 200 and answer.data.startswith(beginning)
            assert f"{table}-2021-05-01-2021-05-31.{kind}" in answer.headers["Content-Disposition"]
    assert client.get("/comptabilite/autres.csv").status_code == 404
    assert client.get("/comptabilite/journal.exe").status_code == 404


def test_what_can_be_no_period_is_told_and_shows_last_month(lived):
    client = lived.signed_in()
    for wrong in ({"du": "hier"}, {"du": "2021-06-01", "au": "2021-05-01"}, {"au": "9999-12-31"}, {"du": "0001-01-01"}):
        answer = client.get("/comptabilite", query_string=wrong)
        assert answer.status_code == 422 and 'role="alert"' in text(answer), wrong
        assert client.get("/comptabilite/journal.csv", query_string=wrong).status_code == 422
    assert "Rien dans cette période" in text(client.get("/comptabilite"))  # last month, April


def test_the_same_period_comes_by_page_by_key_and_from_a_shell(lived, tmp_path):
    call = Caller(lived, "read", "write")
    page = lived.signed_in().get("/comptabilite/journal.csv", query_string=MAY).data
    by_key = call("GET", f"/exports/journal.csv?{BY_KEY}", **{"Accept-Language": "fr"})
    totals = call("GET", f"/exports/totals?{BY_KEY}").json
    [sums] = totals["currencies"]
    debit = sum(Decimal(row["Débit"].replace(",", ".") or 0) for row in rows_of(page))
    assert sums["debit"] == sums["credit"] == str(debit) and sums["unbalanced"] == []
    kinds = {each["kind"]: (each["entries"], each["amount"]) for each in sums["kinds"]}
    [one, *_] = {row.total for row in kept(lived) if row.kind == "invoice"}
    assert kinds["invoice"] == (2, f"{2 * one / 100:.2f}") and kinds["credit_note"] == (1, f"{-one / 100:.2f}")
    assert kinds["payment"] == (1, "-12.34") and kinds["reversal"] == (0, "0.00")
    folder, target = lived.house.settings.data, tmp_path / "journal.csv"
    lived.house.close()
    said = ["export-books", "journal", target, "--from", "2021-05-01", "--to", "2021-06-01", "--data", folder]
    assert shell(said).exit_code == 0
    assert target.read_bytes() == page == by_key.data
    assert "exists" in shell(said).stderr
    assert shell(["export-books", "journal", tmp_path / "a.txt", "--data", folder]).exit_code == 2
    wrong = shell(["export-books", "journal", tmp_path / "a.csv", "--from", "mai", "--data", folder])
    assert wrong.exit_code == 1 and not (tmp_path / "a.csv").exists()


def kept(place):
    with place.house.services.ledger.reading() as connection:
        return connection.execute(invoices.select()).all()


def test_the_accounts_are_the_installation_s_by_page_by_key_and_from_a_shell(lived):
    admin, call = lived.signed_in(), Caller(lived, "read", "write")
    form = admin.get("/reglages").get_data(as_text=True)
    said = dict(re.findall(r'name="(name|email|prefix|timezone|currency|etag)"[^>]* value="([^"]*)"', form))
    assert re.search(r'name="account_revenue"[^>]* value="4000 Ventes"', form)
    accounts = {"account_revenue": "Ventes de bière", "account_bank": "  Caisse   Desjardins "}
    assert post(admin, "/reglages", **said, province="QC", account_revenue="").status_code == 422
    assert post(admin, "/reglages", **said, province="QC", **accounts).status_code == 302
    assert "compte" in text(admin.get("/journal"))
    journal = rows_of(admin.get("/comptabilite/journal.csv", query_string=MAY).data)
    assert {"Ventes de bière", "Caisse Desjardins", "1100 Comptes clients"} <= {row["Compte"] for row in journal}
    answer = call("GET", "/exports/accounts")
    assert answer.json["bank"] == "Caisse Desjardins" and answer.json["gst"] == "2310 TPS à payer"
    changed = call("PUT", "/exports/accounts", {"gst": "TPS"}, **{"If-Match": answer.headers["ETag"]})
    assert changed.json == {**answer.json, "gst": "TPS"}
    late = call("PUT", "/exports/accounts", {"gst": "X"}, **{"If-Match": answer.headers["ETag"]})
    assert late.status_code == 412
    [fault] = call("PUT", "/exports/accounts", {"gst": "a\nb\u200b"}).json["errors"]
    assert (fault["code"], fault["pointer"]) == ("account", "/gst")
    folder = lived.house.settings.data
    lived.house.close()
    assert shell(["installation", "set", "--account-qst", "TVQ", "--data", folder]).exit_code == 0
    shown = json.loads(shell(["installation", "show", "--data", folder, "--json"]).stdout)
    assert (shown["account_qst"], shown["account_gst"], shown["account_revenue"]) == ("TVQ", "TPS", "Ventes de bière")


def test_a_credit_that_was_applied_is_a_payment_by_that_means_in_the_file(lived):
    services = lived.house.services
    lived.send(order("PO-3"), "m-3")
    with services.ledger.reading() as connection:
        third = connection.execute(select(invoices).where(invoices.c.order_key == 3)).one()
    payments.pay(services, 1, Payment(73_270 + 5_496, day_of(NOW)), by="anne", at=NOW)
    apply_credit(services, third.key, 1, 5_496, by="anne", at=NOW)
    content = lived.signed_in().get("/comptabilite/payments.csv", query_string=MAY)
    assert content.status_code == 200
    told = [(each["Facture"], each["Montant"], each["Moyen"]) for each in rows_of(content.data)][-2:]
    assert told == [("F-2021-00001", "-54,96", "crédit porté"), (third.number, "54,96", "crédit porté")]

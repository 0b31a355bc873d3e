"""What is kept of a retailer, handed out whole, and erased when it may be: nothing of the person stays, all comes out."""

import json
from datetime import date

import pytest
from sqlalchemy import select

from houblon.engine.core.problem import Invalid
from houblon.orders.db.tables import audit, invoices, memberships, orders, retailers
from houblon.orders.db.tables.refused import refused_calls
from houblon.orders.handling import review
from houblon.orders.handling.replay import replay
from houblon.orders.invoicing import payments
from houblon.orders.outbox.delivery import deliver_due
from houblon.orders.privacy.tax_years import TaxYears
from houblon.orders.records.audit import record
from houblon.orders.retailers.joins import join_retailers
from houblon.rules.model.entry import Entry
from houblon.rules.model.statements import Edit
from houblon.rules.publishing.publish import publish
from houblon.web.cli.check import check_installation
from houblon.web.foundation.stale import Outdated
from houblon.web.privacy import keeping
from tests import databases
from tests.clock import NOW
from tests.web.houses import make_folder, open_place, order, shell
from tests.web.privacy.houses import DAY, ID, OLD_MAIL, PERSONAL, as_text, found_of, later
from tests.web.privacy.houses import populate as fill


@pytest.fixture
def house(place):
    opened = later(place.house)
    yield opened
    opened.close()


def erase(house, id=ID, contact_only=False):
    return keeping.erase(house, id, "cli", "shell", contact_only)


def test_all_that_is_kept_is_handed_out_and_nobody_of_the_house_is_named(place):
    document = keeping.export(place.house, ID, "cli", "shell")
    said = as_text(document)
    assert {each for each in PERSONAL if each not in said} == set()
    assert [each["order_id"] for each in document["orders"]] == ["PO-1", "PO-2", "PO-3"]
    assert [each["kind"] for row in document["orders"] for each in row["invoices"]] == [
        "invoice",
        "invoice",
        "credit_note",
    ]
    assert document["messages"] and document["calls"] and document["audit"]
    assert document["orders"][1]["earlier_contents"][0]["content"]["buyer"]["email"] == OLD_MAIL
    assert [each["order_id"] for each in document["refused_calls"]] == ["PO-8", "PO-9"]
    assert document["refused_calls"][0]["payload"]["note"] == PERSONAL[5]
    assert "anne@houblon" not in said and "admin@houblon" not in said and "Une Autre" not in said
    with place.house.services.ledger.reading() as connection:
        last = connection.execute(select(audit).order_by(audit.c.key.desc()).limit(1)).one()
    assert (last.act, last.subject, last.after) == ("retailer.exported", ID, None)


def test_nothing_of_the_person_stays_and_every_decision_comes_out_again(house, place):
    data = house.settings.data
    assert len(found_of(house, data)) > 12
    hashes = {row.key: row.content_hash for row in rows(house, orders)}
    totals = [(row.number, row.total, row.state) for row in rows(house, invoices)]
    erased = erase(house)
    assert found_of(house, data) == set()
    assert erased.counts["refused"] == 2 and [row.order_id for row in rows(house, refused_calls)] == ["AUTRE-2"]
    assert erased.counts["orders"] == 3 and erased.counts["simulations"] == 1 and erased.counts["audit"] >= 1
    assert {row.key: row.content_hash for row in rows(house, orders)} == hashes
    assert [(row.number, row.total, row.state) for row in rows(house, invoices)] == totals
    with house.services.ledger.reading() as connection:
        replayed = replay(connection, house.services)
        theirs = connection.execute(select(orders.c.body).where(orders.c.retailer_id == "autre-1")).scalar_one()
    assert replayed.count >= 5 and replayed.differences == ()
    assert check_installation(house).problems == ()
    assert b"Une Autre" in theirs
    pages = place.signed_in()
    for address in ("/commandes/1", "/factures/1", "/factures/1.pdf", f"/detaillants/{ID}", "/journal", "/messages"):
        assert pages.get(address).status_code == 200, address
    erase(house)  # once more: there is nothing left to do, and nothing breaks
    assert check_installation(house).problems == ()


COMPANY, BOUGHT_AS, CARD, REASON, COURIER = "9123-4567 Québec inc.", "BC-Tremblay-7", "ch_77", "carte 55-A", "Luc Roy"


def test_what_an_order_says_of_a_company_a_payment_and_charges_goes_too(place):
    buyer = {"id": ID, "name": "Comptoir du Coin", "company": COMPANY, "po_number": BOUGHT_AS, "vat": COURIER}
    charges = [
        {"kind": "shipping", "amount": "7.00", "name": f"Livraison chez {COMPANY}", "courier": COURIER},
        {"kind": "fee", "amount": "5.00", "name": "Consigne"},
    ]
    exempt = {"tax_exempt": True, "tax_exempt_reason": REASON}
    payment = {"state": "paid", "reference": CARD, "payer": COURIER}
    stated = {"amount": "660.00", "said_by": COURIER}
    sent = {**order("PO-8"), "buyer": buyer, "charges": charges, "payment": payment, "stated_total": stated, **exempt}
    place.send(sent, "m-8")
    place.house.services.ledger.write(
        lambda c: record(c, Entry(NOW, "anne", "", "memberships.set", "import", None, {"autre-1": [COMPANY]}))
    )
    data, words = place.house.settings.data, (COMPANY, BOUGHT_AS, CARD, REASON, COURIER)
    after = later(place.house)
    while deliver_due(after.services.ledger, after.transport, NOW):
        pass
    before = rows(after, invoices)[-1]
    assert before.state == "paid" and {
        "orders.body",
        "invoices.document",
        "transitions.why",
        "audit.after",
    } <= found_of(after, data, words)
    erase(after)
    assert found_of(after, data, words) == set()
    left = rows(after, invoices)[-1]
    assert left.document["cents"] == before.document["cents"] and left.document["payment"]["is_whole"]
    body = json.loads(rows(after, orders)[-1].body)
    assert body["charges"] == [{"kind": "shipping", "amount": "7.00"}, {"kind": "fee", "amount": "5.00"}]
    assert body["stated_total"] == {"amount": "660.00"} and body["tax_exempt"]
    assert left.document["tax_exempt_reason"] == {"fr": "selon la commande", "en": "by the order"}
    with after.services.ledger.reading() as connection:
        assert replay(connection, after.services).differences == ()
    assert check_installation(after).problems == ()
    for address in (f"/commandes/{before.order_key}", f"/factures/{before.key}", f"/factures/{before.key}.pdf"):
        assert place.signed_in().get(address).status_code == 200, address
    after.close()


def rows(house, table):
    with house.services.ledger.reading() as connection:
        return connection.execute(select(table).order_by(table.c.key)).all()


def test_the_audit_log_says_it_without_the_person_and_still_follows(house):
    erase(house)
    entries = rows(house, audit)
    (erasure,) = [each for each in entries if each.act == "retailer.erased"]
    assert erasure.subject == ID and not any(each in as_text(erasure.after) for each in PERSONAL)
    (edited,) = [each for each in entries if each.act == "retailer.edited"]
    assert (edited.before, edited.after) == (None, None) and erasure.after["redacted"][str(edited.key)] == edited.hash


def test_the_preview_counts_the_entries_that_an_erasure_empties_and_none_of_an_earlier_erasure(house):
    for contact_only in (True, False):
        expected = keeping.preview(house, ID).audited
        assert erase(house, contact_only=contact_only).counts["audit"] == expected
    assert keeping.preview(house, ID).audited == 0


def test_an_entry_that_is_emptied_and_that_nobody_vouches_for_breaks_the_chain(house):
    (edited,) = [each for each in rows(house, audit) if each.act == "retailer.edited"]
    house.services.ledger.write(
        lambda c: c.execute(audit.update().where(audit.c.key == edited.key).values(before=None, after=None))
    )
    (broken,) = check_installation(house).problems
    assert broken.code == "audit_chain" and broken.pointer == f"/audit/{edited.key}"


def test_before_the_years_are_over_it_says_when_and_the_card_may_go(place):
    house, data = place.house, place.house.settings.data
    with pytest.raises(Invalid) as refused:
        erase(house)
    assert refused.value.problems[0].code == "tax_years" and "December 31, 2027" in refused.value.problems[0].message.en
    assert len(found_of(house, data)) > 12
    erased = erase(house, contact_only=True)
    left = found_of(house, data)
    assert left == {
        *("orders.body", "earlier_contents.body", "invoices.document", "transitions.why"),
        *({"decisions.document"} & left),
    }
    assert any("December 31, 2027" in each.en for each in erased.kept)
    assert check_installation(house).problems == ()


def test_what_is_not_settled_is_settled_first(place, house):
    place.send(_order(), "m-9")
    with pytest.raises(Invalid) as refused:
        keeping.erase(house, "nouveau-1", "cli", "shell", False)
    assert refused.value.problems[0].code == "unfinished"


def _order():
    return order("PO-9", buyer="nouveau-1")


def test_a_note_that_a_rule_reads_is_kept_and_said(place, template):
    house, newest = place.house, place.house.store.newest().number
    tous = house.store.content(newest).groups["tous"].document
    rule = {
        "label": {"fr": "Urgent", "en": "Urgent"},
        "conditions": {"all": [{"name": "note", "operator": "contains", "value": "urgent"}]},
        "actions": [{"name": "hold", "params": {"reason": "urgent"}}],
    }
    changed = {**tous, "rules": {"urgent": rule}}
    publish(house.store, [Edit("group", "tous", changed)], author="m", note="", at=NOW, base=newest)
    place.send({**_order(), "id": "N-1", "note": "urgent, Mme Roy"}, "m-n1")
    place.send({**_order(), "id": "N-2", "note": "Mme Roy, sonnez"}, "m-n2")
    for row in rows(house, orders):
        if row.order_id == "N-1":
            review.refuse(house.services, row.key, by="anne", at=NOW, why="non")
    after = later(house)
    with after.services.ledger.reading() as connection:
        unpaid = connection.execute(select(invoices.c.key).where(invoices.c.state == "issued")).scalars().all()
    while deliver_due(after.services.ledger, after.transport, NOW):
        pass
    for key in unpaid:
        payments.pay_rest(after.services, key, by="anne", at=NOW, on=DAY)
    erased = keeping.erase(after, "nouveau-1", "cli", "shell", False)
    bodies = {row.order_id: json.loads(row.body) for row in rows(after, orders)}
    assert bodies["N-1"]["note"] == "urgent, Mme Roy" and bodies["N-2"]["note"] == "[effacé]"
    assert any("a rule reads it" in each.en for each in erased.kept)
    with after.services.ledger.reading() as connection:
        assert replay(connection, after.services).differences == ()
    after.close()


def test_on_postgresql_it_is_the_same(template, tmp_path, monkeypatch):
    if databases.EVERYWHERE:
        pytest.skip("every other test is on PostgreSQL already")
    data = tmp_path / "data"
    environ = {"HOUBLON_DATABASE_URL": databases.database("privacy-erasure")}
    password = make_folder(data, environ)
    opened = open_place(data, password, environ=environ)
    fill(opened)
    after = later(opened.house)
    erase(after)
    assert found_of(after, data) == set()
    with after.services.ledger.reading() as connection:
        assert replay(connection, after.services).differences == ()
        assert connection.execute(select(memberships).where(memberships.c.retailer_id == ID)).all() == []
    assert check_installation(after).problems == ()
    after.close()
    opened.house.close()


def test_the_commands_speak_of_it(place):
    data = place.house.settings.data
    exported = shell(["retailer", "export", ID, "--data", data])
    assert json.loads(exported.stdout)["retailer"]["id"] == ID
    previewed = json.loads(shell(["retailer", "erase", ID, "--preview", "--data", data, "--json"]).stdout)
    assert previewed["kept_until"] == "2027-12-31" and previewed["orders"] == 3
    refused = shell(["retailer", "erase", ID, "--data", data])
    assert refused.exit_code == 1 and json.loads(refused.stderr)["errors"][0]["code"] == "tax_years"
    done = shell(["retailer", "erase", ID, "--contact-only", "--data", data, "--json"])
    assert json.loads(done.stdout)["erased"]["messages"] > 0
    nobody = shell(["retailer", "export", "personne", "--data", data])
    assert nobody.exit_code == 1 and json.loads(nobody.stderr)["errors"][0]["code"] == "unknown"


@pytest.mark.parametrize(
    ("last", "ends", "until"),
    [
        ("2021-05-12", (12, 31), "2027-12-31"),
        ("2021-12-31", (12, 31), "2027-12-31"),
        ("2022-01-01", (12, 31), "2028-12-31"),
        ("2021-05-12", (3, 31), "2028-03-31"),
        ("2021-03-31", (3, 31), "2027-03-31"),
        ("2021-05-12", (2, 28), "2028-02-28"),
    ],
)
def test_years_count_from_the_end_of_the_tax_year(last, ends, until):
    assert TaxYears(6, *ends).kept_until(date.fromisoformat(last)) == date.fromisoformat(until)


def test_who_was_joined_goes_out_and_is_erased_with_whom_they_are(place):
    ledger = place.house.services.ledger
    twin = order("PO-9", buyer="jumeau")
    twin["buyer"] |= {"name": "Bar Jumeau", "email": "jumeau@bar.example"}
    place.send(twin, "m-9")
    ledger.write(lambda c: join_retailers(c, "jumeau", ID, by="anne", at=NOW))
    for id in (ID, "jumeau"):
        document = keeping.export(place.house, id, "cli", "shell")
        assert document["retailer"]["id"] == ID and "PO-9" in as_text(document)
        assert [each["email"] for each in document["joined"]] == ["jumeau@bar.example"]
    house = later(place.house)
    ledger.write(lambda c: c.exec_driver_sql("UPDATE invoices SET state = 'paid', paid_on = '2021-06-01'"))
    while deliver_due(ledger, place.house.transport, house.now()):
        pass
    erase(house, "jumeau")
    with house.services.ledger.reading() as connection:
        cards = connection.execute(select(retailers)).all()
    left = [str(each) for each in (*cards, *rows(house, orders), *rows(house, invoices))]
    assert not any("Bar Jumeau" in each or "jumeau@bar.example" in each for each in left)
    with house.services.ledger.reading() as connection:
        assert replay(connection, house.services).differences == ()
    house.close()


def test_who_is_joined_while_they_are_erased_is_not_erased_by_half(place, house, monkeypatch):
    ledger = house.services.ledger
    twin = order("PO-9", buyer="jumeau")
    twin["buyer"] |= {"name": "Bar Jumeau", "email": "jumeau@bar.example"}
    place.send(twin, "m-9")
    write = ledger.write

    def after_a_join(work):
        monkeypatch.undo()
        write(lambda connection: join_retailers(connection, "jumeau", ID, by="anne", at=NOW))
        return write(work)

    monkeypatch.setattr(ledger, "write", after_a_join)
    with pytest.raises(Outdated):
        erase(house, "jumeau", contact_only=True)
    both = select(retailers.c.name, retailers.c.email).where(retailers.c.id.in_(("jumeau", ID)))
    with ledger.reading() as connection:
        kept = set(connection.execute(both).all())
    assert ("Bar Jumeau", "jumeau@bar.example") in kept and len(kept) == 2
    erase(house, "jumeau", contact_only=True)
    with ledger.reading() as connection:
        assert set(connection.execute(both).all()) == {(None, None)}

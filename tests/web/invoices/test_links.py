"""The buyer's link: good until a year after the payment, replaced from the invoice's page, kindly over after that."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from houblon.orders.db.tables import invoices, outbox
from houblon.orders.handling import lifecycle
from houblon.orders.invoicing.links import invoice_link
from houblon.orders.invoicing.payments import pay_rest as pay
from houblon.web.foundation.data_folder import change_profile
from tests.clock import NOW, day_of
from tests.web.access.ways_in import Clock, acts, delivered, link_in, post, text
from tests.web.houses import order
from tests.web.people import populate, someone


@pytest.fixture
def clock(template, tmp_path):
    """An installation with one invoice, whose clock the test moves."""
    moved = Clock()
    moved.place = moved.open(template, tmp_path / "temps")
    moved.place.send(order("PO-1"), "m-1")
    yield moved
    moved.place.house.close()


def first_link(place, key=1):
    return invoice_link("", place.house.services.secret, key)


def opens(place, link):
    return {place.client().get(f"{link}{end}").status_code for end in ("", "/facture.pdf")}


def state_of(place):
    with place.house.services.ledger.reading() as connection:
        return connection.execute(select(invoices.c.state).where(invoices.c.key == 1)).scalar_one()


def paid(clock):
    clock.now = NOW + timedelta(days=1)
    pay(clock.place.house.services, 1, by="anne", at=clock.now, on=day_of(clock.now))


def test_a_link_opens_an_unpaid_invoice_for_years(clock):
    clock.now = NOW + timedelta(days=3000)
    assert opens(clock.place, first_link(clock.place)) == {200}


def test_a_link_is_over_a_year_after_the_payment_and_says_what_to_do(clock):
    place, link = clock.place, first_link(clock.place)
    change_profile(place.house.settings.data, lambda seen: _with_mail(seen))
    paid(clock)
    clock.now = NOW + timedelta(days=366)  # the same day, a year later
    assert opens(place, link) == {200}
    clock.now = NOW + timedelta(days=367)
    assert opens(place, link) == {410}
    page = text(place.client().get(link))
    assert "Ce lien a pris fin" in page and "F-2021-00001" in page
    assert 'href="mailto:factures@brasserie.example?subject=F-2021-00001"' in page
    assert place.signed_in().get("/factures/1").status_code == 200


def _with_mail(profile):
    from msgspec.structs import replace

    return replace(profile, seller=replace(profile.seller, name="Brasserie", email="factures@brasserie.example"))


@pytest.mark.parametrize(
    ("province", "language", "is_french"), [("ON", "en", False), ("QC", "fr", True), (None, "fr", True)]
)
def test_a_buyer_reads_in_the_languages_of_their_invoice_that_a_link_is_over(
    template, tmp_path, province, language, is_french
):
    moved = Clock()
    place = moved.open(template, tmp_path / "temps")
    buyer = {"id": "comptoir-1", "name": "The Counter", "email": "buyer@counter.example", "language": "en-CA"}
    buyer["province"] = province
    place.send({**order("PO-1"), "buyer": buyer}, "m-1")
    post(place.signed_in(), "/factures/1/lien", "/factures/1", numero="0")
    page = text(place.client().get(first_link(place)))
    assert "This link has ended" in page and f'<html lang="{language}-CA">' in page
    assert ("Ce lien a pris fin" in page) == is_french
    place.house.close()


def test_a_link_that_is_over_notes_no_view_and_a_credit_note_has_an_end_too(clock):
    place = clock.place
    lifecycle.cancel(place.house.services, 1, was="accepted", by="anne", at=NOW, why="")
    links = [first_link(place, key) for key in (1, 2)]
    clock.now = NOW + timedelta(days=365)
    assert [opens(place, link) for link in links] == [{200}, {200}]
    clock.now = NOW + timedelta(days=366)
    assert [opens(place, link) for link in links] == [{410}, {410}]


def test_the_installation_says_how_many_months(clock):
    place, admin = clock.place, clock.place.signed_in()
    page = text(admin.get("/reglages"))
    assert re.search(r'name="invoice_link_months"[^>]* value="12"', page)
    said = dict(re.findall(r'name="(name|email|prefix|timezone|currency|etag)"[^>]* value="([^"]*)"', page))
    for wrong in ("0", "121", "un an", ""):
        assert post(admin, "/reglages", **said, invoice_link_months=wrong).status_code == 422
    asked = post(admin, "/reglages", **said, invoice_link_months="2")
    confirm = re.search(r'name="confirme" value="([^"]+)"', text(asked)).group(1)
    assert "n’ouvriront" in text(asked) or "ne les ouvriront plus" in text(asked)
    assert post(admin, "/reglages", **said, invoice_link_months="2", confirme=confirm).status_code == 302
    paid(clock)
    clock.now = NOW + timedelta(days=80)
    assert opens(place, first_link(place)) == {410}


def test_a_link_is_replaced_sent_and_noted_and_the_one_before_opens_nothing(clock):
    place, admin, old = clock.place, clock.place.signed_in(), first_link(clock.place)
    shown = text(admin.get("/factures/1"))
    assert "Remplacer ce lien" in shown and f'value="http://localhost:8000{old}"' in shown
    assert delivered(place)
    assert post(admin, "/factures/1/lien", "/factures/1", numero="0").location == "/factures/1#lien"
    assert opens(place, old) == {410} and state_of(place) == "sent"
    post(admin, "/factures/1/lien/envoyer", "/factures/1")
    (mail,) = delivered(place)
    assert mail["To"] == "achats@comptoir.example" and "F-2021-00001" in mail["Subject"]
    new = link_in(mail)
    assert new != old and opens(place, new) == {200} and state_of(place) == "viewed"
    assert [act for act, subject, _ in acts(place) if subject == "F-2021-00001"] == [
        "invoice.link_sent",
        "invoice.link_replaced",
    ]
    # A page from before the other press: nothing is replaced twice.
    late = post(admin, "/factures/1/lien", "/factures/1", numero="0")
    assert late.status_code == 302 and opens(place, new) == {200}
    assert "remplacé par quelqu’un d’autre" in text(admin.get("/factures/1"))
    assert post(admin, "/factures/9/lien", "/factures/1", numero="0").status_code == 404
    assert post(admin, "/factures/9/lien/envoyer", "/factures/1").status_code == 404


def test_a_letter_that_has_not_left_yet_leads_to_the_new_link(clock):
    place = clock.place
    post(place.signed_in(), "/factures/1/lien", "/factures/1", numero="0")
    (link,) = {link_in(mail) for mail in delivered(place)}
    assert opens(place, link) == {200} and link != first_link(place)


def test_a_link_that_was_over_opens_for_a_year_again_once_it_is_replaced(clock):
    place = clock.place
    paid(clock)
    clock.now = NOW + timedelta(days=500)
    admin = place.signed_in()
    assert "terminé" in text(admin.get("/factures/1"))
    post(admin, "/factures/1/lien", "/factures/1", numero="0")
    new = invoice_link("", place.house.services.secret, 1, 1)
    assert opens(place, new) == {200}
    clock.now = NOW + timedelta(days=500 + 365)
    assert opens(place, new) == {200}
    clock.now = NOW + timedelta(days=500 + 367)
    assert opens(place, new) == {410}


def test_who_may_only_look_sees_no_link_and_replaces_none(clock):
    place = clock.place
    populate(place)
    viewer = someone(place, "viewer")
    page = text(viewer.get("/factures/1"))
    assert first_link(place) not in page and "Remplacer ce lien" not in page
    for end in ("", "/envoyer"):
        assert post(viewer, f"/factures/1/lien{end}", "/compte", numero="0").status_code == 403
    with place.house.services.ledger.reading() as connection:
        assert connection.execute(select(outbox.c.event).where(outbox.c.event == "invoice.link")).all() == []

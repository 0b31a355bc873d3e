"""`houblon secret rotate`: what a leaked secret signed ends, what people hold from the house stays good."""

import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from houblon.orders.db.tables import audit, outbox
from houblon.orders.invoicing.links import invoice_link
from houblon.orders.outbox.delivery import deliver_due
from houblon.orders.outbox.encrypted import EARLIER_SECRET, Decrypting
from houblon.web.access.accounts import sessions
from houblon.web.copies import rotation
from houblon.web.foundation.composition import open_house
from houblon.web.foundation.data_folder import read_secrets
from tests.clock import NOW
from tests.web.houses import ADMIN, Place, app_over, copy_of, open_place, order, settings_of, shell, token_of
from tests.web.people import code_for, enrol
from tests.web.servers import serving

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def before(template, tmp_path):
    """An installation with a second factor, an invoice and an invitation, and the browser that made them."""
    data = copy_of(template[0], tmp_path / "data")
    place = open_place(data, template[1])
    client = place.signed_in()
    key = enrol(client)
    page = client.get("/compte/codes-de-secours").get_data(as_text=True)
    form = {"generate_new_codes": "1", "csrf_token": token_of(page)}
    page = client.post("/compte/codes-de-secours", data=form).get_data(as_text=True)
    codes = re.findall(r"<li><code>([^<]+)</code>", page)
    place.send(order("PO-1"), "m-1")
    form = {"adresse": "nouvelle@houblon.example", "role": "viewer", "langue": "fr"}
    form["csrf_token"] = token_of(client.get("/acces").text)
    assert client.post("/acces", data=form).status_code == 302
    link = invoice_link("", place.house.services.secret, 1)
    yield place, client, key, codes, link
    place.house.close()


def reopened(place, now=LATER):
    house = open_house(place.house.settings, now=lambda: now)
    return Place(house, app_over(house), place.password, place.secret, place.key)


def test_a_new_secret_keeps_passwords_second_factors_and_invoices_and_ends_the_rest(before):
    place, client, key, codes, link = before
    assert client.get("/").status_code == 200
    told = shell(["secret", "rotate", "--data", place.house.settings.data, "--json"])
    assert told.exit_code == 0, told.stderr
    assert json.loads(told.stdout) == {"sessions": 1, "invitations": 1, "mails": 1}
    after = reopened(place)
    copied = after.client()
    copied.set_cookie("session", client.get_cookie("session").value)
    assert copied.get("/").status_code == 302
    assert after.client().get(link).status_code == 200
    for code, address in ((code_for(key, 1), "/connexion/code"), (codes[0], "/connexion/secours")):
        someone = after.client()
        form = {"email": ADMIN, "password": place.password, "csrf_token": token_of(someone.get("/connexion").text)}
        asked = someone.post("/connexion", data=form)
        assert asked.location and "code" in asked.location
        form = {"code": code, "csrf_token": token_of(someone.get(address).text)}
        assert someone.post(address, data=form).status_code == 302
        assert someone.get("/").status_code == 200, address
    with after.house.services.ledger.reading() as connection:
        parked = connection.execute(select(outbox.c.error).where(outbox.c.event == "account.invited")).scalar_one()
        acts = connection.execute(select(audit.c.act)).scalars().all()
        still_open = connection.execute(select(sessions.c.id).where(sessions.c.ended_at.is_(None))).all()
    assert parked == EARLIER_SECRET and acts.count("secret.rotated") == 1 and len(still_open) == 2
    after.house.close()


def test_the_old_secret_opens_no_invoice_that_came_after_it_and_one_later_still_opens_the_first(before):
    place, _client, _key, _codes, link = before
    old = place.house.services.secret
    for _ in range(2):
        assert shell(["secret", "rotate", "--data", place.house.settings.data]).exit_code == 0
    # The command works at the real clock: the invoice that comes after is one of later still.
    until = read_secrets(place.house.settings.data)[1][0].until
    after = reopened(place, until + timedelta(days=1))
    assert after.send(order("PO-2"), "m-2").status_code == 200
    assert after.client().get(link).status_code == 200
    assert after.client().get(invoice_link("", old, 2)).status_code == 404
    assert after.client().get(invoice_link("", after.house.services.secret, 2)).status_code == 200
    after.house.close()


def test_a_mail_with_a_void_link_does_not_leave_even_when_somebody_sends_it(before):
    place, *_ = before

    class Box:
        def send(self, id, recipient, message):
            raise AssertionError("it left")

    house = place.house
    with house.services.ledger.reading() as connection:
        row = connection.execute(select(outbox).where(outbox.c.event == "account.invited")).one()
    house.services.ledger.write(lambda c: c.execute(outbox.delete().where(outbox.c.id != row.id)))
    deliver_due(house.services.ledger, Decrypting(Box(), "another secret, as long as one has to be"), NOW)
    with house.services.ledger.reading() as connection:
        assert connection.execute(select(outbox.c.state, outbox.c.error)).one() == ("parked", EARLIER_SECRET)


def test_what_a_crash_left_unsaid_the_next_start_says_once(before, monkeypatch):
    place, *_ = before
    monkeypatch.setattr(rotation, "settle_rotation", lambda house: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        rotation.rotate(place.house)
    monkeypatch.undo()
    assert rotation.settle_rotation(place.house).sessions == 1
    assert rotation.settle_rotation(place.house) is None
    assert shell(["check", "--data", place.house.settings.data]).exit_code == 0


def test_under_a_server_it_is_refused_and_the_secret_stays(template, tmp_path):
    data = copy_of(template[0], tmp_path / "data")
    content = (data / "secret.key").read_bytes()
    with serving(data) as server:
        refused = shell(["secret", "rotate", "--data", data])
        assert refused.exit_code == 1 and json.loads(refused.stderr)["errors"][0]["code"] == "served"
        assert (data / "secret.key").read_bytes() == content
        server.stop()
    rotated = shell(["secret", "rotate", "--data", data])
    assert rotated.exit_code == 0, rotated.stderr
    assert (data / "secret.key").stat().st_mode & 0o077 == 0
    assert settings_of(data).data == data


def test_a_secret_of_somebodys_own_that_has_several_lines_is_one_secret(tmp_path):
    own = "une clé choisie\nsur plusieurs lignes, assez longue".replace("é", "e")
    (tmp_path / "secret.key").write_text(own)
    assert read_secrets(tmp_path) == (own, ())

"""Accounts: invited by mail, signed in with one or two factors, throttled, ended, never deleted."""

import re
from dataclasses import replace

import pytest
from flask_security.utils import hash_password
from sqlalchemy import select

from houblon.orders.db.tables import outbox
from houblon.web.access import account_commands
from houblon.web.access.throttle import MAILS
from houblon.web.foundation.data_folder import change_profile
from tests.clock import NOW
from tests.web.access.ways_in import GUEST, NEW, Clock, accept, acts, begin, delivered, invite, link_in, post, text
from tests.web.houses import ADMIN, app_over
from tests.web.people import PASSWORD, account_of, address_of, code_for, enrol, populate, session_of, someone


@pytest.fixture
def many(place):
    populate(place)
    return place


@pytest.fixture
def clock(template, tmp_path):
    """An installation whose clock the test moves: `clock.now`."""
    moved = Clock()
    moved.place = moved.open(template, tmp_path / "temps")
    yield moved
    moved.place.house.close()


def test_an_invitation_goes_by_mail_lets_the_person_in_once_and_is_noted(place):
    shown = text(place.signed_in().get("/acces"))
    assert "Inviter" in shown
    assert invite(place.signed_in()).status_code == 302
    (mail,) = delivered(place)
    assert (mail["To"], mail["Subject"]) == (GUEST, "Your access to Houblon")
    link, guest = link_in(mail), place.client()
    assert accept(guest, link, "court").status_code == 422
    assert accept(guest, link, NEW, "autre chose que cela").status_code == 422
    assert accept(guest, link).location == "/connexion"
    assert guest.get(link).status_code == 410
    assert place.signed_in(GUEST, NEW).get("/groupes").status_code == 200
    assert [each[0] for each in acts(place)[:2]] == ["user.joined", "user.invited"]
    assert account_of(place, GUEST).role == "editor"


def test_the_outbox_keeps_no_link_that_opens_an_account(place):
    invite(place.signed_in())
    with place.house.services.ledger.reading() as connection:
        (row,) = connection.execute(select(outbox).where(outbox.c.event == "account.invited"))
    assert "/invitation/" not in str(row.message)
    assert "/invitation/" in link_in(delivered(place)[0])


def test_an_invitation_is_over_after_seven_days_or_once_another_is_sent(clock):
    from datetime import timedelta

    place = clock.place
    admin = place.signed_in()
    invite(admin)
    first = link_in(delivered(place)[0])
    page = f"/acces/{account_of(place, GUEST).id}"
    post(admin, f"{page}/inviter", page)
    second = link_in(delivered(place)[0])
    guest = place.client()
    assert (guest.get(first).status_code, guest.get(second).status_code) == (410, 200)
    clock.now = NOW + timedelta(days=7, seconds=1)
    assert guest.get(second).status_code == 410
    assert "invitation échue" in text(place.signed_in().get("/acces"))
    assert guest.get("/invitation/forged").status_code == 410


def test_a_bad_invitation_is_told_and_keeps_what_was_typed(many):
    admin = many.signed_in()
    twice = invite(admin, address_of("viewer").upper(), "operator")
    assert twice.status_code == 422 and "déjà un compte" in text(twice) and address_of("viewer").upper() in text(twice)
    assert invite(admin, "pas une adresse").status_code == 422
    assert invite(admin, "x@y.example", "roi").status_code == 422


def test_a_forgotten_password_is_replaced_by_mail_once_and_sessions_end(many):
    old = someone(many, "operator")
    asked = post(many.client(), "/mot-de-passe", email=address_of("operator"))
    unknown = post(many.client(), "/mot-de-passe", email="personne@ailleurs.example")
    said = "un lien vient de partir"
    assert said in text(asked) and said in text(unknown)
    (mail,) = delivered(many)
    link, client = link_in(mail), many.client()
    form = {"password": NEW, "password_confirm": NEW}
    assert post(client, link, **form).status_code == 302
    assert client.get(link).status_code == 302  # back to asking: it was used
    assert old.get("/groupes").status_code == 302
    assert many.signed_in(address_of("operator"), NEW).get("/groupes").status_code == 200
    assert [each["Subject"] for each in delivered(many)] == ["Votre mot de passe a été remplacé"]
    assert ("user.password_reset", address_of("operator"), address_of("operator")) in acts(many)


@pytest.mark.parametrize(
    "language, short, differ",
    [("fr", "d’au moins 12 caractères", "ne sont pas pareils"), ("en", "at least 12 characters", "The two differ")],
)
def test_a_bad_new_password_is_told_in_the_readers_language(many, language, short, differ):
    client = someone(many, "viewer")
    client.set_cookie("langue", language)
    address, asked = "/compte/mot-de-passe", {"password": PASSWORD}
    assert short in text(post(client, address, **asked, new_password="court", new_password_confirm="court"))
    assert differ in text(post(client, address, **asked, new_password=NEW, new_password_confirm="autre chose encore"))


def test_a_changed_password_ends_the_other_sessions_and_keeps_this_one(many):
    here, other = someone(many, "viewer"), someone(many, "viewer")
    form = {"password": PASSWORD, "new_password": NEW, "new_password_confirm": NEW}
    assert post(here, "/compte/mot-de-passe", **form).status_code == 302
    assert here.get("/groupes").status_code == 200
    assert other.get("/groupes").status_code == 302
    assert text(here.get("/compte")).count("celle-ci") == 1
    assert "Fermer toutes les autres" not in text(here.get("/compte"))


def test_a_second_factor_is_enrolled_and_asked_for_and_no_code_works_twice(many):
    key = enrol(someone(many, "editor"))
    client, asked = begin(many, address_of("editor"))
    assert asked.location.startswith("/connexion/code")
    assert client.get("/groupes").status_code == 302
    spent = post(client, "/connexion/code", code=code_for(key))
    assert spent.status_code == 200 and "déjà servi" in text(spent)
    fresh = code_for(key, ahead=1)
    assert post(client, "/connexion/code", code=fresh).status_code == 302
    assert client.get("/groupes").status_code == 200
    again, _ = begin(many, address_of("editor"))
    assert post(again, "/connexion/code", code=fresh).status_code == 200


def test_a_recovery_code_lets_in_once(many):
    client = someone(many, "editor")
    enrol(client)
    codes = re.findall(
        r"<li><code>([^<]+)</code>", text(post(client, "/compte/codes-de-secours", generate_new_codes="1"))
    )
    assert len(set(codes)) == 8
    assert codes[0] not in str(account_of(many, address_of("editor")).mf_recovery_codes)
    assert "8" in text(client.get("/compte"))
    away, _ = begin(many, address_of("editor"))
    assert post(away, "/connexion/secours", code=codes[0]).status_code == 302
    assert away.get("/groupes").status_code == 200
    again, _ = begin(many, address_of("editor"))
    assert post(again, "/connexion/secours", code=codes[0]).status_code == 200
    assert post(again, "/connexion/secours", code=codes[1]).status_code == 302


def test_an_administrator_takes_a_lost_second_factor_away(many):
    enrol(someone(many, "editor"))
    page = f"/acces/{account_of(many, address_of('editor')).id}"
    assert post(many.signed_in(), f"{page}/deuxieme-facteur", page).status_code == 302
    assert someone(many, "editor").get("/groupes").status_code == 200
    assert [each[0] for each in acts(many)[:2]] == ["user.two_factor_removed", "user.two_factor_added"]


def test_where_it_is_required_nobody_passes_without_a_second_factor(many):
    client = someone(many, "viewer")
    change_profile(many.house.settings.data, lambda seen: type(seen)(two_factor=True))
    for address in ("/", "/groupes", "/compte"):
        assert client.get(address).location == "/compte/deuxieme-facteur"
    enrol(client)
    assert client.get("/groupes").status_code == 200


def test_guesses_are_throttled_by_account_and_right_ones_do_not_count(many):
    email, client = address_of("viewer"), many.client()
    for _ in range(10):
        assert begin(many, address_of("editor"))[1].status_code == 302
        assert post(client, "/connexion", email=email, password="au hasard").status_code == 200
    stopped = post(client, "/connexion", email=email, password=PASSWORD)
    assert stopped.status_code == 429 and int(stopped.headers["Retry-After"]) == 15 * 60
    assert "Attendez jusqu’à 15" in text(stopped)
    assert begin(many, email.upper())[1].status_code == 429
    assert begin(many, address_of("editor"))[1].status_code == 302
    restarted = replace(many, app=app_over(many.house))
    assert begin(restarted, email)[1].status_code == 429


def test_asking_for_links_is_throttled_too(many):
    for _ in range(MAILS.person_and_place.count):
        assert post(many.client(), "/mot-de-passe", email=address_of("viewer")).status_code == 200
    assert post(many.client(), "/mot-de-passe", email=address_of("viewer")).status_code == 429


def test_a_person_sees_and_ends_their_sessions_and_nobody_elses(many):
    here, other, stranger = (someone(many, role) for role in ("viewer", "viewer", "editor"))
    assert post(stranger, "/compte/sessions", "/compte", session=session_of(here)).status_code == 302
    assert here.get("/groupes").status_code == 200
    post(here, "/compte/sessions", "/compte", session=session_of(other))
    ended = other.get("/groupes", follow_redirects=True)
    assert "Votre session est terminée" in text(ended)
    third = someone(many, "viewer")
    post(here, "/compte/sessions", "/compte")
    assert (here.get("/groupes").status_code, third.get("/groupes").status_code) == (200, 302)


def test_an_administrator_ends_somebodys_sessions(many):
    theirs = someone(many, "viewer")
    page = f"/acces/{account_of(many, address_of('viewer')).id}"
    post(many.signed_in(), f"{page}/sessions", page)
    assert theirs.get("/groupes").status_code == 302


def test_a_session_is_over_when_it_is_long_unused(clock):
    from datetime import timedelta

    client = clock.place.signed_in()
    clock.now = NOW + timedelta(days=13)
    assert client.get("/groupes").status_code == 200
    clock.now = NOW + timedelta(days=26)
    assert client.get("/groupes").status_code == 200
    clock.now = NOW + timedelta(days=41)
    assert client.get("/groupes").status_code == 302


def test_a_copied_cookie_is_worthless_once_its_session_is_left(many):
    client = someone(many, "viewer")
    kept = client.get_cookie("session").value
    post(client, "/deconnexion", "/groupes")
    thief = many.client()
    thief.set_cookie("session", kept)
    assert thief.get("/groupes").status_code == 302


def test_a_deactivated_account_is_out_at_once_stays_named_and_can_come_back(many):
    theirs, admin = someone(many, "viewer"), many.signed_in()
    page = f"/acces/{account_of(many, address_of('viewer')).id}"
    post(admin, f"{page}/desactiver", page)
    assert theirs.get("/groupes").status_code == 302
    assert begin(many, address_of("viewer"))[1].status_code == 200
    assert "désactivé" in text(admin.get("/acces"))
    post(admin, f"{page}/reactiver", page)
    assert someone(many, "viewer").get("/groupes").status_code == 200


def test_a_role_changes_at_once(many):
    theirs, admin = someone(many, "viewer"), many.signed_in()
    page = f"/acces/{account_of(many, address_of('viewer')).id}"
    assert theirs.get("/et-si").status_code == 403
    post(admin, f"{page}/role", page, role="operator")
    assert theirs.get("/et-si").status_code == 200
    assert ("user.role", address_of("viewer"), ADMIN) in acts(many)


def test_the_last_active_administrator_stays_one(place):
    admin, page = place.signed_in(), f"/acces/{account_of(place, ADMIN).id}"
    for act, form in (("role", {"role": "viewer"}), ("desactiver", {})):
        refused = post(admin, f"{page}/{act}", page, **form)
        assert refused.status_code == 422 and "dernier compte d’administration" in text(refused)
    invite(admin, role="administrator")  # has no password yet: does not count
    assert post(admin, f"{page}/desactiver", page).status_code == 422
    with place.app.app_context():
        hashed = hash_password(NEW)
    place.house.services.ledger.write(
        lambda connection: account_commands.add(
            connection, "b@houblon.example", "administrator", by=None, password=hashed
        )
    )
    assert post(admin, f"{page}/role", page, role="viewer").status_code == 302
    assert admin.get("/acces").status_code == 403


def test_mail_and_new_browsers_speak_the_language_of_the_account(many):
    client = someone(many, "viewer")
    post(client, "/compte/langue", "/compte", langue="en")
    assert "My account" in text(client.get("/compte"))
    assert "My account" in text(someone(many, "viewer").get("/compte"))
    post(many.client(), "/mot-de-passe", email=address_of("viewer"))
    assert delivered(many)[0]["Subject"] == "A new password for Houblon"

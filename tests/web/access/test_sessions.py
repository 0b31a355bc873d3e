"""What acts on a person asks whether their session lives, and what no page uses is closed."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import update

from houblon.web.access.accounts import accounts
from houblon.web.access.permissions import CLOSED, needs
from tests.clock import NOW
from tests.web.access.ways_in import Clock, acts, begin, delivered, post, text
from tests.web.houses import token_of
from tests.web.people import PASSWORD, account_of, address_of, code_for, enrol, populate, session_of, someone

# Every address under which flask-security answers, as `create_app` sees it: what is new in one of its versions is
# closed until somebody opens it here and in `permissions`.
LIBRARY = {
    "security.login",
    "security.logout",
    "security.verify",
    "security.forgot_password",
    "security.reset_password",
    "security.change_password",
    "security.two_factor_setup",
    "security.two_factor_setup_validate",
    "security.two_factor_token_validation",
    "security.mf_recovery",
    "security.mf_recovery_codes",
}
SHUT = {"security.static", "security.tf_select", "security.two_factor_rescue"}


@pytest.fixture
def many(place):
    populate(place)
    return place


@pytest.fixture
def clock(template, tmp_path):
    moved = Clock()
    moved.place = moved.open(template, tmp_path / "temps")
    populate(moved.place)
    yield moved
    moved.place.house.close()


def rules_of(place):
    return [rule for rule in place.app.url_map.iter_rules() if rule.endpoint.startswith("security.")]


def address(rule):
    return re.sub(r"<[^>]+>", "1", rule.rule)


def thief_of(place, client):
    """Another browser with the same cookie."""
    stolen = place.client()
    stolen.set_cookie("session", client.get_cookie("session").value)
    return stolen


def test_the_librarys_addresses_that_no_page_uses_are_closed_to_everybody(many):
    found = {rule.endpoint for rule in rules_of(many)}
    assert found == LIBRARY | SHUT
    assert {each for each in found if needs(each, "POST") == CLOSED} == SHUT
    half, _ = begin(many, address_of("viewer"))
    for client in (many.client(), half, many.signed_in()):
        for rule in rules_of(many):
            if rule.endpoint in SHUT:
                token = token_of(text(client.get("/mot-de-passe")))
                for method in sorted(rule.methods):
                    answer = client.open(address(rule), method=method, data={"csrf_token": token})
                    assert answer.status_code == 404, (method, rule.rule)


def test_no_address_of_the_library_breaks_whatever_it_is_sent(many):
    client, mine = many.client(), many.signed_in()
    for browser in (client, mine):
        token = token_of(text(browser.get("/mot-de-passe")))
        for rule in rules_of(many):
            if rule.endpoint == "security.logout":
                continue
            for body in ({"json": [1]}, {"json": "x"}, {"json": {"code": 1}}, {"data": {"csrf_token": token}}):
                answer = browser.post(address(rule), headers={"X-CSRFToken": token}, **body)
                assert answer.status_code < 500, (rule.rule, body)
                assert not answer.is_json


def test_no_page_hands_out_a_token_and_none_lets_anybody_in(many):
    client = many.client()
    token = token_of(text(client.get("/connexion")))
    said = {"email": address_of("viewer"), "password": PASSWORD}
    headers = {"X-CSRFToken": token, "Accept": "application/json"}
    assert client.post("/connexion?include_auth_token", json=said, headers=headers).status_code == 400
    answer = client.post("/connexion?include_auth_token", data={**said, "csrf_token": token}, headers=headers)
    assert answer.status_code == 302 and b"authentication_token" not in answer.data
    with many.app.test_request_context():
        datastore = many.app.extensions["houblon.accounts"]
        made = datastore.find_user(email=address_of("viewer")).get_auth_token()
    for asked in ({"headers": {"Authentication-Token": made}}, {"query_string": {"auth_token": made}}):
        assert many.client().get("/groupes", **asked).status_code == 302


def test_nobody_is_remembered_beyond_their_session(many):
    client = many.client()
    form = {"email": address_of("viewer"), "password": PASSWORD, "remember": "y"}
    assert post(client, "/connexion", **form).status_code == 302
    assert client.get_cookie("remember_token") is None


def end(place, client, how):
    """End the session of a browser: by its owner elsewhere, by an administrator, by time."""
    email = address_of("editor")
    if how == "owner":
        post(someone(place, "editor"), "/compte/sessions", "/compte", session=session_of(client))
    elif how == "administrator":
        page = f"/acces/{account_of(place, email).id}"
        post(place.signed_in(), f"{page}/sessions", page)
    else:
        post(client, "/deconnexion", "/groupes")


@pytest.mark.parametrize("how", ["owner", "administrator", "left"])
def test_a_session_that_is_over_changes_nothing_by_any_door(many, how):
    client = someone(many, "editor")
    client.post("/compte/deuxieme-facteur", data={"csrf_token": token_of(text(client.get("/compte")))})
    shown = text(post(client, "/compte/deuxieme-facteur", setup="authenticator"))
    key = re.search(r'class="key">([^<]+)<', shown).group(1).replace("-", "")
    confirm = re.search(r'action="(/compte/deuxieme-facteur/[^"]+)"', shown).group(1)
    token, stolen = token_of(shown), client.get_cookie("session").value
    end(many, client, how)
    before = account_of(many, address_of("editor"))
    doors = [
        rule for rule in many.app.url_map.iter_rules() if rule.endpoint.partition(".")[0] in ("security", "account")
    ]
    new = {"password": PASSWORD, "new_password": "une phrase volée", "new_password_confirm": "une phrase volée"}
    form = {"csrf_token": token, "code": code_for(key), "setup": "authenticator", "generate_new_codes": "1", **new}
    for rule in doors:
        for where in {address(rule), confirm}:
            thief = many.client()
            thief.set_cookie("session", stolen)
            answer = thief.post(where, data=form)
            assert answer.status_code in (200, 302, 400, 404, 405, 422, 429), where
            assert thief.get("/groupes").status_code == 302, where
    after = account_of(many, address_of("editor"))
    assert (after.password, after.tf_primary_method, after.mf_recovery_codes) == (before.password, None, [])
    assert not {"user.two_factor_added", "user.password", "user.recovery_codes"} & {act for act, *_ in acts(many)}


def test_a_password_that_was_given_long_ago_waits_for_no_code(clock):
    place = clock.place
    key = enrol(someone(place, "editor"))
    client, _ = begin(place, address_of("editor"))
    token = token_of(text(client.get("/connexion/code")))
    clock.now = NOW + timedelta(minutes=16)
    late = client.post("/connexion/code", data={"csrf_token": token, "code": code_for(key, 1)})
    assert late.location == "/connexion"
    assert "trop longtemps" in text(client.get("/connexion"))
    assert client.get("/groupes").status_code == 302


def test_somebody_who_is_shut_out_between_password_and_code_stays_out(many):
    key = enrol(someone(many, "editor"))
    client, _ = begin(many, address_of("editor"))
    token = token_of(text(client.get("/connexion/code")))
    page = f"/acces/{account_of(many, address_of('editor')).id}"
    post(many.signed_in(), f"{page}/desactiver", page)
    client.post("/connexion/code", data={"csrf_token": token, "code": code_for(key, 1)})
    assert client.get("/groupes").status_code == 302


def test_the_key_of_a_second_factor_stays_until_it_is_confirmed_or_given_up(many):
    client = someone(many, "editor")

    def key_in(page):
        return re.search(r'class="key">([^<]+)<', page).group(1)

    shown = text(post(client, "/compte/deuxieme-facteur", setup="authenticator"))
    confirm = re.search(r'action="(/compte/deuxieme-facteur/[^"]+)"', shown).group(1)
    wrong = post(client, confirm, "/compte/deuxieme-facteur", code="000000")
    assert wrong.status_code == 422 and "La clé reste la même" in text(wrong)
    pages = [text(wrong), text(client.get("/compte/deuxieme-facteur"))]
    pages.append(text(post(client, "/compte/deuxieme-facteur", setup="authenticator")))
    assert {key_in(page) for page in pages} == {key_in(shown)}
    post(client, "/compte/deuxieme-facteur", setup="abandon")
    assert 'class="key"' not in text(client.get("/compte/deuxieme-facteur"))
    again = text(post(client, "/compte/deuxieme-facteur", setup="authenticator"))
    assert key_in(again) != key_in(shown)
    # The form of the key that was given up enrols nothing.
    late = post(client, confirm, "/compte/deuxieme-facteur", code=code_for(key_in(shown).replace("-", "")))
    assert late.location == "/compte/deuxieme-facteur"
    assert account_of(many, address_of("editor")).tf_primary_method is None
    confirm = re.search(r'action="(/compte/deuxieme-facteur/[^"]+)"', again).group(1)
    right = post(client, confirm, "/compte/deuxieme-facteur", code=code_for(key_in(again).replace("-", "")))
    assert right.location == "/compte/codes-de-secours"
    assert 'class="key"' not in text(client.get("/compte/deuxieme-facteur"))
    assert [mail["Subject"] for mail in delivered(many)] == ["Un deuxième facteur est inscrit"]


def test_one_takes_ones_own_second_factor_away_and_stays_signed_in(many):
    client = someone(many, "editor")
    enrol(client)
    assert post(client, "/compte/deuxieme-facteur", setup="disable").location == "/compte"
    assert account_of(many, address_of("editor")).tf_totp_secret is None
    assert client.get("/groupes").status_code == 200
    assert [act for act, *_ in acts(many)[:2]] == ["user.two_factor_removed", "user.two_factor_added"]


def test_signing_in_with_a_code_is_no_enrolment_in_the_log(many):
    key = enrol(someone(many, "editor"))
    client, _ = begin(many, address_of("editor"))
    assert post(client, "/connexion/code", code=code_for(key, 1)).status_code == 302
    assert [act for act, *_ in acts(many)].count("user.two_factor_added") == 1


def test_a_recovery_code_is_told_and_a_code_that_another_browser_just_spent_lets_nobody_in(many):
    email = address_of("editor")
    client = someone(many, "editor")
    key = enrol(client)
    codes = re.findall(
        r"<li><code>([^<]+)</code>", text(post(client, "/compte/codes-de-secours", generate_new_codes="1"))
    )
    away, _ = begin(many, email)
    assert post(away, "/connexion/secours", code=codes[0]).status_code == 302
    subjects = [mail["Subject"] for mail in delivered(many)]
    assert subjects[1:] == ["Vos codes de secours ont changé", "Un code de secours a servi"]
    with many.app.app_context():
        user = many.app.extensions["houblon.accounts"].find_user(email=email)
        util = many.app.extensions["security"].mf_recovery_codes_util
        totp = many.app.extensions["security"].totp_factory
        with many.app.test_request_context():
            assert [util.check_recovery_code(user, codes[1]) for _ in range(2)] == [True, False]
            # Somebody else's browser has just spent the same code: this one read the account before.
            code, secret = code_for(key, 1), user.tf_totp_secret
            ahead = update(accounts).where(accounts.c.id == user.id).values(totp_counter=2**40)
            many.house.services.ledger.write(lambda connection: connection.execute(ahead))
            assert totp.verify_totp(code, secret, user, window=120) is False

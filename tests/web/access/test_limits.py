"""Limits on guessing: counted before anything is checked, by what is looked up, and nobody keeps another out for long."""

import threading
from datetime import timedelta

import pytest

from houblon.web.access.attempts import Limit, give_back, take
from houblon.web.access.throttle import CODES, MAILS, PASSWORDS
from tests.clock import NOW
from tests.web.access.ways_in import NEW, Clock, begin, choose, delivered, forget, link_in, post
from tests.web.houses import token_of
from tests.web.people import PASSWORD, address_of, code_for, enrol, populate, someone

HOME, AWAY = "198.51.100.7", "203.0.113.9"


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


def elsewhere(number):
    return f"192.0.2.{number}"


def guess(place, email, at, count=1):
    return [begin(place, email, "au hasard", at)[1].status_code for _ in range(count)]


def test_other_spellings_of_an_address_are_one_person(many):
    plain = address_of("editor")
    spellings = (
        plain,
        plain.upper(),
        f" {plain} ",
        plain.replace("@h", "@ｈ"),
        plain.replace("houblon", "ｈｏｕｂｌｏｎ"),
    )
    said = [status for _ in range(3) for spelling in spellings for status in guess(many, spelling, AWAY)]
    most = PASSWORDS.person_and_place.count
    assert said == [200] * most + [429] * (len(said) - most)


def test_other_spellings_of_an_address_are_one_mailbox(many):
    plain = address_of("editor")
    spellings = (plain, plain.replace("@h", "@ｈ"), plain.upper(), plain.replace("example", "ｅxample"))
    assert [forget(many, each).status_code for each in spellings] == [200] * 3 + [429]
    assert len(delivered(many)) == MAILS.person_and_place.count


def test_guesses_at_once_are_no_more_than_may_be_checked(many):
    browsers = [many.client() for _ in range(24)]
    tokens = [token_of(browser.get("/connexion").get_data(as_text=True)) for browser in browsers]
    answers = []

    def guess_at_once(browser, token):
        form = {"csrf_token": token, "email": address_of("viewer"), "password": "au hasard"}
        answers.append(browser.post("/connexion", data=form).status_code)

    threads = [threading.Thread(target=guess_at_once, args=pair) for pair in zip(browsers, tokens, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(200) == PASSWORDS.person_and_place.count
    assert answers.count(429) == 24 - PASSWORDS.person_and_place.count


def test_a_stranger_keeps_only_their_own_place_out(many):
    email = address_of("viewer")
    assert guess(many, email, AWAY, 11) == [200] * 10 + [429]
    assert begin(many, email, at=AWAY)[1].status_code == 429
    assert begin(many, email, at=HOME)[1].status_code == 302


def test_where_many_places_guess_a_known_one_still_comes_in_and_a_mail_opens_another(clock):
    email, place = address_of("viewer"), clock.place
    assert begin(place, email, at=HOME)[1].status_code == 302
    clock.now = NOW + timedelta(days=3)
    for number in range(PASSWORDS.person.count // 10):
        assert guess(place, email, elsewhere(number), 10) == [200] * 10
    assert guess(place, email, elsewhere(99)) == [429]
    assert begin(place, email, at=AWAY)[1].status_code == 429  # a place that nobody knows waits, an hour at most
    assert begin(place, email, at=HOME)[1].status_code == 302
    assert guess(place, email, HOME, 10) == [200] * 10 and guess(place, email, HOME) == [429]
    forget(place, email)
    choose(place.client(), link_in(delivered(place)[0]))
    assert begin(place, email, NEW, AWAY)[1].status_code == 302


def test_another_address_of_a_known_network_is_known(many):
    email, home = address_of("viewer"), "2001:db8:7:9::{}"
    assert begin(many, email, at=home.format(1))[1].status_code == 302
    for number in range(PASSWORDS.person.count // 10):
        guess(many, email, elsewhere(number), 10)
    assert begin(many, email, at="2001:db8:7:a::1")[1].status_code == 429
    assert begin(many, email, at=home.format("beef"))[1].status_code == 302


def test_what_kept_somebody_out_is_over_after_an_hour(clock):
    email, place = address_of("viewer"), clock.place
    for number in range(PASSWORDS.person.count // 10):
        guess(place, email, elsewhere(number), 10)
    refused = begin(place, email, at=AWAY)[1]
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) <= 3600
    clock.now = NOW + timedelta(seconds=int(refused.headers["Retry-After"]))
    assert begin(place, email, at=AWAY)[1].status_code == 302


def test_trying_while_one_may_not_makes_nobody_wait_longer(clock):
    email, place = address_of("viewer"), clock.place
    guess(place, email, AWAY, 10)
    clock.now = NOW + timedelta(minutes=14)
    assert guess(place, email, AWAY, 5) == [429] * 5
    clock.now = NOW + timedelta(minutes=15)
    assert begin(place, email, at=AWAY)[1].status_code == 302


def test_a_place_that_tries_many_people_is_stopped(many):
    said = [status for number in range(41) for status in guess(many, f"personne-{number}@ailleurs.example", AWAY)]
    assert said == [200] * 40 + [429]
    assert begin(many, address_of("viewer"), at=HOME)[1].status_code == 302


def test_a_strangers_links_keep_nobody_from_asking_for_their_own(many):
    email = address_of("viewer")
    assert [forget(many, email, place=AWAY).status_code for _ in range(4)] == [200] * 3 + [429]
    assert forget(many, email, place=HOME).status_code == 200
    assert [forget(many, email, place=elsewhere(n)).status_code for n in range(4)] == [200, 200, 429, 429]
    assert len(delivered(many)) == MAILS.person.count
    begin(many, email, at="198.51.100.8")
    assert forget(many, email, place="198.51.100.8").status_code == 200


def test_codes_are_guessed_as_seldom_whether_one_is_signing_in_or_not(many):
    email = address_of("editor")
    key = enrol(someone(many, "editor"))
    client, _ = begin(many, email, at=AWAY)
    for number in range(CODES.person_and_place.count):
        guessed = "secours" if number % 2 else "code"
        assert post(client, f"/connexion/{guessed}", code="000000", place=AWAY).status_code == 200
    form = {"csrf_token": token_of(client.get("/connexion/code").get_data(as_text=True)), "code": code_for(key, 1)}
    assert client.post("/connexion/code", data=form, environ_base={"REMOTE_ADDR": AWAY}).status_code == 429
    other, _ = begin(many, email, at=HOME)
    assert post(other, "/connexion/code", code=code_for(key, 1), place=HOME).status_code == 302


def test_somebody_signed_in_guesses_no_password_without_end(many):
    client = someone(many, "viewer")
    form = {"new_password": NEW, "new_password_confirm": NEW}
    said = [post(client, "/compte/mot-de-passe", password="au hasard", **form).status_code for _ in range(10)]
    assert said == [200] * 10
    assert post(client, "/compte/mot-de-passe", password=PASSWORD, **form).status_code == 429


def test_counting_says_how_long_to_wait(place):
    ledger, limit = place.house.services.ledger, Limit(2, timedelta(minutes=15))
    first = ledger.write(lambda connection: take(connection, [("moi", limit)], NOW))
    ledger.write(lambda connection: take(connection, [("moi", limit)], NOW + timedelta(minutes=5)))
    later = NOW + timedelta(minutes=6)
    assert ledger.write(lambda connection: take(connection, [("moi", limit)], later)) == timedelta(minutes=9)
    ledger.write(lambda connection: give_back(connection, first))
    assert isinstance(ledger.write(lambda connection: take(connection, [("moi", limit)], later)), list)

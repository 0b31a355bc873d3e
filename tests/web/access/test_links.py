"""Links that choose a password: one state says who may, one that is used voids the others, and asking tells nothing."""

import threading
from datetime import timedelta

import pytest
from itsdangerous import URLSafeSerializer
from sqlalchemy import func, select, update

from houblon.orders.db.tables import outbox
from houblon.web.access import one_time_links
from houblon.web.access.account_state import Door, State, may_set_password, state_of
from houblon.web.access.accounts import accounts
from tests.clock import NOW
from tests.effort import steps
from tests.web.access.ways_in import (
    GUEST,
    NEW,
    Clock,
    accept,
    acts,
    begin,
    choose,
    delivered,
    forget,
    invite,
    link_in,
    post,
    text,
)
from tests.web.houses import token_of
from tests.web.people import PASSWORD, account_of, address_of, code_for, enrol, populate, someone

OTHER = "encore une autre phrase"


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


def page_of(place, email):
    return f"/acces/{account_of(place, email).id}"


def test_one_state_says_by_which_doors_a_password_may_be_set():
    class Account:
        def __init__(self, active, password):
            self.active, self.password = active, password

    doors = {
        (True, None): (State.INVITED, {Door.INVITATION, Door.SHELL}),
        (True, "x"): (State.ACTIVE, {Door.FORGOTTEN, Door.OWN_PAGE, Door.SHELL}),
        (False, None): (State.ENDED, set()),
        (False, "x"): (State.ENDED, set()),
    }
    for said, (state, open_) in doors.items():
        assert state_of(Account(*said)) is state
        assert {door for door in Door if may_set_password(Account(*said), door)} == open_


def test_somebody_invited_who_forgot_is_sent_the_invitation_again_as_good_as_it_was(clock):
    place = clock.place
    invite(place.signed_in())
    first = link_in(delivered(place)[0])
    clock.now = NOW + timedelta(days=6)
    forget(place, GUEST)
    (mail,) = delivered(place)
    assert mail["Subject"] == "Your access to Houblon" and link_in(mail) == first
    clock.now = NOW + timedelta(days=7, seconds=1)
    assert place.client().get(first).status_code == 410
    forget(place, GUEST)
    assert delivered(place) == []


def test_an_invitation_that_was_used_replaces_no_password_and_its_person_is_told(place):
    invite(place.signed_in())
    forget(place, GUEST)
    links = {link_in(mail) for mail in delivered(place)}
    assert accept(place.client(), links.pop()).location == "/connexion"
    assert links == set()
    (told,) = delivered(place)
    assert told["Subject"] == "Your Houblon account is open"
    theirs = place.signed_in(GUEST, NEW)
    link = f"/invitation/{token_for(place, GUEST)}"
    assert place.client().get(link).status_code == 410
    assert theirs.get("/groupes").status_code == 200


def token_for(place, email):
    """A link to an invitation that the ledger says is open, although there is a password: as older ones left some."""
    id = account_of(place, email).id
    put = update(accounts).where(accounts.c.id == id).values(invitation="nonce")
    place.house.services.ledger.write(lambda connection: connection.execute(put))
    expires = int((NOW + timedelta(days=1)).timestamp())
    return URLSafeSerializer(place.house.services.secret, salt="invitation").dumps([id, "nonce", expires])


def test_of_two_links_to_a_new_password_the_first_one_used_voids_the_other(many):
    email, theirs = address_of("operator"), someone(many, "operator")
    forget(many, email)
    forget(many, email)
    first, second = (link_in(mail) for mail in delivered(many))
    assert choose(many.client(), second).location == "/connexion"
    assert many.client().get(first).location == "/mot-de-passe"
    assert theirs.get("/groupes").status_code == 302
    assert [mail["Subject"] for mail in delivered(many)] == ["Votre mot de passe a été remplacé"]
    assert [act for act, subject, _ in acts(many) if subject == email] == ["user.password_reset"]


@pytest.mark.parametrize("how", ["changed", "deactivated", "shell"])
def test_a_link_to_a_new_password_goes_with_whatever_else_happens_to_the_account(many, how):
    email, admin = address_of("operator"), many.signed_in()
    forget(many, email)
    link = link_in(delivered(many)[0])
    if how == "changed":
        form = {"password": PASSWORD, "new_password": OTHER, "new_password_confirm": OTHER}
        assert post(someone(many, "operator"), "/compte/mot-de-passe", **form).status_code == 302
    elif how == "deactivated":
        post(admin, f"{page_of(many, email)}/desactiver", page_of(many, email))
        post(admin, f"{page_of(many, email)}/reactiver", page_of(many, email))
    else:
        from houblon.web.access import account_commands

        id, services = account_of(many, email).id, many.house.services
        by = account_commands.By("cli", "shell", NOW)
        services.ledger.write(
            lambda connection: account_commands.set_password(connection, services, id, "haché", by=by)
        )
        assert [mail["Subject"] for mail in delivered(many)] == ["Votre mot de passe a été remplacé"]
    assert many.client().get(link).location == "/mot-de-passe"
    client = many.client()
    token = token_of(text(client.get("/mot-de-passe")))
    form = {"csrf_token": token, "password": NEW, "password_confirm": NEW}
    assert client.post(link, data=form).location == "/mot-de-passe"
    assert begin(many, email, NEW)[1].status_code == 200


def test_a_form_that_was_open_when_the_account_ended_sets_no_password(many):
    email, client = address_of("operator"), many.client()
    forget(many, email)
    link = link_in(delivered(many)[0])
    token = token_of(text(client.get(link)))
    post(many.signed_in(), f"{page_of(many, email)}/desactiver", page_of(many, email))
    before = account_of(many, email).password
    form = {"csrf_token": token, "password": NEW, "password_confirm": NEW}
    assert client.post(link, data=form).location == "/mot-de-passe"
    assert account_of(many, email).password == before


def test_somebody_who_was_removed_before_they_came_is_not_let_in_by_their_invitation(place):
    admin = place.signed_in()
    invite(admin)
    link = link_in(delivered(place)[0])
    page = page_of(place, GUEST)
    post(admin, f"{page}/desactiver", page)
    assert place.client().get(link).status_code == 410
    forget(place, GUEST)
    assert delivered(place) == []
    post(admin, f"{page}/reactiver", page)
    assert place.client().get(link).status_code == 410
    post(admin, f"{page}/inviter", page)
    assert accept(place.client(), link_in(delivered(place)[0])).location == "/connexion"


def test_somebody_whose_role_changed_before_they_came_has_the_new_one(place):
    admin = place.signed_in()
    invite(admin, role="administrator")
    link, page = link_in(delivered(place)[0]), page_of(place, GUEST)
    post(admin, f"{page}/role", page, role="viewer")
    accept(place.client(), link)
    assert account_of(place, GUEST).role == "viewer"
    assert place.signed_in(GUEST, NEW).get("/acces").status_code == 403


def test_a_link_that_two_browsers_use_at_once_serves_one(many):
    forget(many, address_of("operator"))
    link, browsers, answers = link_in(delivered(many)[0]), [many.client() for _ in range(4)], []
    tokens = [token_of(text(browser.get(link))) for browser in browsers]

    def use(browser, token, number):
        form = {"csrf_token": token, "password": f"{NEW} {number}", "password_confirm": f"{NEW} {number}"}
        answers.append(browser.post(link, data=form).location)

    threads = [
        threading.Thread(target=use, args=(*pair, n)) for n, pair in enumerate(zip(browsers, tokens, strict=True))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["/connexion", *["/mot-de-passe"] * 3]


def test_links_are_not_good_for_one_another_and_not_when_they_are_tampered_with(place):
    invite(place.signed_in())
    token = link_in(delivered(place)[0]).rpartition("/")[2]
    assert place.client().get(f"/mot-de-passe/{token}").location == "/mot-de-passe"
    assert place.client().get(f"/invitation/{token[:-2]}").status_code == 410
    assert place.client().get(f"/f/{token}").status_code == 404


def test_asking_for_a_link_is_one_amount_of_work_for_unknown_known_invited_and_ended(many):
    """Counted where it could differ, in the transaction and before it; the pages that answer are the same."""
    admin, services = many.signed_in(), many.house.services
    invite(admin)
    post(admin, f"{page_of(many, address_of('editor'))}/desactiver", page_of(many, address_of("editor")))
    asked = ("personne@ailleurs.example", address_of("viewer"), GUEST, address_of("editor"))
    work, written, pages = [], [], []
    for address in (asked[0], *asked):  # the first one warms up what is made once

        def ask(connection, address=address):
            return steps(lambda: one_time_links.queue_for_forgetful(connection, services, address, "fr", NOW))

        work.append(services.ledger.write(ask))
        with services.ledger.reading() as connection:
            written.append(connection.execute(select(func.count()).select_from(outbox)).scalar_one())
        pages.append(text(forget(many, address)).replace(address, "…"))
    assert max(work[1:]) < 1.02 * min(work[1:]), work
    assert len({len(page) for page in pages}) == 1 and "un lien vient de partir" in pages[0]
    # Two asked each, and two alone are written to.
    assert {mail["To"] for mail in delivered(many)} == {address_of("viewer"), GUEST}


@pytest.mark.parametrize("door", ["/mot-de-passe", "/connexion"])
def test_the_whole_call_is_one_amount_of_work_too(clock, door):
    place = clock.place
    invite(place.signed_in())
    work = []
    # The first one warms up what is made once.
    for name in ("a@houblon.example", "personne@houblon.example", address_of("operator"), GUEST):
        client = place.client()
        form = {"csrf_token": token_of(text(client.get(door))), "email": name, "password": "au hasard"}
        work.append(steps(lambda client=client, form=form: client.post(door, data=form)))
        clock.now += timedelta(hours=2)
    assert max(work[1:]) < 1.03 * min(work[1:]), work


def test_what_is_no_address_is_told_and_no_mail_leaves(place):
    answer = forget(place, "pas une adresse")
    assert answer.status_code == 422 and "nom@exemple.ca" in text(answer)
    assert delivered(place) == []


def test_a_second_factor_that_an_administrator_takes_away_ends_what_was_open_and_is_told(many):
    email, admin = address_of("editor"), many.signed_in()
    theirs = someone(many, "editor")
    key = enrol(theirs)
    half, asked = begin(many, email)
    assert asked.location.startswith("/connexion/code")
    page = page_of(many, email)
    post(admin, f"{page}/deuxieme-facteur", page)
    assert theirs.get("/groupes").status_code == 302
    # Who had given the password, and was asked for the code, begins again.
    form = {"csrf_token": token_of(text(half.get("/connexion"))), "code": code_for(key, ahead=1)}
    assert half.post("/connexion/code", data=form).location.startswith("/connexion")
    assert half.get("/groupes").status_code == 302
    subjects = [mail["Subject"] for mail in delivered(many)]
    assert subjects == ["Un deuxième facteur est inscrit", "Votre deuxième facteur est retiré"]

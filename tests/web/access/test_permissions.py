"""Who may do what: every route for every role, and no button for what a role may not do."""

import re
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import delete
from werkzeug.routing import Rule

from houblon.web.access.accounts import holders
from houblon.web.access.permissions import (
    ACTS,
    CLOSED,
    DOOR,
    LADDER,
    OPEN,
    OWN,
    PAGES,
    PERMISSIONS,
    ROLE_NAMES,
    ROLES,
    least_role,
    needs,
    permissions_of,
)
from houblon.web.foundation.data_folder import change_profile
from tests.web.houses import copy_of, field, open_place, order, token_of
from tests.web.people import acts_on, populate, someone

DOCUMENT = Path(__file__).parents[3] / "docs" / "access.md"
READING = {"GET", "HEAD", "OPTIONS"}


@pytest.fixture(scope="module")
def staffed(template, tmp_path_factory):
    """An installation with a held order, an accepted one, an open draft and somebody of every role."""
    folder, password = template
    place = open_place(copy_of(folder, tmp_path_factory.mktemp("foule") / "data"), password)
    place.send(order("PO-1"), "m-1")
    place.send(order("PO-2", items=3), "m-2")
    populate(place)
    client = someone(place, "editor")
    page = client.get("/brouillons").get_data(as_text=True)
    client.post("/brouillons", data={"csrf_token": token_of(page), "nom": "Été"})
    yield place
    place.house.close()


@pytest.fixture(scope="module")
def signed_in(staffed):
    """The browser of somebody with a role; the same one for every test."""
    return cache(lambda role: someone(staffed, role))


def address_of(rule: Rule) -> str:
    return re.sub(r"<[^>]+>", "1", rule.rule)


def pages_of(app) -> list[str]:
    """Every page that a person can open without knowing an id that does not exist."""
    known = {"groups.show": "/groupes/tous", "proposals.show": "/brouillons/ete"}
    for rule in app.url_map.iter_rules():
        if (
            "GET" in rule.methods
            and needs(rule.endpoint, "GET") not in (OPEN, DOOR, CLOSED)
            and rule.endpoint != "logout"
        ):
            yield known.get(rule.endpoint, address_of(rule))


@pytest.mark.parametrize("role", ROLES)
def test_every_route_is_open_to_a_role_exactly_as_the_table_says(staffed, signed_in, role):
    client, stranger, mine = signed_in(role), staffed.client(), permissions_of(role)
    routes = staffed.app.url_map.bind("localhost")
    for rule in staffed.app.url_map.iter_rules():
        for method in sorted(rule.methods):
            address = address_of(rule)
            endpoint = routes.match(address, method=method)[0]  # of several rules, the one that answers
            need = needs(endpoint, method)
            if endpoint == "security.logout" or need == OPEN:
                continue
            if need == CLOSED:
                assert client.open(address, method=method).status_code == 404, (method, address)
                continue
            if need == DOOR:
                # A session opens no door for machines: it answers as it does to a stranger.
                assert client.open(address, method=method).status_code == (
                    stranger.open(address, method=method).status_code
                ), (method, address)
                continue
            permitted = need == OWN or need in mine
            if permitted and method in ("HEAD", "OPTIONS"):
                continue  # the same view as GET, seen there
            # Without its token a form does nothing: what is let through stops there.
            status = client.open(address, method=method).status_code
            assert (status == 403) == (not permitted), (method, address, endpoint, status)
            if permitted:
                assert status < 500 and (method in READING or status in (400, 302, 404, 405)), (method, address, status)


@pytest.mark.parametrize("role", ROLES)
def test_no_page_shows_a_button_that_its_reader_may_not_press(staffed, signed_in, role):
    seen = buttons_of(staffed, signed_in(role), role, pages_of(staffed.app))
    with approval_required(staffed):
        buttons_of(staffed, signed_in(role), role, ("/brouillons/ete", "/historique"))
    if role == "administrator":
        assert {"review.accept", "groups.change_setting", "proposals.publish", "keys.create"} <= seen


@contextmanager
def approval_required(staffed):
    folder, was = staffed.house.settings.data, staffed.house.profile
    change_profile(folder, lambda seen: msgspec.structs.replace(seen, approval=True))
    yield
    change_profile(folder, lambda seen: was)


def buttons_of(staffed, client, role, pages):
    """The endpoints that the pages' buttons lead to, each checked to be theirs to press."""
    seen, mine, routes = set(), permissions_of(role), staffed.app.url_map.bind("localhost")
    for page in pages:
        answer = client.get(page)
        if answer.status_code != 200 or answer.mimetype != "text/html":
            continue
        for method, address in acts_on(answer.get_data(as_text=True), page):
            endpoint = routes.match(address, method=method.upper())[0]
            need = needs(endpoint, method.upper())
            seen.add(endpoint)
            assert need in (OPEN, OWN) or need in mine, (role, page, endpoint)
    return seen


def test_a_route_that_no_table_names_is_closed():
    assert needs("tomorrow.page", "GET") == "view"
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert least_role(needs("tomorrow.page", method)) == "administrator"


def test_the_tables_name_only_what_is_there(place):
    known = {(rule.endpoint, bool(rule.methods & READING)) for rule in place.app.url_map.iter_rules()}
    assert {(endpoint, True) for endpoint in PAGES} <= known
    assert set(ACTS) <= {rule.endpoint for rule in place.app.url_map.iter_rules() if rule.methods - READING}
    assert {*PAGES.values(), *ACTS.values()} <= set(PERMISSIONS)
    assert sorted(each for _, added in LADDER for each in added) == sorted(PERMISSIONS)


def test_each_role_may_do_what_the_one_before_it_may():
    for lower, higher in zip(ROLES, ROLES[1:], strict=False):
        assert permissions_of(lower) < permissions_of(higher)
    assert permissions_of("nobody") == frozenset()


@pytest.mark.parametrize(
    "language, said", [("fr", "Il faut le rôle Approbation"), ("en", "It takes the role Approver")]
)
def test_a_refusal_says_what_role_it_takes(staffed, signed_in, language, said):
    client = signed_in("editor")
    client.set_cookie("langue", language)
    page = client.get("/brouillons/ete").get_data(as_text=True)
    form = {"csrf_token": token_of(page), "revision": field(page, "revision")}
    refused = client.post("/brouillons/ete/publier", data=form)
    assert refused.status_code == 403 and said in refused.get_data(as_text=True)


def test_an_editor_goes_back_only_as_a_proposal(staffed, signed_in):
    client = signed_in("editor")
    form = {"csrf_token": token_of(client.get("/groupes").get_data(as_text=True)), "base": 2}
    assert "/brouillons/" in client.post("/historique/1/retablir", data=form).location
    assert staffed.house.store.newest().number == 2
    with approval_required(staffed):
        assert "/brouillons/" in client.post("/historique/1/retablir", data=form).location
        assert client.post("/historique/1/retablir", data={**form, "urgence": "1"}).status_code == 403


def test_the_document_says_what_the_table_says():
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \| (.*) \|$", DOCUMENT.read_text(encoding="utf-8"), re.M)
    assert rows == [
        (role, ROLE_NAMES[role].fr, ROLE_NAMES[role].en, "; ".join(PERMISSIONS[each].en for each in added))
        for role, added in LADDER
    ]


def test_somebody_without_a_role_sees_only_their_account(place):
    populate(place)
    client = someone(place, "viewer")
    place.house.services.ledger.write(lambda connection: connection.execute(delete(holders)))
    assert client.get("/groupes").status_code == 403
    assert client.get("/compte").status_code == 200

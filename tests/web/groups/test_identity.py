"""A group's name, colour and life: all of it in the draft, archived without a loss, brought back."""

import re

import pytest

from houblon.orders.retailers.memberships import memberships_of
from tests.web.groups.test_pages import change, publish, text
from tests.web.houses import order, token_of

GROUP = "/groupes/payeurs-a-risque"


@pytest.fixture
def client(place):
    return place.signed_in()


def etag_of(page, action):
    form = page.split(f'action="{action}"', 1)[1] if action else page.split('<form method="post">', 1)[1]
    return form.split('name="etag" value="', 1)[1].split('"', 1)[0]


def save(client, etag=None, **form):
    page = text(client.get(GROUP))
    data = {"csrf_token": token_of(page), "etag": etag or etag_of(page, f"{GROUP}/identite"), **form}
    return client.post(f"{GROUP}/identite", data=data)


def archive(client, address=GROUP):
    page = text(client.get(f"{address}/archiver"))
    return client.post(f"{address}/archiver", data={"csrf_token": token_of(page), "etag": etag_of(page, None)})


def bring_back(client, id="payeurs-a-risque"):
    page = text(client.get("/groupes"))
    data = {"csrf_token": token_of(page), "etag": etag_of(page, f"/groupes/{id}/reprendre")}
    return client.post(f"/groupes/{id}/reprendre", data=data)


def make(client, name):
    page = text(client.get("/groupes"))
    etag = page.split('name="etag" value="', 1)[1].split('"', 1)[0]
    return client.post("/groupes", data={"csrf_token": token_of(page), "etag": etag, "nom": name})


def in_force(place):
    return place.house.store.content(place.house.store.newest().number).groups


def test_a_group_is_renamed_and_recoloured_in_the_draft_and_keeps_its_id(place, client):
    assert save(client, nom="Mauvais payeurs", couleur="#1c5d99").location == GROUP
    assert (
        "Mauvais payeurs" in text(client.get(GROUP)) and in_force(place)["payeurs-a-risque"].name == "Payeurs à risque"
    )
    publish(client)
    group = in_force(place)["payeurs-a-risque"]
    assert (group.name, group.colour, group.rank) == ("Mauvais payeurs", "#1c5d99", 10)
    assert place.send(order("A", buyer="risque-1"), "a").json["chain"] == ["payeurs-a-risque", "tous"]


@pytest.mark.parametrize("name", ["TОUS", "", "a\u200bb"])
def test_a_name_that_is_taken_or_can_t_be_shown_is_refused_and_stays_typed(place, client, name):
    refused = save(client, nom=name)
    assert refused.status_code == 422 and 'href="#nom-du-groupe"' in text(refused)
    assert not place.house.store.history().proposals


def test_a_colour_that_is_none_is_refused(place, client):
    assert save(client, nom="Payeurs à risque", couleur="rouge").status_code == 422


def test_a_group_may_change_the_case_of_its_own_name(place, client):
    assert save(client, nom="PAYEURS À RISQUE").status_code == 302
    publish(client)
    assert in_force(place)["payeurs-a-risque"].name == "PAYEURS À RISQUE"


def test_nothing_changed_makes_no_draft_and_a_stale_page_is_told(place, client):
    assert save(client, nom="Payeurs à risque", couleur="").status_code == 302
    assert not place.house.store.history().proposals
    change(client, "acceptance.minimum_items", value="36", etat="propre")
    stale = save(client, etag="2", nom="Autre")
    assert stale.status_code == 409 and 'value="Autre"' in text(stale)


def test_archiving_shows_its_reach_first(place, client):
    place.send(order("C") | {"buyer": {"id": "c", "groups": ["payeurs-a-risque"]}}, "c")
    page = text(client.get(f"{GROUP}/archiver"))
    assert "1 détaillant ne suit plus ce groupe, dont 1 que Tous seul décide alors." in page
    assert "Acceptation automatique des commandes" in page and "1 des 1\u00a0000 dernières commandes nomme" in page
    assert client.get("/groupes/tous/archiver").status_code == 404
    assert client.post("/groupes/tous/archiver", data={"csrf_token": token_of(page)}).status_code == 404


def test_an_archived_group_counts_for_nothing_stays_in_old_versions_and_comes_back(place, client):
    assert archive(client).location == "/groupes#archives"
    assert "Groupes archivés" in text(client.get("/groupes")) and "payeurs-a-risque" in in_force(place)
    publish(client)
    assert "depuis la v3" in text(client.get("/groupes"))
    assert place.send(order("A", buyer="risque-1"), "a").json["outcome"] == "accepted"
    with place.house.services.ledger.reading() as connection:
        assert memberships_of(connection, "risque-1") == ("payeurs-a-risque",)
    assert "archivé" in text(client.get("/detaillants/risque-1"))
    assert "payeurs-a-risque" in place.house.store.content(2).groups
    assert bring_back(client).location == GROUP
    publish(client)
    assert (
        in_force(place)["payeurs-a-risque"].document == place.house.store.content(2).groups["payeurs-a-risque"].document
    )
    assert place.send(order("B", buyer="risque-1"), "b").json["reasons"][0]["code"] == "manual"


def test_a_new_group_never_takes_over_the_members_of_an_archived_one(place, client):
    archive(client)
    publish(client)
    assert make(client, "Payeurs à risque").location == "/groupes/payeurs-a-risque-2"
    publish(client)
    assert place.send(order("A", buyer="risque-1"), "a").json["chain"] == ["tous"]
    back = bring_back(client)
    assert back.location == "/groupes#archives" and "se confond avec" in text(client.get("/groupes"))


def test_a_group_whose_rank_was_given_away_comes_back_right_above(place, client):
    archive(client)
    publish(client)
    make(client, "Bars")  # takes rank 10
    publish(client)
    bring_back(client)
    publish(client)
    assert [group.id for group in place.house.store.content(5).ranked()] == ["payeurs-a-risque", "bars", "tous"]


def test_a_group_of_the_draft_alone_is_taken_out_and_an_archiving_is_taken_back(place, client):
    make(client, "Bars")
    assert "n’est que dans le brouillon" in text(client.get("/groupes/bars/archiver"))
    archive(client, "/groupes/bars")
    archive(client)
    page = text(client.get("/groupes"))
    assert re.search(r'id="archives".*dans le brouillon', page, re.S)
    assert bring_back(client).location == GROUP
    (proposal,) = place.house.store.history().proposals.values()
    assert proposal.edits == ()
    data = {"csrf_token": token_of(page), "etag": "2"}
    assert client.post("/groupes/rien/reprendre", data=data).status_code == 404

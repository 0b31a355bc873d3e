"""Détaillants: found, read, edited, and put into groups at once, with what that changes and the way back."""

import re

import pytest

from houblon.orders.queries.retailers import NO_GROUP, list_retailers, owed_by
from houblon.orders.records.audit import entries, verify
from houblon.orders.retailers.memberships import memberships_of, set_memberships
from tests.clock import NOW
from tests.web.groups.test_pages import change, publish, text
from tests.web.houses import field, order, token_of

PAGE = "/detaillants/comptoir-1"


@pytest.fixture
def client(place):
    place.send(order("PO-1"), "m-1")
    place.send(order("PO-2", items=1), "m-2")
    place.send(order("PO-3", buyer="epicerie/é 2") | {"buyer": {"id": "epicerie/é 2", "name": "Épicerie Deux"}}, "m-3")
    return place.signed_in()


def kept(place, id="comptoir-1"):
    with place.house.services.ledger.reading() as connection:
        return memberships_of(connection, id)


def move(client, how, retailer="comptoir-1", group="payeurs-a-risque", back=PAGE):
    data = {"csrf_token": token_of(text(client.get("/detaillants"))), "detaillant": retailer, "groupe": group}
    return client.post(f"/adhesions/{how}", data={**data, "retour": back})


def log(place, act):
    with place.house.services.ledger.reading() as connection:
        assert verify(connection).broken_at is None
        return [each for each in entries(connection) if each.act == act]


def test_everyone_is_listed_by_name_with_groups_and_found_by_name_id_or_address(place, client):
    page = text(client.get("/detaillants"))
    assert [page.index(each) for each in ("Comptoir du Coin", "risque-1", "Épicerie Deux")] == sorted(
        page.index(each) for each in ("Comptoir du Coin", "risque-1", "Épicerie Deux")
    )
    assert "Payeurs à risque" in page
    for search in ("épicerie", "EPICERIE/", "achats@comp", "coin"):
        assert "Aucun détaillant" not in text(client.get("/detaillants", query_string={"q": search})), search
    nobody = text(client.get("/detaillants?q=%25"))
    assert "Aucun détaillant ne répond" in nobody and "/detaillants/nouveau?id=%25" in nobody


def test_the_list_is_filtered_by_group_and_by_having_none(client):
    risky = text(client.get("/detaillants?groupe=payeurs-a-risque"))
    assert "risque-1" in risky and "Comptoir du Coin" not in risky
    alone = text(client.get(f"/detaillants?groupe={NO_GROUP}"))
    assert "risque-1" not in alone and "Comptoir du Coin" in alone


def test_pages_follow_one_another_without_a_gap(place, client):
    many = {f"r-{number:03d}": ("payeurs-a-risque",) for number in range(120)}
    place.house.services.ledger.write(lambda connection: set_memberships(connection, many, NOW))
    seen, address = [], "/detaillants?groupe=payeurs-a-risque"
    while address:
        page = text(client.get(address))
        seen += re.findall(r'href="/detaillants/(r-\d+)"', page)
        found = re.search(r'href="(/detaillants\?[^"]+apres[^"]+)"', page)
        address = found and found.group(1).replace("&amp;", "&")
    assert seen == sorted(many)
    with place.house.services.ledger.reading() as connection:
        assert len(list_retailers(connection, limit=None)) == 123


def test_a_retailer_s_page_tells_groups_policy_orders_invoices_and_what_is_owed(place, client):
    page = text(client.get(PAGE))
    assert "PO-1" in page and "F-2021-00001" in page and "745,04\u00a0$" in page
    assert "Dans aucun groupe" in page and "Minimum d’articles" in page
    with place.house.services.ledger.reading() as connection:
        owed = owed_by(connection, "comptoir-1", NOW.date())
        assert (owed.count, owed.outstanding, owed.overdue) == (1, 74504, 0)
        assert owed_by(connection, "comptoir-1", NOW.date().replace(month=7)).overdue == 74504
    assert client.get("/detaillants/personne").status_code == 404


def test_joining_a_group_counts_for_the_next_order_and_says_what_changes_and_is_undone(place, client):
    assert move(client, "ajouter").location == PAGE
    page = text(client.get(PAGE))
    assert "Comptoir du Coin est dans Payeurs à risque." in page and "Cela vaut tout de suite" in page
    assert "Accepter automatiquement → <b>Accepter à la main</b>" in page
    assert kept(place) == ("payeurs-a-risque",)
    assert place.send(order("N-1"), "n-1").json["reasons"][0]["code"] == "manual"
    assert "est dans Payeurs à risque." not in text(client.get(PAGE))  # told once
    undo = re.search(r'<form method="post" action="(/adhesions/\w+)">', page).group(1)
    assert undo == "/adhesions/retirer"
    move(client, "retirer")
    assert kept(place) == () and place.send(order("N-2"), "n-2").json["outcome"] == "accepted"
    added, removed = log(place, "membership.added"), log(place, "membership.removed")
    assert (added[0].subject, added[0].before, added[0].after) == ("comptoir-1", [], ["payeurs-a-risque"])
    assert (removed[0].before, removed[0].after) == (["payeurs-a-risque"], [])


def test_a_membership_is_changed_from_the_group_s_side(place, client):
    group = text(client.get("/groupes/payeurs-a-risque"))
    assert "risque-1" in group and 'name="pour" value="payeurs-a-risque"' in group
    found = text(client.get("/detaillants?q=comptoir&pour=payeurs-a-risque"))
    assert "Ajouter à Payeurs à risque" in found
    move(client, "ajouter", back="/groupes/payeurs-a-risque#detaillants")
    page = text(client.get("/groupes/payeurs-a-risque"))
    assert "Comptoir du Coin est dans Payeurs à risque." in page
    move(client, "retirer", retailer="risque-1", back="/groupes/payeurs-a-risque")
    assert kept(place, "risque-1") == ()


@pytest.mark.parametrize(
    ("group", "retailer"), [("tous", "comptoir-1"), ("rien", "comptoir-1"), ("", ""), ("tous", "")]
)
def test_nobody_joins_tous_or_a_group_that_is_not_there(place, client, group, retailer):
    assert move(client, "ajouter", retailer, group).status_code == 302
    assert "Choisissez un détaillant" in text(client.get(PAGE)) and kept(place) == ()


def test_the_same_act_again_changes_nothing_and_strangers_are_not_found(place, client):
    move(client, "ajouter")
    move(client, "ajouter")
    assert "déjà fait" in text(client.get(PAGE)) and len(log(place, "membership.added")) == 1
    assert move(client, "ajouter", "inconnu").status_code == 404
    assert move(client, "ajouter", back="//ailleurs.example").location == "/detaillants"


def test_a_retailer_is_added_by_hand_once_and_put_in_a_group_before_its_first_order(place, client):
    def add(**typed):
        token = token_of(text(client.get("/detaillants/nouveau")))
        return client.post("/detaillants/nouveau", data={"csrf_token": token, **typed})

    made = add(id="bar-9", name="Bar Neuf", email="bar@neuf.example", language="en", province="ON")
    assert made.location == "/detaillants/bar-9"
    assert "Bar Neuf" in text(client.get("/detaillants/bar-9"))
    again = add(id="bar-9", name="Autre")
    assert again.status_code == 422 and "déjà un détaillant" in text(again) and 'value="Autre"' in text(again)
    wrong = add(id=" \u200b", name="a\x07b", email="pas une adresse")
    assert (
        wrong.status_code == 422 and text(wrong).split('class="faults"')[1].split("</ul>")[0].count("<li><a href") == 3
    )
    move(client, "ajouter", "bar-9")
    assert place.send(order("B-1", buyer="bar-9"), "b-1").json["reasons"][0]["code"] == "manual"
    assert [each.subject for each in log(place, "retailer.added")] == ["bar-9"]


def test_a_card_is_edited_and_what_changed_meanwhile_is_shown_first(place, client):
    opened = text(client.get(PAGE))

    def save(page, **typed):
        card = {"id": "comptoir-1", "name": "Comptoir", "email": "", "language": "fr", "province": "QC"}
        data = {"csrf_token": token_of(page), "vu": field(page, "vu"), **card, **typed}
        return client.post("/detaillants/fiche", data=data)

    assert save(opened, email="neuf@comptoir.example").location == PAGE
    assert "neuf@comptoir.example" in text(client.get(PAGE))
    late = save(opened, name="Trop tard")
    assert late.status_code == 409 and 'value="Trop tard"' in text(late) and "<h1>Comptoir</h1>" in text(late)
    wrong = save(text(client.get(PAGE)), email="non")
    assert wrong.status_code == 422 and 'value="non"' in text(wrong)
    [act] = log(place, "retailer.edited")
    assert (act.before["email"], act.after["email"]) == ("achats@comptoir.example", "neuf@comptoir.example")


def test_any_id_has_a_page(place, client):
    page = text(client.get("/detaillants?q=deux"))
    address = re.search(r'href="(/detaillants/fiche\?id=[^"]+)"', page).group(1)
    assert "Épicerie Deux" in text(client.get(address))
    place.send(order("I-1") | {"buyer": {"id": "import", "name": "Import-Bar"}}, "i-1")
    assert "/detaillants/fiche?id=import" in text(client.get("/detaillants?q=import-bar"))


def test_who_is_known_by_a_group_alone_can_be_read_and_written(place, client):
    page = text(client.get("/detaillants/risque-1"))
    data = {"csrf_token": token_of(page), "vu": field(page, "vu"), "id": "risque-1", "name": "Risque Un"}
    assert client.post("/detaillants/fiche", data=data).status_code == 302
    assert "Risque Un" in text(client.get("/detaillants"))


@pytest.mark.parametrize("seen", ["", None])
def test_who_is_gone_by_the_time_of_the_save_is_not_made_anew(place, client, monkeypatch, seen):
    page, ledger = text(client.get("/detaillants/risque-1")), place.house.services.ledger
    write = ledger.write

    def after_they_left(work):
        monkeypatch.undo()
        write(lambda connection: set_memberships(connection, {"risque-1": ()}, NOW))
        return write(work)

    monkeypatch.setattr(ledger, "write", after_they_left)
    card = {"id": "risque-1", "name": "Risque Un", "vu": field(page, "vu") if seen is None else seen}
    answer = client.post("/detaillants/fiche", data={"csrf_token": token_of(page), **card})
    assert answer.status_code == 404 and "Risque Un" in text(answer) and field(page, "vu") not in text(answer)
    with ledger.reading() as connection:
        assert "risque-1" not in {row.id for row in list_retailers(connection, limit=None)}
    assert log(place, "retailer.edited") == []


def test_a_policy_is_that_of_the_whole_chain_in_force_and_not_of_a_draft(client):
    change(client, "acceptance.minimum_items", group="tous", value="48", etat="propre")
    assert "<b>24</b>" in text(client.get(PAGE))
    publish(client)
    assert "<b>48</b>" in text(client.get(PAGE))

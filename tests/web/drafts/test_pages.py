"""Brouillons on the pages: begun, shared, approved, planned, settled, and never half in force."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from sqlalchemy import select

from houblon.orders.db.tables import outbox
from houblon.orders.mail.rendered import rendered
from houblon.orders.records.audit import entries, verify
from houblon.orders.retailers.memberships import memberships_of, set_memberships
from houblon.rules.model.statements import Edit
from houblon.rules.publishing.drafts import begin
from houblon.rules.publishing.publish import publish as publish_now
from houblon.web.access.auth import add_account
from houblon.web.drafts.post_publication import settle
from houblon.web.foundation.data_folder import write_profile
from tests.clock import NOW
from tests.web.groups.test_pages import change, changed, publish, reason, text
from tests.web.houses import ADMIN, field, order, token_of

CHEF = "chef@houblon.example"


@pytest.fixture
def client(place):
    return place.signed_in()


@pytest.fixture
def chef(place):
    add_account(place.app, CHEF, "un mot de passe long", "administrator")
    return place.signed_in(CHEF, "un mot de passe long")


def require_approval(place):
    profile = place.house.profile
    write_profile(place.house.settings.data, msgspec.structs.replace(profile, approval=True))


def post(client, address, page=None, **form):
    """Press a button of the proposal's page."""
    page = page or text(client.get(re.sub(r"/[a-z]+$", "", address)))
    data = {"csrf_token": token_of(page), "revision": field(page, "revision"), **form}
    return client.post(address, data=data)


def draft_of(client):
    return re.search(r'href="(/brouillons/[^"]+)">Relire', text(client.get("/groupes"))).group(1)


def proposal(place):
    (found,) = place.house.store.history().proposals.values()
    return found


def test_what_is_saved_goes_into_a_draft_that_pages_show_beside_what_is_in_force(place, client):
    change(client, "acceptance.minimum_items", value="36", etat="propre")
    change(client, "acceptance.mode", group="tous", value="manual", etat="propre")
    page = text(client.get("/groupes/payeurs-a-risque"))
    assert "n’est pas encore en vigueur" in page and "en vigueur\u00a0: 24" in page and "dans le brouillon" in page
    shown = text(client.get(draft_of(client)))
    assert "Minimum d’articles" in shown and "<b>36</b>" in shown and "Accepter à la main" in shown
    assert place.house.store.newest().number == 2
    assert place.send(order("A"), "a").json["outcome"] == "accepted"


def test_the_page_tells_who_follows_tous_and_who_is_shielded(client):
    change(client, "acceptance.mode", group="tous", value="manual", etat="propre")
    page = text(client.get(draft_of(client)))
    assert "1 groupe énonce le sien et ne bouge pas" in page and "Payeurs à risque (1)" in page
    change(client, "acceptance.minimum_items", group="tous", value="12", etat="propre")
    assert "1 groupe change avec Tous" in text(client.get(draft_of(client)))


def test_one_change_can_be_taken_back_and_the_draft_put_aside_and_taken_up(place, client):
    change(client, "acceptance.minimum_items", value="36", etat="propre")
    change(client, "acceptance.minimum_value", value="100", etat="propre")
    address = draft_of(client)
    place_ = {"genre": "group", "document": "payeurs-a-risque", "chemin": "acceptance.minimum_items"}
    assert post(client, f"{address}/retirer", **place_).status_code == 302
    assert list(proposal(place).edits[0].document["settings"]) == ["acceptance.mode", "acceptance.minimum_value"]
    assert post(client, f"{address}/ecarter").location == "/brouillons"
    assert "écarté" in text(client.get("/brouillons"))
    assert post(client, f"{address}/reprendre").status_code == 302
    assert proposal(place).state == "open"


def test_two_people_work_in_one_draft_and_the_second_sees_what_the_first_did(place, client, chef):
    change(client, "acceptance.minimum_items", value="36", etat="propre")
    address = draft_of(client)
    seen = text(client.get(address))
    post(chef, f"{address}/entrer")
    change(chef, "acceptance.minimum_value", value="100", etat="propre")
    stale = client.post(
        f"{address}/nom",
        data={"csrf_token": token_of(seen), "revision": field(seen, "revision"), "nom": "Mon nom", "description": ""},
    )
    page = text(stale)
    assert stale.status_code == 409 and 'value="Mon nom"' in page and "100,00" in page
    assert set(proposal(place).editors) == {ADMIN, CHEF}


def test_a_fault_is_told_on_the_page_and_the_button_waits(place, client):
    change(client, "invoicing.terms", value="other", fr="Consigne", en="Consignment", etat="propre")
    page = text(client.get(draft_of(client)))
    assert "elles ne vont pas avec la facturation automatique" in page
    assert re.search(r"<button[^>]*disabled>Publier la version 3", page)
    assert post(client, f"{draft_of(client)}/publier").status_code == 422


def test_where_approval_is_required_another_person_approves_exactly_what_is_there(place, client, chef):
    require_approval(place)
    change(client, "acceptance.minimum_items", value="36", etat="propre")
    address = draft_of(client)
    assert "une autre personne doit l’approuver" in text(client.get(address))
    assert post(client, f"{address}/publier").status_code == 422
    assert "Une autre personne" in text(post(client, f"{address}/approuver"))
    post(chef, f"{address}/approuver")
    change(client, "acceptance.minimum_items", value="48", etat="propre")
    assert post(client, f"{address}/publier").status_code == 422
    post(chef, f"{address}/approuver")
    assert post(client, f"{address}/publier").status_code == 302
    assert "approuvée par chef@houblon.example" in text(client.get("/historique"))
    assert reason(place, "A", items=40)["reasons"][1]["code"] == "minimum_items"


def test_a_rollback_needs_approval_too_unless_an_administrator_hurries(place, client, chef):
    require_approval(place)
    for value in ("36", "48"):
        change(client, "acceptance.minimum_items", value=value, etat="propre")
        address = draft_of(client)
        post(chef, f"{address}/approuver")
        post(client, f"{address}/publier")
    page = text(client.get("/historique"))
    data = {"csrf_token": token_of(page), "base": 4}
    proposed = client.post("/historique/3/retablir", data=data)
    assert proposed.location.startswith("/brouillons/retour-a-la-version-3")
    assert "n’a pas été approuvée" in text(
        client.post("/historique/2/retablir", data=data | {"urgence": "1"}, follow_redirects=True)
    )
    hurried = client.post("/historique/3/retablir", data=data | {"urgence": "1"}, follow_redirects=True)
    assert "retour d’urgence" in text(hurried)
    assert place.house.store.newest().emergency


def test_going_back_shows_what_it_changes_and_for_whom_and_is_a_draft(place, client):
    place.send(order("A", items=30, buyer="risque-1"), "a")
    before = place.house.store.newest().number
    change(client, "acceptance.minimum_items", value="36", etat="propre")
    post(client, f"{draft_of(client)}/publier")
    assert f'href="/historique/{before}/retablir"' in text(client.get("/historique"))
    asked = text(client.get(f"/historique/{before}/retablir"))
    assert "36" in asked and "hérité de Tous\u00a0: 24" in asked and "1 détaillant</b>" in asked
    assert "De la dernière commande" in asked and place.house.store.newest().number == before + 1
    data = {"csrf_token": token_of(asked), "base": before + 1}
    went = client.post(f"/historique/{before}/retablir", data=data)
    assert went.location.startswith(f"/brouillons/retour-a-la-version-{before}")
    assert place.house.store.newest().number == before + 1
    shown = text(client.get(went.location))
    assert "hérité de Tous\u00a0: 24" in shown and "1 détaillant</b>" in shown
    assert client.get("/historique/99/retablir").status_code == 404
    same = client.post(f"/historique/{before + 1}/retablir", data=data, follow_redirects=True)
    assert "dit déjà la même chose" in text(same)


def test_history_names_who_wrote_who_approved_and_who_published(place, client, chef):
    require_approval(place)
    change(client, "acceptance.minimum_items", value="36", etat="propre")
    address = draft_of(client)
    post(chef, f"{address}/approuver")
    post(chef, f"{address}/publier")
    page = text(client.get("/historique"))
    assert f"écrite par {ADMIN}" in page and f"publiée par {CHEF}" in page and f"approuvée par {CHEF}" in page


def test_approval_is_asked_for_told_to_those_who_give_it_and_shown_on_their_overview(place, client, chef):
    require_approval(place)
    change(client, "acceptance.minimum_items", value="36", etat="propre")
    address = draft_of(client)
    assert "Demander l’approbation" in text(client.get(address))
    assert "L’approbation est demandée" in text(client.get(post(client, f"{address}/demander").location))
    with place.house.services.ledger.reading() as connection:
        mails = connection.execute(select(outbox).where(outbox.c.event == "proposal.asked")).all()
    assert [each.recipient for each in mails] == [CHEF] and ADMIN in rendered(mails[0].message)["text"]
    overview = text(chef.get("/"))
    assert "À approuver" in overview and f'href="{address}"' in overview
    assert "À approuver" not in text(client.get("/")), "whoever wrote it can't approve it"
    assert post(client, f"{address}/demander", page=text(client.get(address))).status_code == 422
    change(client, "acceptance.minimum_items", value="48", etat="propre")
    assert "a changé depuis" in text(client.get(address))
    post(client, f"{address}/demander")
    post(chef, f"{address}/approuver")
    assert "À approuver" not in text(chef.get("/"))
    assert proposal(place).approval.by == CHEF


def test_a_draft_is_called_by_what_it_changes_until_somebody_names_it(place, client):
    change(client, "acceptance.minimum_items", value="36", etat="propre")
    address = draft_of(client)
    assert proposal(place).name == "Payeurs à risque : Minimum d’articles → 36"
    change(client, "acceptance.mode", group="tous", value="manual", etat="propre")
    assert proposal(place).name == "Payeurs à risque, Tous : 2 changements"
    post(client, f"{address}/retirer", genre="group", document="payeurs-a-risque", chemin="acceptance.minimum_items")
    assert proposal(place).name.startswith("Tous : ")
    other = begin(place.house.store, "x", by="anne", at=NOW, is_named=False)
    post(client, f"{address}/nom", nom="Été", description="")
    change(client, "acceptance.minimum_items", value="48", etat="propre")
    assert place.house.store.history().proposals[address.rpartition("/")[2]].name == "Été"
    assert other.name == "x"


def test_ranks_that_move_up_together_are_no_change_of_place(place, client):
    for number in range(30):
        publish_group(place, f"g-{number:02}")
    page = text(client.get("/historique"))
    assert "g-29" in page and "rang" in page and not re.search(r"Payeurs à risque</td>\s*<td>rang", page)


def publish_group(place, id):
    document = {"id": id, "name": id, "settings": {}, "rules": {}}
    publish_now(place.house.store, [Edit("group", id, document)], author="anne", note="", at=place.house.now())


def test_two_drafts_of_the_same_content_have_two_names(place, client, chef):
    for each in (client, chef):
        change(each, "acceptance.minimum_items", value="36", etat="propre")
    names = {each.name for each in place.house.store.history().proposals.values()}
    assert len(names) == 2 and any(name.endswith(" (2)") for name in names)


def test_only_an_administrator_may_hurry(place, client):
    require_approval(place)
    add_account(place.app, "anne@houblon.example", "un mot de passe long", "editor")
    editor = place.signed_in("anne@houblon.example", "un mot de passe long")
    data = {"csrf_token": token_of(text(editor.get("/historique"))), "base": 2, "urgence": "1"}
    assert editor.post("/historique/1/retablir", data=data).status_code == 403


def test_a_planned_change_is_listed_withdrawn_or_becomes_a_version(place, client):
    change(client, "acceptance.minimum_items", value="36", etat="propre")
    address = draft_of(client)
    past = post(client, f"{address}/planifier", moment="2021-05-01T09:00")
    assert past.status_code == 422 and 'value="2021-05-01T09:00"' in text(past)
    assert post(client, f"{address}/planifier", moment="2021-06-01T09:00").status_code == 302
    listed = text(client.get("/brouillons"))
    assert "Ce qui change, et quand" in listed and "1er juin 2021 à 9" in listed and "→ <b>36</b>" in listed
    assert proposal(place).effective_from == datetime(2021, 6, 1, 9, tzinfo=ZoneInfo("America/Toronto"))
    post(client, f"{address}/deplanifier")
    assert proposal(place).state == "open"


def test_a_planned_change_that_others_overtake_is_a_conflict_and_people_are_written_to(place, client, chef):
    change(client, "acceptance.minimum_items", value="36", etat="propre")
    address = draft_of(client)
    post(client, f"{address}/planifier", moment="2021-06-01T09:00")
    client.post("/brouillons/quitter", data={"csrf_token": token_of(text(client.get("/groupes")))})
    changed(chef, "acceptance.minimum_items", value="18", etat="propre")
    page = text(client.get(address))
    assert "en conflit" in page and "Ce brouillon\u00a0:" in page and "<b>18</b>" in page
    with place.house.services.ledger.reading() as connection:
        sent = connection.execute(select(outbox).where(outbox.c.event == "proposal.conflict")).all()
    assert [each.recipient for each in sent] == [ADMIN]
    assert "en conflit" in sent[0].message["subject"] and address in rendered(sent[0].message)["text"]
    settle(place.house)
    assert post(client, f"{address}/regler").status_code == 422
    assert post(client, f"{address}/regler", **{"choix-0": "mine"}).status_code == 302
    assert post(client, f"{address}/publier").status_code == 302
    assert reason(place, "A", items=20)["reasons"][1]["facts"] == {"item_count": 20}


def test_memberships_of_a_bundle_are_set_once_it_is_published(place, client):
    made = begin(place.house.store, "lot", by="cli", at=NOW, memberships={"bar-1": ("payeurs-a-risque",)}, edits=())
    client.post(f"/brouillons/{made.id}/entrer", data={"csrf_token": token_of(text(client.get("/groupes")))})
    change(client, "acceptance.minimum_items", value="36", etat="propre")
    assert "bar-1" in text(client.get(draft_of(client))) and "aucun groupe" in text(client.get(draft_of(client)))
    publish(client)
    for _ in range(2):
        with place.house.services.ledger.reading() as connection:
            assert memberships_of(connection, "bar-1") == ("payeurs-a-risque",)
        settle(place.house)
    place.house.services.ledger.write(lambda connection: set_memberships(connection, {"bar-1": ()}, NOW))
    settle(place.house)
    with place.house.services.ledger.reading() as connection:
        assert memberships_of(connection, "bar-1") == ()


def test_groups_change_places_by_button_and_by_a_whole_order(place, client):
    for name in ("Bars", "Épiceries"):
        page = text(client.get("/groupes"))
        client.post("/groupes", data={"csrf_token": token_of(page), "etag": field(page, "etag"), "nom": name})

    def ranked():
        return re.findall(r'data-id="([^"]+)"', text(client.get("/rangs")))

    def move(**form):
        page = text(client.get("/rangs"))
        return client.post("/rangs", data={"csrf_token": token_of(page), "etag": field(page, "etag"), **form})

    # A new group ranks lowest, unless somebody says otherwise.
    assert ranked() == ["payeurs-a-risque", "bars", "epiceries"]
    assert move(monter="bars").location == "/rangs#bars"
    assert ranked() == ["bars", "payeurs-a-risque", "epiceries"]
    move(ordre="bars,epiceries,payeurs-a-risque")
    assert ranked() == ["bars", "epiceries", "payeurs-a-risque"]
    assert move(ordre="bars,tous").status_code == 422
    publish(client)
    assert [group.id for group in place.house.store.content(3).ranked()] == [
        "bars",
        "epiceries",
        "payeurs-a-risque",
        "tous",
    ]


def test_a_group_tells_where_buyers_of_several_groups_hear_two_things(place, client):
    page = text(client.get("/groupes"))
    client.post("/groupes", data={"csrf_token": token_of(page), "etag": field(page, "etag"), "nom": "VIP"})
    change(client, "acceptance.mode", group="vip", value="automatic", etat="propre")
    page = text(client.get("/rangs"))
    client.post("/rangs", data={"csrf_token": token_of(page), "etag": field(page, "etag"), "monter": "vip"})
    publish(client)
    both = {"risque-1": ("payeurs-a-risque", "vip")}
    place.house.services.ledger.write(lambda connection: set_memberships(connection, both, NOW))
    page = text(client.get("/groupes/payeurs-a-risque"))
    assert "1 détaillant en commun" in page and "VIP l’emporte pour\u00a0:" in page
    assert "Ce groupe l’emporte pour\u00a0:" in text(client.get("/groupes/vip"))


def test_a_tried_order_is_kept_and_then_holds_every_version_to_its_decision(place, client):
    token = token_of(text(client.get("/et-si")))
    asked = {"csrf_token": token, "buyer": "comptoir-1", "items": "24", "price": "27.00", "distributor": "transbroue"}
    page = text(client.post("/et-si", data=asked))
    kept = {name: field(page, name).replace("&#34;", '"') for name in ("order", "expect", "etag")}
    assert client.post("/cas", data={"csrf_token": token, "nom": "Un comptoir", **kept}).status_code == 302
    assert "Un comptoir" in text(client.get("/cas"))
    publish(client)
    change(client, "acceptance.minimum_items", group="tous", value="48", etat="propre")
    shown = text(client.get(draft_of(client)))
    assert "«\u00a0Un comptoir\u00a0» attend\u00a0: acceptée (automatic), échéance 2021-06-19." in shown
    assert "obtient" in text(client.get("/cas"))
    page = text(client.get("/cas"))
    client.post("/cas/un-comptoir/retirer", data={"csrf_token": token_of(page), "etag": field(page, "etag")})
    publish(client)


def test_an_order_is_tried_with_the_draft_one_works_in(client):
    change(client, "acceptance.minimum_items", group="tous", value="48", etat="propre")
    page = text(client.get("/et-si"))
    chosen = re.search(r'<option value="(brouillon:[^"]+)" selected', page).group(1)
    asked = {"csrf_token": token_of(page), "buyer": "b", "items": "24", "price": "27.00", "version": chosen}
    assert "24 articles, il en faut 48." in text(client.post("/et-si", data=asked))


def test_every_act_is_in_the_log_with_before_and_after_and_the_chain_holds(place, client, chef):
    change(client, "acceptance.minimum_items", value="36", etat="propre")
    address = draft_of(client)
    post(chef, f"{address}/approuver")
    post(client, f"{address}/publier")
    with place.house.services.ledger.reading() as connection:
        assert verify(connection).broken_at is None
        found = {each.act: each for each in reversed(entries(connection))}
    assert {"proposal.begun", "proposal.revised", "proposal.approved", "proposal.published", "policy.published"} <= set(
        found
    )
    revised, published = found["proposal.revised"], found["policy.published"]
    assert (revised.who, revised.source) == (ADMIN, "127.0.0.1")
    path = "/groups/payeurs-a-risque/settings/acceptance.minimum_items"
    assert (published.before.get(path), published.after[path]) == (None, 36)
    assert found["proposal.approved"].who == CHEF


def test_a_proposal_that_nobody_made_is_not_found(client):
    assert client.get("/brouillons/rien").status_code == 404


def test_an_empty_list_teaches(client):
    assert "Aucun brouillon." in text(client.get("/brouillons"))
    assert "Aucun cas de test." in text(client.get("/cas"))

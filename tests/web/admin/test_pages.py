"""Keys, sources, the audit log and the installation's settings, as an administrator finds them."""

import json
import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text as sql

from houblon.orders.bookkeeping.accounts import Accounts
from houblon.orders.db.tables import redecisions
from houblon.orders.records.audit import entries
from houblon.orders.services import Seller
from houblon.orders.waiting.work import decide_due
from houblon.web.access.account_commands import By
from houblon.web.access.audit import noted
from houblon.web.admin.audit_text import differences
from houblon.web.admin.audit_words import MEMBERS
from houblon.web.foundation.browsers import browser_text
from houblon.web.foundation.data_folder import Profile
from houblon.web.ingest.signatures import sign
from tests.clock import NOW
from tests.orders.services import drop_guards, rows
from tests.web.houses import ADMIN, field, order, token_of

MONTREAL = ZoneInfo("America/Toronto")


@pytest.fixture
def client(place):
    return place.signed_in()


def text(response):
    return response.get_data(as_text=True)


def post(client, address, page=None, **form):
    return client.post(address, data={"csrf_token": token_of(text(client.get(page or address))), **form})


def last_act(place):
    with place.house.services.ledger.reading() as connection:
        return entries(connection, limit=1)[0]


def test_a_key_is_shown_once_works_and_is_revoked_for_good(place, client):
    made = text(post(client, "/cles", nom="Caisse", portee=["read"]))
    key = re.search(r"hbl_[\w-]+=*", made).group()
    assert (last_act(place).act, last_act(place).after) == ("key.added", ["read"])
    headers = {"Authorization": f"Bearer {key}"}
    assert place.client().get("/api/v1/groups", headers=headers).status_code == 200
    page = text(client.get("/cles"))
    assert key not in page and "Caisse" in page and "à l’instant" in page
    address = re.search(r'action="(/cles/\d+/revoquer)"', page).group(1)
    assert post(client, address, "/cles").status_code == 302
    assert place.client().get("/api/v1/groups", headers=headers).status_code == 401
    assert (last_act(place).act, last_act(place).subject) == ("key.revoked", "Caisse")
    assert "déjà révoquée" in text(client.post(address, data={"csrf_token": token_of(page)}, follow_redirects=True))
    assert post(client, "/cles/999/revoquer", "/cles").status_code == 404


def test_a_key_needs_a_name_and_a_scope_and_what_was_typed_stays(client):
    nothing = post(client, "/cles", nom="Sans portée")
    assert nothing.status_code == 422 and 'value="Sans portée"' in text(nothing) and 'role="alert"' in text(nothing)
    assert post(client, "/cles", nom="", portee=["read"]).status_code == 422


def test_a_source_changes_its_secret_without_a_gap(place, client):
    def send(secret, id):
        body = json.dumps(order(id)).encode()
        headers = sign(secret, f"m-{id}", place.house.now(), body)
        return place.client().post("/webhooks/orders", data=body, headers=headers).status_code

    assert "n’a encore jamais appelé" in text(client.get("/sources"))
    made = text(post(client, "/sources", nom="essai"))
    new = re.search(r"whsec_[\w+/=]+", made).group()
    assert (send(place.secret, "A"), send(new, "B")) == (200, 200)
    page = text(client.get("/sources"))
    assert new not in page and "dernier appel : à l’instant" in page.replace("\u00a0", " ")
    old = re.findall(r'action="(/sources/secrets/\d+/retirer)"', page)[-1]
    assert post(client, old, "/sources").status_code == 302
    assert (send(place.secret, "C"), send(new, "D")) == (401, 200)
    assert (last_act(place).act, last_act(place).subject) == ("source.secret_retired", "essai")
    assert "C’est le seul" in text(client.get("/sources"))
    assert post(client, "/sources", nom=" " * 3).status_code == 422


def fill(place, count=120):
    """Acts of two people over four months of days."""
    for number in range(count):
        by = By(("anne", "bo")[number % 2], "shell", NOW + timedelta(days=number))
        sides = {"name": f"avant {number}"}, {"name": f"après {number}"}
        place.house.services.ledger.write(
            lambda connection, by=by, number=number, sides=sides: noted(
                connection, by, "proposal.renamed", f"p{number}", *sides
            )
        )


def test_the_log_is_read_by_pages_and_by_who_what_on_what_and_when(place, client):
    fill(place)
    first = text(client.get("/journal"))
    assert "p119" in first and "p69" not in first and "avant 119" in first
    assert "après 119" in first and "brouillon renommé" in first
    older = re.search(r'href="(/journal\?avant=\d+)"', first).group(1)
    assert ">p69<" in text(client.get(older)) and ">p70<" not in text(client.get(older))
    mine = text(client.get("/journal?qui=anne&sujet=p4"))
    assert ">p4<" in mine and ">p40<" not in mine
    assert "Rien ne répond" in text(client.get("/journal?qui=bo&sujet=p4"))
    assert ">v1<" in text(client.get("/journal?acte=policy.published"))
    day = text(client.get("/journal?du=2021-05-14&au=2021-05-14"))
    assert re.findall(r">(p\d+)<", day) == ["p2"]
    assert "n’est pas une date" in text(client.get("/journal?du=demain"))


def test_the_log_is_exported_whole_and_filtered_as_json_lines(place, client):
    fill(place, 6)
    lines = [json.loads(line) for line in client.get("/journal/export").get_data().splitlines()]
    assert [each["key"] for each in lines] == list(range(1, len(lines) + 1))
    assert [each["hash"] for each in lines[:-1]] == [each["previous"] for each in lines[1:]]
    some = client.get("/journal/export?qui=bo").get_data().splitlines()
    assert {json.loads(each)["subject"] for each in some} == {"p1", "p3", "p5"}


def test_the_chain_is_verified_on_demand_and_a_break_is_named(place, client):
    fill(place, 4)
    assert "pas encore été vérifiée" in text(client.get("/journal"))
    assert post(client, "/journal/verifier", "/journal").status_code == 302
    assert "chaîne entière" in text(client.get("/journal"))
    fill(place, 1)
    assert "1 depuis" in text(client.get("/journal"))
    with place.house.services.ledger.write_engine.begin() as connection:
        drop_guards(connection)
        connection.execute(sql("DELETE FROM audit WHERE key > 2"))
    # Cut short, the log still follows from its start: what was verified before is missed.
    post(client, "/journal/verifier", "/journal")
    assert "chaîne rompue" in text(client.get("/journal"))


def test_before_and_after_are_told_member_by_member():
    told = differences({"name": "a", "kept": 1, "gone": True}, {"name": "b", "kept": 1, "new": {"deep": 2}}, MONTREAL)
    assert [(each.what.en, each.before.en, each.after.en) for each in told] == [
        ("name", "a", "b"),
        ("gone", "yes", "nothing"),
        ("new › deep", "nothing", "2"),
    ]
    assert [(each.what.fr, each.before.fr, each.after.fr) for each in differences("viewer", "editor", MONTREAL)] == [
        ("", "Lecture", "Rédaction")
    ]
    planned = {"effective_from": "2021-06-02T02:30:00+00:00", "name": "2021-99-02T02:30:00Z"}
    assert [(each.after.fr, each.after.en) for each in differences({}, planned, MONTREAL)] == [
        ("1er juin 2021 à 22\u00a0h\u00a030", "June 1, 2021, 10:30\u00a0p.m."),
        ("2021-99-02T02:30:00Z",) * 2,
    ]
    assert differences(None, None, MONTREAL) == differences({"a": 1}, {"a": 1}, MONTREAL) == []


def test_members_and_their_codes_are_told_in_words_and_lists_without_brackets():
    after = {
        "state": "accepted",
        "cause": "payment",
        "about": "F-2021-00001",
        "of": "retailer",
        "receivables": "source",
        "groups": ["bars", "epiceries"],
        "seller.name": "held",
    }
    told = differences({"state": "held", "receivables": "houblon", "groups": []}, after, MONTREAL)
    assert [(each.what.fr, each.before.fr, each.after.fr) for each in told] == [
        ("état", "en attente", "acceptée"),
        ("ce qu’un détaillant doit", "selon les factures d’ici", "selon chaque commande"),
        ("groupes", "rien", "bars, epiceries"),
        ("cause", "rien", "paiement"),
        ("à propos de", "rien", "F-2021-00001"),
        ("de quoi", "rien", "un détaillant"),
        ("nom du vendeur", "rien", "held"),
    ]


def test_no_part_of_the_installation_is_told_by_the_name_that_programs_give_it():
    parts = {"seller": Seller, "accounts": Accounts}
    names = [f"{part}.{name}" for part, kept in parts.items() for name in kept.__struct_fields__]
    names += [name for name in Profile.__struct_fields__ if name not in (*parts, "id")]
    assert [name for name in names if name not in MEMBERS] == []


def settings_of(client):
    """The settings form as the page gives it."""
    page = text(client.get("/reglages"))
    return {
        "csrf_token": token_of(page),
        "etag": field(page, "etag"),
        **{name: re.search(rf'name="{name}"[^>]* value="([^"]*)"', page).group(1) for name in FIELDS},
    }


FIELDS = ("name", "email", "gst_number", "qst_number", "prefix", "timezone", "currency")


def test_the_log_tells_rules_in_words_and_leaves_hashes_to_machines():
    place = "/groups/tous/settings/acceptance.minimum_value"
    (told,) = differences({place: "200.00", "hash": "sha256:a"}, {place: "1250.50", "hash": "sha256:b"}, MONTREAL)
    assert (told.what.fr, told.before.fr, told.after.fr) == (
        "tous, Valeur minimum par commande",
        "200,00\u00a0$",
        "1\u00a0250,50\u00a0$",
    )
    (made,) = differences({}, {"/groups/bars": {"id": "bars", "name": "Bars", "settings": {}, "rules": {}}}, MONTREAL)
    assert (made.what.en, made.after.en) == ("bars, the group", "made")
    drawn = {"id": "tous", "settings": {"acceptance.minimum_items": 24}, "rules": {}}
    changed = {**drawn, "settings": {"acceptance.minimum_items": None}}
    (revised,) = differences({"documents": {"/groups/tous": drawn}}, {"documents": {"/groups/tous": changed}}, MONTREAL)
    assert (revised.before.en, revised.after.en) == ("24", "No minimum")


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "Chrome, Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari, iPhone"),
        ("werkzeug/3", "werkzeug/3"),
    ],
)
def test_a_browser_is_told_as_people_call_it(agent, said):
    assert browser_text(agent) == said


def test_a_changed_seller_is_on_the_next_invoice_without_a_restart(place, client):
    form = settings_of(client) | {"name": "Brasserie Neuve", "address": "1, rue Neuve\r\n\r\nMontréal "}
    assert client.post("/reglages", data=form).status_code == 302
    done = last_act(place)
    assert (done.act, done.who, done.after["seller.name"]) == ("installation.changed", ADMIN, "Brasserie Neuve")
    assert set(done.after) == set(done.before) == {"seller.name", "seller.address"}
    place.send(order("PO-9"), "m-9")
    invoice = text(client.get("/factures/1"))
    assert "Brasserie Neuve" in invoice and re.search(r"1, rue Neuve(<br>)?\s*Montréal", invoice)


def test_what_has_consequences_is_told_before_it_is_saved(place, client):
    form = settings_of(client) | {"prefix": "B", "timezone": "America/Halifax"}
    asked = text(client.post("/reglages", data=form))
    assert "la suite B" in asked and "America/Halifax" in asked and place.house.profile.seller.prefix == "F"
    confirm = re.search(r'name="confirme" value="(\w+)"', asked).group(1)
    # Confirmed for something else: told again.
    assert client.post("/reglages", data=form | {"prefix": "C", "confirme": confirm}).status_code == 200
    assert client.post("/reglages", data=form | {"confirme": confirm}).status_code == 302
    assert place.house.services.installation.zone.key == "America/Halifax"
    place.send(order("PO-9"), "m-9")
    assert "B-2021-00001" in text(client.get("/factures"))


def test_orders_that_a_setting_holds_are_decided_again_once_it_is_changed(place, client):
    assert place.send(order("PO-8", currency="USD"), "m-8").json["outcome"] == "held"
    client.post("/reglages", data=settings_of(client) | {"name": "Brasserie Neuve"})
    assert "installation" not in {row.cause for row in rows(place.house.services, redecisions)}
    form = settings_of(client) | {"currency": "USD"}
    asked = text(client.post("/reglages", data=form))
    assert "Les commandes en attente seront décidées de nouveau" in asked
    confirm = re.search(r'name="confirme" value="(\w+)"', asked).group(1)
    client.post("/reglages", data=form | {"confirme": confirm})
    assert decide_due(place.house.services, place.house.now) == 1
    page = text(client.get("/commandes/1"))
    assert "Acceptée" in page and "les réglages de l’installation ont changé" in page


def test_bad_settings_are_told_at_their_fields_and_stale_ones_lose_nothing(place, client):
    form = settings_of(client)
    bad = {"name": "", "gst_number": "12", "prefix": "é", "timezone": "Mars/Olympus", "currency": "ZZZ", "email": "x"}
    refused = client.post("/reglages", data=form | bad)
    page = text(refused)
    assert refused.status_code == 422
    for name in bad:
        assert f'id="{name}-fault"' in page, name
    assert 'value="Mars/Olympus"' in page
    client.post("/reglages", data=form | {"name": "Premier"})
    stale = client.post("/reglages", data=form | {"name": "Deuxième"})
    assert stale.status_code == 409 and 'value="Deuxième"' in text(stale)
    assert place.house.profile.seller.name == "Premier"


def test_settings_that_the_form_does_not_show_stay(place, client):
    form = settings_of(client) | {"two_factor": "1"}
    asked = text(client.post("/reglages", data=form))
    confirm = re.search(r'name="confirme" value="(\w+)"', asked).group(1)
    client.post("/reglages", data=form | {"confirme": confirm})
    assert place.house.profile.two_factor
    assert client.get("/groupes").location == "/compte/deuxieme-facteur"

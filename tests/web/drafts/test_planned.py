"""What pages and the API say of plans and of memberships: before they count, beside what they change, when they fall."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from houblon.orders.db.tables import outbox
from houblon.orders.records.audit import verify
from houblon.orders.retailers.memberships import memberships_of, set_memberships
from houblon.rules.model.statements import Edit, Statement
from houblon.rules.publishing.drafts import begin, revise
from houblon.rules.publishing.publish import publish as publish_edits
from houblon.rules.publishing.publish import publish_proposal
from houblon.rules.publishing.schedule import promote_due, schedule
from houblon.web.drafts.post_publication import settle
from tests.clock import NOW
from tests.rules.publishing.test_moves import SCENARIO
from tests.web.api.test_api import Caller
from tests.web.drafts.test_pages import post, require_approval
from tests.web.groups.test_pages import text
from tests.web.houses import ADMIN, order, token_of

RISK, ITEMS = "payeurs-a-risque", "acceptance.minimum_items"


@pytest.fixture
def client(place):
    return place.signed_in()


def minimum(count, group="tous"):
    return Statement("group", group, ITEMS, count)


def draft(place, name, *said, by="anne@houblon.example", **options):
    kept = place.house.check_context.memberships
    made = begin(place.house.store, name, by=by, at=NOW, kept=kept, **options)
    return revise(place.house.store, made.id, said, by=by, at=NOW) if said else made


def planned(place, name, moment, *said, **options):
    made = draft(place, name, *said)
    context = place.house.check_context
    return schedule(
        place.house.store, made.id, effective_from=moment, by="anne", at=NOW, check_context=context, **options
    )


def kept(place, buyer):
    with place.house.services.ledger.reading() as connection:
        return memberships_of(connection, buyer)


def state(place, id):
    return place.house.store.history().proposals[id]


def test_who_moves_is_shown_by_name_from_where_to_where_in_the_draft_and_its_version(place, client):
    made = draft(place, "rangement", memberships={"risque-1": (), "bar-9": (RISK,)})
    page = text(client.get(f"/brouillons/{made.id}"))
    assert "risque-1" in page and "bar-9" in page and "aucun groupe" in page and "Payeurs à risque" in page
    assert post(client, f"/brouillons/{made.id}/publier").status_code == 302
    assert (kept(place, "risque-1"), kept(place, "bar-9")) == ((), (RISK,))
    assert "bar-9" in text(client.get("/historique"))


def test_whom_a_draft_moves_counts_once_whether_in_a_group_before_or_known_at_all(place, client):
    place.send(order("PO-1", buyer="x"), "msg_1")
    place.send(order("PO-2", buyer="y"), "msg_2")
    made = draft(place, "rangement", memberships={"risque-1": (), "bar-9": (RISK,), "x": (RISK,)})
    page = text(client.get(f"/brouillons/{made.id}"))
    assert "<b>3 détaillants</b> auraient une autre politique" in page
    # Of Tous, all four of them and nobody twice, on the page of a draft that moves three.
    post(client, f"/brouillons/{made.id}/entrer", page)
    form = {"csrf_token": token_of(page), "value": "12", "etat": "propre"}
    assert "<dd>4 détaillants" in text(client.post(f"/groupes/tous/parametres/{ITEMS}/portee", data=form))


def test_what_a_draft_would_do_follows_who_is_in_which_groups_and_what_orders_name(place, client):
    edit = Edit("scenario", SCENARIO["id"], SCENARIO)
    publish_edits(place.house.store, [edit], author="x", note="", at=NOW, check_context=place.house.check_context)
    rule = {
        "label": {"fr": "Blanche", "en": "White"},
        "conditions": {"all": [{"name": "skus", "operator": "contains_all", "value": ["BLANCHE"]}]},
        "actions": [{"name": "hold", "params": {"reason": "blanche"}}],
    }
    place.send(order("PO-1"), "msg_1")
    made = draft(place, "Été", minimum(40, RISK), Statement("group", RISK, "rules/blanche", rule))
    page = text(client.get(f"/brouillons/{made.id}"))
    assert ("Le cas de test" in page, "« BLANCHE »" in page.replace("\u00a0", " ")) == (False, True)
    buyer = SCENARIO["order"]["buyer"]["id"]
    place.house.services.ledger.write(lambda connection: set_memberships(connection, {buyer: (RISK,)}, NOW))
    place.send(order("PO-2", lines=[{"sku": "BLANCHE", "quantity": 24, "unit_price": "20.00"}]), "msg_2")
    page = text(client.get(f"/brouillons/{made.id}"))
    assert ("Le cas de test" in page, "« BLANCHE »" in page.replace("\u00a0", " ")) == (True, False)


def test_a_draft_that_moves_somebody_is_tried_as_if_it_were_published(place):
    call = Caller(place, "decide", "write", "read")
    made = draft(place, "rangement", memberships={"bar-9": (RISK,)})
    asked = {"order": order("PO-1", buyer="bar-9"), "proposal": made.id}
    found = call("POST", "/decisions", asked)
    assert (found.json["outcome"], found.json["chain"]) == ("held", [RISK, "tous"])
    several = call("POST", "/decisions", {"orders": [asked["order"]], "proposal": made.id}).json["decisions"]
    assert several[0]["chain"] == [RISK, "tous"]


def test_a_version_and_its_memberships_count_together_though_nobody_settled_them(place):
    call = Caller(place, "decide")
    made = draft(place, "rangement", memberships={"bar-9": (RISK,)})
    publish_proposal(place.house.store, made.id, by="x", at=NOW, check_context=place.house.check_context)
    assert kept(place, "bar-9") == ()  # as after a kill between the two
    assert place.send(order("PO-9", buyer="bar-9"), "msg_9").json["chain"] == [RISK, "tous"]
    assert call("POST", "/decisions", {"order": order("PO-1", buyer="bar-9")}).json["chain"] == [RISK, "tous"]
    settle(place.house)
    settle(place.house)
    assert kept(place, "bar-9") == (RISK,)
    with place.house.services.ledger.reading() as connection:
        verify(connection)


def test_a_move_that_breaks_a_scenario_or_touches_a_plan_is_asked_about_first(place, client):
    scenario = Edit("scenario", SCENARIO["id"], SCENARIO)
    context = place.house.check_context
    publish_edits(place.house.store, [scenario], author="x", note="", at=NOW, check_context=context)
    place.house.services.ledger.write(lambda connection: set_memberships(connection, {"risque-1": (RISK,)}, NOW))
    place.send(order("PO-2", buyer="x"), "msg_2")
    token = token_of(text(client.get("/detaillants")))
    moving = {"csrf_token": token, "detaillant": "x", "groupe": RISK, "retour": "/detaillants"}
    page = text(client.post("/adhesions/ajouter", data=moving))
    assert "n’obtiendrait plus sa décision" in page and "x passe" in page and kept(place, "x") == ()
    assert client.post("/adhesions/ajouter", data={**moving, "confirmer": "1"}).status_code == 302
    assert kept(place, "x") == (RISK,)
    overview = text(client.get("/"))
    assert "À régler" in overview and "x passe" in overview


def test_a_campaign_and_its_end_are_planned_from_the_page_and_show_beside_what_they_change(place, client):
    made = draft(place, "Solde", minimum(12))
    form = {"moment": "2026-12-01T00:00", "fin": "2026-12-25T00:00"}
    assert post(client, f"/brouillons/{made.id}/planifier", **form).status_code == 302
    page = text(client.get(f"/brouillons/{made.id}"))
    assert "Puis tout redevient comme avant" in page and "Fin de Solde" in page
    group = text(client.get("/groupes/tous"))
    assert group.count("prévu le") == 2 and "12" in group
    assert "prévu le" in text(client.get(f"/brouillons/{draft(place, 'Autre', minimum(30)).id}"))
    # Moved, then withdrawn with its end.
    assert post(client, f"/brouillons/{made.id}/planifier", moment="2026-12-02T00:00").status_code == 302
    assert state(place, made.id).effective_from == datetime(2026, 12, 2, 5, tzinfo=UTC)
    post(client, f"/brouillons/{made.id}/deplanifier")
    assert (state(place, made.id).state, state(place, "fin-de-solde").state) == ("open", "discarded")


def test_hours_that_do_not_exist_or_come_twice_are_asked_about(place, client):
    made = draft(place, "Heure", minimum(12))
    address = f"/brouillons/{made.id}/planifier"
    gap = post(client, address, moment="2027-03-14T02:30")
    assert gap.status_code == 422 and "Cette heure n’existe pas" in text(gap) and "3\xa0h\xa030" in text(gap)
    # Where it is, as people call it.
    assert "<b>Début</b>" in text(gap) and "/effective_from" not in text(gap)
    twice = post(client, address, moment="2026-11-01T01:30")
    assert twice.status_code == 422 and "arrive deux fois" in text(twice) and 'name="moment-lequel"' in text(twice)
    assert 'name="fin-lequel"' not in text(twice)
    end = text(post(client, address, moment="2026-10-30T01:30", fin="2026-11-01T01:30"))
    assert ('name="moment-lequel"' in end, 'name="fin-lequel"' in end) == (False, True)
    form = {"moment": "2026-11-01T01:30", "moment-lequel": "1"}
    assert post(client, address, **form).status_code == 302
    assert state(place, made.id).effective_from == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    # An end in the second hour comes after a beginning in the first, whatever the clock shows.
    form |= {"moment-lequel": "0", "fin": "2026-11-01T01:15", "fin-lequel": "1"}
    assert post(client, address, **form).status_code == 302
    assert state(place, "fin-de-heure").effective_from == datetime(2026, 11, 1, 6, 15, tzinfo=UTC)


def test_planning_by_key_asks_what_publishing_asks_and_takes_an_end(place):
    call = Caller(place, "read", "write", "approve")
    context = place.house.check_context
    publish_edits(
        place.house.store,
        [Edit("scenario", SCENARIO["id"], SCENARIO)],
        author="x",
        note="",
        at=NOW,
        check_context=context,
    )
    when = {"effective_from": (NOW + timedelta(days=1)).isoformat(), "until": (NOW + timedelta(days=9)).isoformat()}
    refused = draft(place, "haut", minimum(40))
    answer = call("POST", f"/proposals/{refused.id}/schedule", when, If_Match=f'"{refused.revision}"')
    assert answer.status_code == 422 and [each["code"] for each in answer.json["errors"]] == ["scenario"]
    made = draft(place, "bas", minimum(6))
    answer = call("POST", f"/proposals/{made.id}/schedule", when, If_Match=f'"{made.revision}"')
    assert answer.status_code == 200 and answer.json["state"] == "scheduled" and answer.json["dropped"] == []
    end = call("GET", "/proposals/fin-de-bas").json
    assert (end["ends"], [each["after"] for each in end["changes"]]) == (made.id, [24])
    other = call("GET", f"/proposals/{draft(place, 'autre', minimum(30)).id}").json
    assert [each["proposal"] for each in other["planned"]] == ["bas", "fin-de-bas"]


def test_moves_are_told_by_key_and_their_conflicts_settled(place):
    call = Caller(place, "read", "write", "approve")
    made = draft(place, "rangement", memberships={"bar-9": (RISK,)})
    assert call("GET", f"/proposals/{made.id}").json["moves"] == [{"buyer": "bar-9", "from": [], "to": [RISK]}]
    answer = call("POST", f"/proposals/{made.id}/publish", If_Match=f'"{made.revision}"')
    version = answer.json["number"]
    assert call("GET", f"/versions/{version}").json["moves"] == [{"buyer": "bar-9", "from": [], "to": [RISK]}]
    back = draft(place, "retour", memberships={"bar-9": ()})
    place.house.services.ledger.write(lambda connection: set_memberships(connection, {"bar-9": (RISK, "vip")}, NOW))
    clash = call("GET", f"/proposals/{back.id}").json["clashes"][0]
    assert (clash["kind"], clash["id"], clash["mine"], clash["theirs"]) == ("membership", "bar-9", [], [RISK, "vip"])
    choices = {"choices": [{"kind": "membership", "id": "bar-9", "choose": "mine"}]}
    settled = call("POST", f"/proposals/{back.id}/settle", choices, If_Match=f'"{back.revision}"')
    assert settled.status_code == 200 and settled.json["clashes"] == []


def test_a_draft_that_moves_somebody_otherwise_than_others_did_is_told_by_their_name(place, client):
    made = draft(place, "rangement", memberships={"comptoir-1": (RISK,)})
    assert 'data-label="Changements">1<' in text(client.get("/brouillons"))
    place.send(order("PO-1", buyer="comptoir-1"), "m-1")
    place.house.services.ledger.write(lambda connection: set_memberships(connection, {"comptoir-1": ("vip",)}, NOW))
    assert "<legend>Comptoir du Coin · groupes du détaillant" in text(client.get(f"/brouillons/{made.id}"))


def test_one_retailer_is_taken_out_of_a_draft_or_put_elsewhere_by_page_and_by_key(place, client):
    call = Caller(place, "read", "write", "approve")
    made = draft(place, "rangement", memberships={"bar-9": (RISK,), "risque-1": (), "x": (RISK,)})
    assert "risque-1</span>" in text(client.get(f"/brouillons/{made.id}"))  # named beside its button
    form = {"genre": "membership", "document": "risque-1", "chemin": ""}
    assert post(client, f"/brouillons/{made.id}/retirer", **form).status_code == 302
    page = text(client.get(f"/brouillons/{made.id}"))
    assert "bar-9" in page and "risque-1" not in page

    def say(status, *said):
        seen = call("GET", f"/proposals/{made.id}").json["revision"]
        answer = call("PATCH", f"/proposals/{made.id}", {"statements": said}, If_Match=f'"{seen}"')
        assert answer.status_code == status, answer.json
        return answer.json

    out = {"kind": "membership", "id": "bar-9", "remove": True}
    new = {"kind": "group", "id": "amis", "value": {"id": "amis", "name": "Amis", "settings": {}, "rules": {}}}
    into = {"kind": "membership", "id": " x\u200b", "value": ["amis", RISK, RISK]}
    assert say(200, out, new, into)["moves"] == [{"buyer": "x", "from": [], "to": ["amis", RISK]}]
    wrong = [{**into, "value": ["personne"]}, {**into, "value": RISK}, {**into, "path": "groups"}]
    pointers = [[each["pointer"] for each in say(422, one)["errors"]] for one in wrong]
    assert pointers == [[f"/memberships/ x\u200b{place}"] for place in ("/0", "", "/groups")]
    # A retailer whom somebody moves between two writings of it is asked about: it is moved from where it stood first.
    place.house.services.ledger.write(lambda connection: set_memberships(connection, {"x": (RISK,)}, NOW))
    clashes = say(200, {**into, "value": ["amis"]})["clashes"]
    assert [(each["id"], each["mine"], each["theirs"]) for each in clashes] == [("x", ["amis"], [RISK])]
    say(200, {**into, "value": None, "remove": True})
    assert say(200, into)["clashes"] == []
    assert post(client, f"/brouillons/{made.id}/publier").status_code == 302
    assert (kept(place, "x"), kept(place, "bar-9"), kept(place, "risque-1")) == (("amis", RISK), (), (RISK,))


def test_what_is_held_back_for_want_of_approval_is_told_to_its_people_and_the_approvers(place, client):
    made = planned(place, "Sans accord", NOW + timedelta(hours=1), minimum(12))
    require_approval(place)
    promote_due(place.house.store, NOW + timedelta(hours=2), place.house.check_context)
    settle(place.house)
    assert state(place, made.id).state == "open"
    with place.house.services.ledger.reading() as connection:
        told = connection.execute(select(outbox.c.recipient).where(outbox.c.event == "proposal.approval_required"))
        assert {"anne@houblon.example", ADMIN} <= set(told.scalars())
    assert "Sans accord" in text(client.get("/")) and "n’est plus planifié" in text(client.get("/"))


def test_what_is_planned_is_approved_by_page_and_by_key_and_keeps_its_date(place, client):
    call = Caller(place, "read", "approve")
    drafts = [
        planned(place, name, NOW + timedelta(hours=1), minimum(count)) for name, count in (("un", 12), ("deux", 6))
    ]
    assert "À approuver" not in text(client.get("/"))
    require_approval(place)
    assert "À approuver" in text(client.get("/"))
    page = text(client.get(f"/brouillons/{drafts[0].id}"))
    assert "Sans approbation d’ici là" in page and "Approuver 1 changement" in page
    assert post(client, f"/brouillons/{drafts[0].id}/approuver").status_code == 302
    page = text(client.get(f"/brouillons/{drafts[0].id}"))
    assert "Sans approbation d’ici là" not in page and "Approuvé par" in page
    answer = call("POST", f"/proposals/{drafts[1].id}/approve", If_Match=f'"{drafts[1].revision}"')
    assert (answer.status_code, answer.json["state"]) == (200, "scheduled")
    assert "À approuver" not in text(client.get("/"))
    promote_due(place.house.store, NOW + timedelta(hours=2), place.house.check_context)
    assert [each.approved_by is not None for each in place.house.store.versions()[-2:]] == [True, True]


def test_two_rules_of_one_id_are_kept_both_from_the_page(place, client):
    rule = {
        "label": {"fr": "Gros", "en": "Large"},
        "conditions": {"all": [{"name": "order_value", "operator": "greater_than", "value": 100}]},
        "actions": [{"name": "hold", "params": {"reason": "gros"}}],
    }
    first = draft(place, "un", Statement("group", "tous", "rules/gros", rule))
    second = draft(place, "deux", Statement("group", RISK, "rules/gros", rule))
    publish_proposal(place.house.store, first.id, by="x", at=NOW)
    page = text(client.get(f"/brouillons/{second.id}"))
    assert "l’une remplacerait l’autre" in page and 'value="both" checked' in page
    post(client, f"/brouillons/{second.id}/regler", **{"choix-0": "both"})
    assert post(client, f"/brouillons/{second.id}/publier").status_code == 302
    groups = place.house.store.content(place.house.store.newest().number).groups
    assert (set(groups["tous"].rules), set(groups[RISK].rules)) == ({"gros"}, {"gros-2"})


def test_two_cycles_of_one_distributor_are_kept_both_from_the_page_and_by_key(place, client):
    call = Caller(place, "read", "write")
    cycle = place.house.store.content(place.house.store.newest().number).document("cycle", "transbroue")
    drafts = []
    for name, rrule in (("un", "FREQ=WEEKLY;BYDAY=MO"), ("deux", "FREQ=WEEKLY;BYDAY=FR"), ("trois", "FREQ=DAILY")):
        whole = {**cycle, "id": "Voisin", "name": "Voisin", "rrule": rrule}
        drafts.append(draft(place, name, Statement("cycle", "Voisin", "", whole)))
    publish_proposal(place.house.store, drafts[0].id, by="x", at=NOW)
    page = text(client.get(f"/brouillons/{drafts[1].id}"))
    assert 'value="both" checked' in page and "que des commandes peuvent nommer" in page
    post(client, f"/brouillons/{drafts[1].id}/regler", **{"choix-0": "both"})
    assert post(client, f"/brouillons/{drafts[1].id}/publier").status_code == 302
    choices = {"choices": [{"kind": "cycle", "id": "Voisin", "path": "rrule", "choose": "both"}]}
    settled = call("POST", f"/proposals/{drafts[2].id}/settle", choices, If_Match=f'"{drafts[2].revision}"')
    assert [each["pointer"] for each in settled.json["changes"]] == ["/cycles/Voisin-3"]
    cycles = place.house.store.content(place.house.store.newest().number).cycles
    assert (cycles["Voisin"].rrule, cycles["Voisin-2"].rrule) == ("FREQ=WEEKLY;BYDAY=MO", "FREQ=WEEKLY;BYDAY=FR")

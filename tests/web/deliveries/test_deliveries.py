"""Livraisons: a clerk makes a cycle, sees what comes, and nothing is in force before it is published."""

import re

import pytest

from houblon.engine.schedule.cycle import cycle_document
from tests.web.groups.test_pages import publish, text
from tests.web.houses import field, order, token_of

TRANSBROUE = "/livraisons/cycle?id=transbroue"


@pytest.fixture
def client(place):
    place.send(order("PO-1"), "m-1")
    return place.signed_in()


def fields(page):
    """The cycle form's fields, read from the page as a browser would send them."""
    form = page.split('<form id="cycle"', 1)[1].split("</form>", 1)[0]
    sent = {}
    for tag in re.findall(r"<input[^>]*>", form):
        named, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        is_choice = 'type="radio"' in tag or 'type="checkbox"' in tag
        if named and value and (not is_choice or " checked" in tag):
            sent.setdefault(named[1], []).append(value[1])
    for name, body in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        sent[name] = re.findall(r'value="([^"]+)" selected', body)
    sent.update(
        {name: [body] for name, body in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form)}
    )
    return sent


def press(client, address, page=TRANSBROUE, headers=None, **changed):
    shown = page if page.startswith("<!doctype") else text(client.get(page))
    return client.post(address, data={**fields(shown), **changed}, headers=headers)


def in_draft(place, id="transbroue"):
    (proposal,) = place.house.store.history().proposals.values()
    return next(edit.document for edit in proposal.edits if edit.id == id)


def test_the_list_tells_each_cycle_its_next_delivery_and_who_has_none(place, client):
    place.send(order("PO-2", distributor="tournee"), "m-2")
    page = text(client.get("/livraisons"))
    assert "les jeudis aux deux semaines" in page and "jeudi 20 mai 2021" in page
    assert "Distributeurs sans cycle" in page and "/livraisons/cycle?id=tournee" in page
    assert 'value="tournee"' in text(client.get("/livraisons/cycle?id=tournee"))


def test_an_empty_list_teaches(place, client):
    page = text(client.get("/livraisons"))
    data = {"csrf_token": token_of(page), "etag": "2", "connu": "transbroue"}
    assert client.post("/livraisons/retirer", data=data).status_code == 302
    page = text(client.get("/livraisons"))
    assert "Aucun cycle encore." in page and "retiré dans le brouillon" in page


def test_the_preview_flags_weekends_and_holidays_of_deliveries_and_due_dates_and_saves_nothing(place, client):
    page = text(client.get(TRANSBROUE))
    assert page.count('class="a-day"') == 10
    assert "net 30 jours\u00a0: échéance le samedi 19 juin 2021" in page and "fin de semaine" in page
    shown = text(press(client, "/livraisons/apercu", debut="2021-06-24"))
    assert "jeudi 24 juin 2021" in shown and "Fête nationale du Québec" in shown
    assert 'value="2021-06-24"' in shown
    moved = text(press(client, "/livraisons/apercu", debut="2021-06-24", feries="next_day"))
    assert "remise du 24 juin 2021, jour férié" in moved and "vendredi 25 juin 2021" in moved
    assert not place.house.store.history().proposals


def test_the_live_preview_is_the_part_alone_and_tells_faults_where_they_are(client):
    headers = {"HX-Request": "true"}
    part = text(press(client, "/livraisons/apercu", headers=headers, semaines="1"))
    assert "<!doctype" not in part and "jeudi 13 mai 2021" in part
    wrong = text(press(client, "/livraisons/apercu", headers=headers, semaines="zéro"))
    assert 'href="#rythme"' in wrong and "Un nombre entier, au moins 1." in wrong


def test_a_delivery_is_skipped_moved_and_given_back_by_buttons(place, client):
    skipped = text(press(client, "/livraisons/apercu", sauter="2021-05-20"))
    assert "jeudi 20 mai 2021 · sautée" in skipped
    moving = text(press(client, "/livraisons/apercu", page=skipped, deplacer="2021-06-03"))
    press(client, "/livraisons/cycle", page=moving, deplace_a="2021-06-04")
    assert (in_draft(place)["exdates"], in_draft(place)["rdates"]) == (["2021-05-20", "2021-06-03"], ["2021-06-04"])


def test_saving_what_was_opened_changes_nothing(place, client):
    response = press(client, "/livraisons/cycle")
    assert response.location == "/livraisons" and not place.house.store.history().proposals


def test_a_change_goes_into_the_draft_is_told_in_words_and_counts_once_published(place, client):
    press(client, "/livraisons/cycle", limite_jours="10", limite_heure="12:00", feries="skip")
    assert in_draft(place)["cut_off"] == {"days_before": 10, "time": "12:00"}
    assert "dans le brouillon" in text(client.get("/livraisons"))
    assert place.send(order("A"), "a").json["invoice"]["delivery_date"] == "2021-05-20"
    address = re.search(r'href="(/brouillons/[^"]+)">Relire', text(client.get("/livraisons"))).group(1)
    page = text(client.get(address))
    assert "10 jours avant, à 12\u00a0h\u00a000" in page and "on ne livre pas" in page and "heure limite" in page
    publish(client)
    assert place.send(order("B"), "b").json["invoice"]["delivery_date"] == "2021-06-03"
    key = place.house.store.newest().number
    assert place.house.store.content(key).cycles["transbroue"].holidays == "skip"


def test_a_rule_that_the_form_can_t_show_stays_as_it_is_when_something_else_changes(place, client):
    rule = "FREQ=YEARLY;BYMONTH=5,6;BYDAY=2TH;WKST=SU"
    press(client, "/livraisons/cycle", rythme="text", rrule=rule)
    page = text(client.get(TRANSBROUE))
    assert rule in page and '<option value="text" selected' in page
    press(client, "/livraisons/cycle", nom="Transbroue inc.")
    assert (in_draft(place)["rrule"], in_draft(place)["name"]) == (rule, "Transbroue inc.")


def test_a_new_cycle_is_made_and_its_id_is_its_own(place, client):
    new = {"id": "tournee", "nom": "Tournée locale", "rythme": "monthly_weekday", "rangs": ["2", "4"], "jour": "TU"}
    press(client, "/livraisons/cycle", page="/livraisons/cycle", **new)
    assert in_draft(place, "tournee")["rrule"] == "FREQ=MONTHLY;BYDAY=2TU,4TU"
    again = press(client, "/livraisons/cycle", page="/livraisons/cycle", **new)
    assert again.status_code == 422 and "a déjà son cycle" in text(again) and 'value="Tournée locale"' in text(again)


def test_faults_are_told_by_field_and_what_was_typed_stays(place, client):
    response = press(client, "/livraisons/cycle", debut="2021-02-30", fuseau="Montréal", nom="X")
    page = text(response)
    assert response.status_code == 422 and 'href="#debut"' in page and 'href="#fuseau"' in page
    assert 'value="2021-02-30"' in page and 'value="Montréal"' in page
    assert not place.house.store.history().proposals


def test_a_stale_save_is_refused_and_keeps_what_was_typed(place, client):
    opened = text(client.get(TRANSBROUE))
    press(client, "/livraisons/cycle", nom="Un nom")
    late = press(client, "/livraisons/cycle", page=opened, semaines="3")
    assert late.status_code == 409 and re.search(r'name="semaines"[^>]*value="3"', text(late))
    again = press(client, "/livraisons/cycle", page=text(late))
    assert again.status_code == 302 and in_draft(place)["rrule"] == "FREQ=WEEKLY;INTERVAL=3;BYDAY=TH"


def test_a_cycle_that_orders_name_is_removed_after_a_warning_and_only_in_the_draft(place, client):
    place.send(order("PO-9", items=1), "m-9")
    page = text(client.get(TRANSBROUE))
    assert "2 commandes récentes nomment ce distributeur, dont 1 en attente" in page
    data = {"csrf_token": token_of(page), "etag": field(page, "etag"), "connu": "transbroue"}
    assert client.post("/livraisons/retirer", data=data).status_code == 302
    assert in_draft(place) is None
    assert "transbroue" in place.house.store.content(2).cycles
    publish(client)
    assert place.send(order("C"), "c").json["invoice"]["basis"] == "acceptance"


def test_a_cycle_whose_id_is_any_text_can_be_edited(place, client):
    odd = 'a/b "é" & ?'
    press(client, "/livraisons/cycle", page="/livraisons/cycle", id=odd, nom="Bizarre")
    assert in_draft(place, odd)["name"] == "Bizarre"
    link = re.search(r'href="(/livraisons/cycle\?id=a[^"]+)"', text(client.get("/livraisons"))).group(1)
    assert 'value="Bizarre"' in text(client.get(link.replace("&amp;", "&")))


def test_a_cycle_that_nobody_made_is_not_found(place, client):
    assert client.get("/livraisons/cycle?id=rien").status_code == 404
    data = {"csrf_token": token_of(text(client.get("/livraisons"))), "connu": "rien"}
    assert client.post("/livraisons/retirer", data=data).status_code == 404
    assert cycle_document(place.house.store.content(2).cycles["transbroue"])["rdates"] == []

"""Simulations on their pages: begun, read, cancelled, and beside the approval; nothing else is touched."""

import csv
import hashlib
import html
import re
import threading
import time
from contextlib import contextmanager

import pytest
from sqlalchemy import update

from houblon.orders.db.tables import simulations
from houblon.orders.records.audit import entries, verify
from houblon.rules.model.statements import Edit
from houblon.rules.publishing.publish import publish
from houblon.simulation.jobs.worker import run_forever
from houblon.web.access.auth import add_account
from houblon.web.simulations.pages import bell_of
from tests.clock import NOW
from tests.web.cli.iowa import groups_of, keep_received, read_rows
from tests.web.drafts.test_pages import CHEF, draft_of, post, require_approval
from tests.web.groups.test_pages import change, text
from tests.web.houses import copy_of, field, open_place, token_of

WHOLE = {"periode": "tout"}


def flat(response):
    """The page with ordinary spaces."""
    return text(response).replace("\u00a0", " ")


@contextmanager
def lived(template, into):
    """An installation with the sixty stores' orders, and the server's worker."""
    folder, password = template
    place = open_place(copy_of(folder, into), password)
    rows = read_rows()
    keep_received(place, rows)
    segments = [{"colour": "#444444", "rules": {}, **each} for each in groups_of(rows)]
    publish(
        place.house.store,
        [Edit("group", each["id"], each) for each in segments],
        author="marie",
        note="segments",
        at=NOW,
    )
    over = threading.Event()
    house = place.house
    arguments = (
        lambda: house.services,
        house.settings.data / "simulations",
        house.now,
        bell_of(place.app),
        0.2,
        over.is_set,
    )
    worker = threading.Thread(target=run_forever, args=arguments)
    worker.start()
    yield place
    over.set()
    worker.join()
    house.close()


def drafting(past):
    """The browser of somebody who works in a draft of it."""
    opened = past.signed_in()
    change(opened, "acceptance.minimum_value", group="tous", value="500", etat="propre")
    return opened


@pytest.fixture(scope="module")
def past(template, tmp_path_factory):
    """Tests share it: each leaves what others look at."""
    with lived(template, tmp_path_factory.mktemp("passe") / "data") as place:
        yield place


@pytest.fixture(scope="module")
def client(past):
    return drafting(past)


def begin(client, **form):
    page = text(client.get("/simulations"))
    return client.post("/simulations", data={"csrf_token": token_of(page), **WHOLE, **form})


def report(client, address):
    """The page once the simulation is over."""
    end = time.monotonic() + 20
    while "hx-trigger" in (page := flat(client.get(address))):
        assert time.monotonic() < end
        time.sleep(0.05)
    return page


def stores(place):
    """Everything that is kept, but for the simulations and when sessions were seen."""
    with place.house.services.ledger.reading() as connection:
        dump = [line for line in connection.connection.driver_connection.iterdump() if "simulations" not in line[:30]]
    kept = sorted(path for path in place.house.settings.data.rglob("*") if path.is_file() and "ledger" not in path.name)
    files = [path.read_bytes() for path in kept if "simulations" not in path.parts]
    return hashlib.sha256("\n".join(dump).encode() + b"".join(files)).hexdigest()


def draft(client):
    return "brouillon:" + draft_of(client).rpartition("/")[2]


def test_the_real_orders_answer_in_the_page_and_nothing_else_is_touched(past, client):
    what, before = draft(client), stores(past)
    report(client, begin(client, quoi="2").location)  # a server's first one takes longer
    begun = begin(client, quoi=what)
    assert begun.status_code == 303
    page = report(client, begun.location)
    assert "3 442 commandes" in page
    assert stores(past) == before
    assert re.search(r"\d+ commandes ne seraient plus acceptées d’elles-mêmes, pour [\d ]+,\d\d \$\.", page)
    assert "est sous le minimum de 500,00 $." in page and "échéance le" in page
    for title in ("Avant, après", "Détaillants touchés", "Échéances et encaissements attendus", "Bouger un seuil"):
        assert title in page
    assert page.count('<svg class="chart"') >= 4 and page.count("<desc") == page.count("<title id=")
    assert re.findall(r"<style|style=|<script(?! src)", page) == []
    second = flat(client.get(f"{begun.location}?page=2"))
    assert "page 2 sur" in second and re.findall(r"/commandes/\d+", second) != re.findall(r"/commandes/\d+", page)
    assert flat(client.get("/simulations")).count("commandes ne seraient plus acceptées") >= 1


def test_the_orders_that_change_are_found_by_group_and_retailer_and_none_is_passed_over(past, client):
    change(client, "acceptance.mode", group="tous", value="manual", etat="propre")
    at = begin(client, quoi=draft(client)).location
    page = report(client, at)
    change(client, "acceptance.mode", group="tous", value="automatic", etat="propre")
    total = int(re.search(r"<b>([\d ]+)</b>commandes qui changent", page)[1].replace(" ", ""))
    left = int(re.search(r"([\d ]+) autres commandes qui changent", page)[1].replace(" ", ""))
    assert "Le fichier CSV les a toutes." in page
    lines = list(csv.reader(client.get(f"{at}/export.csv").get_data(as_text=True).splitlines(), delimiter=";"))
    assert len(lines) == total + 1 and left == total - 500
    retailer = lines[1][1]
    mine = sum(line[1] == retailer for line in lines[1:])
    found = html.unescape(flat(client.get(at, query_string={"detaillant": retailer.lower()})))
    assert f'<span class="muted">{mine} commandes' in found and found.count(f"<small>{retailer} ·") == min(mine, 20)
    assert "Tout montrer" in found and "n’est pas listée" not in found
    names = dict(
        re.findall(r'<option value="([\w-]+)">([^<]+)</option>', page.split('id="groupe"')[1].split("</select>")[0])
    )
    assert len(names) > 1
    for id in names:
        assert f'<option value="{id}" selected>' in flat(client.get(at, query_string={"groupe": id}))
    assert "Aucune commande qui change ne répond" in flat(client.get(at, query_string={"detaillant": "<i>nulle"}))


def test_english_pages_hold_no_french(client):
    client.set_cookie("langue", "en")
    page = report(client, begin(client, quoi="1", contre="2").location)
    client.delete_cookie("langue")
    assert "What if…" in page and "Before, after" in page and "Commandes" not in page


def test_the_list_says_how_long_simulations_are_kept(client):
    assert "gardées 90 jours, les 500 dernières au plus" in text(client.get("/simulations"))


def test_a_period_of_days_is_counted_and_a_wrong_one_is_told(client):
    days = {"periode": "dates", "du": "2021-02-01", "au": "2021-02-28"}
    page = report(client, begin(client, quoi="1", contre="2", **days).location)
    assert "du 1er février 2021 au 28 février 2021" in page and "3 442" not in page
    for form, said in (
        ({"periode": "dates", "du": "2021-02-30"}, "Une date, comme"),
        ({"periode": "dates", "du": "2021-02-02", "au": "2021-02-01"}, "Le dernier jour vient avant"),
        ({"quoi": "99"}, "Cette version n’existe pas"),
        ({"quoi": "brouillon:nulle-part"}, "Ce brouillon n’existe pas"),
    ):
        answer = begin(client, **{"quoi": "1", **form})
        assert answer.status_code == 422 and said in text(answer)
    assert client.get("/simulations/nulle-part").status_code == 404


def test_one_that_runs_is_followed_cancelled_and_begun_again(past, client):
    address = begin(client, quoi="1").location
    report(client, address)
    id = address.rpartition("/")[2]
    # Who still follows it when it ends gets the page again, not a page within the page.
    last = client.get(address, headers={"HX-Request": "true"})
    assert text(last).lstrip().startswith("<div") and last.headers["HX-Refresh"] == "true"

    def put(**values):
        query = update(simulations).where(simulations.c.id == id).values(values)
        past.house.services.ledger.write(lambda connection: connection.execute(query) and None)

    put(state="running", progress=42)
    page = text(client.get(address))
    assert 'value="42"' in page and 'http-equiv="refresh"' in page and "Annuler…" in page
    part = client.get(address, headers={"HX-Request": "true"})
    assert text(part).lstrip().startswith("<div") and "HX-Refresh" not in part.headers
    assert client.post(f"{address}/annuler", data={"csrf_token": token_of(page)}).status_code == 303
    assert client.get(address, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    page = text(client.get(address))
    assert "Annulée avant la fin" in page
    put(
        state="failed",
        error=[{"code": "failed", "pointer": "", "message": {"fr": "Elle a échoué.", "en": "It failed."}}],
    )
    assert "Elle a échoué." in text(client.get(address))
    again = client.post(f"{address}/relancer", data={"csrf_token": token_of(page)})
    assert again.location != address and "Avant, après" in report(client, again.location)


def test_an_approval_names_the_report_that_stood_beside_it_and_the_history_keeps_it(template, tmp_path):
    with lived(template, tmp_path / "data") as past:
        approve_by_report(past, drafting(past))


def approve_by_report(past, client):
    require_approval(past)
    add_account(past.app, CHEF, "un mot de passe long", "administrator")
    chef, address = past.signed_in(CHEF, "un mot de passe long"), draft_of(client)
    page = text(client.get(address))
    form = {name: field(page, name) for name in ("csrf_token", "quoi")}
    begun = client.post("/simulations", data={**form, **WHOLE})
    report(client, begun.location)
    shown = text(chef.get(address))
    hash_ = re.search(r'name="rapport" value="(sha256:[0-9a-f]+)"', shown).group(1)
    assert begun.location in shown and hash_[:15] in shown and "ne seraient plus acceptées" in shown
    # The draft changes: the report is old, and what the chef saw is refused.
    change(client, "acceptance.minimum_value", group="tous", value="450", etat="propre")
    stale = text(chef.get(address))
    assert "Le brouillon a changé depuis ce rapport" in stale and 'name="rapport"' not in stale
    refused = post(chef, f"{address}/approuver", page=stale, rapport=hash_)
    assert refused.status_code == 422 and "Un autre rapport est venu depuis" in text(refused)
    report(client, begin(client, quoi=draft(client)).location)
    shown = text(chef.get(address))
    hash_ = re.search(r'name="rapport" value="(sha256:[0-9a-f]+)"', shown).group(1)
    assert post(chef, f"{address}/approuver", page=shown, rapport=hash_).status_code == 302
    assert post(client, f"{address}/publier").status_code == 302
    assert past.house.store.newest().approved_report == hash_
    history = text(client.get("/historique"))
    assert "rapport vu" in history and hash_[:15] in history and 'href="/simulations/' in history
    with past.house.services.ledger.reading() as connection:
        log = entries(connection)
        assert verify(connection).broken_at is None
    acts = {entry.act: entry.after for entry in reversed(log)}
    assert acts["proposal.approved"]["report"] == hash_ == acts["policy.published"]["report"]

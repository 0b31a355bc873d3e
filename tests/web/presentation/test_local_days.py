"""Days on pages and in files are the house's, also in the evening, when UTC is already tomorrow."""

import csv
import io
import re
from datetime import timedelta
from html import unescape

import pytest

from houblon.engine.schedule.cadence import day_text
from houblon.orders.handling import deliveries, lifecycle
from houblon.rules.model.statements import Edit
from houblon.rules.publishing.drafts import begin
from houblon.rules.publishing.publish import publish
from houblon.rules.publishing.schedule import schedule
from houblon.simulation.jobs import jobs, worker
from houblon.simulation.jobs.simulation import Asked
from tests.clock import MONTREAL, day_of
from tests.orders.services import tous
from tests.web.groups.test_pages import text
from tests.web.houses import copy_of, open_place, order

SIMULATED = "dans-le-soir"


@pytest.fixture(scope="module")
def evening(template, tmp_path_factory, moment):
    """An installation where all that there is was made at that moment, and just before."""
    just_before = moment - timedelta(minutes=5)
    clock, (folder, password) = [just_before], template
    place = open_place(copy_of(folder, tmp_path_factory.mktemp("soir") / "data"), password, now=lambda: clock[0])
    house, services = place.house, place.house.services
    for number, items in enumerate((24, 24, 24, 2), 1):
        place.send(order(f"PO-{number}", items, placed_at=just_before.isoformat()), f"m-{number}")
    clock[0] = moment
    deliveries.deliver(services, 2, by="marie", at=moment)
    lifecycle.cancel(services, 3, was="accepted", by="marie", at=moment, why="doublon")
    for number, at in enumerate((moment - timedelta(minutes=1), moment)):
        strict = Edit("group", "tous", tous(acceptance_mode="manual", acceptance_minimum_items=12 - number))
        publish(house.store, [strict], author="marie", note=f"stricte {number}", at=at)
    edits = [Edit("group", "tous", tous())]
    draft = begin(house.store, "Été", by="marie", at=moment, edits=edits)
    schedule(house.store, draft.id, effective_from=moment + timedelta(days=20), by="marie", at=moment)
    jobs.start(services, Asked(version=2), id=SIMULATED, by="marie", at=moment)
    worker.run_next(services, house.settings.data / "simulations", house.now)
    yield place
    house.close()


def read(page):
    """What a person reads of it: neither its head nor the JSON that is kept for machines."""
    body = re.sub(r"(?s)<head>.*?</head>|<pre.*?</pre>|<(script|style).*?</\1>", " ", text(page))
    return unescape(re.sub(r"<[^>]*>", " ", body)).replace("\u00a0", " ")


def walk(client, language):
    """Every page that links lead to, once for each kind of address and what it is of."""
    client.set_cookie("langue", language)
    ahead, seen = ["/"], {"/"}
    while ahead:
        address = ahead.pop()
        answer = client.get(address, buffered=True)
        if answer.mimetype != "text/html":
            continue
        yield address, read(answer)
        for link in re.findall(r'href="(/[^"#]*)', text(answer)):
            link = unescape(link)
            if link not in seen and len(link) < 120 and not link.startswith(("/static", "/api", "/deconnexion")):
                seen.add(link)
                ahead.append(link)


def said(day):
    """Whatever a page may show of a day, in French, in English or as machines do."""
    text = day_text(day)
    short = (re.sub(r",? ?20\d\d", "", each).replace("\u00a0", " ") for each in (text.fr, text.en))
    return re.compile("|".join(rf"\b{each}\b" for each in (*short, day.isoformat())))


@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_page_shows_the_day_that_it_is_in_utc(evening, moment, language):
    pages = dict(walk(evening.signed_in(), language))
    assert {f"/simulations/{SIMULATED}", "/commandes/4", "/factures/4", "/journal", "/historique"} <= pages.keys()
    today, tomorrow = said(day_of(moment)), said(day_of(moment) + timedelta(days=1))
    # A bookkeeper's year begins on the first of January, whichever day it is.
    asked = {address: page for address, page in pages.items() if not address.startswith("/comptabilite?")}
    told = {address: tomorrow.search(page) for address, page in asked.items()}
    assert {address: pages[address][max(0, m.start() - 80) : m.end()] for address, m in told.items() if m} == {}
    assert sum(bool(today.search(page)) for page in pages.values()) > 8


def test_the_simulation_dates_versions_and_orders_by_the_house_s_clocks(evening, moment):
    client = evening.signed_in()
    page = read(client.get(f"/simulations/{SIMULATED}"))
    within_time = page.partition("Dans le temps")[2]
    assert said(day_of(moment)).search(within_time) and "PO-1" in within_time
    export = client.get(f"/simulations/{SIMULATED}/export.csv").get_data(as_text=True)
    rows = list(csv.reader(io.StringIO(export.lstrip("\ufeff")), delimiter=";"))
    placed = (moment - timedelta(minutes=5)).astimezone(MONTREAL)
    assert {cell for row in rows for cell in row if re.match(r"20\d\d-\d\d-\d\d \d", cell)} == {
        placed.strftime("%Y-%m-%d %H:%M")
    }

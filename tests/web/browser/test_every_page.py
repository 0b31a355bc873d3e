"""Every page and state in a real browser, in both languages: it fits a phone, axe and the console are silent."""

import re

import pytest

from tests.web.browsing import CYCLE, MARKS, PAGES, PHONE, SERVICES, follow, look
from tests.web.houses import ADMIN, copy_of, open_place
from tests.web.people import PASSWORD, address_of

pytestmark = MARKS
LANGUAGES = ("fr", "en")
_WHERE = "each => { const at = each.getBoundingClientRect(); return [at.left, at.top + scrollY].map(Math.round) }"
# Pages that are led to, by a link that a mail brings or by a press: `test_states…`, `test_ways_in…` and
# test_simulation_browser look at them.
LED_TO = {
    "simulations.show",
    "statements.show_asked",
    "upcoming.show",
    "outbox.show",
    "endpoints.show",
    "invoices.shared",
    "shared_statements.show",
    "invitation.show",
    "security.login",
    "security.forgot_password",
    "security.reset_password",
    "security.two_factor_token_validation",
    "security.mf_recovery",
    "security.verify",
}
# What is no page of ours to look at: files and doors for machines, and what flask-security answers by leading on.
NO_PAGES = {
    "static",
    "security.static",
    "invoices.as_pdf",
    "invoices.shared_pdf",
    "shared_statements.as_pdf",
    "journal.export",
    "statements.as_pdf",
    "statements.as_pdf_asked",
    "books.download",
    "privacy.export",
    "membership_files.export",
    "product_files.export",
    "simulation_files.export",
    "security.tf_select",
    "security.two_factor_rescue",
}
DOORS = ("api", "api_docs", "exchange", "health", "webhooks")


def test_no_page_is_forgotten(place):
    found, adapter = set(), place.app.url_map.bind("localhost")
    for address in PAGES:
        found.add(adapter.match(address.partition("?")[0], method="GET")[0])
    pages = {rule.endpoint for rule in place.app.url_map.iter_rules() if "GET" in rule.methods}
    pages = {each for each in pages if each.partition(".")[0] not in DOORS} - NO_PAGES
    assert pages == found | LED_TO


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page(open_page, language):
    page = open_page(width=PHONE, language=language)
    for address in PAGES:
        answer = page.goto(address)
        assert answer.status == 200, address
        look(page, address, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_states_that_a_press_leads_to(open_page, language):
    page = open_page(width=PHONE, language=language)

    def state(name):
        look(page, f"etat {name}", language)

    page.goto("/messages?etat=parked")
    follow(page, page.locator("tbody a").first)
    state("message à régler")
    page.goto("/webhooks-sortants")
    follow(page, page.locator("main a[href^='/webhooks-sortants/']").first)
    state("point de livraison suspendu")
    page.goto("/file?tout=1")
    follow(page, page.locator("button[value=accepter]"))
    state("plusieurs acceptées")
    page.goto("/file")
    page.keyboard.press("r")
    state("refuser")
    page.goto("/commandes/1")
    for fold in page.locator("details").all():
        fold.evaluate("fold => fold.open = true")
    state("commande dépliée")
    page.goto("/factures/1")
    page.locator(".strip details.as-button summary").click()
    state("marquer payée")
    page.goto("/factures/1")
    page.locator("#lien details.as-button summary").click()
    state("remplacer le lien")
    page.goto("/et-si")
    page.fill("#items", "x")
    follow(page, page.locator("form[action='/et-si'] .btn-primary"))
    state("et si, fautes")
    page.fill("#items", "22")
    page.select_option("#against", "")
    page.select_option("#version", "brouillon:ete-terrasses")
    follow(page, page.locator("form[action='/et-si'] .btn-primary"))
    state("et si, comparé")


def test_a_button_that_unfolds_stays_where_it_is(open_page):
    page = open_page(width=SERVICES)
    for address, place in (("/factures/1", ".strip"), ("/factures/1", "#lien"), ("/file", "main")):
        page.goto(address)
        button = page.locator(f"{place} details.as-button > summary").first
        button.scroll_into_view_if_needed()
        before = button.evaluate(_WHERE)
        button.evaluate("button => button.click()")
        assert page.locator(f"{place} details[open].as-button form").first.is_visible()
        assert button.evaluate(_WHERE) == before, (address, place)


@pytest.mark.parametrize("language", LANGUAGES)
def test_states_that_an_edit_leads_to(open_page, language):
    page = open_page(width=PHONE, language=language)

    def state(name):
        look(page, f"etat {name}", language)

    page.goto("/groupes")
    page.fill("#nom", "Tous")
    follow(page, page.locator("form:has(#nom) .btn-primary"))
    state("groupe, faute")
    page.goto("/groupes/payeurs-a-risque")
    page.locator('[id="acceptance.minimum_items"] > summary').click()
    page.wait_for_selector(".reach dl")
    state("paramètre ouvert")
    page.goto("/detaillants/import")
    _send_file(page, "détaillant;groupe\ncomptoir-1;Payeurs à risque\nx-9;Nulle part\n")
    state("adhésions à confirmer")
    page.goto("/brouillons/ete-terrasses")
    follow(page, page.locator("form[action$='/entrer'] button"))
    state("dans un brouillon")
    page.goto(CYCLE)
    page.fill("#semaines", "zéro")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    state("cycle, faute")
    page.goto("/cles")
    page.fill("#nom", "Caisse")
    page.check("#portee-read")
    follow(page, page.locator("#nouvelle .btn-primary"))
    state("clé faite")
    page.goto("/journal")
    follow(page, page.locator("form[action='/journal/verifier'] button"))
    state("journal vérifié")
    page.goto("/compte/deuxieme-facteur")
    follow(page, page.locator("main form[action='/compte/deuxieme-facteur'] button").first)
    assert page.locator("img.qr").evaluate("image => image.naturalWidth") > 0
    state("deuxième facteur")
    if page.goto("/compte/verifier").ok:
        state("vérifier le mot de passe")


@pytest.mark.parametrize("language", LANGUAGES)
def test_ways_in_and_errors(open_page, site, language):
    page = open_page(width=PHONE, language=language, email=None)

    def state(name):
        look(page, f"entrée {name}", language)

    for name, address in (
        ("connexion", "/connexion"),
        ("mot de passe oublié", "/mot-de-passe"),
        ("mot de passe nouveau", site.reset),
        ("invitation", site.invitation),
        ("invitation finie", "/invitation/passée"),
        ("facture partagée", site.invoice),
        ("rien ici", "/f/rien"),
    ):
        page.goto(address)
        state(name)
    page.goto("/connexion")
    page.fill("#email", "personne@houblon.example")
    page.fill("#password", "un autre mot de passe")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    state("mot de passe faux")
    page = open_page(width=PHONE, language=language, email=site.guarded, password=PASSWORD)
    assert page.url.partition("?")[0].endswith("/connexion/code")
    state("code")
    page.goto("/connexion/secours")
    state("code de secours")
    page = open_page(width=PHONE, language=language, email=address_of("viewer"), password=PASSWORD)
    for name, address, status in (("interdit", "/acces", 403), ("introuvable", "/commandes/99999", 404)):
        assert page.goto(address).status == status
        state(name)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_that_breaks(open_page, place, language):
    """The page of a fault in the program, drawn by the browser as an app that breaks answers it."""
    client = place.signed_in()
    client.set_cookie("langue", language)

    def breaks():
        raise RuntimeError("a fault in the program")

    place.app.view_functions["ranks.show"] = breaks
    place.app.config["PROPAGATE_EXCEPTIONS"] = False
    broken = client.get("/rangs")
    assert broken.status_code == 500
    page = open_page(width=PHONE, language=language)
    page.route("**/rangs", lambda route: route.fulfill(status=500, headers=dict(broken.headers), body=broken.data))
    page.goto("/rangs")
    look(page, "entrée panne", language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_installation_where_nothing_happened_yet(open_page, site, template, tmp_path, language):
    """Its empty pages teach; what they show is what the first person sees."""
    place = open_place(copy_of(template[0], tmp_path / "vide"), template[1])
    client = place.signed_in(ADMIN)
    client.set_cookie("langue", language)
    page = open_page(width=PHONE, language=language)
    page.route(re.compile(r"/(?!static/).*"), lambda route: _answer(route, client, site.address))
    for address in ("/", "/file", "/commandes", "/factures", "/messages", "/webhooks-sortants", "/cas", "/detaillants"):
        page.goto(address)
        look(page, f"vide {address}", language)
    place.house.close()


def _answer(route, client, address):
    """The empty installation's own answer, in the browser's hands."""
    answer = client.get(route.request.url.removeprefix(address))
    route.fulfill(status=answer.status_code, headers=dict(answer.headers), body=answer.data)


def _send_file(page, text):
    content = {"name": "groupes.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.set_input_files("input[type=file]", files=[content])
    follow(page, page.locator("main form button").first)

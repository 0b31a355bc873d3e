"""A clerk's hands in a real browser: sign in, change a setting, try an order, accept one."""

import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.web.houses import ADMIN, copy_of, open_place, order
from tests.web.servers import send, serving

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PAGES = (
    "/",
    "/groupes",
    "/groupes/payeurs-a-risque",
    "/file",
    "/commandes",
    "/commandes/1",
    "/factures",
    "/factures/1",
    "/messages",
    "/webhooks-sortants",
    "/et-si",
    "/historique",
)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: nothing can click"),
    pytest.mark.xdist_group("browser"),
]


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def site(template, tmp_path_factory):
    """A running server with a held order, an accepted one and their invoice."""
    folder, password = template
    data = copy_of(folder, tmp_path_factory.mktemp("navigateur") / "data")
    place = open_place(data, password)
    place.house.close()
    with serving(data) as server:
        send(server.address, place.secret, order("PO-1"), "m-1")
        send(server.address, place.secret, order("PO-2", items=20), "m-2")
        yield server.address, password, place.secret


@pytest.fixture
def open_page(browser, site):
    """Opens a signed-in page at a width and in a language; what the console says fails the test."""
    address, password, _ = site
    said, contexts = [], []

    def open_at(width=1280, language="fr"):
        context = browser.new_context(viewport={"width": width, "height": 900}, base_url=address)
        context.add_cookies([{"name": "langue", "value": language, "url": address}])
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text) if "Content" in message.text else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto("/connexion")
        page.fill("#email", ADMIN)
        page.fill("#password", password)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{address}/")
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert said == []


def test_one_setting_made_own_and_given_back(open_page, site):
    page = open_page()
    page.goto("/groupes/payeurs-a-risque")
    row = page.locator('[id="acceptance.minimum_items"]')
    row.locator("summary").click()
    row.locator("input[name=value]").fill("36")
    row.locator("button[value=propre]").click()
    changed = page.locator('[id="acceptance.minimum_items"]').inner_text()
    assert "dans le brouillon" in changed and "en vigueur\u00a0: 24" in changed
    row.locator("summary").click()
    row.locator("button[value=herite]").click()
    assert "hérité de Tous" in page.locator('[id="acceptance.minimum_items"]').inner_text()


def test_what_if_tells_the_decision_and_what_would_change_it(open_page):
    page = open_page()
    page.goto("/et-si")
    page.fill("#items", "22")
    page.fill("#price", "27,00")
    page.get_by_role("button", name="Décider sans enregistrer").click()
    assert "Passerait d’elle-même avec 2\u00a0articles de plus." in page.locator(".note").inner_text()


def test_a_held_order_is_accepted_by_keyboard_and_shows_its_invoice(open_page, site):
    address, _, secret = site
    send(address, secret, order("PO-K", items=23), "m-k")
    page = open_page()
    page.goto("/file")
    page.keyboard.press("j")
    page.wait_for_url("**/file?commande=*")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Voir la facture").click()
    assert page.get_by_role("heading", name="Facture").is_visible()


@pytest.mark.parametrize("language", ["fr", "en"])
def test_nothing_scrolls_sideways_on_a_phone_and_axe_finds_nothing(open_page, language):
    page = open_page(width=390, language=language)
    for address in PAGES:
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
        found = Axe().run(page)
        assert [each["id"] for each in found.response["violations"]] == [], (address, found.generate_report())


def test_every_page_works_without_javascript(browser, site):
    address, password, _ = site
    context = browser.new_context(java_script_enabled=False, base_url=address)
    page = context.new_page()
    page.goto("/connexion")
    page.fill("#email", ADMIN)
    page.fill("#password", password)
    page.get_by_role("button", name="Ouvrir la session").click()
    page.goto("/groupes/payeurs-a-risque")
    row = page.locator('[id="invoicing.terms"]')
    row.locator("summary").click()
    row.locator("input[name=days]").fill("45")
    row.locator("button[value=propre]").click()
    assert "45" in page.locator('[id="invoicing.terms"] .value').inner_text()
    context.close()

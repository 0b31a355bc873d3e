"""A clerk's hands in a real browser: one thing at a time, by mouse, by keyboard, without JavaScript."""

from tests.web.browsing import MARKS
from tests.web.houses import order
from tests.web.servers import send

pytestmark = MARKS


def test_one_setting_made_own_and_given_back(open_page):
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


def test_held_orders_are_accepted_and_refused_by_keyboard(open_page, site):
    send(site.address, site.secret, order("PO-K", items=23), "m-k")
    send(site.address, site.secret, order("PO-L", items=22), "m-l")
    page = open_page()
    page.goto("/file")
    page.keyboard.press("j")
    page.wait_for_url("**/file?commande=*")
    page.goto("/file?q=PO-K")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Voir la facture").click()
    assert page.get_by_role("heading", name="Facture").is_visible()
    page.goto("/file?q=PO-L")
    page.keyboard.press("r")
    page.keyboard.type("trop petit")
    page.keyboard.press("Enter")
    page.get_by_text("Commande refusée.").wait_for()
    page.goto("/commandes?q=PO-L")
    assert "Refusée" in page.locator("tbody").inner_text()


def test_every_page_works_without_javascript(open_page):
    page = open_page(javascript=False)
    page.goto("/groupes/payeurs-a-risque")
    row = page.locator('[id="invoicing.terms"]')
    row.locator("summary").click()
    row.locator("input[name=days]").fill("45")
    row.locator("button[value=propre]").click()
    assert "45" in page.locator('[id="invoicing.terms"] .value').inner_text()

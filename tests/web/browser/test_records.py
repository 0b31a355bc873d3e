"""Deliveries and retailers in a real browser: the preview follows the hand, and the page holds without JavaScript."""

from tests.web.browsing import MARKS
from tests.web.houses import order
from tests.web.servers import send

pytestmark = MARKS
CYCLE = "/livraisons/cycle?id=transbroue"


def test_the_next_deliveries_follow_what_is_typed_and_a_button_skips_one(open_page):
    page = open_page()
    page.goto(CYCLE)
    preview = page.locator("#apercu")
    assert page.locator("#mois").is_hidden() and page.locator("#semaines").is_visible()
    page.select_option("#rythme", "monthly_weekday")
    page.check("input[name=rangs][value='2']")
    page.select_option("#jour", "TU")
    preview.get_by_text("Le deuxième mardi du mois", exact=False).or_(
        preview.get_by_text("le deuxième mardi du mois", exact=False)
    ).first.wait_for()
    first = preview.locator(".a-day").first.inner_text()
    assert first.startswith("mardi")
    preview.get_by_role("button", name="Sauter").first.click()
    assert page.locator("#apercu .a-day").first.inner_text() != first
    assert page.locator("#saute input").first.input_value() != ""
    page.get_by_role("button", name="Noter dans le brouillon").click()
    assert "dans le brouillon" in page.locator("main").inner_text()
    page.get_by_role("button", name="Quitter le brouillon").click()


def test_a_retailer_is_found_from_its_group_joins_it_and_the_click_is_undone(open_page):
    page = open_page()
    page.goto("/groupes/payeurs-a-risque")
    page.fill("#chercher-detaillant", "comptoir")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Ajouter à Payeurs à risque").click()
    done = page.locator(".membership-done").inner_text()
    assert "Comptoir du Coin est dans Payeurs à risque." in done and "Accepter à la main" in done
    page.get_by_role("button", name="Défaire").click()
    assert "n’est plus dans Payeurs à risque" in page.locator(".membership-done").inner_text()


def test_a_cycle_is_previewed_and_saved_without_javascript(open_page):
    page = open_page(javascript=False)
    page.goto(CYCLE)
    page.fill("#semaines", "1")
    page.keyboard.press("Enter")  # the first button shows, and saves nothing
    page.wait_for_url("**/livraisons/apercu")
    assert "en vigueur depuis" in page.locator(".strip").inner_text()
    assert "tous les jeudis" in page.locator("#apercu").inner_text().lower()
    page.get_by_role("button", name="Noter dans le brouillon").click()
    assert "tous les jeudis" in page.locator("main").inner_text()


def test_two_retailers_are_joined_and_parted_again(open_page, site):
    for number, twin in enumerate(("jumeau-1", "jumeau-2")):
        said = order(f"JUMEAU-{number}", buyer=twin)
        said["buyer"] |= {"name": "Bar des Jumeaux", "email": f"{twin}@example.com"}
        send(site.address, site.secret, said, f"jumeau-{number}")
    page = open_page()
    page.goto("/detaillants/jumeau-1")
    page.get_by_role("link", name="Joindre un autre détaillant").click()
    page.get_by_role("link", name="Bar des Jumeaux").click()
    said = page.locator("main").inner_text()
    assert "rien n’est changé encore" in said and "jumeau-2@example.com" in said
    page.get_by_role("button", name="Joindre Bar des Jumeaux à Bar des Jumeaux").click()
    page.wait_for_url("**/detaillants/jumeau-1")
    assert "les deux sont un seul détaillant" in page.locator("main").inner_text()
    assert "JUMEAU-1" in page.locator("#commandes").inner_text()
    page.goto("/detaillants/jumeau-2")
    assert page.url.endswith("/detaillants/jumeau-1")
    page.locator("#noms summary").click()
    page.get_by_role("button", name="Séparer Bar des Jumeaux").click()
    page.wait_for_url("**/detaillants/jumeau-2")
    assert "1 commande lui revient" in page.locator("main").inner_text().replace("\u00a0", " ")
    page.goto("/detaillants/jumeau-1")
    assert "JUMEAU-1" not in page.locator("#commandes").inner_text()

"""One day of a clerk, end to end, in a real browser: from what waits in the morning to a change taken back."""

import re

import msgspec
import pytest
from playwright.sync_api import expect

from houblon.web.foundation.data_folder import change_profile
from tests.web.browsing import MARKS, follow
from tests.web.houses import order
from tests.web.people import PASSWORD, address_of
from tests.web.servers import send

pytestmark = MARKS


@pytest.fixture
def two_agree(site):
    """The house asks that a second person approves, for this day."""
    before, _ = change_profile(site.data, lambda profile: msgspec.structs.replace(profile, approval=True))
    yield
    change_profile(site.data, lambda _: before)


def test_a_clerks_day(open_page, site, two_agree):
    send(site.address, site.secret, order("JOUR-1", items=23), "jour-1")
    clerk = open_page(email=address_of("editor"), password=PASSWORD)

    # What waits, and why; the clerk lets it through, and the invoice goes out.
    waiting = clerk.locator("a.tile", has_text="attendent une personne")
    assert int(waiting.locator("b").inner_text()) >= 1
    follow(clerk, waiting)
    follow(clerk, clerk.locator(".waiting a", has_text="23 articles, il en faut 24."))
    assert "Passerait d’elle-même avec 1\u00a0article de plus." in clerk.locator(".note").inner_text()
    follow(clerk, clerk.get_by_role("button", name=re.compile("^Accepter et facturer")))
    follow(clerk, clerk.get_by_role("link", name="Voir la facture"))
    invoice = clerk.url
    follow(clerk, clerk.get_by_role("link", name="Voir la commande"))
    follow(clerk, clerk.get_by_role("link", name=re.compile("^Facture .* de Houblon")))
    link = re.search(r"/f/\S+", clerk.locator(".letter").inner_text())[0]

    draft = write_a_rule(clerk)

    # What if: the same order, by what is in force and by the draft.
    clerk.goto("/et-si")
    clerk.fill("#buyer", "un-bar")
    clerk.fill("#price", "112,00")
    clerk.select_option("#against", "")
    follow(clerk, clerk.get_by_role("button", name="Décider sans enregistrer"))
    strip = clerk.locator(".strip").inner_text()
    assert "ne décident pas la même chose" in strip and "En attente" in strip and "Acceptée" in strip

    # Whoever wrote it can't publish it: a second person reads, approves and publishes.
    clerk.goto(draft)
    assert clerk.get_by_role("button", name=re.compile("^Publier")).count() == 0
    approver = open_page(email=address_of("approver"), password=PASSWORD)
    approver.goto(draft)
    assert "Retenir la commande si" in approver.locator("table.changes").inner_text()
    follow(approver, approver.get_by_role("button", name=re.compile("^Approuver")))
    follow(approver, approver.get_by_role("button", name=re.compile("^Publier")))
    assert "est en vigueur" in approver.locator("[role=status]").inner_text()

    # The next order is decided by it.
    body = {**order("JOUR-2", price="112.00"), "buyer": {"id": "un-bar", "name": "Un bar"}}
    _, decided = send(site.address, site.secret, body, "jour-2")
    assert decided["outcome"] == "held" and decided["reasons"][0]["message"]["fr"] == "Gros nouveaux"

    # The buyer opens the mail's link: the invoice is seen.
    buyer = open_page(email=None)
    buyer.goto(link)
    assert buyer.get_by_role("heading", name="Facture").is_visible()
    clerk.goto(invoice)
    assert "Vue" in clerk.locator(".strip").inner_text()

    # It was one rule too many: back to the version before, and the order goes through.
    approver.goto("/historique")
    follow(approver, approver.locator("a[href$='/retablir']").first)
    follow(approver, approver.locator("form[action$='/retablir'] button").first)
    administrator = open_page()
    administrator.goto(approver.url)
    follow(administrator, administrator.get_by_role("button", name=re.compile("^Approuver")))
    follow(administrator, administrator.get_by_role("button", name=re.compile("^Publier")))
    _, decided = send(site.address, site.secret, {**body, "id": "JOUR-3"}, "jour-3")
    assert decided["outcome"] == "accepted"


def write_a_rule(clerk):
    """A rule of two levels goes into a draft; whom it concerns is told while it is written. The draft's address."""
    clerk.goto("/groupes/tous/regles/nouvelle")
    clerk.fill("#label-fr", "Gros nouveaux")
    clerk.fill("#label-en", "Large newcomers")
    clerk.fill("#c-0-value", "2 000")
    clerk.click("button[value='block:']")
    clerk.wait_for_selector("#c-1-0-fact")
    clerk.select_option("#c-1-0-fact", "buyer_id")
    clerk.wait_for_selector("#c-1-0-value:not([inputmode])")
    clerk.fill("#c-1-0-value", "un-bar")
    expect(clerk.locator("#rule-live .figure b")).to_have_text("0")
    clerk.fill("#c-1-0-value", "risque-1")
    expect(clerk.locator("#rule-live .figure b")).to_have_text("1")
    clerk.fill("#c-1-0-value", "un-bar")
    expect(clerk.locator("#rule-live .figure b")).to_have_text("0")
    follow(clerk, clerk.locator("button[value=save]"))
    return clerk.locator(".strip.drafting a.btn-primary").get_attribute("href")


def test_a_phone_order_is_taken_by_keyboard(open_page):
    page = open_page(email=address_of("editor"), password=PASSWORD)
    page.goto("/commandes/nouvelle")
    keys, decision = page.keyboard, page.locator("#decision")
    keys.type("COMPTOIR-1")
    expect(page.locator("#acheteur-dit")).to_contain_text("comptoir-1")
    with page.expect_navigation():
        keys.press("Enter")
    # On to the product, by its name without its accents, and its quantity.
    expect(page.locator("#produit_0")).to_be_focused()
    keys.type("ipa du")
    keys.press("Tab")
    keys.type("21")
    expect(decision).to_contain_text("Il manque 3\u00a0articles.")
    keys.type("0")
    expect(decision).to_contain_text("Acceptée")
    with page.expect_navigation():
        keys.press("Enter")
    expect(page.locator("#produit_1")).to_be_focused()
    page.locator("#enregistrer").focus()
    with page.expect_navigation():
        keys.press("Enter")
    expect(page.locator("main")).to_contain_text("saisie par")

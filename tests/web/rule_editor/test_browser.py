"""The rule editor in a real browser: by keyboard alone, without JavaScript, on a phone, as deep as rules go."""

import json

import pytest
from playwright.sync_api import expect

from houblon.web.rule_editor.view import SHELVES
from tests.web.browsing import MARKS, PHONE, look

pytestmark = MARKS
NEW = "/groupes/tous/regles/nouvelle"
FACTS_DOWN_TO_PROVINCE = [name for _, names in SHELVES for name in names].index("province")
COUNT = "#rule-live .figure b"


def tab_to(page, selector, back=False):
    """Press Tab until the element has the focus: no mouse, no script."""
    for _ in range(60):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"{selector} is not reached by Tab")


def press(page, selector, key="Enter"):
    tab_to(page, selector)
    page.keyboard.press(key)


def choose(page, selector, *keys):
    """Choose in a list by the keys that a list knows: letters and arrows."""
    tab_to(page, selector)
    for key in keys:
        page.keyboard.press(key)


def is_at(page, selector):
    expect(page.locator(selector)).to_be_focused()


def test_a_nested_rule_is_written_by_keyboard_alone(open_page):
    page = open_page()
    page.goto(NEW)
    tab_to(page, "#label-fr")
    page.keyboard.type("Nouveau client, hors trajet")
    tab_to(page, "#label-en")
    page.keyboard.type("New client, off route")
    choose(page, "#c-0-fact", "C")
    page.wait_for_selector("#c-0-operator option[value=is_true]", state="attached")
    press(page, "button[value='block:']")
    is_at(page, "#c-1-0-fact")
    tab_to(page, "#c-1-0-value")
    page.keyboard.type("1 500,50")
    sentence = "Retenir la commande si c’est une première commande et le montant est au moins 1\u00a0500,50\u00a0$."
    expect(page.locator(".sentence")).to_have_text(sentence)
    # Enter in a field presses the first button: the form comes again, the focus stays, nothing is kept.
    field = page.query_selector("#c-1-0-value")
    page.keyboard.press("Enter")
    page.wait_for_function("field => !field.isConnected", arg=field)
    is_at(page, "#c-1-0-value")
    assert page.input_value("#c-1-0-value") == "1 500,50" and page.url.endswith("nouvelle")
    press(page, "button[value='condition:1']")
    is_at(page, "#c-1-1-fact")
    choose(page, "#c-1-1-fact", *["ArrowDown"] * FACTS_DOWN_TO_PROVINCE)
    page.wait_for_selector("#c-1-1-value option[value=ON]", state="attached")
    choose(page, "#c-1-1-value", "ArrowDown", "ArrowDown")
    # Up in its block, then up out of it: the same button keeps the focus.
    press(page, "button[value='up:1.1']")
    is_at(page, "button[value='up:1.0']")
    page.keyboard.press("Enter")
    is_at(page, "button[value='up:1']")
    expect(page.locator(".sentence")).to_contain_text("la province est l’Ontario et le montant")
    press(page, "button[value=save]")
    page.wait_for_url("**/groupes/tous#rules")
    rule = page.locator(".rule", has_text="Nouveau client, hors trajet")
    assert rule.locator(".tree li").all_inner_texts()[1:4] == [
        "C’est une première commande",
        "La province est l’Ontario",
        "au moins une\u00a0:\nLe montant est au moins 1\u00a0500,50\u00a0$",
    ]


def test_the_count_follows_what_is_typed_and_the_form_stays_where_it_is(open_page):
    page = open_page()
    page.goto(NEW)
    before = page.locator("#c-0-value").bounding_box()
    page.fill("#label-fr", "Gros")
    page.fill("#label-en", "Large")
    page.fill("#c-0-value", "1")
    expect(page.locator(COUNT)).not_to_have_text("0")
    everything = page.locator(COUNT).inner_text()
    assert f"{everything} des {everything} dernières commandes" in page.locator("#rule-live").inner_text()
    page.fill("#c-0-value", "100000")
    expect(page.locator(COUNT)).to_have_text("0")
    assert page.locator("#c-0-value").bounding_box() == before


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_state_fits_a_phone_and_axe_finds_nothing(open_page, language):
    page = open_page(width=PHONE, language=language)
    page.goto(NEW)
    look(page, "règle: new", language)
    page.click("button[value=json]")
    condition = {"name": "largest_line_value", "operator": "greater_than_or_equal_to", "value": 1234567.5}
    several = {
        "name": "skus",
        "operator": "shares_exactly_one_element_with",
        "value": ["IPA-24", "un-produit-au-nom-long"],
    }
    for depth in range(20):
        condition = {"any" if depth % 2 else "all": [condition, several]}
    rule = {
        "label": {"fr": "Profonde", "en": "Deep"},
        "conditions": condition,
        "actions": [{"name": "set_terms", "params": {"days": 10}}, {"name": "tag", "params": {"label": "vu"}}],
    }
    page.wait_for_selector("#json")
    page.fill("#json", json.dumps(rule))
    look(page, "règle: json", language)
    page.click("button[value=form]")
    page.wait_for_selector(f"#c{'-0' * 20}-value")
    look(page, "règle: deep", language)
    page.fill(f"#c{'-0' * 20}-value", "abc")
    page.click("button[value=save]")
    page.wait_for_selector(".faults-box")
    look(page, "règle: faults", language)
    page.goto("/groupes/payeurs-a-risque")
    page.locator('[id="acceptance.minimum_items"] > summary').click()
    page.wait_for_selector(".reach dl")
    look(page, "règle: reach", language)


def test_a_rule_is_written_without_javascript(open_page):
    page = open_page(javascript=False)
    page.goto("/groupes/payeurs-a-risque/regles/nouvelle")
    page.fill("#label-fr", "Le vendredi")
    page.fill("#label-en", "On Fridays")
    page.select_option("#c-0-fact", "placed_weekday")
    page.get_by_role("button", name="Actualiser").last.click()
    page.select_option("#c-0-value", "friday")
    page.click("button[value='nest:0']")
    page.click("button[value='condition:0']")
    page.fill("#c-0-1-value", "5 000")
    page.keyboard.press("Enter")
    assert (
        page.locator(".sentence")
        .inner_text()
        .startswith("Retenir la commande si le jour de la commande est vendredi ou")
    )
    page.click("button[value=save]")
    assert "Le vendredi" in page.inner_text("#rules")
    row = page.locator('[id="acceptance.minimum_value"]')
    row.locator("summary").click()
    row.locator("input[name=value]").fill("10")
    row.get_by_role("button", name="Voir la portée").last.click()
    assert "Avec cette valeur" in page.locator('[id="acceptance.minimum_value"] .reach').inner_text()

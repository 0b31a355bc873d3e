"""A simulation in a real browser: begun, followed, cancelled, read; on a phone, in both languages, without script."""

from types import SimpleNamespace

import pytest
from axe_playwright_python.sync_playwright import Axe
from filelock import FileLock
from playwright.sync_api import expect

from tests.web.browsing import MARKS
from tests.web.houses import ADMIN, copy_of, open_place, order
from tests.web.servers import serving

pytestmark = MARKS


@pytest.fixture
def site(template, tmp_path):
    """A running server with a few orders; its worker waits until the lock is given up, and has it for ever then."""
    folder, password = template
    data = copy_of(folder, tmp_path / "data")
    place = open_place(data, password)
    for number in range(10):
        place.send(order(f"PO-{number}", items=12 + 4 * number, buyer=f"comptoir-{number % 4}"), f"m-{number}")
    place.house.close()
    (data / "simulations").mkdir(exist_ok=True)
    lock = FileLock(data / "simulations" / "worker.lock")
    with lock, serving(data) as server:
        yield SimpleNamespace(address=server.address, password=password, lock=lock)


def begin(page):
    page.goto("/simulations")
    page.select_option("#quoi", "2")
    page.select_option("#contre", "1")
    page.check("input[value=tout]")
    page.get_by_role("button", name="Simuler").click()
    page.wait_for_url("**/simulations/*")


def test_one_is_cancelled_and_another_followed_to_its_result(open_page, browser, site):
    address, password, lock = site.address, site.password, site.lock
    page = open_page()
    begin(page)
    expect(page.locator("#avancement")).to_contain_text("en file")
    page.get_by_text("Annuler…").click()
    page.get_by_role("button", name="Annuler la simulation de Version 2").click()
    expect(page.locator("main")).to_contain_text("Annulée avant la fin")
    page.get_by_role("button", name="Relancer").click()
    expect(page.locator("progress")).to_have_attribute("value", "0")
    lock.release()
    # The page notices by itself, and shows the result in the place of the bar.
    expect(page.locator(".headline")).to_contain_text("commandes de plus seraient acceptées")
    expect(page.locator("#avancement")).to_have_count(0)
    expect(page.locator("main")).to_have_count(1)
    assert page.locator("svg.chart").count() >= 3
    page.locator("#seuils summary").first.click()
    assert page.locator("#seuils tr.chosen").first.is_visible()
    shown = page.url
    for language in ("fr", "en"):
        phone = open_page(width=390, language=language)
        for here in (shown, f"{address}/simulations"):
            phone.goto(here)
            assert phone.evaluate("document.documentElement.scrollWidth") <= 390, here
            found = Axe().run(phone)
            assert [each["id"] for each in found.response["violations"]] == [], (here, found.generate_report())
    context = browser.new_context(java_script_enabled=False, base_url=address)
    plain = context.new_page()
    plain.goto("/connexion")
    plain.fill("#email", ADMIN)
    plain.fill("#password", password)
    plain.get_by_role("button", name="Ouvrir la session").click()
    begin(plain)
    plain.locator(".headline").wait_for(timeout=30_000)  # the progress page comes again by itself
    context.close()


FILE = """Commande;Client;Date;Articles;Total;Note
A;comptoir-1;05/06/2021;30;1 240,50;urgent
B;comptoir-2;06/07/2021;6;500,00;
C;;13/07/2021;6;500,00;
"""


@pytest.mark.parametrize("scripted", [True, False], ids=["script", "sans script"])
def test_a_file_is_chosen_corrected_and_simulated(browser, site, tmp_path, scripted):
    address, password, lock = site.address, site.password, site.lock
    lock.release()
    (tmp_path / "mai.csv").write_text(FILE, encoding="utf-8")
    width = 1280 if scripted else 390
    context = browser.new_context(
        java_script_enabled=scripted, base_url=address, viewport={"width": width, "height": 900}
    )
    page = context.new_page()
    page.goto("/connexion")
    page.fill("#email", ADMIN)
    page.fill("#password", password)
    page.get_by_role("button", name="Ouvrir la session").click()
    page.goto("/simulations")
    page.get_by_role("link", name="Sur un fichier de commandes").click()
    page.select_option("#quoi", "1")
    page.set_input_files("#fichier", tmp_path / "mai.csv")
    page.get_by_role("button", name="Lire le fichier").click()
    expect(page.locator("#quoi")).to_have_value("1")
    page.get_by_label("Note", exact=True).select_option("")
    page.get_by_role("button", name="Relire avec ces choix").click()
    expect(page.get_by_label("Note", exact=True)).to_have_value("")
    expect(page.locator("#fautes")).to_contain_text("ligne 4")
    if scripted:
        for language in ("fr", "en"):
            context.add_cookies([{"name": "langue", "value": language, "url": address}])
            for wide in (390, 1280):
                page.set_viewport_size({"width": wide, "height": 900})
                page.reload() if wide == 390 and language == "en" else None
                assert page.evaluate("document.documentElement.scrollWidth") <= wide
                found = Axe().run(page)
                assert [each["id"] for each in found.response["violations"]] == [], found.generate_report()
        context.add_cookies([{"name": "langue", "value": "fr", "url": address}])
    page.locator("[name=lancer]").click()
    page.wait_for_url("**/simulations/*")
    expect(page.locator(".headline")).to_be_visible()
    expect(page.locator("main")).to_contain_text("1 ligne de mai.csv ne se lisait pas")
    with page.expect_download() as download:
        page.get_by_role("link", name="Excel").click()
    assert download.value.suggested_filename.endswith(".xlsx")
    context.close()

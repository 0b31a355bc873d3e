"""The pages of accounts and settings in a real browser: nothing sideways on a phone, nothing for axe to find."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.web.test_browser import browser, open_page, pytestmark, site  # noqa: F401

PAGES = (
    "/acces",
    "/acces/1",
    "/cles",
    "/sources",
    "/sources/lecture?source=essai",
    "/api/docs",
    "/journal",
    "/reglages",
    "/compte",
    "/compte/mot-de-passe",
    "/compte/deuxieme-facteur",
    "/compte/codes-de-secours",
)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_nothing_scrolls_sideways_and_axe_finds_nothing(open_page, language):  # noqa: F811
    page = open_page(width=390, language=language)
    for address in PAGES:
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
        found = Axe().run(page)
        assert [each["id"] for each in found.response["violations"]] == [], (address, found.generate_report())
    page.goto("/compte/deuxieme-facteur")
    page.locator("main form[action='/compte/deuxieme-facteur'] button").first.click()
    assert page.locator("img.qr").evaluate("image => image.naturalWidth") > 0

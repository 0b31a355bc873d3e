"""Each kind of page that the walk met, in a real browser and in both languages: its console has nothing to say."""

import pytest

from tests.walk.visitor import Visitor
from tests.web.browsing import CHROMIUM

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: nothing has a console")
_BAD = ("error", "warning")
_LEFT = "net::ERR_ABORTED"  # The walk went on before the browser had, say, the icon: nobody refused it.
_SETTLED = "document.readyState === 'complete' && !document.querySelector('.htmx-request')"


@pytest.mark.parametrize("language", ("fr", "en"))
def test_the_browser_has_nothing_to_complain_of(browser, stroll, running, language):
    said: list[str] = []
    visitors: dict[str, Visitor] = {}
    for _address, role in stroll.pages.values():
        if role not in visitors:
            visitors[role] = running.visitor(role, language)
    for role, who in visitors.items():
        context = browser.new_context(locale=f"{language}-CA", viewport={"width": 1280, "height": 900})
        context.add_cookies(who.cookies())
        page = context.new_page()
        page.on(
            "console",
            lambda message, page=page: said.append(f"{page.url}: {message.text}") if message.type in _BAD else None,
        )
        page.on("pageerror", lambda error, page=page: said.append(f"{page.url}: {error}"))
        page.on(
            "requestfailed",
            lambda request, page=page: (
                said.append(f"{page.url}: {request.url}: {request.failure}") if request.failure != _LEFT else None
            ),
        )
        for address, whose in stroll.pages.values():
            if whose == role:
                page.goto(address, wait_until="load")
                for fold in page.query_selector_all("details:not([open]) > summary"):
                    fold.evaluate("summary => { summary.parentElement.open = true; }")
                page.wait_for_function(_SETTLED)
        context.close()
    assert len(stroll.pages) > 45
    assert said == [], "\n".join(said)

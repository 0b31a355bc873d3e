"""An installation a test, copied from one that is made once; one browser, over one running installation."""

import pytest

from tests.web.browsing import PHONE, running
from tests.web.houses import ADMIN, copy_of, make_folder, open_place


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    folder = tmp_path_factory.mktemp("modele") / "data"
    return folder, make_folder(folder)


@pytest.fixture
def place(template, tmp_path):
    folder, password = template
    opened = open_place(copy_of(folder, tmp_path / "data"), password)
    yield opened
    opened.house.close()


@pytest.fixture(scope="session")
def site(template, tmp_path_factory):
    """A running installation that looks lived in; tests share it, so each leaves what others look at."""
    with running(template, tmp_path_factory.mktemp("navigateur")) as opened:
        yield opened


@pytest.fixture
def open_page(browser, site):
    """Opens a page at a width and in a language, signed in unless `email` is None.

    Whatever the console complains of fails the test: the pages' security policy, a script that fails.
    """
    said, contexts = [], []

    def open_at(width=1280, language="fr", email=ADMIN, password=None, javascript=True):
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            base_url=site.address,
            locale=f"{language}-CA",
            java_script_enabled=javascript,
            has_touch=width <= PHONE,
        )
        context.add_cookies([{"name": "langue", "value": language, "url": site.address}])
        context.set_default_timeout(30_000)  # a busy machine is not a fault
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text) if _is_a_complaint(message) else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        if email is not None:
            page.goto("/connexion")
            page.fill("#email", email)
            page.fill("#password", password or site.password)
            with page.expect_navigation():
                page.keyboard.press("Enter")
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert said == []


def _is_a_complaint(message):
    # A page that answers 404 is no complaint: tests ask for some.
    return message.type in ("error", "warning") and not message.text.startswith("Failed to load resource")

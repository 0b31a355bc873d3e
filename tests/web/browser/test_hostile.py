"""Hostile strings through every text field, and every page that shows them: nothing of them runs, nothing breaks."""

import json
from collections import Counter
from urllib.parse import urlsplit

import pytest

from houblon.orders.credentials.credentials import SCOPES, add_key
from tests.clock import NOW
from tests.web.browser.hostile import RESULT, STRINGS, Page
from tests.web.browsing import CHROMIUM
from tests.web.houses import ADMIN, copy_of, open_place, order
from tests.web.servers import serving

pytestmark = pytest.mark.xdist_group("hostile")
LEFT_OUT = ("/deconnexion", "/static/", "/api/", "/langue")


def crawl(app, client, most):
    """Every page that links lead to, so many of a route at most, by address."""
    waiting, routes, found = ["/"], Counter(), {}
    adapter = app.url_map.bind("localhost")
    while waiting:
        address = waiting.pop(0)
        path = urlsplit(address).path
        if address in found or path.startswith(LEFT_OUT) or not adapter.test(path, "GET"):
            continue
        route = adapter.match(path, "GET")[0]
        if routes[route] == most:
            continue
        with client.get(address) as answer:
            if answer.mimetype == "text/html":
                routes[route] += 1
                found[address] = page = Page(answer.get_data(as_text=True))
                waiting += [each.partition("#")[0] for each in page.links if each.startswith("/")]
    return found


def fill_by_machines(place):
    """Orders, sources, keys and proposals whose every text is hostile."""
    key = place.house.services.ledger.write(lambda c: add_key(c, STRINGS[0], SCOPES, lambda n: b"h" * n, NOW))
    for number, text in enumerate(STRINGS):
        said = order(f"{number} {text}", items=24 if number % 2 else 6, note=text, source=text, distributor=text)
        said["buyer"] = {"id": f"{number} {text}", "name": text, "email": "a@b.ca", "groups": [text], "language": text}
        said["lines"][0] |= {"sku": text, "name": text, "category": text}
        answers = [place.send(said, f"m-{number}")]
        del said["buyer"]["groups"]
        answers.append(place.send({**said, "id": f"{number}"}, f"n-{number}"))
        body = json.dumps({"name": text, "description": text})
        headers = {"Authorization": f"Bearer {key}"}
        answers.append(place.client().post("/api/v1/proposals", data=body, headers=headers))
        assert all(each.status_code in (200, 201, 422) for each in answers)


@pytest.fixture(scope="module")
def filled(template, tmp_path_factory):
    """An installation after hostile strings were typed into every form of every page: its folder and password."""
    folder, password = template
    data = copy_of(folder, tmp_path_factory.mktemp("hostile") / "data")
    place = open_place(data, password)
    fill_by_machines(place)
    client, forms = place.signed_in(), {}
    for address, page in crawl(place.app, client, 2).items():
        for form in page.forms:
            action = form.action or address
            if form.texts and not action.startswith(LEFT_OUT):
                forms.setdefault((urlsplit(action).path, *form.texts), (action, form))
    ran, broken = [], []
    for action, form in forms.values():
        for said in form.filled(STRINGS):
            # What a form asks for takes the place of what its address says.
            is_sent = form.method == "post"
            asked = (
                client.post(action, data=said) if is_sent else client.get(action.partition("?")[0], query_string=said)
            )
            with asked as answer:
                if answer.status_code >= 500:
                    broken.append((action, said))
                if answer.mimetype == "text/html":
                    html = answer.get_data(as_text=True)
                    ran += [(action, said, each) for each in Page(html).running]
                    ran += [(action, said, RESULT)] if RESULT in html else []
    pages = crawl(place.app, client, 2)
    ran += [(address, each) for address, page in pages.items() for each in page.running]
    place.house.close()
    return {"data": data, "password": password, "pages": pages, "forms": forms, "ran": ran, "broken": broken}


def test_nothing_that_is_typed_comes_back_as_something_that_runs(filled):
    assert len(filled["forms"]) > 30
    assert (filled["broken"], filled["ran"]) == ([], [])


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: nothing can run")
def test_nothing_that_was_kept_runs_in_a_browser(filled, browser):
    with serving(filled["data"]) as server:
        context = browser.new_context(base_url=server.address)
        context.route("**/*.{css,woff2,svg,png,webp}", lambda route: route.abort())
        page, said = context.new_page(), []
        page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        page.on("pageerror", lambda fault: said.append(str(fault)))
        page.on("console", lambda line: said.append(line.text) if "Content Security Policy" in line.text else None)
        page.goto("/connexion")
        page.fill("[name=email]", ADMIN)
        page.fill("[name=password]", filled["password"])
        page.locator("main form button").first.click()

        shown = [address for address, each in filled["pages"].items() if each.is_hostile]
        for address in shown:
            assert page.goto(address, wait_until="load").status < 500
            assert page.evaluate("typeof hacked") == "undefined", address
        context.close()
    assert said == [] and len(shown) > 25

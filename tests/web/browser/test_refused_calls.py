"""A shop's order with half a case is refused, seen, its reading mended, tried again, and there; in a real browser."""

import json
import re

import pytest
from playwright.sync_api import expect

from houblon.orders.credentials.credentials import SHOPIFY
from houblon.orders.intake.sources import default_mapping
from tests.orders.intake.test_mapping import shopify
from tests.web.browsing import MARKS, follow
from tests.web.ingest.test_shops import SECRET
from tests.web.servers import send_from_shop

pytestmark = MARKS
HALF = {"id": 1, "sku": "IPA-24", "quantity": 1.5, "price": "27.00"}


@pytest.fixture
def page(open_page):
    return open_page()


def test_a_refused_order_is_seen_its_reading_mended_and_it_is_there(page, site):
    sold = shopify(name="#9009", line_items=[HALF])
    status, said = send_from_shop(site.address, SECRET, "orders/create", sold, "refused-9009")
    assert (status, said["errors"][0]["pointer"]) == (202, "/lines/0/quantity")

    page.goto("/")
    follow(page, page.get_by_role("link", name="Voir ce qui les empêche"))
    row = page.locator("tr", has_text="#9009")
    expect(row).to_contain_text("Un nombre entier est attendu.")

    # The person tries how it is read, and mends that.
    follow(page, row.get_by_role("link", name=re.compile("^Essayer la lecture")))
    assert '"quantity": 1.5' in page.locator("#payload").input_value()
    expect(page.locator("[role=alert]")).to_contain_text("/lines/0/quantity")
    mapping = json.loads(json.dumps(default_mapping(SHOPIFY)))
    mapping["lines"]["quantity"] = {"value": 24}
    page.fill("#mapping", json.dumps(mapping))
    follow(page, page.get_by_role("button", name="Essayer sans enregistrer"))
    expect(page.locator("main")).to_contain_text("Acceptée")
    follow(page, page.get_by_role("button", name="Garder cette lecture"))

    page.goto("/appels-refuses")
    row = page.locator("tr", has_text="#9009")
    follow(page, row.get_by_role("button", name=re.compile("^Réessayer")))
    expect(page.locator("[role=status]")).to_contain_text("la commande #9009 est acceptée")
    assert page.locator("tr", has_text="#9009").count() == 0
    page.goto("/commandes?q=%239009")
    follow(page, page.get_by_role("link", name="#9009"))
    expect(page.locator("h1")).to_contain_text("#9009")

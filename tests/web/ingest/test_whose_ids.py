"""Whose ids: two shops share customer 5001, the house has a 5001 of its own, and keys ask about each."""

import json

import pytest
from sqlalchemy import select

from houblon.orders.credentials.credentials import add_source
from houblon.orders.db.tables import orders, outbox, retailers
from houblon.orders.retailers.memberships import set_memberships
from tests.clock import NOW
from tests.orders.intake.test_mapping import shopify, woocommerce
from tests.web.admin.test_pages import post
from tests.web.api.test_api import Caller
from tests.web.houses import order, shell
from tests.web.ingest.test_shops import call

SECRETS = {"boutique": "hush-hush-1", "resto": "hush-hush-2"}
LINE = {"product_id": 9, "sku": "IPA", "name": "IPA", "quantity": 24, "subtotal": "1296.00", "total": "1296.00"}


@pytest.fixture
def shops(place):
    def work(connection):
        for name, secret in SECRETS.items():
            add_source(connection, name, lambda count: b"", NOW, "woocommerce", secret)

    place.house.services.ledger.write(work)
    return place


def woo(place, of, number, customer=5001, email="a@example.com", **members):
    said = {"id": number, "number": str(number), "customer_id": customer, "line_items": [{**LINE, "price": 54}]}
    payload = woocommerce(**said, billing={"email": email, "company": of.capitalize()}, **members)
    response = call(place, "woocommerce", payload, SECRETS[of], X_WC_Webhook_Delivery_ID=f"{of}{number}")
    assert response.status_code == 200, response.json
    return response.json


def ask(place, asked):
    headers = {"Authorization": f"Bearer {place.key}"}
    return place.client().post("/api/v1/decisions", json=asked, headers=headers)


def owners(place):
    with place.house.services.ledger.reading() as connection:
        return dict(connection.execute(select(orders.c.order_id, orders.c.retailer_id)).all())


def test_customer_5001_of_two_shops_and_of_the_house_are_three_retailers(shops):
    woo(shops, "boutique", 1, email="anse@example.com")
    woo(shops, "resto", 2, email="pont@example.com")
    shops.send(order("PO-1", buyer="5001"), "m-1")
    assert owners(shops) == {"1": "boutique-5001", "2": "resto-5001", "PO-1": "5001"}
    with shops.house.services.ledger.reading() as connection:
        said = connection.execute(select(retailers.c.id, retailers.c.name, retailers.c.email).order_by("id")).all()
        mail = connection.execute(select(outbox.c.recipient).where(outbox.c.kind == "mail")).scalars().all()
    assert said == [
        ("5001", "Comptoir du Coin", "achats@comptoir.example"),
        ("boutique-5001", "Boutique", "anse@example.com"),
        ("resto-5001", "Resto", "pont@example.com"),
    ]
    assert {"anse@example.com", "pont@example.com"} <= set(mail)


def test_a_guest_s_capitals_make_no_second_retailer(shops):
    woo(shops, "boutique", 1, customer=0, email="Eve.Roy@X.example")
    woo(shops, "boutique", 2, customer=0, email="eve.roy@x.example")
    assert set(owners(shops).values()) == {"boutique-eve.roy@x.example"}


def test_two_contacts_of_one_company_s_location_are_one_retailer(place):
    ledger = place.house.services.ledger
    ledger.write(lambda connection: add_source(connection, "gros", lambda count: b"", NOW, "shopify", "hush-hush"))
    for number, contact in enumerate((71, 72)):
        company = {"id": 3, "location_id": 44}
        customer = {"id": contact, "first_name": "A", "last_name": str(contact)}
        payload = shopify(id=900 + number, name=f"#{number}", customer=customer, company=company)
        response = call(place, "shopify", payload, X_Shopify_Webhook_Id=f"d{number}")
        assert response.status_code == 200, response.json
    assert set(owners(place).values()) == {"gros-44"}


def test_a_source_of_our_own_kind_has_its_own_buyers_when_it_was_added_so(place):
    folder = place.house.settings.data
    place.send(order("PO-1", buyer="11"), "m-1")
    made = shell(["source", "add", "essai", "--own-buyers", "--json", "--data", folder])
    assert "secret" in json.loads(made.output)
    place.send(order("PO-2", buyer="11"), "m-2")
    place.send(order("PO-3", buyer="12"), "m-3")
    assert owners(place) == {"PO-1": "11", "PO-2": "11", "PO-3": "essai-12"}
    [listed] = json.loads(shell(["source", "list", "--json", "--data", folder]).output)
    assert listed["own_buyers"] is True


def test_a_question_about_a_source_s_buyer_is_answered_as_their_order_is(shops):
    woo(shops, "boutique", 1)
    shops.house.services.ledger.write(
        lambda connection: set_memberships(connection, {"boutique-5001": ["payeurs-a-risque"]}, NOW)
    )
    said = order("X", buyer="5001")

    def chain(**how):
        one, many = ask(shops, {"order": said, **how}), ask(shops, {"orders": [said], **how})
        assert one.status_code == many.status_code == 200, one.json
        assert many.json["decisions"] == [one.json]
        return one.json["chain"]

    assert chain(source="boutique") == ["payeurs-a-risque", "tous"]
    assert chain(source="resto") == chain(source="essai") == chain() == ["tous"]
    unknown = ask(shops, {"order": said, "source": "personne"})
    assert (unknown.status_code, unknown.json["errors"][0]["code"]) == (422, "unknown_source")


def test_a_trial_of_a_shop_s_payload_is_of_the_shop_s_own_buyer(shops, tmp_path):
    shops.house.services.ledger.write(
        lambda connection: set_memberships(connection, {"boutique-5001": ["payeurs-a-risque"]}, NOW)
    )
    said = {"id": 1, "number": "1", "customer_id": 5001, "line_items": [{**LINE, "price": 54}]}
    payload = json.dumps(woocommerce(**said, billing={"email": "a@example.com"}))
    file = tmp_path / "payload.json"
    file.write_text(payload)
    client, caller = shops.signed_in(), Caller(shops, "read")

    def in_the_shell(source):
        tried = shell(["source", "try", source, file, "--json", "--data", shops.house.settings.data])
        return json.loads(tried.output)["decision"]

    def by_key(source):
        return caller("POST", f"/sources/{source}/mapping/trial", {"payload": json.loads(payload)}).json["decision"]

    def on_the_page(source):
        form = {"source": source, "payload": payload, "mapping": ""}
        page = post(client, "/sources/lecture", f"/sources/lecture?source={source}", **form).get_data(as_text=True)
        return "chip held" in page, "chip accepted" in page

    for ask in (in_the_shell, by_key):
        risky, other = ask("boutique"), ask("resto")
        assert (risky["chain"], risky["outcome"]) == (["payeurs-a-risque", "tous"], "held")
        assert (other["chain"], other["outcome"]) == (["tous"], "accepted")
    assert (on_the_page("boutique"), on_the_page("resto")) == ((True, False), (False, True))


def test_the_shell_decides_by_a_source_s_name_of_the_buyer(shops, tmp_path):
    shops.house.services.ledger.write(
        lambda connection: set_memberships(connection, {"boutique-5001": ["payeurs-a-risque"]}, NOW)
    )
    file = tmp_path / "order.json"
    file.write_text(json.dumps(order("X", buyer="5001")))
    words = ["decide", file, "--json", "--data", shops.house.settings.data]
    assert json.loads(shell([*words, "--source", "boutique"]).output)["chain"] == ["payeurs-a-risque", "tous"]
    assert json.loads(shell(words).output)["chain"] == ["tous"]
    assert shell([*words, "--source", "personne"]).exit_code == 1

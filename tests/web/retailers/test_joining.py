"""Joining two retailers that are one: found, shown with what follows, confirmed as shown, parted again."""

import pytest
from sqlalchemy import select

from houblon.orders.db.tables import orders
from houblon.orders.records.audit import entries, verify
from houblon.orders.retailers.memberships import memberships_of, set_memberships
from houblon.rules.model.statements import Edit
from houblon.rules.publishing.publish import publish
from tests.clock import NOW
from tests.rules.documents import group, hold
from tests.web.groups.test_pages import text
from tests.web.houses import field, order, token_of
from tests.web.people import populate, someone

SHOWN = "/detaillants/joindre?id=comptoir-1&avec=jumeau"


@pytest.fixture
def client(place):
    place.send(order("PO-1"), "m-1")
    place.send(order("PO-2", items=1, buyer="jumeau"), "m-2")
    place.house.services.ledger.write(
        lambda connection: set_memberships(connection, {"jumeau": ["payeurs-a-risque"]}, NOW)
    )
    return place.signed_in()


def owners(place):
    with place.house.services.ledger.reading() as connection:
        return dict(connection.execute(select(orders.c.order_id, orders.c.retailer_id)).all())


def groups(place, id):
    with place.house.services.ledger.reading() as connection:
        return memberships_of(connection, id)


def join(client, **said):
    page = text(client.get(SHOWN))
    names = ("id", "avec", "vu")
    return client.post(
        "/detaillants/joindre",
        data={"csrf_token": token_of(page), **{name: field(page, name) for name in names}, **said},
    )


def part(client, id="jumeau"):
    page = text(client.get("/detaillants/comptoir-1"))
    return client.post("/detaillants/separer", data={"csrf_token": token_of(page), "id": id}, follow_redirects=True)


def test_who_has_the_same_name_is_proposed_and_any_other_is_found(place, client):
    proposed = text(client.get("/detaillants/joindre?id=comptoir-1"))
    assert "avec=jumeau" in proposed and "avec=comptoir-1" not in proposed
    assert "avec=risque-1" in text(client.get("/detaillants/joindre?id=comptoir-1&q=risque"))
    assert client.get("/detaillants/joindre?id=personne").status_code == 404
    assert client.get("/detaillants/joindre?id=comptoir-1&avec=personne").status_code == 404


def test_the_preview_says_what_follows_and_changes_nothing(place, client):
    page = text(client.get(SHOWN))
    for said in ("Payeurs à risque", "dont 1 en attente", "rien n’est changé encore", "Acceptation", "jumeau"):
        assert said in page, said
    assert owners(place) == {"PO-1": "comptoir-1", "PO-2": "jumeau"}


@pytest.mark.parametrize(
    ("operator", "value", "is_told"),
    [
        ("equal_to", "jumeau", True),
        ("equal_to_case_insensitive", "JUMEAU", True),
        ("equal_to", "comptoir-1", False),
        ("equal_to", "jumeaux", False),
    ],
)
def test_the_preview_names_the_rules_that_name_the_one_who_is_joined(place, client, operator, value, is_told):
    test = {"name": "buyer_id", "operator": operator, "value": value}
    nested = {"all": [{"name": "item_count", "operator": "greater_than", "value": 1}, {"any": [test]}]}
    document = group("guetteurs", 77, {"celui-la": {**hold("watched"), "conditions": nested}})
    store = place.house.store
    edit = Edit("group", "guetteurs", document)
    publish(store, [edit], author="marie", note="", at=NOW, base=store.newest().number)
    page = text(client.get(SHOWN))
    assert ("Groupe guetteurs · " in page) is is_told
    assert ("Des règles nomment jumeau" in page) is is_told


def test_what_was_shown_is_joined_logged_and_parted(place, client):
    assert join(client).headers["Location"].endswith("/detaillants/comptoir-1")
    assert set(owners(place).values()) == {"comptoir-1"}
    assert groups(place, "comptoir-1") == ("payeurs-a-risque",)
    assert client.get("/detaillants/jumeau").headers["Location"].endswith("/detaillants/comptoir-1")
    page = text(client.get("/detaillants/comptoir-1"))
    assert "joint le" in page and "PO-2" in page
    place.send(order("PO-3", buyer="jumeau"), "m-3")
    assert owners(place)["PO-3"] == "comptoir-1"
    said = text(part(client))
    assert "2 commandes lui reviennent" in said
    assert owners(place) == {"PO-1": "comptoir-1", "PO-2": "jumeau", "PO-3": "jumeau"}
    assert (groups(place, "comptoir-1"), groups(place, "jumeau")) == ((), ("payeurs-a-risque",))
    with place.house.services.ledger.reading() as connection:
        acts = [each.act for each in entries(connection) if each.act.startswith("retailer.")]
        assert verify(connection).broken_at is None
    assert acts == ["retailer.parted", "retailer.joined"]


def test_what_changed_since_it_was_shown_is_shown_again_first(place, client):
    page = text(client.get(SHOWN))
    place.send(order("PO-9", buyer="jumeau"), "m-9")
    answer = client.post(
        "/detaillants/joindre",
        data={"csrf_token": token_of(page), **{name: field(page, name) for name in ("id", "avec", "vu")}},
    )
    assert answer.status_code == 409 and "pendant que vous lisiez" in text(answer)
    assert owners(place)["PO-2"] == "jumeau"


def test_what_can_t_be_joined_or_parted_is_told(place, client):
    again = join(client, id="comptoir-1")
    assert again.status_code in (409, 422)
    assert "n’est joint à personne" in text(part(client))
    join(client)
    page = text(client.get("/detaillants/joindre?id=risque-1&avec=comptoir-1"))
    assert "Joindre" in page


def test_only_who_keeps_retailers_joins_them(place, client):
    populate(place)
    viewer = someone(place, "viewer")
    assert viewer.get(SHOWN).status_code == 403
    assert "Joindre un autre" not in text(viewer.get("/detaillants/comptoir-1"))


def test_who_comes_second_is_led_to_whom_it_was_joined_to(place, client):
    page = text(client.get(SHOWN))
    shown = {"csrf_token": token_of(page), **{name: field(page, name) for name in ("id", "avec", "vu")}}
    assert client.post("/detaillants/joindre", data=shown).status_code == 302
    # The same way, or the other way round, as it was shown at the same time.
    for again in (shown, {**shown, "id": shown["avec"], "avec": shown["id"]}):
        second = client.post("/detaillants/joindre", data=again, follow_redirects=True)
        assert second.status_code == 200
        assert "« jumeau » est déjà joint à « comptoir-1 »" in text(second).replace("\N{NO-BREAK SPACE}", " ")

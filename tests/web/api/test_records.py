"""What pages can do with retailers, messages, comments, versions and the audit log, by key."""

import msgspec
import pytest
from sqlalchemy import update

from houblon.orders.db import tables
from houblon.rules.model.statements import Edit
from houblon.rules.publishing.publish import publish
from houblon.web.api.rooms.record_shapes import AuditEntries, Message, Overview, Retailer, VersionComparison
from tests.web.api.test_api import Caller, begun, change, statements
from tests.web.houses import order


@pytest.fixture
def call(place):
    return Caller(place, "read", "write", "approve")


def audited(call, act):
    entries = call("GET", f"/audit?act={act}&who=api:caisse")
    msgspec.convert(entries.json, AuditEntries)
    return [(each["subject"], each["before"], each["after"]) for each in entries.json["items"]]


def test_a_retailer_is_made_written_and_sorted_by_key(call):
    made = call("PUT", "/retailers/bar-9", {"name": "Bar 9", "email": "bar@9.example", "province": "Québec"})
    assert made.status_code == 200 and msgspec.convert(made.json, Retailer).province == "QC"
    grouped = call("PUT", "/retailers/bar-9/groups", {"groups": ["payeurs-a-risque"]}, If_Match=made.headers["ETag"])
    assert grouped.json["groups"] == ["payeurs-a-risque"]
    assert call("PUT", "/retailers/bar-9", {"name": "Autre"}, If_Match=made.headers["ETag"]).status_code == 412
    assert call("GET", "/retailers/bar-9").json == grouped.json
    assert audited(call, "memberships.set") == [("bar-9", [], ["payeurs-a-risque"])]
    [(subject, _, after)] = audited(call, "retailer.added")
    assert (subject, after["name"]) == ("bar-9", "Bar 9")
    assert [each["id"] for each in call("GET", "/retailers?search=Bar 9").json["items"]] == ["bar-9"]
    assert "bar-9" in [each["id"] for each in call("GET", "/retailers?group=payeurs-a-risque").json["items"]]


def test_a_retailer_that_can_t_be_is_refused_whole(call):
    assert (
        call("PUT", "/retailers/bar-9", {"name": "x", "email": "pas une adresse"}).json["errors"][0]["pointer"]
        == "/email"
    )
    assert call("PUT", "/retailers/bar-9", {"nom": "x"}).status_code == 422
    assert call("GET", "/retailers/bar-9").status_code == 404
    assert call("PUT", "/retailers/bar-9/groups", {"groups": []}).status_code == 404
    call("PUT", "/retailers/bar-9", {"name": "x"})
    refused = call("PUT", "/retailers/bar-9/groups", {"groups": ["payeurs-a-risque", "tous", "nul"]})
    assert [each["pointer"] for each in refused.json["errors"]] == ["/groups/1", "/groups/2"]
    assert call("GET", "/retailers/bar-9").json["groups"] == []


def test_retailers_are_paged_by_name(call):
    for number in range(5):
        call("PUT", f"/retailers/bar-{number}", {"name": f"Bar {number}"})
    seen, address = [], "/retailers?limit=2&search=Bar"
    while address:
        response = call("GET", address)
        seen += [each["id"] for each in response.json["items"]]
        link = response.headers.get("Link", "")
        address = link[len("</api/v1") : link.index(">")] if link else None
    assert seen == [f"bar-{number}" for number in range(5)]


def test_messages_are_listed_and_a_parked_one_is_sent_again(call, place):
    place.send(order("PO-1"), "m-1")
    [first, *_] = call("GET", "/messages?kind=mail").json["items"]
    shown = call("GET", f"/messages/{first['id']}")
    assert "payload" not in shown.json and msgspec.convert(shown.json, Message).order_key == 1
    assert call("POST", f"/messages/{first['id']}/resend").json["code"] == "not_parked"
    parked = (
        update(tables.outbox).where(tables.outbox.c.id == first["id"]).values(state="parked", error="Rejected: non")
    )
    place.house.services.ledger.write(lambda connection: connection.execute(parked))
    assert [each["id"] for each in call("GET", "/messages?state=parked").json["items"]] == [first["id"]]
    assert call("POST", f"/messages/{first['id']}/resend").json["state"] == "pending"
    assert audited(call, "message.sent_again") == [(first["id"], None, None)]
    opens = (
        update(tables.outbox).where(tables.outbox.c.id == first["id"]).values(state="parked", event="account.invited")
    )
    place.house.services.ledger.write(lambda connection: connection.execute(opens))
    assert call("POST", f"/messages/{first['id']}/resend").status_code == 403
    assert call("GET", "/messages?after=hier").status_code == 422


def test_a_proposal_is_commented_on_without_making_an_edit_stale(call):
    id = begun(call)
    etag = call("GET", f"/proposals/{id}").headers["ETag"]
    said = call("POST", f"/proposals/{id}/comments", {"comment": "À revoir"})
    assert (said.status_code, said.headers["ETag"]) == (201, etag)
    assert [(each["by"], each["text"]) for each in said.json["comments"]] == [("api:caisse", "À revoir")]
    assert call("POST", f"/proposals/{id}/comments", {"comment": " "}).status_code == 422
    assert audited(call, "proposal.commented") == [(id, {"comments": 0}, {"comments": 1})]


def test_two_versions_are_compared(call):
    id = begun(call)
    etag = call("PATCH", f"/proposals/{id}", {"statements": change(36)}, If_Match='"1"').headers["ETag"]
    assert call("POST", f"/proposals/{id}/publish", If_Match=etag).status_code == 201
    found = call("GET", "/versions/2/diff?to=3").json
    msgspec.convert(found, VersionComparison)
    [only] = found["items"]
    assert (found["before"], found["after"], only["id"], only["path"], only["after"]) == (
        2,
        3,
        "payeurs-a-risque",
        "acceptance.minimum_items",
        36,
    )
    assert "before" not in only and call("GET", "/versions/3/diff?to=3").json["items"] == []
    assert (
        call("GET", "/versions/2/diff?to=99").status_code == 404 and call("GET", "/versions/2/diff").status_code == 422
    )


def test_the_overview_counts_what_its_page_counts(call, place):
    place.send(order("PO-1"), "m-1")
    place.send(order("PO-2", items=12), "m-2")
    found = call("GET", "/overview").json
    msgspec.convert(found, Overview)
    assert (found["waiting"], found["today"], found["unpaid"]["count"]) == (1, {"orders": 1, "value": "648.00"}, 1)
    assert found["unpaid"]["amount"] == call("GET", "/invoices").json["items"][0]["total"]


def test_a_list_of_retailers_asks_for_all_their_groups_at_once(call):
    def asked():
        return len(statements(lambda: call("GET", "/retailers")))

    call("PUT", "/retailers/bar-0", {"name": "Bar 0"})
    before = asked()
    for number in range(1, 4):
        call("PUT", f"/retailers/bar-{number}", {"name": f"Bar {number}"})
        call("PUT", f"/retailers/bar-{number}/groups", {"groups": ["payeurs-a-risque"]})
    assert asked() == before
    told = {each["id"]: each["groups"] for each in call("GET", "/retailers").json["items"]}
    assert (told["bar-0"], told["bar-3"]) == ([], ["payeurs-a-risque"])


def test_a_held_order_is_decided_again_by_key(call, place):
    place.send(order("PO-1", items=3, price="20.00"), "m-1")
    etag = call("GET", "/orders/1").headers["ETag"]
    held = call("POST", "/orders/1/decide-again", If_Match=etag)
    assert (held.status_code, held.json["state"], held.json["invoice"]) == (200, "held", None)
    assert held.json["decision"]["reasons"] == call("GET", "/orders/1").json["decisions"][0]["document"]["reasons"]
    tous = place.house.store.content(place.house.store.newest().number).document("group", "tous")
    settings = {**tous["settings"], "acceptance.minimum_items": None, "acceptance.minimum_value": None}
    edits = [Edit("group", "tous", {**tous, "settings": settings})]
    publish(place.house.store, edits, author="marie", note="", at=place.house.now())
    assert call("POST", "/orders/1/decide-again", If_Match='"another"').status_code == 412
    done = call("POST", "/orders/1/decide-again", If_Match=etag)
    assert (done.json["state"], done.json["decision"]["outcome"]) == ("accepted", "accepted")
    assert done.json["invoice"] == done.json["invoice_number"] == call("GET", "/orders/1").json["invoice"]
    assert [each["document"]["outcome"] for each in call("GET", "/orders/1").json["decisions"]] == ["accepted", "held"]
    told = audited(call, "order.decided_again")
    assert [(id, after["state"]) for id, _, after in told] == [("PO-1", "accepted")]
    late = call("POST", "/orders/1/decide-again")
    assert (late.status_code, late.json["code"]) == (409, "already_settled")
    assert call("POST", "/orders/99/decide-again").status_code == 404


def test_a_held_order_s_lines_are_mended_by_key(call, place):
    lines = order()["lines"]
    gone = {**lines[0], "sku": "STOUT", "available": False}
    place.send(order("PO-1", lines=[*lines, gone]), "m-1")
    etag = call("GET", "/orders/1").headers["ETag"]
    assert call("POST", "/orders/1/lines/3/remove").status_code == 404
    assert call("POST", "/orders/1/lines/1/available").json["code"] == "already_available"
    mended = call("POST", "/orders/1/lines/2/remove", If_Match=etag)
    assert (mended.status_code, mended.json["state"], mended.json["order_id"]) == (200, "accepted", "PO-1")
    assert mended.json["invoice_number"] and audited(call, "order.line_removed") == [("PO-1", None, {"line": 2})]
    assert call("POST", "/orders/1/lines/1/remove").json["code"] == "already_settled"

"""The API by key: rooms, keyset pages, preconditions, calls that are made once."""

import json
import re

import msgspec
import pytest
from openapi_spec_validator import validate
from sqlalchemy import Engine, event

from houblon.orders.credentials.credentials import SCOPES, add_key
from houblon.simulation.jobs.worker import run_next
from houblon.web.foundation.data_folder import write_profile
from tests.clock import NOW
from tests.test_docs import DOCS, blocks
from tests.web.houses import SEED, order, token_of


class Caller:
    """Calls the API with a key of its own."""

    def __init__(self, place, *scopes, name="caisse"):
        def add(connection):
            return add_key(connection, name, scopes, lambda count: name.encode().ljust(24), NOW)

        self.key = place.house.services.ledger.write(add)
        self.client = place.client()

    def __call__(self, method, path, body=None, raw=None, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named["Authorization"] = f"Bearer {self.key}"
        data = raw if body is None else json.dumps(body)
        return self.client.open(f"/api/v1{path}", method=method, data=data, headers=named)


@pytest.fixture
def call(place):
    return Caller(place, *SCOPES)


def change(minimum=36):
    return [{"kind": "group", "id": "payeurs-a-risque", "path": "acceptance.minimum_items", "value": minimum}]


def begun(call, name="Essai", **members):
    response = call("POST", "/proposals", {"name": name, **members})
    assert response.status_code == 201, response.json
    return response.json["id"]


def pointers(response):
    return {each["pointer"] for each in response.json["errors"]}


def statements(call):
    """What the databases are asked meanwhile."""
    asked = []

    def hear(_connection, _cursor, statement, _parameters, _context, _many):
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        call()
    finally:
        event.remove(Engine, "before_cursor_execute", hear)
    return asked


def test_the_document_is_valid_openapi_and_its_page_needs_nobody_and_nothing_from_elsewhere(place):
    spec = place.client().get("/api/v1/openapi.json").json
    validate(spec)
    assert spec["openapi"].startswith("3.1")
    for room in (
        "decisions",
        "groups",
        "proposals",
        "versions",
        "orders",
        "invoices",
        "events",
        "scenarios",
        "guardrails",
        "cycles",
        "simulations",
    ):
        assert f"/api/v1/{room}" in spec["paths"]
    page = place.client().get("/api/docs")
    assert page.status_code == 200 and "unsafe" not in page.headers["Content-Security-Policy"]
    text = page.get_data(as_text=True)
    assert "<script" not in text and " style=" not in text and "@import" not in text
    assert not [each for each in re.findall(r'(?:src|href|action)="([^"]*)"', text) if "://" in each]
    for path in spec["paths"]:
        assert path in text


def test_the_operations_told_are_those_of_the_document(place):
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    told, last = {}, ""
    for operations, scope in re.findall(r"^\| (`[A-Z]+ /.*?`) \| (\w+) \|", page, re.MULTILINE):
        for method, path in re.findall(r"`(?:([A-Z]+) )?(/[^`]*)`", operations):
            last = method or last
            told[last, f"/api/v1{path}"] = scope
    paths = place.client().get("/api/v1/openapi.json").json["paths"]
    methods = ("get", "post", "put", "patch", "delete")
    assert told == {
        (method.upper(), path): item[method]["security"][0]["key"][0]
        for path, item in paths.items()
        for method in methods
        if method in item
    }
    assert re.findall(r"^\| `(\w+)` \| [a-z]", page, re.MULTILINE) == list(SCOPES)
    asked = json.loads(blocks("api.md", "json")[0])
    headers = {"Authorization": f"Bearer {place.key}"}
    assert place.client().post("/api/v1/decisions", json=asked, headers=headers).json["outcome"] == "accepted"


def test_every_operation_says_its_scope_and_holds_to_it(place):
    spec = place.client().get("/api/v1/openapi.json").json
    callers = {scope: Caller(place, scope, name=scope) for scope in SCOPES}
    for path, item in spec["paths"].items():
        where = path.removeprefix("/api/v1").replace("payments/{id}", "payments/1").replace("{id}", "x")
        where = where.replace("{key}", "1").replace("{number}", "1").replace("{line}", "1").replace("{name}", "x")
        for method, operation in item.items():
            if method == "parameters":
                continue
            [scope] = operation["security"][0]["key"]
            assert place.client().open(path, method=method.upper()).status_code in (401, 404)
            for each in SCOPES:
                refused = callers[each](method.upper(), where).status_code == 403
                assert refused is (each != scope), (method, path, each)


def test_a_batch_is_answered_in_order_with_its_faults_in_their_places(call):
    orders = [order("PO-1"), {**order("PO-2"), "lines": []}, order("PO-3", items=12), 7]
    asked = {"orders": orders, "accepted_at": "2021-05-12T10:00:00-04:00", "trace": True}
    answered = call("POST", "/decisions", asked).json["decisions"]
    assert [each.get("outcome") for each in answered] == ["accepted", None, "held", None]
    assert [each["pointer"] for each in answered[1]["errors"]] == ["/lines"]
    assert answered[0]["invoice"]["due_date"] == "2021-06-19" and answered[2]["if_accepted"] and answered[2]["trace"]
    alone = call("POST", "/decisions", {**asked, "orders": None, "order": orders[2]})
    assert pointers(alone) == {"/orders"}
    del asked["orders"]
    assert call("POST", "/decisions", {**asked, "order": orders[2]}).json == answered[2]


def test_a_batch_is_bounded_and_what_is_wrong_with_all_of_it_is_told_once(call):
    assert pointers(call("POST", "/decisions", {"orders": []})) == {"/orders"}
    assert pointers(call("POST", "/decisions", {"orders": [order()] * 1_001})) == {"/orders"}
    assert len(call("POST", "/decisions", {"orders": [order()] * 1_000}).json["decisions"]) == 1_000
    wrong = {"orders": [order()], "version": 99, "as_of": "hier", "order": 1}
    assert pointers(call("POST", "/decisions", wrong)) == {"/as_of", "/order"}
    assert pointers(call("POST", "/decisions", {"orders": [order()], "version": 99})) == {"/version"}


def test_dates_beyond_the_calendar_are_refused_and_break_nothing(call, place):
    for far in ({"placed_at": "9999-12-31T23:59:59-12:00"}, {"planned_delivery": "9999-12-31"}):
        [member] = far
        assert pointers(call("POST", "/decisions", {"order": order(**far)})) == {f"/order/{member}"}
        assert pointers(place.send(order(**far), member)) == {f"/{member}"}
    moment = {"accepted_at": "0001-01-01T00:00:00+14:00"}
    assert pointers(call("POST", "/decisions", {"order": order(), **moment})) == {"/accepted_at"}


def test_decisions_are_made_in_time_by_version_and_by_proposal(call):
    id = begun(call, groups=[{**SEED["groups"][0], "settings": {"acceptance.minimum_items": 48}}])
    asked = {"order": order()}
    assert call("POST", "/decisions", asked).json["outcome"] == "accepted"
    held = call("POST", "/decisions", {**asked, "proposal": id}).json
    assert [reason["code"] for reason in held["reasons"]] == ["minimum_items"]
    assert call("POST", "/decisions", {**asked, "version": 1}).json["version"] == 1
    proposed = call("POST", "/decisions", {**asked, "proposal": id}).json
    assert (proposed["version"], proposed["proposal"]) == (None, id)
    assert {each["version"] for reason in proposed["reasons"] for each in reason["provenance"]} <= {None, 1, 2}
    etag = call("GET", f"/proposals/{id}").headers["ETag"]
    when = {"effective_from": "2021-06-01T00:00:00-04:00"}
    assert call("POST", f"/proposals/{id}/schedule", when, If_Match=etag).json["state"] == "scheduled"
    later = call("POST", "/decisions", {**asked, "as_of": "2021-06-02T00:00:00-04:00"}).json
    assert (later["outcome"], later["version"]) == ("held", 3)


def test_a_proposal_from_its_first_word_to_a_version(call, place):
    id = begun(call, "Petits achats")
    shown = call("GET", f"/proposals/{id}")
    etag = shown.headers["ETag"]
    assert call("GET", f"/proposals/{id}", If_None_Match=etag).status_code == 304
    assert call("PATCH", f"/proposals/{id}", {"statements": change()}).status_code == 428
    revised = call("PATCH", f"/proposals/{id}", {"statements": change(), "name": "Achats"}, If_Match=etag)
    assert (revised.status_code, revised.json["name"]) == (200, "Achats")
    assert revised.json["changes"] == [
        {
            "pointer": "/groups/payeurs-a-risque/settings/acceptance.minimum_items",
            "kind": "group",
            "id": "payeurs-a-risque",
            "path": "acceptance.minimum_items",
            "after": 36,
        }
    ]
    assert [each["code"] for each in revised.json["warnings"]] == ["minimum_under_manual"]
    stale = call("PATCH", f"/proposals/{id}", {"statements": change(48)}, If_Match=etag)
    assert (stale.status_code, stale.mimetype) == (412, "application/problem+json")
    etag = revised.headers["ETag"]
    bad = call("PATCH", f"/proposals/{id}", {"statements": change(0), "x": 1}, If_Match=etag)
    assert pointers(bad) == {"/x"}
    bad = call("PATCH", f"/proposals/{id}", {"statements": change(0)}, If_Match=etag)
    assert pointers(bad) == {"/groups/payeurs-a-risque/settings/acceptance.minimum_items"}
    made = call("POST", f"/proposals/{id}/publish", If_Match=etag)
    assert (made.status_code, made.json["number"], made.json["author"]) == (201, 3, "api:caisse")
    assert made.headers["Location"] == "/api/v1/versions/3"
    policy = call("GET", "/groups/payeurs-a-risque/policy").json
    assert policy["settings"]["acceptance.minimum_items"]["value"] == 36
    late = call("POST", "/versions/2/rollback", {"base": 2})
    assert (late.status_code, late.json["code"]) == (412, "version_changed")
    back = call("POST", "/versions/2/rollback", {"base": 3})
    assert (back.status_code, back.json["number"]) == (201, 4)
    assert call("POST", "/versions/9/rollback").status_code == 404


def test_a_key_can_t_approve_what_it_wrote_and_another_one_can(call, place):
    write_profile(place.house.settings.data, msgspec.structs.replace(place.house.profile, approval=True))
    id = begun(call, groups=[{**SEED["groups"][1], "settings": {}}])
    alone = call("POST", f"/proposals/{id}/approve", If_Match="*")
    assert alone.json["errors"][0]["code"] == "own_proposal"
    assert call("POST", f"/proposals/{id}/publish", If_Match="*").json["errors"][0]["code"] == "approval_required"
    assert call("POST", "/versions/1/rollback").json["errors"][0]["code"] == "approval_required"
    other = Caller(place, "approve", name="chef")
    # Who may write may not agree, not even to what somebody else wrote.
    assert Caller(place, "write", name="commis")("POST", f"/proposals/{id}/approve", If_Match="*").status_code == 403
    agreed = other("POST", f"/proposals/{id}/approve", If_Match="*")
    assert agreed.json["approval"]["by"] == "api:chef"
    assert call("POST", f"/proposals/{id}/publish", If_Match=agreed.headers["ETag"]).status_code == 201


def test_clashes_are_told_and_settled(call):
    first, second = begun(call, "Un"), begun(call, "Deux")
    for id, minimum in ((first, 30), (second, 40)):
        assert call("PATCH", f"/proposals/{id}", {"statements": change(minimum)}, If_Match="*").status_code == 200
    assert call("POST", f"/proposals/{first}/publish", If_Match="*").status_code == 201
    [conflict] = call("GET", f"/proposals/{second}").json["clashes"]
    assert (conflict["mine"], conflict["theirs"]) == (40, 30)
    chosen = {"choices": [{**{name: conflict[name] for name in ("kind", "id", "path")}, "choose": "mine"}]}
    settled = call("POST", f"/proposals/{second}/settle", chosen, If_Match="*")
    assert settled.json["clashes"] == [] and settled.json["base"] == 3
    assert call("POST", f"/proposals/{second}/discard", If_Match="*").json["state"] == "discarded"
    assert call("POST", f"/proposals/{second}/take-up", If_Match="*").json["state"] == "open"


def test_a_simulation_is_begun_worked_read_and_cancelled(call, place):
    for number, items in enumerate((6, 24, 48)):
        place.send(order(f"PO-{number}", items=items), f"m-{number}")
    begun = call("POST", "/simulations", {"version": 2, "against": 1})
    assert (begun.status_code, begun.json["state"], begun.json["by"]) == (202, "pending", "api:caisse")
    address = begun.headers["Location"].removeprefix("/api/v1")
    assert call("GET", f"{address}/report").json["errors"][0]["code"] == "not_done"
    services, folder = place.house.services, place.house.settings.data / "simulations"
    assert run_next(services, folder, place.house.now)
    done = call("GET", address).json
    assert (done["state"], done["progress"], done["errors"]) == ("done", 100, [])
    report = call("GET", f"{address}/report")
    assert report.headers["ETag"] == f'"{done["report_hash"]}"'
    # The first version is manual: all that the second accepts is won.
    moved = {(cell["before"], cell["after"]): cell["orders"] for cell in report.json["matrix"] if cell["orders"]}
    assert (report.json["orders"], moved) == (3, {("held", "held"): 1, ("held", "accepted"): 2})
    assert call("POST", f"{address}/cancel").status_code == 409
    other = call("POST", "/simulations", {"version": 1, "since": "2021-05-12T00:00:00-04:00"})
    cancelled = call("POST", f"/simulations/{other.json['id']}/cancel")
    assert (cancelled.status_code, cancelled.json["state"]) == (200, "cancelled")
    first = call("GET", "/simulations?limit=1")
    second = call("GET", first.headers["Link"][1:].partition(">")[0].removeprefix("/api/v1"))
    assert {each["id"] for page in (first, second) for each in page.json["items"]} == {
        begun.json["id"],
        other.json["id"],
    }
    assert "Link" not in second.headers
    for wrong, where in (
        ({}, {""}),
        ({"version": 1, "proposal": "x"}, {""}),
        ({"version": 99}, {"/version"}),
        ({"version": 1, "against": 99}, {"/against"}),
        ({"proposal": "x"}, {"/proposal"}),
        ({"version": 1, "since": "hier"}, {"/since"}),
    ):
        assert pointers(call("POST", "/simulations", wrong)) == where
    assert call("GET", "/simulations/x").status_code == call("POST", "/simulations/x/cancel").status_code == 404


def test_lists_are_paged_by_key_and_link_to_what_follows(call, place):
    for number in range(5):
        place.send(order(f"PO-{number}"), f"m-{number}")
        begun(call, f"Essai {number}")
    for path in ("/orders", "/invoices", "/proposals", "/versions"):
        seen, address = [], f"{path}?limit=2"
        while address:
            response = call("GET", address)
            shown = response.json["items"]
            assert 1 <= len(shown) <= 2
            seen += [each.get("key") or each.get("id") or each.get("number") for each in shown]
            link = response.headers.get("Link", "")
            assert not link or link.endswith('; rel="next"')
            address = link[1 : link.index(">")].removeprefix("/api/v1") if link else None
        assert seen == list(dict.fromkeys(seen)) and len(seen) == (2 if path == "/versions" else 5)
    assert pointers(call("GET", "/orders?limit=0&after=x&state=lost")) == {"/limit", "/after", "/state"}
    found = call("GET", "/orders?search=PO-3&state=accepted").json["items"]
    assert [(each["order_id"], each["order_value"]) for each in found] == [("PO-3", "648.00")]


def test_a_held_order_is_reviewed_by_key_as_it_was_read(call, place):
    place.send(order("PO-1", items=12), "m-1")
    shown = call("GET", "/orders/1")
    assert (shown.json["state"], shown.json["content"]["id"], len(shown.json["decisions"])) == ("held", "PO-1", 1)
    place.send(order("PO-1", items=13), "m-2")
    assert call("POST", "/orders/1/accept", {}, If_Match=shown.headers["ETag"]).status_code == 412
    etag = call("GET", "/orders/1").headers["ETag"]
    accepted = call("POST", "/orders/1/accept", {"why": "bon client"}, If_Match=etag)
    assert (accepted.json["key"], accepted.json["state"]) == (1, "accepted") and accepted.json["invoice"]
    late = call("POST", "/orders/1/refuse", {"why": "non"})
    assert (late.status_code, late.json["errors"][0]["code"]) == (409, "already_settled")
    assert call("GET", "/orders/1").json["moves"][-1]["who"] == "api:caisse"
    invoice = call("GET", "/invoices/1").json
    assert (invoice["number"], invoice["document"]["number"]) == (accepted.json["invoice"],) * 2
    assert pointers(call("POST", "/orders/1/refuse", {})) == {"/why"}
    for missing in ("/orders/2", "/orders/99999999999999999999", "/invoices/2", "/cycles/x", "/scenarios/x"):
        assert call("GET", missing).status_code == 404
    assert call("GET", "/cycles/transbroue").json["rrule"]


def test_the_same_idempotency_key_does_nothing_twice(call, place):
    asked = {"name": "Une fois"}
    first = call("POST", "/proposals", asked, Idempotency_Key="k-1")
    again = call("POST", "/proposals", asked, Idempotency_Key="k-1")
    assert (again.status_code, again.json, again.headers["Idempotent-Replay"]) == (201, first.json, "true")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert len(call("GET", "/proposals").json["items"]) == 1
    other = call("POST", "/proposals", {"name": "Autre"}, Idempotency_Key="k-1")
    assert (other.status_code, other.json["errors"][0]["code"]) == (422, "idempotency_key_reused")
    # Another caller's keys are its own, and a refusal does not use a key up.
    assert (
        Caller(place, "write", name="autre")("POST", "/proposals", asked, Idempotency_Key="k-1").json["id"]
        != first.json["id"]
    )
    assert call("POST", "/proposals", {"name": ""}, Idempotency_Key="k-2").status_code == 422
    assert call("POST", "/proposals", {"name": "Bon"}, Idempotency_Key="k-2").status_code == 201
    assert call("POST", "/proposals", asked, Idempotency_Key="é").status_code == 422
    asked = {"order": order()}
    assert call("POST", "/decisions", asked, Idempotency_Key="k-3").json == call("POST", "/decisions", asked).json


def test_a_caller_is_told_how_often_it_may_call_and_then_to_wait(place, call):
    rates = place.app.extensions["houblon.rates"]
    rates._others = 2
    first, second, third = (call("GET", "/groups") for _ in range(3))
    assert [each.status_code for each in (first, second, third)] == [200, 200, 429]
    assert first.headers["RateLimit-Policy"] == '"calls";q=2;w=60'
    assert first.headers["RateLimit"].startswith('"calls";r=1;t=')
    assert int(third.headers["Retry-After"]) >= 1 and third.mimetype == "application/problem+json"
    assert call("POST", "/decisions", {"order": order()}).status_code == 200  # decisions have a rate of their own


def test_every_answer_names_its_call(place):
    given = place.client().get("/healthz", headers={"X-Request-Id": "appel-7"})
    assert given.headers["X-Request-Id"] == "appel-7"
    made = place.client().get("/healthz", headers={"X-Request-Id": "a b\x7f"}).headers["X-Request-Id"]
    assert len(made) == 32
    assert token_of(place.client().get("/connexion").get_data(as_text=True))


def test_a_batch_of_decisions_may_be_long_but_not_without_end(place):
    def sent(path, length):
        headers = {"Authorization": f"Bearer {place.key}", "Content-Type": "application/json"}
        return place.client().post(f"/api/v1/{path}", data=b"[" + b" " * length, headers=headers).status_code

    assert sent("decisions", 2_000_000) == 422 and sent("decisions", 10_000_000) == 413

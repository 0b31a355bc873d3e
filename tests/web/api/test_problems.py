"""Problems as machines read them: a code in each, told where its type leads; one status for each kind of conflict."""

import ast
import re
from pathlib import Path

import pytest

from houblon.web.foundation.answers import CONFLICTS
from tests.test_docs import DOCS
from tests.web.api.test_api import Caller, begun, change
from tests.web.houses import order

ROOT = Path(__file__).resolve().parents[3]
LISTED = {code for kind in CONFLICTS for code in kind.codes}


@pytest.fixture
def call(place):
    return Caller(place, "decide", "read", "write", "approve")


def conflicts_of_the_code():
    """The code of every `Conflict` that is raised; of one that is put together, what it begins with."""
    for layer in ("orders", "web", "simulation"):
        for path in (ROOT / layer).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Conflict" and node.args:
                    first = node.args[0]
                    yield first.value if isinstance(first, ast.Constant) else first.values[0].value


def test_every_conflict_is_of_one_kind_and_the_table_of_the_docs_is_that_of_the_code():
    codes = [code for kind in CONFLICTS for code in kind.codes]
    assert len(codes) == len(set(codes))
    found = set(conflicts_of_the_code())
    assert len(found) > 10
    assert {
        each
        for each in found
        if not any(code == each or each.endswith("_") and code.startswith(each) for code in codes)
    } == set()
    told = re.findall(r"^\| (\d{3}) \| (.+?) \| (.+?) \|$", (DOCS / "api.md").read_text(), re.MULTILINE)
    assert told == [
        (str(kind.status), kind.what.en, ", ".join(f"`{code}`" for code in kind.codes)) for kind in CONFLICTS
    ]


def told_at(place, problem):
    page, _, anchor = problem["type"].partition("#")
    return anchor == problem["code"] and f'id="{anchor}"' in place.client().get(page).get_data(as_text=True)


def test_every_refusal_has_a_code_that_is_told_where_its_type_leads(call, place):
    place.send(order("PO-1"), "m-1")
    decide = Caller(place, "decide", name="decide")
    bare = place.client()
    refused = {
        401: bare.get("/api/v1/orders"),
        403: decide("GET", "/orders"),
        404: call("GET", "/orders/99"),
        405: call("DELETE", "/orders/1"),
        409: call("POST", "/orders/1/accept", {}),
        412: call("POST", "/orders/1/accept", {}, If_Match='"other"'),
        422: call("GET", "/orders?x=1"),
        428: call("POST", f"/proposals/{begun(call)}/discard"),
    }
    codes = {}
    for status, response in refused.items():
        assert (response.status_code, response.mimetype) == (status, "application/problem+json"), response.json
        assert told_at(place, response.json), response.json
        codes[status] = response.json["code"]
    assert codes == {
        401: "unauthenticated",
        403: "forbidden",
        404: "not_found",
        405: "method_not_allowed",
        409: "already_settled",
        412: "changed",
        422: "invalid",
        428: "precondition_required",
    }
    for code in LISTED:
        assert f'id="{code}"' in place.client().get("/api/docs/problems").get_data(as_text=True)


def test_a_method_that_is_not_taken_is_told_which_are(call, place):
    refused = call("DELETE", "/orders")
    assert set(refused.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    assert "GET" in place.signed_in().post("/factures").headers["Allow"], "and on pages"
    assert place.client().get("/webhooks/orders").headers["Allow"] == "OPTIONS, POST"


def test_who_is_not_known_is_told_how_to_be(place):
    client = place.client()
    for response in (
        client.get("/api/v1/orders"),
        client.post("/api/v1/decisions", data=b"{}"),
    ):
        assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, 'Bearer realm="Houblon"')
    for path in ("/webhooks/orders", "/webhooks/shopify/orders"):
        response = client.post(path, data=b"{}")
        assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, 'Signature realm="Houblon"')


def test_what_stands_otherwise_is_one_status_whatever_it_is(call, place):
    """An order that is settled, a proposal that is published, a simulation that is over."""
    place.send(order("PO-1"), "m-1")
    id = begun(call)
    etag = call("PATCH", f"/proposals/{id}", {"statements": change()}, If_Match='"1"').headers["ETag"]
    assert call("POST", f"/proposals/{id}/publish", If_Match=etag).status_code == 201
    address = call("POST", "/simulations", {"version": 1}).headers["Location"].removeprefix("/api/v1")
    assert call("POST", f"{address}/cancel").status_code == 200
    late = [
        call("POST", "/orders/1/accept", {}),
        call("POST", f"/proposals/{id}/discard", If_Match="*"),
        call("POST", f"{address}/cancel"),
        call("GET", f"{address}/report"),
    ]
    assert [(each.status_code, each.json["code"]) for each in late] == [
        (409, "already_settled"),
        (409, "state"),
        (409, "over"),
        (409, "not_done"),
    ]


def test_what_was_read_and_is_not_so_any_more_is_one_status_whatever_it_is(call, place):
    place.send(order("PO-1", items=12), "m-1")
    id = begun(call)
    late = [
        call("POST", "/orders/1/accept", {}, If_Match='"held.other"'),
        call("PATCH", f"/proposals/{id}", {"name": "Autre"}, If_Match='"7"'),
        call("POST", "/versions/1/rollback", {"base": 1}),
    ]
    assert [each.status_code for each in late] == [412] * 3

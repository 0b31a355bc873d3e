"""`/api/v1`: decisions that record nothing, groups and their policies, by key."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

import msgspec
from flask import Blueprint, Response, abort, request

from engine.order import Order, order_of
from engine.policy import BASE, rule_document
from engine.problem import Faults, refuse
from orders.doors import known_key, touch_key
from orders.intake import parse_json
from orders.order_schema import ORDER
from orders.retailers import known_memberships
from orders.whatif import what_if_of
from rules.faults import load
from rules.inherit import resolve
from web.errors import json_response
from web.open import house

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
_NOTED_EVERY = timedelta(minutes=1)  # a use is noted, but not with a disk write at each call
_MEMBERS = {"order", "accepted_at", "as_of", "version", "proposal", "trace"}


def scoped(scope: str) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """Only for keys with this scope: 401 without a known key, 403 with another."""

    def decorate(view: Callable[..., Response]) -> Callable[..., Response]:
        @wraps(view)
        def checked(*arguments: Any, **named: Any) -> Response:
            scheme, _, key = request.headers.get("Authorization", "").partition(" ")
            ledger, now = house().desk.ledger, house().now()
            known = known_key(ledger, key) if scheme == "Bearer" and key else None
            if known is None:
                abort(401)
            if scope not in known.scopes:
                abort(403)
            if known.last_used_at is None or now - known.last_used_at > _NOTED_EVERY:
                ledger.write(lambda connection: touch_key(connection, key, now))
            return view(*arguments, **named)

        return checked

    return decorate


@blueprint.post("/decisions")
@scoped("decide")
def decisions() -> Response:
    """Evaluate only: nothing is recorded."""
    asked = read_request(parse_json(request.get_data()))
    desk = house().desk
    order = asked.pop("order")
    found = what_if_of(desk, order, known_memberships(desk.ledger, order.buyer.id), now=house().now(), **asked)
    return json_response(found.document())


@blueprint.get("/groups")
@scoped("read")
def groups() -> Response:
    content = _content()
    return json_response({"version": content.version.number, "groups": [group.document for group in content.ranked()]})


@blueprint.get("/groups/<id>")
@scoped("read")
def group(id: str) -> Response:
    return json_response(_group(id).document)


@blueprint.get("/groups/<id>/policy")
@scoped("read")
def group_policy(id: str) -> Response:
    _group(id)
    return json_response(policy_document(resolve(_content(), (BASE,) if id == BASE else (id, BASE))))


def policy_document(policy: Any) -> dict[str, Any]:
    """A policy with the provenance of every value."""

    def said(provenance: Any) -> dict[str, Any]:
        return {"group": provenance.group, "version": provenance.version}

    return {
        "chain": list(policy.chain),
        "version": policy.version,
        "hash": policy.hash,
        "settings": {
            path: {"value": each.value, "provenance": said(each.provenance)} for path, each in policy.settings.items()
        },
        "rules": {each.id: rule_document(each) | {"provenance": said(each.provenance)} for each in policy.rules},
    }


def read_request(document: object) -> dict[str, Any]:
    """`{"order", "accepted_at"?, "as_of"?, "version"?, "proposal"?, "trace"?}`. Raises Invalid with every fault."""
    if not isinstance(document, dict):
        raise refuse("type", "", "Un objet JSON est attendu.", "A JSON object is expected.")
    faults, asked = Faults(), {}
    for member in document.keys() - _MEMBERS:
        faults.add("unknown_member", f"/{member}", "Ce membre n’existe pas ici.", "There is no such member here.")
    with faults.gather("/order"):
        asked["order"] = _order(document.get("order"))
    for member in ("accepted_at", "as_of"):
        if document.get(member) is not None:
            with faults.gather(f"/{member}"):
                asked[member] = read_moment(document[member])
    version = document.get("version")
    if version is not None:
        if isinstance(version, bool) or not isinstance(version, int) or version < 1:
            faults.add("type", "/version", "Un numéro de version.", "A version number.")
        asked["version"] = version
    proposal = document.get("proposal")
    if proposal is not None:
        if not isinstance(proposal, str):
            faults.add("type", "/proposal", "L’identifiant d’un brouillon.", "A proposal's id.")
        asked["proposal"] = proposal
    asked["trace"] = document.get("trace") is True
    faults.raise_if_any()
    return asked


def read_moment(text: object) -> datetime:
    """An ISO 8601 instant with its zone. Raises Invalid."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise refuse(
            "datetime",
            "",
            "Un instant avec son fuseau, comme « 2021-05-12T10:00:00-04:00 ».",
            'An instant with its zone, such as "2021-05-12T10:00:00-04:00".',
        )
    return moment


def _order(document: object) -> Order:
    try:
        return order_of(document)
    except (msgspec.ValidationError, ValueError, RecursionError) as fault:
        # Slower by far, and only asked to explain; a test rules out that it finds nothing wrong.
        load(ORDER, document)
        raise refuse("order", "", "Cette commande ne se lit pas.", "This order can't be read.") from fault


def _content() -> Any:
    store = house().store
    return store.content(store.in_force(house().now()).number)


def _group(id: str) -> Any:
    found = _content().groups.get(id)
    if found is None:
        abort(404)
    return found

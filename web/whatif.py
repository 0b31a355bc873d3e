"""Et si…: one order decided without being recorded, explained from reasons to due date."""

import json
from datetime import datetime
from typing import Any

import msgspec
from flask import Blueprint, render_template, request

from engine.order import Order, decode_order
from engine.problem import Invalid, refuse
from engine.terms import derivation_document
from orders import queries
from orders.intake import read_order
from orders.whatif import what_if
from rules.proposal import OPEN, SCHEDULED
from web import drafting
from web.explanation import explain
from web.open import house
from web.scenarios import expected_of

blueprint = Blueprint("whatif", __name__, url_prefix="/et-si")
_DRAFT = "brouillon:"


@blueprint.get("")
def show() -> str:
    """An empty form, or one filled from a stored order."""
    key = request.args.get("commande", type=int)
    with house().desk.ledger.reading() as connection:
        row = queries.order_row(connection, key) if key else None
    typed = _typed_from(decode_order(row.body), row.body) if row else _empty()
    working = request.args.get("brouillon") or getattr(drafting.working_in(), "id", None)
    if working:
        typed["version"] = f"{_DRAFT}{working}"
    return _page(typed)


@blueprint.post("")
def try_order() -> Any:
    """Decide what was typed; nothing is recorded and nothing typed is lost."""
    typed = request.form.to_dict()
    desk, now = house().desk, house().now()
    try:
        body = _body(typed)
        order = read_order(body)
        accepted_at = _moment(typed.get("accepted_at", ""))
        with desk.ledger.reading() as connection:
            found = what_if(
                connection,
                desk,
                order,
                now=now,
                accepted_at=accepted_at,
                **_policy(typed.get("version", "")),
                trace=True,
            )
    except Invalid as invalid:
        return _page(typed, problems=invalid.problems), 422
    follows = found.decision.invoice or found.if_accepted
    return _page(
        typed,
        order=order,
        explained=explain(found, order, desk.installation),
        decided_by=found.content,
        follows=follows,
        derivation=derivation_document(follows.due) if follows else None,
        kept={
            "order": body.decode(),
            "expect": msgspec.json.encode(expected_of(found.decision)).decode(),
            "accepted_at": accepted_at.isoformat() if accepted_at else "",
            "etag": drafting.etag(drafting.working_in()),
        },
        document=msgspec.json.format(msgspec.json.encode(found.document()), indent=2).decode(),
    )


def _policy(chosen: str) -> dict[str, Any]:
    """What the list of policies says: a version's number, or `brouillon:` and a proposal's id."""
    if chosen.startswith(_DRAFT):
        return {"proposal": chosen.removeprefix(_DRAFT)}
    return {"version": int(chosen) if chosen.isdecimal() else None}


def _page(typed: dict[str, Any], **found: Any) -> str:
    store = house().store
    content = store.content(store.newest().number)
    with house().desk.ledger.reading() as connection:
        recent = queries.list_orders(connection, limit=12)
    return render_template(
        "whatif.html",
        typed=typed,
        recent=recent,
        content=content,
        versions=list(reversed(store.versions()))[:50],
        drafts=[each for each in store.history().proposals.values() if each.state in (OPEN, SCHEDULED)],
        draft_prefix=_DRAFT,
        **{"problems": (), "explained": None, "derivation": None, "follows": None, **found},
    )


def _empty() -> dict[str, Any]:
    return {"buyer": "", "items": "24", "price": "27.00", "distributor": "", "group": "", "province": "QC", "json": ""}


def _typed_from(order: Order, body: bytes) -> dict[str, Any]:
    return {**_empty(), "json": json.dumps(json.loads(body), ensure_ascii=False, indent=2), "buyer": order.buyer.id}


def _body(typed: dict[str, Any]) -> bytes:
    """The order's JSON: pasted, or made of the short form."""
    if typed.get("json", "").strip():
        return typed["json"].encode()
    items = typed.get("items", "").strip()
    document: dict[str, Any] = {
        "id": "et-si",
        "placed_at": house().now().isoformat(),
        "buyer": {"id": typed.get("buyer", "").strip() or "et-si", "province": typed.get("province") or None},
        "distributor": typed.get("distributor") or None,
        "lines": [
            {
                "sku": "article",
                "quantity": int(items) if items.isdecimal() else items,
                "unit_price": typed.get("price", "").strip().replace(",", "."),
            }
        ],
    }
    if typed.get("group"):
        document["buyer"]["groups"] = [typed["group"]]
    return json.dumps(document).encode()


def _moment(text: str) -> datetime | None:
    """A local date and time of the installation, as the browser's input writes it."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=house().desk.installation.zone)
    except ValueError:
        raise refuse("datetime", "/accepted_at", "Une date et une heure.", "A date and a time.") from None

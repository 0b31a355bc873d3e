"""`/orders`: what came, what was decided about it, and a review by key."""

from typing import Any

import msgspec
from flask import Response
from sqlalchemy import Connection, Row

from houblon.engine.core.money import dollars
from houblon.orders.handling import review
from houblon.orders.handling.changes import history
from houblon.orders.handling.changes import review as change_review
from houblon.orders.invoicing.of_orders import replaced_invoices
from houblon.orders.queries import lists
from houblon.orders.retailers.joins import root_of
from houblon.orders.waiting.redecision import decide_again
from houblon.web.access.audit import by as acting
from houblon.web.api.blueprint import not_found, operation
from houblon.web.api.bodies import Acceptance, OrderListing, Refusal
from houblon.web.api.etags import check_match, tagged
from houblon.web.api.keys import caller
from houblon.web.api.rooms.bounds import beginning_of
from houblon.web.api.rooms.references import of_order, of_recorded
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import json_response
from houblon.web.foundation.paging import linked, page
from houblon.web.orders.entries import decided_again


@operation("GET", "/orders", scope="read", room="Orders", answer="Orders", query=OrderListing)
def list_orders(asked: dict[str, Any]) -> Response:
    """Orders, the newest first"""
    with house().services.ledger.reading() as connection:
        wanted = lists.OrderFilter(
            **{name: asked.get(name) for name in ("state", "source", "order_id")},
            buyer=root_of(connection, asked["buyer"]) if "buyer" in asked else None,
            search=asked["search"],
            since=beginning_of(asked.get("since")),
            until=beginning_of(asked.get("until")),
        )
        found = lists.list_orders(connection, wanted, asked.get("after"), limit=asked["limit"] + 1)
        shown, after = page(found, asked["limit"], lambda row: row.key)
        invoiced = lists.invoices_of_orders(connection, [row.key for row in shown])
    return linked(json_response({"items": [_head(row, invoiced.get(row.key)) for row in shown]}), after)


@operation("GET", "/orders/<int:key>", scope="read", room="Orders", answer="KeptOrder", faults=(404,), etag=True)
def get_order(key: int) -> Response:
    """One order, its decisions and its moves"""
    with house().services.ledger.reading() as connection:
        row = kept_order(connection, key)
        invoice = lists.invoice_of_order(connection, key)
        document = {
            **_head(row, invoice),
            "content": msgspec.json.decode(row.body),
            "content_hash": row.content_hash,
            "invoice": invoice and invoice.number,
            "decisions": [
                {
                    "made_at": each.made_at,
                    "who": each.who,
                    "content_hash": each.content_hash,
                    "document": each.document,
                }
                for each in lists.decisions_of(connection, key)
            ],
            "moves": [
                {"at": each.at, "who": each.who, "before": each.before, "after": each.after, "why": each.why}
                for each in lists.transitions_of(connection, key)
            ],
            "change": change_document(connection, key),
            "former_invoices": [
                {"invoice_key": each.key, "invoice_number": each.number} for each in replaced_invoices(connection, key)
            ],
        }
        etag = order_etag(connection, row)
    return tagged(json_response(document), etag)


@operation(
    "POST",
    "/orders/<int:key>/accept",
    scope="write",
    room="Orders",
    answer="Reviewed",
    body=Acceptance,
    faults=(404,),
    if_match=False,
)
def accept_order(asked: dict[str, Any], key: int) -> Response:
    """Accept a held order; its invoice goes out if its policy says so"""
    seen = seen_order(key).content_hash
    review.accept(house().services, key, by=caller(), at=house().now(), why=asked["why"], seen=seen)
    return reviewed(key)


@operation(
    "POST",
    "/orders/<int:key>/refuse",
    scope="write",
    room="Orders",
    answer="Reviewed",
    body=Refusal,
    faults=(404,),
    if_match=False,
)
def refuse_order(asked: dict[str, Any], key: int) -> Response:
    """Refuse a held order, with the reason that its history keeps"""
    seen = seen_order(key).content_hash
    review.refuse(house().services, key, by=caller(), at=house().now(), why=asked["why"], seen=seen)
    return reviewed(key)


@operation(
    "POST",
    "/orders/<int:key>/decide-again",
    scope="write",
    room="Orders",
    answer="DecidedAgain",
    faults=(404,),
    if_match=False,
)
def decide_order_again(key: int) -> Response:
    """Decide a held order by the policy in force: accepted where that accepts it, and held as it was otherwise"""
    seen, by = seen_order(key).content_hash, acting(house(), caller())
    done = decide_again(house().services, key, by=by.who, at=by.at, seen=seen, entry_of=decided_again(by))
    with house().services.ledger.reading() as connection:
        found = of_recorded(connection, key)
    return json_response({"key": key, "invoice": done.invoice, **found, "decision": done.document})


def seen_order(key: int) -> Row[Any]:
    """The order that an act is about: the one that the caller read, where it says so. 412 when it is another now."""
    with house().services.ledger.reading() as connection:
        row = kept_order(connection, key)
        etag = order_etag(connection, row)
    check_match(etag)
    return row


def kept_order(connection: Connection, key: int) -> Row[Any]:
    return lists.order_row(connection, key) or not_found()


def order_etag(connection: Connection, row: Row[Any]) -> str:
    """What the order says and how it stands, and the change of it that waits."""
    change = history.waiting_change(connection, row.key)
    return f"{row.state}.{row.content_hash}" + (f".{change.key}" if change else "")


def reviewed(key: int) -> Response:
    """The order after an act, and its invoice."""
    with house().services.ledger.reading() as connection:
        found = of_recorded(connection, key)
    return json_response({"key": key, "invoice": found.get("invoice_number"), **found})


def _head(row: Row[Any], invoice: Row[Any] | None) -> dict[str, Any]:
    return {
        "key": row.key,
        **of_order(row, invoice),
        "state": row.state,
        "buyer": row.retailer_id,
        "order_value": dollars(row.order_value),
        "item_count": row.item_count,
        "placed_at": row.placed_at,
        "received_at": row.received_at,
    }


def change_document(connection: Connection, key: int) -> dict[str, Any] | None:
    """The change of an order that waits, beside what stands."""
    shown = change_review.shown(connection, house().services, key, house().now())
    if shown is None:
        return None
    decided = lists.decision_row(connection, shown.row.decision_key)
    totals = {"total_before": shown.invoice_before, "total_after": shown.invoice_after}
    return {
        "received_at": shown.row.at,
        "content": msgspec.json.decode(shown.row.body),
        "content_hash": shown.row.content_hash,
        "decision": decided.document,
        "lines": [_beside(each) for each in shown.lines],
        "difference": dollars(shown.difference),
        **{name: None if cents is None else dollars(cents) for name, cents in totals.items()},
        "barred": shown.barred and shown.barred.code,
    }


def _beside(pair: change_review.LineChange) -> dict[str, Any]:
    found: dict[str, Any] = {"sku": (pair.after or pair.before).sku}  # type: ignore[union-attr]
    for side, line in (("before", pair.before), ("after", pair.after)):
        found[f"quantity_{side}"] = line and line.quantity
        found[f"value_{side}"] = line and dollars(line.value)
    return found

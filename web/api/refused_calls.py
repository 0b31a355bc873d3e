"""`/refused-calls`: what sources signed and sent, and could not be recorded."""

from typing import Any

from flask import Response
from sqlalchemy import Row

from houblon.orders.handling.order_writer import IngestResult
from houblon.orders.handling.sender_news import Heard
from houblon.orders.intake import refused_calls
from houblon.web.access.audit import by as acting
from houblon.web.admin.call_acts import dismiss_call, retry_call
from houblon.web.api.blueprint import not_found, operation
from houblon.web.api.bodies import RefusedListing
from houblon.web.api.keys import caller
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import json_response, spoken
from houblon.web.foundation.paging import linked, page


@operation("GET", "/refused-calls", scope="read", room="Orders", answer="RefusedCalls", query=RefusedListing)
def list_refused_calls(asked: dict[str, Any]) -> Response:
    """Signed calls that could not be recorded and wait for a person, the newest first"""
    with house().services.ledger.reading() as connection:
        found = refused_calls.list_waiting(connection, asked["source"] or None, asked.get("after"), asked["limit"] + 1)
    shown, after = page(found, asked["limit"], lambda row: row.key)
    return linked(json_response({"items": [_item(row) for row in shown]}), after)


@operation(
    "POST",
    "/refused-calls/<int:key>/retry",
    scope="write",
    room="Orders",
    answer="RetriedCall",
    faults=(404,),
)
def retry_refused_call(key: int) -> Response:
    """Read a refused call as its source is read now, and record it as if it came"""
    with house().services.ledger.reading() as connection:
        row = refused_calls.find(connection, key) or not_found()
    tried = retry_call(house(), acting(house(), caller()), key) or not_found()
    errors = [each.as_json(spoken()) for each in tried.problems]
    order_id = row.order_id if tried.result is None else tried.result.order_id
    document = {
        **{"key": key, "source": row.source, "order_id": order_id},
        **{"recorded": tried.result is not None, "state": _state(tried.result), "errors": errors},
    }
    return json_response(document)


@operation(
    "POST",
    "/refused-calls/<int:key>/dismiss",
    scope="write",
    room="Orders",
    answer="DismissedCall",
    faults=(404,),
)
def dismiss_refused_call(key: int) -> Response:
    """Put a refused call aside, for good: somebody saw to it otherwise"""
    by = acting(house(), caller())
    row = house().services.ledger.write(lambda connection: dismiss_call(connection, by, key))
    if row is None:
        not_found()
    return json_response({"key": key, "source": row.source, "order_id": row.order_id})


def _state(result: IngestResult | Heard | None) -> str | None:
    """What became of the order; None where it is not recorded."""
    if result is None:
        return None
    return result.outcome if isinstance(result, IngestResult) else result.state


def _item(row: Row[Any]) -> dict[str, Any]:
    return {
        "key": row.key,
        "source": row.source,
        "topic": row.topic or None,
        "at": row.at,
        "last_at": row.last_at,
        "count": row.count,
        "order_id": row.order_id,
        "errors": [each.as_json(spoken()) for each in refused_calls.faults_of(row)],
    }

"""`/refused-calls`: what sources signed and sent, and could not be recorded."""

from typing import Any

from flask import Response
from sqlalchemy import Row

from houblon.orders.intake import refused_calls
from houblon.web.api.blueprint import operation
from houblon.web.api.bodies import RefusedListing
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

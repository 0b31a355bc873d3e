"""`/decisions`: evaluate only, one order or up to a thousand; nothing is recorded."""

from flask import Response, request

from houblon.web.api.blueprint import operation
from houblon.web.api.decision_handler import decide as decision
from houblon.web.foundation.answers import JSON
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import spoken

_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {"oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("AskedOne", "AskedMany")]}
        }
    },
}


@operation("POST", "/decisions", scope="decide", room="Decisions", answer="DecisionOrDecisions", request_body=_BODY)
def decide() -> Response:
    """Decide an order, or up to 1,000, without recording anything

    One order is answered with its decision, a batch with a list in the order of its orders.
    """
    return Response(decision(house(), request.get_data(), spoken()), content_type=JSON)

"""`POST /orders`: an order that somebody enters by key, recorded as one that came by a door."""

from flask import Response, request, url_for

from houblon.orders.handling.by_hand import enter
from houblon.orders.handling.order_writer import answer_document
from houblon.orders.intake.decode import read_order
from houblon.web.access.audit import by as acting
from houblon.web.api.blueprint import operation
from houblon.web.api.keys import caller
from houblon.web.foundation import metrics
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import json_response

_BODY = {
    "required": True,
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}},
}


@operation(
    "POST",
    "/orders",
    scope="write",
    room="Orders",
    answer="RecordedDecision",
    status=201,
    again=200,
    request_body=_BODY,
)
def enter_order() -> Response:
    """Record an order as one that came by a door, and do all that its decision asks

    Its source is `saisie`. The same order again is answered 200 with the decision that it got; other content is decided
    anew while the order is held, and is a conflict later.
    """
    body, by = request.get_data(), acting(house(), caller())
    done = enter(house().services, body, read_order(body), by=by.who, where=by.source, at=by.at)
    received = done.received
    if not received.replayed:
        metrics.decided("api", received.document["outcome"])
    response = json_response(answer_document(done.incoming, received), 200 if received.replayed else 201)
    response.headers["Location"] = url_for("api.get_order", key=received.order_key)
    return response

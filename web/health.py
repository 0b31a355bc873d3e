"""`/healthz` and `/readyz`, for machines."""

from flask import Blueprint, Response

from orders.ledger import prove
from web.errors import json_response
from web.open import house

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> Response:
    return json_response({"status": "ok"})


@blueprint.get("/readyz")
def ready() -> Response:
    """Whether something can be written and made to last, and a policy is in force."""
    house().desk.ledger.write(prove)
    version = house().store.in_force(house().now()).number
    return json_response({"status": "ok", "version": version})

"""The OpenAPI 3.1 document of the API, made of the shapes that are answered and the schemas that are read."""

from typing import Any

import msgspec
from flask import Flask, Response, current_app
from flask_smorest import Api
from flask_wtf.csrf import CSRFProtect

from houblon.engine.core.money import Cents, Price
from houblon.engine.core.order import Order
from houblon.web.api import shapes
from houblon.web.api.blueprint import blueprint, check_query
from houblon.web.api.decision_handler import AskedMany, AskedOne
from houblon.web.api.events import Events
from houblon.web.api.keys import RATES
from houblon.web.api.rates import Rates
from houblon.web.api.rooms import invoice_shapes, order_shapes, record_shapes, refused_shapes
from houblon.web.foundation.composition import House
from houblon.web.foundation.errors import json_response

_DOCUMENT = "houblon.openapi"
_REF = "#/components/schemas/{name}"
_MONEY = r"^-?\d{1,12}(\.\d{1,2})?$"
_PRICE = r"^\d{1,12}(\.\d{1,2})?$"
_ANSWERS = (
    shapes.Problem,
    shapes.Decision,
    shapes.NotDecided,
    shapes.Group,
    shapes.Version,
    shapes.Groups,
    shapes.Policy,
    shapes.Documents,
    shapes.Versions,
    shapes.VersionContent,
    shapes.Proposals,
    shapes.Proposal,
    Order,
    order_shapes.Orders,
    order_shapes.KeptOrder,
    order_shapes.Reviewed,
    order_shapes.RecordedDecision,
    Events,
    refused_shapes.RefusedCalls,
    invoice_shapes.Invoices,
    invoice_shapes.Invoice,
    invoice_shapes.Credited,
    invoice_shapes.Paid,
    invoice_shapes.Delivered,
    invoice_shapes.Cancelled,
    invoice_shapes.Planned,
    invoice_shapes.Invoiced,
    record_shapes.Retailers,
    record_shapes.Retailer,
    record_shapes.Messages,
    record_shapes.Message,
    record_shapes.AuditEntries,
    record_shapes.Overview,
    record_shapes.Comparison,
    shapes.Simulations,
    shapes.Simulation,
    shapes.SimulationReport,
    AskedOne,
    AskedMany,
)
_DESCRIPTION = """Decisions about orders, and the policies that make them.

Authorize with `Authorization: Bearer KEY`; a key has scopes: `decide`, `read`, `write`, and `approve` for
what puts policies in force. Money is a decimal string
with two places, instants carry their zone. Refusals are RFC 9457 problems that list every fault."""


class HoublonApi(Api):  # type: ignore[misc]  # flask-smorest has no types
    """flask-smorest's API, with the house's own answers to faults."""

    def _register_error_handlers(self) -> None:
        """`web/foundation/errors.py` answers every fault of the app already."""

    def _register_responses(self) -> None:
        """Every refusal has one shape; operations name those that they are likely to give."""
        content = {"application/problem+json": {"schema": {"$ref": _REF.format(name="Problem")}}}
        self.spec.components.response(self.DEFAULT_ERROR_RESPONSE_NAME, {"description": "Refused.", "content": content})


def register(app: Flask, csrf: CSRFProtect, house: House) -> None:
    """Put the API on the app, and its document at `/api/v1/openapi.json`."""
    settings = house.settings
    app.extensions[RATES] = Rates(settings.decision_rate, settings.api_rate)
    csrf.exempt(blueprint)
    api = HoublonApi(
        app,
        spec_kwargs={
            "title": "Houblon",
            "version": "1.0.0",
            "openapi_version": "3.1.0",
            "info": {"description": _DESCRIPTION},
            "servers": [{"url": "/"}],
        },
    )
    for name, schema in components().items():
        api.spec.components.schema(name, schema, lazy=False)
    api.spec.components.security_scheme("key", {"type": "http", "scheme": "bearer"})
    api.register_blueprint(blueprint)
    app.extensions[_DOCUMENT] = _finished(api.spec.to_dict())
    # Beside the blueprint's own routes: the document does not describe itself.
    app.add_url_rule("/api/v1/openapi.json", "api.openapi", openapi)


def components() -> dict[str, Any]:
    """The JSON schemas of all shapes, by name."""
    _, found = msgspec.json.schema_components(_ANSWERS, schema_hook=_money_schema, ref_template=_REF)
    return found | _unions()


def _unions() -> dict[str, Any]:
    """What is one of two shapes, which a struct can't say."""

    def either(*names: str) -> dict[str, Any]:
        return {"anyOf": [{"$ref": _REF.format(name=name)} for name in names]}

    items = {"type": "array", "items": either("Decision", "NotDecided")}
    return {
        "Decisions": {
            "title": "Decisions",
            "description": "The answers to a batch, in the order of its orders.",
            "type": "object",
            "properties": {"decisions": items},
            "required": ["decisions"],
        },
        "DecisionOrDecisions": either("Decision", "Decisions"),
        "Pdf": {"type": "string", "contentMediaType": "application/pdf"},
        "Document": {"type": "object", "description": "A document as a bundle writes it."},
    }


def document() -> dict[str, Any]:
    """The document of the running app."""
    found: dict[str, Any] = current_app.extensions[_DOCUMENT]
    return found


def _finished(document: dict[str, Any]) -> dict[str, Any]:
    """The document without tags that no operation has."""
    operations = [each for path in document["paths"].values() for each in path.values() if isinstance(each, dict)]
    used = {tag for each in operations for tag in each.get("tags", ())}
    document["tags"] = [{"name": name} for name in sorted(used)]
    return document


def _money_schema(kind: type) -> dict[str, Any]:
    if kind in (Price, Cents):
        return {"type": "string", "pattern": _PRICE if kind is Price else _MONEY}
    raise NotImplementedError(kind)


def openapi() -> Response:
    """`GET /api/v1/openapi.json`."""
    check_query()
    return json_response(document())

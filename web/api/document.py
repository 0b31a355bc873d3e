"""The OpenAPI 3.1 document of the API, made of the shapes that are answered and the schemas that are read."""

from functools import cache
from typing import Any

import msgspec
from flask import Flask, Response
from flask_smorest import Api
from flask_wtf.csrf import CSRFProtect

from houblon.engine.core.money import Cents, Price
from houblon.engine.core.order import Order
from houblon.simulation.report.exports import TYPES
from houblon.web.api import shapes
from houblon.web.api.blueprint import blueprint, check_query
from houblon.web.api.connections import shapes as connection_shapes
from houblon.web.api.decision_handler import AskedMany, AskedOne
from houblon.web.api.events import Events
from houblon.web.api.keys import RATES
from houblon.web.api.rates import Rates
from houblon.web.api.receivables import bank_shapes, disputes, exports, reminders, statements
from houblon.web.api.rooms import (
    invoice_shapes,
    joining_shapes,
    order_shapes,
    products,
    record_shapes,
    refused_shapes,
)
from houblon.web.api.simulations import shapes as simulation_shapes
from houblon.web.api.spec import events as event_shapes
from houblon.web.api.spec.examples import add_examples
from houblon.web.api.spec.orders import bounded
from houblon.web.api.spec.policies import policy_schemas, with_values
from houblon.web.foundation import paging
from houblon.web.foundation.composition import House
from houblon.web.foundation.errors import json_response

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
    shapes.Cycles,
    shapes.Scenarios,
    shapes.Guardrails,
    shapes.Proofs,
    shapes.PolicyComparison,
    shapes.Versions,
    shapes.VersionContent,
    shapes.Proposals,
    shapes.Proposal,
    Order,
    order_shapes.Orders,
    order_shapes.KeptOrder,
    order_shapes.Reviewed,
    order_shapes.DecidedAgain,
    order_shapes.ChangeSettled,
    order_shapes.RecordedDecision,
    Events,
    *refused_shapes.ANSWERS,
    *invoice_shapes.ANSWERS,
    *exports.ANSWERS,
    *bank_shapes.ANSWERS,
    statements.AccountStatement,
    *record_shapes.ANSWERS,
    *joining_shapes.ANSWERS,
    *products.ANSWERS,
    *reminders.SHAPES,
    *disputes.SHAPES,
    *simulation_shapes.ANSWERS,
    *connection_shapes.ANSWERS,
    *event_shapes.SHAPES,
    AskedOne,
    AskedMany,
)
# What each scope lets a key do: the security scheme tells it, and every operation names its own.
SCOPE_TEXTS = {
    "decide": "decide orders without recording anything",
    "read": "read everything but secrets",
    "write": "change what is not yet in force, and what follows from decisions",
    "approve": "approve, publish, schedule and withdraw what puts policies in force",
    "metrics": "read `/metrics` and nothing else",
}
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
    app.register_blueprint(blueprint)
    # Beside the blueprint's own routes: the document does not describe itself.
    app.add_url_rule("/api/v1/openapi.json", "api.openapi", openapi)


@cache
def document() -> dict[str, Any]:
    """The document: the same for every installation, and made when somebody first asks, not by every command's start."""
    described = Flask("houblon.web")
    paging.register(described)
    api = HoublonApi(
        described,
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
    scopes = "; ".join(f"`{scope}`: {text}" for scope, text in SCOPE_TEXTS.items())
    scheme = {"type": "http", "scheme": "bearer", "description": f"A key, by its scopes: {scopes}."}
    api.spec.components.security_scheme("key", scheme)
    api.register_blueprint(blueprint)
    return _finished(api.spec.to_dict())


def components() -> dict[str, Any]:
    """The JSON schemas of all shapes, by name."""
    _, found = msgspec.json.schema_components(_ANSWERS, schema_hook=_money_schema, ref_template=_REF)
    parts = (found, policy_schemas(), event_shapes.event_schemas(), _unions())
    together = {name: schema for part in parts for name, schema in part.items()}
    assert len(together) == sum(map(len, parts)), "two shapes of one name"
    return with_values(bounded(together))


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
        "Workbook": {"type": "string", "contentMediaType": TYPES["xlsx"]},
        "Csv": {"type": "string", "contentMediaType": TYPES["csv"]},
    }


def _finished(document: dict[str, Any]) -> dict[str, Any]:
    """The document with its examples, without tags that no operation has and shapes that nothing refers to."""
    document["webhooks"] = event_shapes.webhooks()
    operations = [each for path in document["paths"].values() for each in path.values() if isinstance(each, dict)]
    used = {tag for each in operations for tag in each.get("tags", ())}
    document["tags"] = [{"name": name} for name in sorted({*used, "Webhooks"})]
    schemas, said = document["components"]["schemas"], msgspec.json.encode(document)
    unused = [name for name in schemas if f'"{_REF.format(name=name)}"'.encode() not in said]
    for name in unused:
        del schemas[name]
    add_examples(document)
    return document


def _money_schema(kind: type) -> dict[str, Any]:
    if kind in (Price, Cents):
        return {"type": "string", "pattern": _PRICE if kind is Price else _MONEY}
    raise NotImplementedError(kind)


def openapi() -> Response:
    """`GET /api/v1/openapi.json`."""
    check_query()
    return json_response(document())

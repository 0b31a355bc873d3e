"""The OpenAPI document says the type of everything, and says it as the code that checks does."""

import json

import pytest

from houblon.engine.conditions.vocabulary import ACTIONS, FACTS
from houblon.engine.policy.settings import SETTINGS
from houblon.engine.schedule import cycle
from houblon.orders.credentials.credentials import SCOPES
from houblon.orders.events.catalogue import EVENTS, TEST_EVENT
from houblon.rules.model.schema import ExpectationSchema, GroupSchema, GuardrailSchema, ScenarioSchema
from tests.test_docs import blocks
from tests.web.api.test_examples import check

# What may hold anything, by design: what a statement says is what its path takes.
ANYTHING = {"StatementValue", "AuditValue", "MappingRule", "MappingParts", "PayloadValue"}


@pytest.fixture
def spec(place):
    return place.client().get("/api/v1/openapi.json").json


def untyped(schema, where):
    """Where a schema lets anything pass: objects without members, members without a type."""
    if isinstance(schema, list):
        for place, each in enumerate(schema):
            yield from untyped(each, f"{where}/{place}")
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "object" and not schema.get("properties"):
        of = schema.get("additionalProperties")
        if not isinstance(of, dict) or not of:
            yield where
    for name, each in schema.items():
        if name == "properties":
            yield from (
                f"{where}/{member}" for member, said in each.items() if not set(said) - {"description", "title"}
            )
        if name not in ("example", "examples"):
            yield from untyped(each, f"{where}/{name}")


def test_nothing_is_untyped_but_what_is_anything_by_design(spec):
    schemas = spec["components"]["schemas"]
    found = [*untyped(schemas, ""), *untyped(spec["paths"], "")]
    assert found == []
    bare = {name for name, each in schemas.items() if not {"type", "anyOf", "oneOf", "$ref"} & set(each)}
    assert bare == ANYTHING and all(schemas[name]["description"] for name in bare)


def test_documents_have_the_members_that_their_readers_know(spec):
    schemas = spec["components"]["schemas"]

    def members(name):
        return set(schemas[name]["properties"])

    assert members("NewGroup") == set(GroupSchema().fields)
    assert members("Scenario") == set(ScenarioSchema().fields) and members("Expectation") == set(
        ExpectationSchema().fields
    )
    assert members("Guardrail") == set(GuardrailSchema().fields)
    assert members("Cycle") == set(cycle.Cycle.__struct_fields__)
    assert members("GroupSettings") == members("PolicySettings") == set(SETTINGS)
    assert members("Facts") == set(FACTS) and members("ActionParams") == {
        param.name for action in ACTIONS.values() for param in action.params
    }


def test_every_amount_is_a_decimal_string_with_its_pattern(spec):
    schemas = spec["components"]["schemas"]
    amounts = {"total", "order_value", "unit_price", "discount", "deposit", "amount", "subtotal", "taxable_amount"}
    for name, schema in schemas.items():
        for member, said in schema.get("properties", {}).items():
            if member in amounts:
                kinds = said.get("anyOf", [said])
                assert all(each["type"] == "null" or each.get("pattern") for each in kinds), (name, member)
    assert schemas["PrintedTax"]["properties"]["amount"]["type"] == "string"


def test_an_order_is_told_with_all_its_members_and_how_long_they_may_be(spec):
    schemas = spec["components"]["schemas"]
    assert {"charges", "payment", "stated_total", "tax_exempt", "tax_exempt_reason", "status"} <= set(
        schemas["Order"]["properties"]
    )
    assert {"country", "company", "po_number"} <= set(schemas["Buyer"]["properties"])
    assert {"deposit_taxable", "tax_exempt"} <= set(schemas["Line"]["properties"])
    assert schemas["Charge"]["properties"]["kind"]["enum"] == sorted(
        ["shipping", "fee", "discount", "tip", "gift_card"]
    )
    assert schemas["Order"]["properties"]["note"]["anyOf"][0]["maxLength"] == 5_000
    for shape, content in (("KeptOrder", "content"), ("AskedOne", "order"), ("Scenario", "order")):
        assert schemas[shape]["properties"][content] == {"$ref": "#/components/schemas/Order"}


def test_each_event_is_a_webhook_with_the_example_of_its_page(spec):
    shown = {document["type"]: document for document in map(json.loads, blocks("webhooks.md", "json"))}
    assert list(spec["webhooks"]) == [*EVENTS, TEST_EVENT]
    for kind, item in spec["webhooks"].items():
        taken = item["post"]["requestBody"]["content"]["application/json"]
        assert taken["example"] == shown[kind], kind
        check(spec, taken["schema"], taken["example"], kind)
        shape = spec["components"]["schemas"][taken["schema"]["properties"]["data"]["$ref"].rpartition("/")[2]]
        assert set(shown[kind]["data"]) <= set(shape["properties"]), kind
    listed = spec["components"]["schemas"]["ListedEvent"]["properties"]
    assert listed["type"]["enum"] == list(EVENTS) and listed["data"] == {"$ref": "#/components/schemas/EventData"}


def test_each_operation_tells_its_scope_and_the_scheme_what_scopes_are(spec):
    described = spec["components"]["securitySchemes"]["key"]["description"]
    assert all(f"`{scope}`: " in described for scope in SCOPES) and described.count(": ") == len(SCOPES) + 1
    for item in spec["paths"].values():
        for operation in (each for name, each in item.items() if name != "parameters"):
            [scope] = operation["security"][0]["key"]
            assert scope in SCOPES and f"`{scope}`" in operation["responses"]["403"]["description"]

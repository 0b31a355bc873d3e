"""JSON schemas of how a source's payloads are read: docs/shops.md in types."""

from houblon.orders.intake.mapping import FORMAT, PARTS
from houblon.web.api.spec.schemas import Schema, an_object, ref


def mapping_schemas() -> dict[str, Schema]:
    """A mapping by its parts; a rule and a payload may be anything that the sender's own form asks for."""

    def rules(part: str) -> Schema:
        return an_object({member: ref("MappingRule") for member in sorted(PARTS[part])})

    members: dict[str, Schema] = {
        "houblon_mapping": {"type": "integer", "const": FORMAT},
        **{part: rules(part) for part in PARTS if part not in ("lines", "charges")},
        "lines_from": ref("MappingRule"),
        "lines_but": ref("MappingRule"),
        "lines": ref("MappingParts"),
        "charges": ref("MappingParts"),
    }
    return {
        "Mapping": an_object(
            members,
            ("houblon_mapping", "order", "buyer", "lines"),
            "How a payload becomes an order: for each of its members the rule that finds its value (docs/shops.md).",
        ),
        "MappingRule": {
            "title": "MappingRule",
            "description": "How a value is found: a path in the payload, or an object of one of the forms of "
            "docs/shops.md. Anything, by design: forms hold other rules and constants of the sender's.",
        },
        "MappingParts": {
            "title": "MappingParts",
            "description": "Rules for what an order has several of: an object of rules, or a list of "
            '`{"from": rule, "of": rules}`. Anything, by design, as its rules are.',
        },
        "PayloadValue": {
            "title": "PayloadValue",
            "description": "What a sender sends, or a part of it. Anything, by design: it is the sender's own form.",
        },
    }

"""How JSON schemas are put together."""

from collections.abc import Mapping
from typing import Any

from houblon.web.api.spec.types import SCHEMAS

Schema = dict[str, Any]


def ref(name: str) -> Schema:
    return {"$ref": SCHEMAS + name}


def or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def an_object(
    properties: Mapping[str, Schema], required: tuple[str, ...] = (), description: str = "", **more: Any
) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        **({"required": list(required)} if required else {}),
        **({"description": description} if description else {}),
        **more,
    }

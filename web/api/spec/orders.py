"""An order's schema with all that its door asks: lengths, which the decoder leaves to orders/intake/decode.py."""

from collections.abc import Mapping
from typing import Any

from houblon.orders.intake.decode import (
    BUYER_LENGTHS,
    CHARGE_LENGTHS,
    LENGTHS,
    LINE_LENGTHS,
    MAX_GROUP,
    MAX_GROUPS,
    PAYMENT_LENGTHS,
)

_LENGTHS: Mapping[str, Mapping[str, int]] = {
    "Order": LENGTHS,
    "Buyer": BUYER_LENGTHS,
    "Line": LINE_LENGTHS,
    "Charge": CHARGE_LENGTHS,
    "Payment": PAYMENT_LENGTHS,
}


def bounded(schemas: dict[str, Any]) -> dict[str, Any]:
    """The schemas with the lengths of an order's texts, and how many groups it may claim."""
    for shape, lengths in _LENGTHS.items():
        for member, most in lengths.items():
            _of_type(schemas[shape]["properties"][member], "string")["maxLength"] = most
    groups = _of_type(schemas["Buyer"]["properties"]["groups"], "array")
    groups["maxItems"] = MAX_GROUPS
    groups["items"]["maxLength"] = MAX_GROUP
    return schemas


def _of_type(schema: dict[str, Any], kind: str) -> dict[str, Any]:
    """The alternative of a schema that is of this type, beside null."""
    found: dict[str, Any] = next(each for each in schema["anyOf"] if each.get("type") == kind)
    return found

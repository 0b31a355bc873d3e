"""Types of members in shapes: money, days, and documents whose schemas `policies.py` makes of the vocabulary."""

from typing import Annotated, Any

import msgspec

SCHEMAS = "#/components/schemas/"
Hash = Annotated[str, msgspec.Meta(pattern="^sha256:[0-9a-f]{64}$")]
Key = Annotated[int, msgspec.Meta(ge=1)]
Day = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Money = Annotated[str, msgspec.Meta(pattern=r"^-?\d+\.\d{2}$", description="A decimal string with two places.")]


def _named(name: str) -> msgspec.Meta:
    return msgspec.Meta(extra_json_schema={"$ref": SCHEMAS + name})


Actions = Annotated[list[Any], msgspec.Meta(extra_json_schema={"items": {"$ref": f"{SCHEMAS}Action"}})]
AuditValue = Annotated[Any, _named("AuditValue")]
Condition = Annotated[Any, _named("Condition")]
Cycle = Annotated[Any, _named("Cycle")]
EventData = Annotated[Any, _named("EventData")]
Facts = Annotated[Any, _named("Facts")]
FactValue = Annotated[Any, _named("FactValue")]
GroupRules = Annotated[Any, _named("GroupRules")]
Mapping = Annotated[Any, _named("Mapping")]
PayloadValue = Annotated[Any, _named("PayloadValue")]
GroupSettings = Annotated[Any, _named("GroupSettings")]
Guardrail = Annotated[Any, _named("Guardrail")]
OrderAsSent = Annotated[Any, _named("Order")]
PolicySettings = Annotated[Any, _named("PolicySettings")]
Scenario = Annotated[Any, _named("Scenario")]
StatementValue = Annotated[Any, _named("StatementValue")]
SentData = Annotated[Any, _named("SentData")]
Terms = Annotated[Any, _named("Terms")]

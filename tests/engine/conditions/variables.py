"""business-rules variables classes made from a table of names, types and values."""

from typing import Any

from business_rules.variables import BaseVariables, rule_variable

from houblon.engine.conditions.vocabulary import FIELD_TYPES, Kind


def variables_class(table: dict[str, dict[str, Any]]) -> type[BaseVariables]:
    """A class whose variables answer the table's values: `{name: {"type", "value"}}`."""
    return type("Variables", (BaseVariables,), {name: _variable(each) for name, each in table.items()})


def _variable(each: dict[str, Any]) -> Any:
    return rule_variable(FIELD_TYPES[Kind(each["type"])])(lambda self: each["value"])

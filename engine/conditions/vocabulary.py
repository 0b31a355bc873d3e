"""What a rule can speak of: facts, operators and actions, as business-rules classes."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import msgspec
from business_rules.actions import BaseActions, rule_action
from business_rules.fields import FIELD_NUMERIC, FIELD_TEXT
from business_rules.operators import (
    BaseType,
    BooleanType,
    NumericType,
    SelectMultipleType,
    SelectType,
    StringType,
)
from business_rules.variables import BaseVariables, rule_variable

from houblon.engine.conditions.labels import ACTION_LABELS, FACT_LABELS, OPERATOR_LABELS, OPTION_LABELS
from houblon.engine.core.money import as_decimal
from houblon.engine.core.order import WEEKDAYS, Facts
from houblon.engine.core.problem import Text


class Kind(StrEnum):
    """The five types of business-rules."""

    NUMERIC = "numeric"
    BOOLEAN = "boolean"
    STRING = "string"
    SELECT = "select"
    SELECT_MULTIPLE = "select_multiple"


FIELD_TYPES: Mapping[Kind, type[BaseType]] = MappingProxyType(
    {
        Kind.NUMERIC: NumericType,
        Kind.BOOLEAN: BooleanType,
        Kind.STRING: StringType,
        Kind.SELECT: SelectType,
        Kind.SELECT_MULTIPLE: SelectMultipleType,
    }
)

# The one table of which operator exists for which type; any other name is refused.
OPERATORS: Mapping[Kind, tuple[str, ...]] = MappingProxyType(
    {
        Kind.NUMERIC: (
            "equal_to",
            "greater_than",
            "greater_than_or_equal_to",
            "less_than",
            "less_than_or_equal_to",
        ),
        Kind.BOOLEAN: ("is_true", "is_false"),
        Kind.STRING: (
            "equal_to",
            "equal_to_case_insensitive",
            "starts_with",
            "ends_with",
            "contains",
            "matches_regex",
            "non_empty",
        ),
        Kind.SELECT: ("contains", "does_not_contain"),
        Kind.SELECT_MULTIPLE: (
            "contains_all",
            "is_contained_by",
            "shares_at_least_one_element_with",
            "shares_exactly_one_element_with",
            "shares_no_elements_with",
        ),
    }
)
NO_INPUT = frozenset({"is_true", "is_false", "non_empty"})


class Fact(msgspec.Struct, frozen=True):
    """A typed value of an order. `unit`: cents, items, lines, days, hours; None where there is none.

    `scale` is how many stored units make one unit of a rule's value: money is kept in cents and
    written in dollars. `known` says that every order carries the fact.
    """

    name: str
    kind: Kind
    label: Text
    help: Text
    unit: str | None = None
    scale: int = 1
    known: bool = False
    options: tuple[str, ...] = ()
    closed: bool = False


_N, _B, _S, _C, _M = Kind.NUMERIC, Kind.BOOLEAN, Kind.STRING, Kind.SELECT, Kind.SELECT_MULTIPLE
_MONEY: Mapping[str, Any] = {"unit": "cents", "scale": 100}
_PROVINCES = ("QC", "ON", "NB", "NS", "PE", "NL", "MB", "SK", "AB", "BC", "YT", "NT", "NU")


def _fact(name: str, kind: Kind, **more: Any) -> Fact:
    return Fact(name, kind, *FACT_LABELS[name], **more)


FACTS: Mapping[str, Fact] = MappingProxyType(
    {
        fact.name: fact
        for fact in (
            _fact("order_value", _N, known=True, **_MONEY),
            _fact("item_count", _N, known=True, unit="items"),
            _fact("line_count", _N, known=True, unit="lines"),
            _fact("largest_line_value", _N, known=True, **_MONEY),
            _fact("overdue_balance", _N, **_MONEY),
            _fact("days_overdue", _N, unit="days"),
            _fact("outstanding_balance", _N, **_MONEY),
            _fact("credit_limit", _N, **_MONEY),
            _fact("credit_available", _N, **_MONEY),
            _fact("lead_days", _N, unit="days"),
            _fact("placed_hour", _N, known=True, unit="hours"),
            _fact("is_first_order", _B),
            _fact("all_available", _B, known=True),
            _fact("has_planned_delivery", _B, known=True),
            _fact("buyer_id", _S, known=True),
            _fact("note", _S, known=True),
            _fact("province", _C, options=_PROVINCES),
            _fact("distributor", _C),
            _fact("delivery_method", _C, options=("distributor", "self_delivery", "pickup")),
            _fact("source", _C, options=("retailer", "representative", "shopify", "woocommerce")),
            _fact("placed_weekday", _C, known=True, options=WEEKDAYS, closed=True),
            _fact("buyer_groups", _M, known=True),
            _fact("categories", _M),
            _fact("skus", _M, known=True),
            _fact("charges_value", _N, known=True, **_MONEY),
            _fact("is_paid", _B),
            _fact("country", _C, options=("CA", "US", "FR")),
        )
    }
)


class Param(msgspec.Struct, frozen=True):
    """A parameter of an action: `code` (a reason or label), `days` or `text`."""

    name: str
    kind: str


class ActionKind(msgspec.Struct, frozen=True):
    """What a rule that people write may do; `accept` isn't among them, it belongs to the mode."""

    name: str
    label: Text
    params: tuple[Param, ...]


_REASON = (Param("reason", "code"),)
ACTIONS: Mapping[str, ActionKind] = MappingProxyType(
    {
        name: ActionKind(name, ACTION_LABELS[name], params)
        for name, params in (
            ("hold", _REASON),
            ("refuse", _REASON),
            ("waive_minimums", _REASON),
            ("set_terms", (Param("days", "days"),)),
            ("withhold_invoice", _REASON),
            ("notify_team", (Param("channel", "text"),)),
            ("tag", (Param("label", "text"),)),
        )
    }
)


def _variable(fact: Fact) -> Any:
    """The business-rules variable of one fact: dollars for money, a list of one for a select."""

    def read(variables: "OrderVariables") -> Any:
        value = getattr(variables.facts, fact.name)
        if value is None:
            raise LookupError(f"the order does not carry {fact.name}")
        if fact.unit == "cents":
            return as_decimal(value)
        return [value] if fact.kind is Kind.SELECT else value

    read.__name__ = fact.name
    options = [{"label": option_label(fact, name).fr, "name": name} for name in fact.options]
    return rule_variable(FIELD_TYPES[fact.kind], label=fact.label.fr, options=options)(read)


def option_label(fact: Fact, option: str) -> Text:
    """The option's name; selects compare without regard to case, and so does this."""
    known = next((each for each in fact.options if each.lower() == option.lower()), option)
    return OPTION_LABELS.get((fact.name, known)) or Text(option, option)


def operator_label(kind: Kind, operator: str) -> Text:
    return OPERATOR_LABELS[kind.value, operator]


class OrderVariables(BaseVariables):  # type: ignore[misc]  # business-rules has no types
    """The facts of one order as `business_rules.run_all` and `export_rule_data` want them."""

    def __init__(self, facts: Facts):
        self.facts = facts


for _each in FACTS.values():
    setattr(OrderVariables, _each.name, _variable(_each))


class OrderActions(BaseActions):  # type: ignore[misc]
    """The house's actions; `done` gathers what the rules asked for, in order."""

    def __init__(self) -> None:
        self.done: list[tuple[str, dict[str, Any]]] = []


def _action(action: ActionKind) -> Any:
    names = [param.name for param in action.params]

    def do(actions: OrderActions, reason: Any = None, days: Any = None, channel: Any = None, label: Any = None) -> None:
        given = {"reason": reason, "days": days, "channel": channel, "label": label}
        actions.done.append((action.name, {name: given[name] for name in names}))

    do.__name__ = action.name
    fields = {param.name: FIELD_NUMERIC if param.kind == "days" else FIELD_TEXT for param in action.params}
    return rule_action(label=action.label.fr, params=fields)(do)


# `accept` is here for the reference interpreter, which must be able to run a lowered policy.
for _kind in (*ACTIONS.values(), ActionKind("accept", Text("Accepter", "Accept"), ())):
    setattr(OrderActions, _kind.name, _action(_kind))

"""JSON schemas of what policies are written in, made of the vocabulary that checks them: docs/formats.md in types."""

from collections.abc import Mapping
from typing import Any

from houblon.engine.conditions.parsing import MAX_CONDITIONS, MAX_LIST, MAX_TEXT
from houblon.engine.conditions.vocabulary import ACTIONS, FACTS, OPERATORS, Fact, Kind
from houblon.engine.policy.decision import Outcome
from houblon.engine.policy.reminders import EARLIEST, LATEST
from houblon.engine.policy.reminders import MOST_DAYS as MOST_REMINDERS
from houblon.engine.policy.settings import EVENTS, MAX_HOURS, SETTINGS
from houblon.engine.policy.settings import MAX_DAYS as MAX_DAYS_OVERDUE
from houblon.engine.policy.terms import KINDS, MAX_DAYS, MAX_LABEL
from houblon.engine.proofs.claims import MOST_DAYS
from houblon.engine.schedule.cycle import HOLIDAYS, MAX_DATES, MAX_DAYS_BEFORE, MAX_RULE_LENGTH
from houblon.web.api.spec.mappings import mapping_schemas
from houblon.web.api.spec.schemas import Schema, an_object, or_null, ref

_MONEY: Schema = {"type": "string", "pattern": r"^-?\d{1,12}(\.\d{1,2})?$"}
_WRITTEN: Schema = {"type": "string", "pattern": r"^-?\d+\.\d{2}$"}
_DAY: Schema = {"type": "string", "format": "date"}
_YES_NO: Schema = {"type": "boolean"}
_ID: Schema = {"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", "maxLength": 60}
_NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 1_000}
_WHOLE: Schema = {"type": "integer", "minimum": 1, "maximum": 1_000_000}


def policy_schemas() -> dict[str, Schema]:
    """Schemas by name: of documents, of their parts, and of the facts that decisions read."""
    return {**_conditions(), **_rules(), **_settings(), **_documents(), **_facts(), **mapping_schemas()}


def with_values(schemas: dict[str, Any]) -> dict[str, Any]:
    """The schemas with what a trace tells of a comparison: the engine knows no document, and says `Any`."""
    for member in ("value", "actual"):
        schemas["Reading"]["properties"][member] = ref("FactValue")
    return schemas


def _list(of: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": of, **more}


def _conditions() -> dict[str, Schema]:
    # Each block names its members anew, and not `Condition`: generators of clients stop at a union of itself.
    either = [ref("AllConditions"), ref("AnyCondition"), ref("Comparison")]
    members = _list({"anyOf": either}, minItems=1, maxItems=MAX_CONDITIONS)
    operators = sorted({operator for known in OPERATORS.values() for operator in known})
    return {
        "Condition": {"anyOf": either},
        "AllConditions": an_object({"all": members}, ("all",), "True when each of its members is."),
        "AnyCondition": an_object({"any": members}, ("any",), "True when one of its members is."),
        "Comparison": an_object(
            {
                "name": {"type": "string", "enum": list(FACTS)},
                "operator": {"type": "string", "enum": operators},
                "value": ref("FactValue"),
            },
            ("name", "operator"),
            "A fact, an operator of its type and a value; money is written in dollars.",
        ),
    }


_PARAMS: Mapping[str, Schema] = {
    "code": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$", "maxLength": 64},
    "days": {"type": "integer", "minimum": 0, "maximum": MAX_DAYS},
    "text": {"type": "string", "minLength": 1},
}


def _rules() -> dict[str, Schema]:
    params = {param.name: _PARAMS[param.kind] for action in ACTIONS.values() for param in action.params}
    taken = "; ".join(f"`{name}` takes `{each.params[0].name}`" for name, each in ACTIONS.items())
    rule = {
        "label": ref("Text"),
        "message": ref("Text"),
        "conditions": ref("Condition"),
        "actions": _list(ref("Action")),
        "enabled": _YES_NO,
    }
    return {
        "Action": an_object(
            {"name": {"type": "string", "enum": list(ACTIONS)}, "params": ref("ActionParams")},
            ("name", "params"),
            f"What a rule does: {taken}.",
        ),
        "ActionParams": an_object(params, (), "The one parameter that the action takes."),
        "Rule": an_object(
            rule, ("conditions", "actions"), "A rule; with `enabled` false it is kept without being run."
        ),
        "GroupRules": {
            "type": "object",
            "description": "Rules by their ids; null says that the group has none of that id.",
            "additionalProperties": or_null(ref("Rule")),
        },
    }


_SETTINGS: Mapping[str, Schema] = {
    "acceptance.mode": {"type": "string", "enum": ["automatic", "manual"]},
    "acceptance.minimum_items": _WHOLE,
    "acceptance.minimum_value": {"type": "string", "pattern": r"^\d{1,12}(\.\d{1,2})?$"},
    "acceptance.credit_limit": {"type": "string", "pattern": r"^\d{1,12}(\.\d{1,2})?$"},
    "acceptance.maximum_days_overdue": {"type": "integer", "minimum": 0, "maximum": MAX_DAYS_OVERDUE},
    "acceptance.tell_team_after_hours": {"type": "integer", "minimum": 1, "maximum": MAX_HOURS},
    "acceptance.amendable": _YES_NO,
    "invoicing.trigger": {"type": "string", "enum": ["on_acceptance", "on_delivery", "manual"]},
    "invoicing.terms": ref("Terms"),
    "invoicing.discount_percent": {"type": "string", "pattern": r"^\d{1,3}(\.\d{1,4})?$"},
    "invoicing.tax_exempt": _YES_NO,
    "invoicing.deposit_exempt": _YES_NO,
    "invoicing.note": ref("Text"),
    "invoicing.reminders": ref("ReminderDays"),
    "messages.before_order": ref("Text"),
    "messages.confirmation": ref("Text"),
    "messages.order_note": ref("Text"),
    "messages.reminder": ref("ReminderLetter"),
    "notifications.buyer": _list({"type": "string", "enum": list(EVENTS)}),
    "notifications.team": ref("TeamNotifications"),
}


def _setting(path: str) -> Schema:
    said = _SETTINGS[path]
    return or_null(said) if SETTINGS[path].nullable else said


def _settings() -> dict[str, Schema]:
    held = {
        path: an_object({"value": _setting(path), "provenance": ref("Provenance")}, ("value", "provenance"))
        for path in SETTINGS
    }
    return {
        "GroupSettings": an_object(
            {path: _setting(path) for path in SETTINGS}, (), "What the group states itself; null is explicitly none."
        ),
        "PolicySettings": an_object(held, tuple(SETTINGS), "Every setting in force, with its provenance."),
        "ReminderDays": an_object(
            {
                "days": {
                    **_list({"type": "integer", "minimum": EARLIEST, "maximum": LATEST}),
                    "minItems": 1,
                    "maxItems": MOST_REMINDERS,
                    "description": "Days counted from the due date, before it where below zero; told once each, in order.",
                }
            },
            ("days",),
        ),
        "ReminderLetter": an_object(
            {"subject": ref("Text"), "body": ref("Text")}, ("subject", "body"), "What is written above what is owed."
        ),
        "Terms": an_object(
            {
                "kind": {"type": "string", "enum": list(KINDS)},
                "days": {"type": "integer", "minimum": 0, "maximum": MAX_DAYS},
                "label": ref("Text"),
            },
            ("kind",),
            f"`days` goes with `net` and `end_of_month`, `label` (at most {MAX_LABEL} characters) with `other`.",
        ),
        "TeamNotifications": an_object(
            {
                "events": _list({"type": "string", "enum": list(EVENTS)}),
                "to": _list({"type": "string"}, description="Addresses; none are the team's own."),
            },
            ("events", "to"),
        ),
    }


def _documents() -> dict[str, Schema]:
    group: dict[str, Schema] = {
        "id": _ID,
        "name": _NAME,
        "colour": {"type": "string", "pattern": "^#[0-9a-fA-F]{6}$"},
        "rank": _WHOLE,
        "settings": ref("GroupSettings"),
        "rules": ref("GroupRules"),
    }
    return {
        **_cycles(),
        **_scenarios(),
        **_guardrails(),
        "NewGroup": an_object(group, ("id", "name"), "A group as a bundle writes it; without a rank it is given one."),
        "StatementValue": {
            "title": "StatementValue",
            "description": "What a statement says: anything, by design, for it is what its `path` takes: the value of a "
            "setting, a `Rule` (`rules/ID`), a member of a document, or with an empty path the whole document. "
            "Null states that there is none.",
        },
        "AuditValue": {
            "title": "AuditValue",
            "description": "What was before or after an act. Anything, by design: each act notes what it is about.",
        },
    }


def _guardrails() -> dict[str, Schema]:
    outcome: Schema = {"type": "string", "enum": [each.value for each in Outcome]}
    claim: dict[str, Schema] = {
        "never": outcome,
        "always": _list(outcome, minItems=1, maxItems=2),
        "accepted_is_invoiced": {"type": "boolean", "const": True},
        "terms_at_most_days": {"type": "integer", "minimum": 0, "maximum": MOST_DAYS},
        "not_looser_than": _ID,
    }
    members: dict[str, Schema] = {
        "id": _ID,
        "label": ref("Text"),
        "group": or_null(_ID),
        "when": or_null(ref("Condition")),
        "claim": ref("Claim"),
    }
    return {
        "Claim": {
            **an_object(claim, (), "What must hold: exactly one member."),
            "minProperties": 1,
            "maxProperties": 1,
        },
        "Guardrail": an_object(
            members,
            ("id", "label", "claim"),
            "A property that must hold for every possible order of every chain that holds `group` (null: every chain) "
            "for which `when` is true.",
        ),
    }


def _cycles() -> dict[str, Schema]:
    cut_off: dict[str, Schema] = {
        "days_before": {"type": "integer", "minimum": 0, "maximum": MAX_DAYS_BEFORE},
        "time": {"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$"},
    }
    cycle: dict[str, Schema] = {
        "id": {"type": "string", "minLength": 1, "maxLength": 200},
        "name": {"type": "string", "minLength": 1, "maxLength": 200},
        "timezone": {"type": "string", "description": "A name of the IANA database, such as `America/Toronto`."},
        "dtstart": _DAY,
        "rrule": {"type": "string", "maxLength": MAX_RULE_LENGTH, "description": "A rule of RFC 5545."},
        "exdates": _list(_DAY, maxItems=MAX_DATES),
        "rdates": _list(_DAY, maxItems=MAX_DATES),
        "cut_off": or_null(ref("CutOff")),
        "holidays": {"type": "string", "enum": list(HOLIDAYS)},
    }
    return {
        "CutOff": an_object(
            cut_off,
            ("days_before", "time"),
            "An order for a delivery is accepted at the latest at `time`, `days_before` it.",
        ),
        "Cycle": an_object(
            cycle,
            ("id", "name", "timezone", "dtstart", "rrule"),
            "Delivery days of a distributor: those of `rrule` from `dtstart` on, without `exdates`, and `rdates`.",
        ),
    }


def _scenarios() -> dict[str, Schema]:
    expected: dict[str, Schema] = {
        "outcome": {"type": "string", "enum": [each.value for each in Outcome]},
        "reasons": _list({"type": "string"}, description="Codes that the decision must have."),
        "due_date": or_null(_DAY),
    }
    scenario: dict[str, Schema] = {
        "id": _ID,
        "name": _NAME,
        "order": ref("Order"),
        "accepted_at": {"type": "string", "format": "date-time"},
        "expect": ref("Expectation"),
    }
    return {
        "Expectation": an_object(
            expected, ("outcome",), "What the decision must be; what is not named may be anything."
        ),
        "Scenario": an_object(
            scenario, ("id", "name", "order", "expect"), "A saved order with the decision that it must get."
        ),
    }


def _facts() -> dict[str, Schema]:
    either: list[Schema] = [{"type": kind} for kind in ("string", "number", "boolean", "null")]
    listed = _list({"anyOf": [{"type": "string"}, {"type": "number"}]}, maxItems=MAX_LIST)
    return {
        "FactValue": {
            "anyOf": [*either, listed],
            "description": f"A fact's value, or what it is compared with; texts of {MAX_TEXT} characters at most.",
        },
        "Facts": an_object(
            {name: or_null(_fact(fact)) for name, fact in FACTS.items()},
            (),
            "The facts that were read, by name: money as decimal strings, null where the order does not say.",
            additionalProperties=ref("FactValue"),
        ),
    }


def _fact(fact: Fact) -> Schema:
    if fact.unit == "cents":
        return _WRITTEN
    if fact.kind is Kind.NUMERIC:
        return {"type": "integer"}
    if fact.kind is Kind.SELECT_MULTIPLE:
        return _list({"type": "string"})
    return _YES_NO if fact.kind is Kind.BOOLEAN else {"type": "string"}

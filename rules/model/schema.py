"""marshmallow schemas of what people write; every fault is a Problem at its pointer."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import msgspec
from marshmallow import RAISE, Schema, fields

from houblon.engine.core.order import order_of
from houblon.engine.core.problem import Faults, refuse, step
from houblon.engine.policy.decision import Outcome, Provenance
from houblon.engine.policy.policy import BASE, read_text, rule_document, rule_of
from houblon.engine.policy.settings import SETTINGS, check_setting
from houblon.engine.schedule.cycle import cycle_document, parse_cycle
from houblon.rules.model.faults import MESSAGES, SCHEMA_MESSAGES, Checked, check_text, load
from houblon.rules.model.guardrail import read_claim_document, read_condition
from houblon.rules.model.names import clean_name

MAX_RANK = 1_000_000
_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?", re.ASCII)
_RULE_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?", re.ASCII)
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}", re.ASCII)


def read_id(value: Any) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise refuse(
            "id",
            "",
            "Un identifiant : a-z, 0-9 et traits d’union, au plus 60 caractères.",
            "An id: a-z, 0-9 and hyphens, at most 60 characters.",
        )
    return value


def _colour(value: Any) -> str:
    if not isinstance(value, str) or not _COLOUR.fullmatch(value):
        raise refuse("colour", "", "Une couleur comme « #b45309 ».", 'A colour such as "#b45309".')
    return value.lower()


def _rank(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_RANK:
        raise refuse("range", "", f"Un rang entier de 1 à {MAX_RANK}.", f"A whole rank from 1 to {MAX_RANK}.")
    return value


def _each(read: Callable[[str, Any], Any], what_fr: str, what_en: str) -> Callable[[Any], dict[str, Any]]:
    """A reader of an object's members by name, which tells the faults of all of them."""

    def read_all(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise refuse("type", "", what_fr, what_en)
        faults, kept = Faults(), {}
        for name, member in value.items():
            with faults.gather(step("", name)):
                kept[name] = read(name, member)
        faults.raise_if_any()
        return kept

    return read_all


def _rule(id: str, document: Any) -> Any:
    if document is not None:
        return rule_document(rule_of(id, document, Provenance("", 0)))
    if not _RULE_ID.fullmatch(id):
        raise refuse(
            "id",
            "",
            "L’identifiant d’une règle : a-z, 0-9 et traits d’union, au plus 80 caractères.",
            "A rule's id: a-z, 0-9 and hyphens, at most 80 characters.",
        )
    return None


def _order(value: Any) -> Any:
    try:
        order_of(value)
    except (ValueError, TypeError) as fault:
        raise refuse(
            "order", "", f"Cette commande ne se lit pas : {fault}", f"This order can't be read: {fault}"
        ) from None
    return value


def _outcome(value: Any) -> str:
    if not isinstance(value, str) or value not in tuple(Outcome):
        raise refuse(
            "unknown_option", "", f"Choisissez parmi {', '.join(Outcome)}.", f"Choose among {', '.join(Outcome)}."
        )
    return value


def _codes(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(code, str) and code for code in value):
        raise refuse("type", "", "Une liste de codes de raisons.", "A list of reason codes.")
    return value


def _label(value: Any) -> Any:
    return msgspec.to_builtins(read_text(value))


def _day(value: Any) -> str | None:
    if value is None:
        return None
    try:
        if isinstance(value, str) and date.fromisoformat(value).isoformat() == value:
            return value
    except ValueError:
        pass
    raise refuse("date", "", "Une date comme « 2021-06-19 », ou null.", 'A date such as "2021-06-19", or null.')


def _instant(value: Any) -> str:
    try:
        if isinstance(value, str) and datetime.fromisoformat(value).utcoffset() is not None:
            return value
    except ValueError:
        pass
    raise refuse(
        "datetime",
        "",
        "Un instant avec son fuseau, comme « 2021-05-12T10:00:00-04:00 ».",
        'An instant with its zone, such as "2021-05-12T10:00:00-04:00".',
    )


class GroupSchema(Schema):
    """A group: only what it states itself."""

    class Meta:
        unknown = RAISE

    error_messages = SCHEMA_MESSAGES

    id = Checked(read_id, required=True)
    name = Checked(clean_name, required=True)
    colour = Checked(_colour, load_default="#586055")
    rank = Checked(_rank)
    settings = Checked(
        _each(check_setting, "Les paramètres forment un objet.", "Settings form an object."), load_default=dict
    )
    rules = Checked(_each(_rule, "Les règles forment un objet.", "Rules form an object."), load_default=dict)


class ExpectationSchema(Schema):
    """What a scenario's decision must be; what it does not name may be anything."""

    class Meta:
        unknown = RAISE

    error_messages = SCHEMA_MESSAGES

    outcome = Checked(_outcome, required=True)
    reasons = Checked(_codes)
    due_date = Checked(_day, allow_none=True)


class ScenarioSchema(Schema):
    """A saved order with the decision that it must get."""

    class Meta:
        unknown = RAISE

    error_messages = SCHEMA_MESSAGES

    id = Checked(read_id, required=True)
    name = Checked(clean_name, required=True)
    order = Checked(_order, required=True)
    expect = fields.Nested(ExpectationSchema, required=True, error_messages=MESSAGES | SCHEMA_MESSAGES)
    accepted_at = Checked(_instant)


class GuardrailSchema(Schema):
    """A property that must hold for every possible order."""

    class Meta:
        unknown = RAISE

    error_messages = SCHEMA_MESSAGES

    id = Checked(read_id, required=True)
    label = Checked(_label, required=True)
    group = Checked(read_id, allow_none=True, load_default=None)
    when = Checked(read_condition, allow_none=True, load_default=None)
    claim = Checked(read_claim_document, required=True)


_GROUP, _SCENARIO, _GUARDRAIL = GroupSchema(), ScenarioSchema(), GuardrailSchema()


def read_group(document: object) -> dict[str, Any]:
    """A group's document, checked and in its one written form. Raises Invalid with every fault.

    One without a rank is given one at its publication.
    """
    faults = Faults()
    kept: dict[str, Any] = {}
    with faults.gather():
        kept = load(_GROUP, document)
    if isinstance(document, dict) and document.get("id") == BASE:
        _check_base(document, faults)
    faults.raise_if_any()
    return kept


def _check_base(document: Mapping[str, Any], faults: Faults) -> None:
    if "rank" in document:
        faults.add(
            "base",
            "/rank",
            "Tous n’a pas de rang : il vient toujours en dernier.",
            "Tous has no rank: it always comes last.",
        )
    settings = document.get("settings", {})
    for path, kind in SETTINGS.items():
        if kind.is_required and isinstance(settings, dict) and path not in settings:
            faults.add(
                "required",
                step("/settings", path),
                "Tous énonce tous les paramètres.",
                "Tous states every setting.",
            )


_READERS: Mapping[str, Callable[[object], dict[str, Any]]] = {
    "group": read_group,
    "cycle": lambda document: cycle_document(parse_cycle(document)),
    "scenario": lambda document: load(_SCENARIO, document),
    "guardrail": lambda document: load(_GUARDRAIL, document),
}


def read_document(kind: str, document: object) -> dict[str, Any]:
    """A document of `kind`, checked and in its one written form. Raises Invalid with every fault."""
    check_text(document)
    return _READERS[kind](document)

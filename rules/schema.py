"""marshmallow schemas of what people write; every fault is a Problem at its pointer."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import RAISE, Schema

from engine.cycle import cycle_document, parse_cycle
from engine.decision import Provenance
from engine.order import order_of
from engine.policy import BASE, rule_document, rule_of
from engine.problem import Faults, refuse, step
from engine.settings import SETTINGS, check_setting
from rules.faults import SCHEMA_MESSAGES, Checked, load
from rules.names import clean_name

MAX_RANK = 1_000_000
_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?", re.ASCII)
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
    return None if document is None else rule_document(rule_of(id, document, Provenance("", 0)))


def read_order_document(value: Any) -> Any:
    try:
        order_of(value)
    except (ValueError, TypeError) as fault:
        raise refuse(
            "order", "", f"Cette commande ne se lit pas : {fault}", f"This order can't be read: {fault}"
        ) from None
    return value


def _expectation(value: Any) -> dict[str, Any]:
    """`{"outcome": …, "reasons"?: [codes], "due_date"?: "YYYY-MM-DD"}`"""
    known = {"outcome", "reasons", "due_date"}
    if (
        not isinstance(value, dict)
        or not set(value) <= known
        or value.get("outcome") not in ("accepted", "held", "refused")
    ):
        raise refuse(
            "expect",
            "",
            "Dites « outcome » (accepted, held, refused), et au besoin « reasons » et « due_date ».",
            'Say "outcome" (accepted, held, refused), and if need be "reasons" and "due_date".',
        )
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise refuse("type", "", "Un texte est attendu.", "A text is expected.")
    return value


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


class ScenarioSchema(Schema):
    """A saved order with the decision that it must get."""

    class Meta:
        unknown = RAISE

    error_messages = SCHEMA_MESSAGES

    id = Checked(read_id, required=True)
    name = Checked(clean_name, required=True)
    order = Checked(read_order_document, required=True)
    expect = Checked(_expectation, required=True)
    accepted_at = Checked(_text)


class GuardrailSchema(Schema):
    """A property that must hold for every possible order."""

    class Meta:
        unknown = RAISE

    error_messages = SCHEMA_MESSAGES

    id = Checked(read_id, required=True)
    name = Checked(clean_name, required=True)


_GROUP, _SCENARIO, _GUARDRAIL = GroupSchema(), ScenarioSchema(), GuardrailSchema()


def read_group(document: object) -> dict[str, Any]:
    """A group's document, checked and in its one written form. Raises Invalid with every fault."""
    kept = load(_GROUP, document)
    faults = Faults()
    if kept["id"] == BASE:
        if "rank" in kept:
            faults.add(
                "base",
                "/rank",
                "Tous n’a pas de rang : il vient toujours en dernier.",
                "Tous has no rank: it always comes last.",
            )
        for path in SETTINGS:
            if path not in kept["settings"]:
                faults.add(
                    "required",
                    step("/settings", path),
                    "Tous énonce tous les paramètres.",
                    "Tous states every setting.",
                )
    elif "rank" not in kept:
        faults.add("required", "/rank", "Un groupe a un rang.", "A group has a rank.")
    faults.raise_if_any()
    return kept


READERS: Mapping[str, Callable[[object], dict[str, Any]]] = {
    "group": read_group,
    "cycle": lambda document: cycle_document(parse_cycle(document)),
    "scenario": lambda document: load(_SCENARIO, document),
    "guardrail": lambda document: load(_GUARDRAIL, document),
}

"""marshmallow's faults as Problems, each at its JSON pointer."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields

from houblon.engine.core.problem import Faults, Invalid, Problem, Text, problem, step

_HALF = re.compile("[\ud800-\udfff]")
REQUIRED = problem("required", "", "Ce membre est requis.", "This member is required.")
UNKNOWN = problem("unknown_member", "", "Ce membre n’existe pas ici.", "There is no such member here.")
NOT_AN_OBJECT = problem("type", "", "Un objet JSON est attendu ici.", "A JSON object is expected here.")
# marshmallow hands messages on as they are; its types say that they are texts.
MESSAGES: dict[str, Any] = {"required": REQUIRED, "null": REQUIRED}
SCHEMA_MESSAGES: dict[str, Any] = {"unknown": UNKNOWN, "type": NOT_AN_OBJECT}


class Checked(fields.Field[Any]):
    """A member whose value is read by a function that raises Invalid on what it refuses."""

    default_error_messages = MESSAGES

    def __init__(self, read: Callable[[Any], Any], **options: Any):
        super().__init__(**options)
        self.read = read

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Any:
        try:
            return self.read(value)
        except Invalid as invalid:
            raise ValidationError(list(invalid.problems)) from None


def check_text(document: object) -> None:
    """Refuse text that can't be written as UTF-8 (lone surrogates), wherever it is in the document.

    Raises Invalid with every such place.
    """
    faults, left = Faults(), [("", document)]
    while left:
        pointer, value = left.pop()
        if isinstance(value, dict):
            left.extend((step(pointer, shown(name)), name) for name in value if shown(name) != name)
            left.extend((step(pointer, shown(name)), member) for name, member in value.items())
        elif isinstance(value, list):
            left.extend((step(pointer, index), member) for index, member in enumerate(value))
        elif isinstance(value, str) and shown(value) != value:
            faults.add(
                "text",
                pointer,
                "Ce texte contient un demi-caractère (surrogate) et ne s’écrit pas.",
                "This text holds half a character (a lone surrogate) and can't be written.",
            )
    faults.raise_if_any()


def shown(text: str) -> str:
    """The text as it can be written, with � for half characters."""
    return _HALF.sub("\ufffd", text)


def load(schema: Schema, document: object) -> dict[str, Any]:
    """The document as the schema reads it. Raises Invalid with every fault."""
    try:
        loaded: dict[str, Any] = schema.load(document)  # type: ignore[arg-type]  # it refuses what is no object itself
    except ValidationError as fault:
        raise Invalid(problems_of(fault.messages)) from None
    return loaded


def problems_of(messages: Any, pointer: str = "") -> list[Problem]:
    """marshmallow's nested messages, flat: a Problem under the pointer of each."""
    if isinstance(messages, Mapping):
        return [
            found
            for key, inner in messages.items()
            for found in problems_of(inner, pointer if key == "_schema" else step(pointer, key))
        ]
    if isinstance(messages, list):
        return [found for each in messages for found in problems_of(each, pointer)]
    if isinstance(messages, Problem):
        return [messages.under(pointer)]
    return [Problem("invalid", pointer, Text(str(messages), str(messages)))]

"""The marshmallow schema of an order: it explains, in full, why an order does not decode.

Its fields are made from the decoder's own structs, each read by the decoder's own conversion, so
that the two accept the same orders by construction.
"""

from collections.abc import Callable
from datetime import date, datetime
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from marshmallow import EXCLUDE, Schema, fields

from houblon.engine.core.money import Cents, Price
from houblon.engine.core.order import MOST_CHARGES, Charge, Line, Order, convert
from houblon.engine.core.problem import Text, refuse
from houblon.rules.model.faults import MESSAGES, SCHEMA_MESSAGES, Checked

# As marshmallow's types want them: a Problem stands for its sentence.
_MESSAGES: dict[str, Any] = {**MESSAGES}
_SENTENCES: dict[Any, tuple[str, Text]] = {
    Cents: ("money", Text("Un montant comme « 54.00 », en texte.", 'An amount such as "54.00", as a string.')),
    Price: (
        "money",
        Text("Un montant positif comme « 54.00 », en texte.", 'A positive amount such as "54.00", as a string.'),
    ),
    int: ("number", Text("Un nombre entier, dans les limites.", "A whole number, within bounds.")),
    bool: ("boolean", Text("Vrai ou faux.", "True or false.")),
    str: ("text", Text("Un texte, pas trop long et pas vide.", "A text, not too long and not empty.")),
    datetime: (
        "datetime",
        Text(
            "Un instant avec son fuseau, comme « 2021-05-12T09:30:00-04:00 ».",
            'An instant with its zone, such as "2021-05-12T09:30:00-04:00".',
        ),
    ),
    date: ("date", Text("Une date comme « 2021-05-20 ».", 'A date such as "2021-05-20".')),
    Literal: (
        "option",
        Text("Une des valeurs connues : voyez docs/formats.md.", "One of the values of docs/formats.md."),
    ),
    tuple: ("list", Text("Une liste de textes.", "A list of texts.")),
}


def _plain(type_: Any) -> Any:
    """The type under annotations and `| None`."""
    if get_origin(type_) is Annotated:
        return _plain(get_args(type_)[0])
    if get_origin(type_) in (Union, UnionType):
        return _plain(next(each for each in get_args(type_) if each is not type(None)))
    return get_origin(type_) or type_


def _read(type_: Any) -> Callable[[Any], Any]:
    code, text = _SENTENCES[_plain(type_)]

    def read(value: Any) -> Any:
        try:
            return convert(value, type_)
        except (msgspec.ValidationError, ValueError):
            raise refuse(code, "", text.fr, text.en) from None

    return read


def _field(field: msgspec.structs.FieldInfo) -> fields.Field[Any]:
    if field.name == "lines":
        return Lines(required=True)
    if field.name == "charges":
        return Charges(allow_none=True)
    kind = _plain(field.type)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        nested = _schema(kind)
        return fields.Nested(nested, required=field.required, allow_none=not field.required, error_messages=_MESSAGES)
    return Checked(_read(field.type), required=field.required, allow_none=not field.required)


class Lines(fields.List[Any]):
    """At least one line, at most 5,000."""

    default_error_messages: dict[str, Any] = {
        **_MESSAGES,
        "invalid": refuse("list", "", "Une liste de lignes est attendue.", "A list of lines is expected.").problems[0],
    }

    def __init__(self, **options: Any):
        super().__init__(fields.Nested(_schema(Line), error_messages=_MESSAGES), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> Any:
        read = super()._deserialize(value, attr, data, **more)
        if not 1 <= len(read) <= 5_000:
            raise self.make_error("count")
        return read


Lines.default_error_messages["count"] = refuse(
    "lines", "", "Une commande a de 1 à 5 000 lignes.", "An order has 1 to 5,000 lines."
).problems[0]


class Charges(fields.List[Any]):
    """At most MOST_CHARGES."""

    default_error_messages: dict[str, Any] = {
        **_MESSAGES,
        "invalid": refuse("list", "", "Une liste de frais est attendue.", "A list of charges is expected.").problems[0],
        "count": refuse(
            "list", "", f"Au plus {MOST_CHARGES} frais et rabais.", f"At most {MOST_CHARGES} charges."
        ).problems[0],
    }

    def __init__(self, **options: Any):
        super().__init__(fields.Nested(_schema(Charge), error_messages=_MESSAGES), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> Any:
        read = super()._deserialize(value, attr, data, **more)
        if len(read) > MOST_CHARGES:
            raise self.make_error("count")
        return read


def _schema(struct: type[msgspec.Struct]) -> Schema:
    members: dict[str, Any] = {field.name: _field(field) for field in msgspec.structs.fields(struct)}
    meta = type("Meta", (), {"unknown": EXCLUDE})
    members |= {"Meta": meta, "error_messages": SCHEMA_MESSAGES}
    schema: type[Schema] = type(f"{struct.__name__}Schema", (Schema,), members)
    return schema()


ORDER = _schema(Order)

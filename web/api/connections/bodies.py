"""What the API takes about endpoints and sources."""

from typing import Any

from marshmallow import fields

from houblon.engine.core.problem import refuse
from houblon.orders.credentials.credentials import KINDS, STANDARD
from houblon.rules.model.faults import Checked
from houblon.web.api.bodies import Body, choice, text, whole
from houblon.web.api.spec.schemas import ref
from houblon.web.foundation.paging import MAX_KEY

_MOST_GROUPS = 100


def _read_texts(value: Any) -> list[str]:
    """At most MOST short texts; which ones there may be is told where they are used."""
    if not isinstance(value, list) or len(value) > _MOST_GROUPS or not all(isinstance(each, str) for each in value):
        raise refuse("list", "", "Une liste de textes.", "A list of texts.")
    return value


def texts(**options: Any) -> Checked:
    """A short list of names."""
    said = {"type": "array", "items": {"type": "string", "maxLength": 200}, "maxItems": _MOST_GROUPS}
    return Checked(_read_texts, metadata=said, **options)


def _read_mapping(value: Any) -> Any:
    if value is not None and not isinstance(value, dict):
        raise refuse("type", "", "Un objet JSON est attendu ici.", "A JSON object is expected here.")
    return value


def mapping(**options: Any) -> Checked:
    """A mapping as docs/shops.md tells; null for the kind's own."""
    return Checked(_read_mapping, allow_none=True, metadata={"allOf": [ref("Mapping")]}, **options)


class EndpointWanted(Body):
    """Where webhooks go, and of which events; all of them where none is named."""

    url = text(2_000, 1, required=True)
    events = texts(load_default=None)
    description = text(200, load_default="")


class ResendAfter(Body):
    """The last event that the endpoint need not be told again; 0 for the oldest that is kept."""

    after = whole(0, MAX_KEY, required=True)


def _read_yes_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise refuse("boolean", "", "Vrai ou faux.", "True or false.")
    return value


class NewSource(Body):
    """A source, or one more secret for one that there is; a shop's secret is the shop's, and is given here.

    `own_buyers` says that its buyers are its own, as a shop's always are.
    """

    name = text(60, 1, required=True)
    kind = choice(*KINDS, load_default=STANDARD)
    secret = text(200, 8, load_default=None)
    own_buyers = Checked(_read_yes_no, metadata={"type": "boolean"}, load_default=False)


class SourceGroups(Body):
    """The groups of buyers whose orders name none."""

    groups = texts(required=True)


class NewMapping(Body):
    """How a source's payloads are read; null goes back to its kind's own."""

    mapping = mapping(required=True)


class TriedPayload(Body):
    """A payload to read, as the sender sends it. Without `mapping` or `groups`, those of the source count."""

    payload = fields.Raw(required=True, allow_none=True, metadata={"allOf": [ref("PayloadValue")]})
    mapping = mapping()
    groups = texts()

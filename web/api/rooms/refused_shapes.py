"""What the API answers of calls that could not be recorded, as types of the OpenAPI document."""

import msgspec

from houblon.engine.core.order import Moment
from houblon.web.api.shapes import Fault, Key


class RefusedCall(msgspec.Struct, frozen=True):
    """A signed call that could not be recorded, and waits for a person; `count` says how often it came."""

    key: Key
    source: str
    topic: str | None
    at: Moment
    last_at: Moment
    count: int
    order_id: str | None
    errors: tuple[Fault, ...]


class RefusedCalls(msgspec.Struct, frozen=True):
    items: tuple[RefusedCall, ...]

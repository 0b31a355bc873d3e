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


class RetriedCall(msgspec.Struct, frozen=True):
    """What came of a call that was tried again: `state` is what became of its order where it was `recorded`. Else `errors`
    say what is still wrong with it, and it waits on; where there are none, nothing is kept of what it said."""

    key: Key
    source: str
    order_id: str | None
    recorded: bool
    state: str | None
    errors: tuple[Fault, ...]


class DismissedCall(msgspec.Struct, frozen=True):
    """A call that waits no more."""

    key: Key
    source: str
    order_id: str | None


ANSWERS = (RefusedCalls, RetriedCall, DismissedCall)

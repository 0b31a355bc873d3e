"""What the API answers of endpoints and sources."""

from typing import Any, Literal

import msgspec

from houblon.engine.core.order import Moment, Order
from houblon.web.api.shapes import Decision
from houblon.web.api.spec import types
from houblon.web.api.spec.types import Key, Money


class Endpoint(msgspec.Struct, frozen=True):
    """Where webhooks go: `pending` messages wait for it, `parked` ones were given up.

    `place` is the last event that was put in its queue, `unread` how many come after it that it asks for,
    `lost_through` the last one that it was not told and that is not kept. `old_secret_until` says how long the secret
    before still signs.
    """

    id: str
    url: str
    events: tuple[str, ...]
    description: str
    active: bool
    stopped_why: str | None
    created_at: Moment
    old_secret_until: Moment | None
    pending: int
    parked: int
    place: int
    unread: int
    lost_through: int | None


class EndpointSecret(Endpoint, frozen=True, kw_only=True):
    """An endpoint with its new secret, which is told this once."""

    secret: str


class Endpoints(msgspec.Struct, frozen=True):
    items: tuple[Endpoint, ...]


class SourceSecret(msgspec.Struct, frozen=True):
    """A signing secret by its key; what it is, is told only when it is made."""

    key: Key
    created_at: Moment
    active: bool


class Source(msgspec.Struct, frozen=True):
    """Who may send orders, and how they are read. `address` takes its calls.

    A `mapping` that is null is its kind's own; `mapping_in_use` is null where payloads are orders already.
    `own_buyers` says that its buyers' ids are its own, not the house's.
    """

    name: str
    kind: Literal["standard", "shopify", "woocommerce"]
    address: str
    secrets: tuple[SourceSecret, ...]
    groups: tuple[str, ...]
    own_buyers: bool
    mapping: types.Mapping | None
    mapping_in_use: types.Mapping | None
    last_call: Moment | None


class Sources(msgspec.Struct, frozen=True):
    items: tuple[Source, ...]


class SourceMade(Source, frozen=True, kw_only=True):
    """A source with its new secret, which is told this once; null where its shop made the secret."""

    secret: str | None


class UnreadValue(msgspec.Struct, frozen=True):
    """A place in the payload that no rule looked at, and the first value there."""

    path: str
    example: types.PayloadValue


class TrialTax(msgspec.Struct, frozen=True):
    tax: Literal["TPS", "TVQ", "TVH"]
    percent: str
    amount: Money


class TrialTotals(msgspec.Struct, frozen=True):
    """What the order comes to, part by part; `deposits` bear no tax, `taxed_deposits` do."""

    lines: Money
    discount: Money
    charges: Money
    taxes: tuple[TrialTax, ...]
    deposits: Money
    taxed_deposits: Money
    total: Money


class TrialStated(msgspec.Struct, frozen=True):
    amount: Money
    taxes_included: bool | None


class MappingTrial(msgspec.Struct, frozen=True):
    """What a payload becomes: the order that was read, what was not looked at, both totals, and the decision.

    `differs` says that the two totals are not the same; `unsaid` are the facts that the order does not say.
    """

    order: Order
    unread: tuple[UnreadValue, ...]
    totals: TrialTotals
    stated: TrialStated | None
    differs: bool
    facts: types.Facts
    unsaid: tuple[str, ...]
    decision: Decision


ANSWERS: tuple[Any, ...] = (
    Endpoints,
    Endpoint,
    EndpointSecret,
    Sources,
    Source,
    SourceMade,
    MappingTrial,
)

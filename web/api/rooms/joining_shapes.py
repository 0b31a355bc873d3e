"""What the API answers of retailers that are joined and parted, as types of the OpenAPI document."""

import msgspec

from houblon.engine.core.problem import Text
from houblon.web.api.shapes import Fault
from houblon.web.api.spec.types import Money


class BuyerName(msgspec.Struct, frozen=True):
    """What a source calls a retailer."""

    source: str
    name: str


class JoinSide(msgspec.Struct, frozen=True):
    """One of two retailers that are to be joined: what is theirs."""

    id: str
    name: str | None
    email: str | None
    orders: int
    held: int
    invoices: int
    outstanding: Money
    groups: tuple[str, ...]
    names: tuple[BuyerName, ...]


class PolicyEffect(msgspec.Struct, frozen=True):
    """A setting or a rule that becomes another for whom `retailer` names."""

    retailer: str
    label: Text
    before: Text
    after: Text


class JoinPreview(msgspec.Struct, frozen=True):
    """What joining `joined` to `kept` would give: the groups of both; what becomes another for each; the rules that name
    the one who goes; the scenarios that would break, and the planned proposals that it touches."""

    joined: JoinSide
    kept: JoinSide
    groups: tuple[str, ...]
    effects: tuple[PolicyEffect, ...]
    rules: tuple[Text, ...]
    broken: tuple[Fault, ...]
    planned: tuple[str, ...]


class RetailerJoined(msgspec.Struct, frozen=True):
    """Who was joined to whom, how many orders went along, and the groups that both are in now."""

    id: str
    joined_to: str
    orders: int
    groups: tuple[str, ...]


class RetailerParted(msgspec.Struct, frozen=True):
    """Who was parted from whom, how many orders are theirs again, and the groups that the other is left in."""

    id: str
    parted_from: str
    orders: int
    groups: tuple[str, ...]


ANSWERS = (JoinPreview, RetailerJoined, RetailerParted)

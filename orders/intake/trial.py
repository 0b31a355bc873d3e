"""A mapping tried on a payload: what was read of it, what was not, and the two totals beside each other."""

from collections.abc import Callable, Collection
from datetime import tzinfo

import msgspec

from houblon.engine.core.order import Order, StatedTotal
from houblon.engine.core.totals import Totals, place_of_order, totals_of
from houblon.engine.decide.bars import LEEWAY, compared_totals
from houblon.engine.decide.installation import Installation
from houblon.orders.credentials.credentials import Sender
from houblon.orders.intake.sources import order_body
from houblon.orders.intake.unread import Looked, Unread


class Sums(msgspec.Struct, frozen=True):
    """What an order comes to, and what its sender says; `differs` where they are not the same."""

    own: Totals
    stated: StatedTotal | None
    differs: bool


def read_payload(
    sender: Sender, kind: str, body: bytes, groups: Callable[[], Collection[str]], zone: tzinfo
) -> tuple[bytes, list[Unread] | None]:
    """The order that a payload becomes, and what of it no rule looked at: None where it is an order already.

    Raises Invalid.
    """
    looked = Looked()
    order = order_body(sender, kind, body, groups, zone, looked)
    return order, looked.unread() if looked.payload is not None else None


def sums_of(order: Order, installation: Installation) -> Sums:
    on, place = order.placed_at.astimezone(installation.zone).date(), place_of_order(order, None, installation.province)
    compared = compared_totals(order, installation)
    differs = compared is not None and abs(compared[0] - compared[1]) > LEEWAY
    return Sums(totals_of(order, on, place), order.stated_total, differs)

"""What shops call about: an order as it is now, its payment, or that it was called off; and how old what they say is.

A shop signs the body alone. Whoever caught one can send it again under another delivery's id or another topic, and
deliveries overtake each other: that a body is old, and that it calls an order off, only its own content says.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any

import msgspec

from houblon.engine.core.problem import refuse
from houblon.orders.credentials.credentials import SHOPIFY, WOOCOMMERCE
from houblon.orders.intake.shop_values import READERS, Unfit


class About(Enum):
    """What a call is about."""

    ORDER = "order"
    PAYMENT = "payment"
    CALLED_OFF = "called_off"


class Shop(msgspec.Struct, frozen=True):
    """The topics that a kind of shop may call about; the members of its payloads that say when the order last
    changed, how to read that, and which say that an order was called off."""

    topics: Mapping[str, About]
    changed_at: str
    changed_as: str
    called_off: Mapping[str, frozenset[str] | None]

    def is_called_off(self, payload: Mapping[str, Any]) -> bool:
        """Whether one of the members says so, by anything at all or by one of its values; or nothing is left of the
        order but its id."""
        return payload.keys() == {"id"} or any(
            value not in (None, "") if values is None else isinstance(value, str) and value.lower() in values
            for name, values in self.called_off.items()
            for value in (payload.get(name),)
        )


SHOPS = {
    SHOPIFY: Shop(
        {
            "orders/create": About.ORDER,
            "orders/updated": About.ORDER,
            "orders/paid": About.PAYMENT,
            "orders/cancelled": About.CALLED_OFF,
        },
        "updated_at",
        "instant",
        {"cancelled_at": None},
    ),
    WOOCOMMERCE: Shop(
        {"order.created": About.ORDER, "order.updated": About.ORDER, "order.deleted": About.CALLED_OFF},
        "date_modified_gmt",
        "utc_instant",
        {"status": frozenset({"cancelled", "trash"})},
    ),
}
# A first order that was called off is an order all the same: the policy holds it by its state.
_FIRST = ("orders/create", "order.created")


def about(kind: str, topic: str, payload: Callable[[], object]) -> About:
    """What a shop's call is about; `payload` answers what it says, where that must be asked. Raises Invalid for a
    topic that is not taken here."""
    shop = SHOPS[kind]
    found = shop.topics.get(topic)
    if found is None:
        known = ", ".join(f"« {each} »" for each in shop.topics)
        raise refuse(
            "topic",
            "",
            f"Cette adresse prend {known} ; abonnez-la à cela seulement.",
            f"This address takes {', '.join(f'“{each}”' for each in shop.topics)}: subscribe it to these alone.",
        )
    if topic in _FIRST:
        return found
    said = payload()
    if isinstance(said, dict) and shop.is_called_off(said):
        return About.CALLED_OFF
    if found is About.CALLED_OFF:
        raise refuse(
            "topic",
            "",
            f"Cet envoi vient comme « {topic} », et ne dit pas que la commande est annulée.",
            f"This call comes as “{topic}”, and does not say that the order is cancelled.",
        )
    return found


def changed_at(kind: str, payload: object) -> datetime | None:
    """When the shop says that the order last changed; None where it does not, or can't be read."""
    shop = SHOPS.get(kind)
    if shop is None or not isinstance(payload, dict) or payload.get(shop.changed_at) is None:
        return None
    try:
        found = READERS[shop.changed_as](payload[shop.changed_at])
        return datetime.fromisoformat(found) if isinstance(found, str) else None
    except (Unfit, ValueError):
        return None

"""What would become of an order that is being typed: decided by the way of « Et si… », nothing recorded."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import msgspec

from houblon.engine.core.money import cents
from houblon.engine.core.order import Order
from houblon.engine.decide.evaluate import facts_of
from houblon.engine.policy.decision import Invoicing
from houblon.engine.policy.derivation import derivation_document
from houblon.orders.handling.whatif import WhatIf, what_if
from houblon.orders.products.availability import unavailable_of
from houblon.orders.retailers.accounts import day_of, open_invoices_of
from houblon.web.foundation.current_app import house
from houblon.web.presentation.explanation import explain


class Forecast(msgspec.Struct, frozen=True):
    """A decision that is not recorded, in the parts that a clerk is told."""

    found: WhatIf
    explained: dict[str, Any]
    value: int
    items: int
    # What is missing of a minimum, where one holds the order: articles, cents.
    missing_items: int | None
    missing_value: int | None
    unavailable: tuple[str, ...]
    follows: Invoicing | None

    @property
    def outcome(self) -> str:
        return self.found.decision.outcome.value

    @property
    def due_date(self) -> date | None:
        return self.follows.due.due_date if self.follows else None

    @property
    def derivation(self) -> Mapping[str, Any] | None:
        return derivation_document(self.follows.due) if self.follows else None


def forecast_of(order: Order, now: datetime) -> Forecast:
    """What would become of the order now."""
    services = house().services
    with services.ledger.reading() as connection:
        found = what_if(connection, services, order, now=now, trace=True)
        unpaid = open_invoices_of(connection, services, found.order.buyer.id)
    facts = facts_of(found.order, found.policy, services.installation, account=found.account)
    codes, settings = {each.code for each in found.decision.reasons}, found.policy.settings
    least_items, least_value = settings["acceptance.minimum_items"].value, settings["acceptance.minimum_value"].value
    return Forecast(
        found,
        explain(found, services.installation, unpaid, day_of(services, now)),
        facts.order_value,
        facts.item_count,
        int(least_items) - facts.item_count if "minimum_items" in codes and least_items else None,
        _cents(least_value) - facts.order_value if "minimum_value" in codes and least_value else None,
        tuple(unavailable_of(found.order)),
        found.decision.invoice or found.if_accepted,
    )


def _cents(value: Any) -> int:
    return int(cents(value)) if isinstance(value, str) else int(value)

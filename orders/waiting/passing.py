"""Which held orders a content that is not in force yet would accept: what its publication lets pass."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, literal_column, select

from houblon.engine.policy.decision import Outcome
from houblon.orders.db.tables import orders, retailers
from houblon.orders.handling.whatif import what_if_in
from houblon.orders.products.availability import in_stock
from houblon.orders.retailers.accounts import account_of
from houblon.orders.retailers.brought import groups_among
from houblon.orders.retailers.memberships import kept_province
from houblon.orders.retailers.names import ids_of, stored_order
from houblon.orders.services import Services
from houblon.orders.waiting.redecision import is_for_a_person
from houblon.rules.model.content import Content

# So many held orders are looked at, the oldest first: more is a queue that nobody reads.
MOST = 500


class Passing(msgspec.Struct, frozen=True):
    """The orders that would be accepted, the oldest first, of how many that wait; `is_whole` where all were looked at."""

    rows: tuple[Row[Any], ...]
    held: int
    is_whole: bool

    @property
    def value(self) -> int:
        """What they come to, in cents."""
        return sum(row.order_value for row in self.rows)


def passing(connection: Connection, services: Services, content: Content, at: datetime) -> Passing:
    """What would pass were `content` in force `at`, with whom it moves."""
    is_held = (orders.c.state == "held") & (orders.c.state != literal_column("'accepted'"))
    query = select(orders, retailers.c.name.label("retailer_name")).join(
        retailers, retailers.c.id == orders.c.retailer_id
    )
    found = connection.execute(query.where(is_held).order_by(orders.c.key).limit(MOST + 1)).all()
    looked_at = found[:MOST]
    history = services.policies.store.history()
    groups = groups_among(connection, history, {row.retailer_id for row in looked_at})
    rows = [row for row in looked_at if _passes(connection, services, content, row, groups, at)]
    return Passing(tuple(rows), len(looked_at), len(found) <= MOST)


def _passes(
    connection: Connection,
    services: Services,
    content: Content,
    row: Row[Any],
    groups: dict[str, tuple[str, ...]],
    at: datetime,
) -> bool:
    order, kept = in_stock(connection, stored_order(row)), groups.get(row.retailer_id, ())
    decided_at = max(at, row.received_at)
    found = what_if_in(
        services,
        content,
        order,
        content.moved.get(row.retailer_id, kept),
        accepted_at=decided_at,
        province=kept_province(connection, order.buyer, ids_of(row).own),
        account=account_of(connection, services, row.retailer_id, decided_at, row.key),
    )
    return found.decision.outcome is Outcome.ACCEPTED and not is_for_a_person(connection, row)

"""That held orders are to be decided again: a short row, written in the transaction of what may let them pass.

Whoever writes the row changes no order: that is done afterwards, in small pieces (`orders/waiting`).
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from houblon.orders.db.statements import Prepared
from houblon.orders.db.tables import redecisions

# What may have changed: the policy, the installation's settings, what a retailer owes, in which groups they are, their
# card, who they are, whether a product can be had.
PUBLICATION = "publication"
INSTALLATION = "installation"
PAYMENT = "payment"
CREDIT = "credit"
DISPUTE = "dispute"
CANCELLATION = "cancellation"
DELIVERY = "delivery"
CHANGE = "change"
GROUPS = "groups"
CARD = "card"
LIMIT = "limit"
JOIN = "join"
PRODUCT = "product"
# Of more retailers at once, the whole queue is looked at.
MOST_RETAILERS = 20
_KEEP = Prepared(insert(redecisions))


def decide_all_again(connection: Connection, cause: str, subject: str, *, by: str, at: datetime) -> None:
    """Have every held order decided again."""
    _keep(connection, cause, subject, by, at)


def decide_retailers_again(
    connection: Connection, ids: Collection[str], cause: str, *, by: str, at: datetime, subject: str | None = None
) -> None:
    """Have the held orders of some retailers decided again; `subject` is what changed, where it is not themselves."""
    if len(ids) > MOST_RETAILERS:
        _keep(connection, cause, str(len(ids)), by, at)
        return
    for id in sorted(ids):
        _keep(connection, cause, subject or id, by, at, retailer_id=id)


def _keep(connection: Connection, cause: str, subject: str, by: str, at: datetime, **scope: Any) -> None:
    values = {"cause": cause, "subject": subject[:200], "who": by, "at": at, "due_at": at, "retailer_id": None}
    _KEEP.insert(connection, {**values, **scope})

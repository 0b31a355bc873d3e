"""What the ledger knows of an order that comes in, found in one look: eight tables, one statement."""

from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, exists, func, literal, select

from houblon.engine.core.account import Account
from houblon.orders.db.statements import Prepared
from houblon.orders.db.tables import (
    brought_memberships,
    decisions,
    memberships,
    orders,
    retailer_names,
    retailers,
    webhook_calls,
)
from houblon.orders.db.tables.refused import called_off
from houblon.orders.retailers.accounts import account_columns, account_in
from houblon.orders.retailers.names import BuyerIds, name_key


class ExistingOrder(NamedTuple):
    """The call's row, the order's and that of the retailer that the buyer's name is of, None where there is none;
    where the name leads, None for one that is new; the groups of who that is; the version through which these know
    what versions brought; whether the source has called the order off; what is known of what the buyer owes."""

    call: Any
    order: Any
    retailer: Any
    ids: BuyerIds | None
    groups: tuple[str, ...]
    through: int
    is_called_off: bool
    account: Account


def existing(
    connection: Connection,
    source: str,
    webhook_id: str | None,
    order_id: str,
    buyer_source: str,
    name: str,
    today: date,
) -> ExistingOrder:
    """What is known of a call, of its order and of its buyer, who is called `name` by `buyer_source`."""
    key = name_key(name)
    # A name that a source never said is nobody's; an id of the house is its own.
    own = "" if buyer_source else key
    asked = {"source": source, "webhook_id": webhook_id, "order_id": order_id, "today": today.isoformat()}
    rows = _EXISTING.all(connection, {**asked, "buyer_source": buyer_source, "name": key, "own": own})
    first, groups = rows[0], tuple(row[-1] for row in rows if row[-1] is not None)
    return ExistingOrder(
        _part(first, _CALL, _Call),
        _part(first, _ORDER, _Order),
        _part(first, _RETAILER, _Retailer),
        _ids(first[_OWN], first[_ROOT], own),
        groups,
        first[_THROUGH] or 0,
        first[_CALLED_OFF],
        account_in(_Account._make(first[_ACCOUNT]), today),
    )


def _part(row: tuple[Any, ...], place: slice, kind: Any) -> Any:
    """One table's part of a row; None where its first column, which is never null, is."""
    return None if row[place.start] is None else kind._make(row[place])


def _ids(named: str | None, root: str, own: str) -> BuyerIds | None:
    if named is None:
        return BuyerIds(own, own) if own else None
    return BuyerIds(named, root)


def _named(prefix: str, columns: list[Any]) -> list[Any]:
    return [column.label(f"{prefix}_{column.name}") for column in columns]


def _row(name: str, columns: list[Any]) -> Any:
    return NamedTuple(name, [(column.name, Any) for column in columns])


_calls = [webhook_calls.c.body_hash, webhook_calls.c.decision_key, decisions.c.order_key, decisions.c.document]
_orders, _retailers = list(orders.c), list(retailers.c)
_Call, _Order, _Retailer = _row("Call", _calls), _row("Order", _orders), _row("Retailer", _retailers)
_CALL = slice(0, len(_calls))
_ORDER = slice(_CALL.stop, _CALL.stop + len(_orders))
_RETAILER = slice(_ORDER.stop, _ORDER.stop + len(_retailers))
_THROUGH = _RETAILER.stop
_CALLED_OFF = _THROUGH + 1
_OWN, _ROOT = _CALLED_OFF + 1, _CALLED_OFF + 2
_buyer = retailers.alias("buyer")
_root = func.coalesce(retailer_names.c.retailer_id, bindparam("own"))
_accounts = [_buyer.c.outstanding, _buyer.c.credit_limit, *account_columns(_root)]
_Account = _row("Account", _accounts)
_ACCOUNT = slice(_ROOT + 1, _ROOT + 1 + len(_accounts))
_one = select(literal(1).label("one")).subquery()
_is_call = and_(webhook_calls.c.source == bindparam("source"), webhook_calls.c.webhook_id == bindparam("webhook_id"))
_is_order = and_(orders.c.source == bindparam("source"), orders.c.order_id == bindparam("order_id"))
_is_name = and_(retailer_names.c.source == bindparam("buyer_source"), retailer_names.c.name == bindparam("name"))
_EXISTING = Prepared(
    select(
        *_named("call", _calls),
        *_named("order", _orders),
        *_named("retailer", _retailers),
        select(func.max(brought_memberships.c.version)).scalar_subquery().label("through"),
        exists()
        .where(called_off.c.source == bindparam("source"), called_off.c.order_id == bindparam("order_id"))
        .label("is_called_off"),
        retailer_names.c.own_id.label("own_id"),
        retailer_names.c.retailer_id.label("root_id"),
        *_named("account", _accounts),
        memberships.c.group_id,
    ).select_from(
        _one.outerjoin(webhook_calls, _is_call)
        .outerjoin(decisions, decisions.c.key == webhook_calls.c.decision_key)
        .outerjoin(orders, _is_order)
        .outerjoin(retailer_names, _is_name)
        .outerjoin(retailers, retailers.c.id == func.coalesce(retailer_names.c.own_id, bindparam("own")))
        .outerjoin(_buyer, _buyer.c.id == _root)
        .outerjoin(memberships, memberships.c.retailer_id == _root)
    )
)

"""Decides anew what was decided: the same order, chain and version give the same decision, or it is told."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, LargeBinary, Row, func, select

from houblon.engine.core.order import FIRST_READING, Order, decode_order
from houblon.engine.decide.evaluate import decide, invoicing
from houblon.engine.policy.decision import Outcome, decision_document, invoicing_document, plain
from houblon.engine.policy.derivation import derivation_parts, parts_of
from houblon.orders.db.tables import decisions, earlier_contents, order_changes, orders
from houblon.orders.products.availability import without
from houblon.orders.records.decision_log import SYSTEM, account_then
from houblon.orders.retailers.names import with_buyer
from houblon.orders.services import Services

_CHUNK = 500


class Difference(msgspec.Struct, frozen=True):
    """A decision that does not come out again: what differs, as it was kept and as it is now.

    `fault` says why it could not be decided at all.
    """

    key: int
    order_id: str
    version: int
    kept: dict[str, Any]
    now: dict[str, Any]
    fault: str | None = None


class Replayed(msgspec.Struct, frozen=True):
    """How many decisions were made again, and those that came out otherwise."""

    count: int
    differences: tuple[Difference, ...]


def replay(
    connection: Connection,
    services: Services,
    since: datetime | None = None,
    until: datetime | None = None,
    retailer: str | None = None,
) -> Replayed:
    """Decide anew every decision made from `since` on and before `until` (aware), of one retailer if it is given.

    Of what a person decided, the invoicing is made anew: their word itself can't be.
    """
    count, found = 0, []
    for row in _log(connection, since, until, retailer):
        count += 1
        try:
            now = _decided(services, row) if row.who == SYSTEM else _followed(services, row)
        except (LookupError, ValueError) as fault:
            # A group, a version or a content that is not there any more.
            found.append(Difference(row.key, row.order_id, row.version, {}, {}, f"{type(fault).__name__}: {fault}"))
            continue
        kept = {name: row.document.get(name) for name in now} | {
            "derivation": row.derivation and parts_of(row.derivation)
        }
        differing = [name for name in now if now[name] != kept[name]]
        if differing:
            was, comes = ({name: side[name] for name in differing} for side in (kept, now))
            found.append(Difference(row.key, row.order_id, row.version, was, comes))
    return Replayed(count, tuple(found))


def _log(
    connection: Connection, since: datetime | None, until: datetime | None, retailer: str | None
) -> Iterator[Row[Any]]:
    """The stretch of the log, in order, each decision with the content that it was about."""
    superseded = (
        select(earlier_contents.c.body)
        .where(
            earlier_contents.c.order_key == decisions.c.order_key,
            earlier_contents.c.content_hash == decisions.c.content_hash,
        )
        .limit(1)
        .scalar_subquery()
    )
    changed = select(order_changes.c.body).where(order_changes.c.decision_key == decisions.c.key).scalar_subquery()
    query = (
        select(
            decisions,
            orders.c.order_id,
            orders.c.body,
            orders.c.content_hash.label("now"),
            func.coalesce(superseded, changed, type_=LargeBinary).label("then"),
        )
        .join(orders, orders.c.key == decisions.c.order_key)
        .order_by(decisions.c.key)
    )
    if since is not None:
        query = query.where(decisions.c.made_at >= since)
    if until is not None:
        query = query.where(decisions.c.made_at < until)
    if retailer is not None:
        query = query.where(orders.c.retailer_id == retailer)
    return iter(connection.execute(query, execution_options={"yield_per": _CHUNK}))


def _decided(services: Services, row: Row[Any]) -> dict[str, Any]:
    order, content = _order(row), services.policies.content(row.version)
    unknown = [id for id in dict.fromkeys(order.buyer.groups or ()) if id not in content.groups]
    decision = decide(
        order,
        services.policies.policy(tuple(row.chain), row.version),
        accepted_at=row.made_at,
        cycle=content.cycle_of(order.distributor),
        installation=services.installation,
        unknown_groups=tuple(unknown),
        reading=_form(row),
        known_province=(row.reading or {}).get("province"),
        account=account_then(row.reading),
    )
    derivation = decision.invoice and derivation_parts(decision.invoice.due)
    return {**decision_document(decision), "derivation": derivation}


def _followed(services: Services, row: Row[Any]) -> dict[str, Any]:
    """What follows from a person's word: the invoicing of an acceptance, nothing of a refusal."""
    policy = services.policies.policy(tuple(row.chain), row.version)
    found: dict[str, Any] = {"policy_hash": policy.hash, "invoice": None, "derivation": None}
    if row.outcome == Outcome.ACCEPTED.value:
        order, content = _order(row), services.policies.content(row.version)
        follows = invoicing(
            order,
            policy,
            accepted_at=row.made_at,
            cycle=content.cycle_of(order.distributor),
            installation=services.installation,
            reading=_form(row),
            account=account_then(row.reading),
        )
        found |= {"invoice": invoicing_document(follows), "derivation": derivation_parts(follows.due)}
    document: dict[str, Any] = plain(found)
    return document


def _form(row: Row[Any]) -> int:
    """How the order was read then."""
    form: int = FIRST_READING if row.reading is None else row.reading["form"]
    return form


def _order(row: Row[Any]) -> Order:
    """The order as it was read then: what it said, of the retailer that it was of, without what could not be had."""
    order = decode_order(_body(row))
    reading = row.reading or {}
    return without(with_buyer(order, reading.get("buyer") or order.buyer.id), reading.get("unavailable", ()))


def _body(row: Row[Any]) -> bytes:
    body: bytes | None = row.body if row.now == row.content_hash else row.then
    if body is None:
        raise LookupError(f"what order {row.order_id} said then is not kept")
    return body

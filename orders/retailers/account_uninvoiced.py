"""What of accepted orders was still to be invoiced, at each moment of the past: what stands between an acceptance and
its invoice."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Connection, Select, exists, func, select, type_coerce

from houblon.engine.core.order import Order, Payment, decode_order, decoder_of
from houblon.orders.db.tables import deliveries, earlier_contents, invoices, orders, transitions
from houblon.orders.invoicing.delivered import part_of_order
from houblon.orders.invoicing.owing import to_be_invoiced, unpaid_of
from houblon.orders.retailers.account_course import Movement

_OPEN = ("accepted", "delivered")
EVER = 1 << 62  # an instant that never comes


class _OfPayment(msgspec.Struct):
    """All that most bodies are read for: there may be very many."""

    payment: Payment | None = None


class _Delivered(NamedTuple):
    """So many of each line, by its number, from an instant until it was undone; None where all was."""

    at: int
    until: int
    lines: list[dict[str, int]] | None


class _Past:
    """What happened to one order, by the instants that it happened at."""

    def __init__(self) -> None:
        self.moves: list[tuple[int, str]] = []
        self.invoiced: list[tuple[int, int]] = []
        self.said: list[tuple[int, bytes]] = []
        self.delivered: list[_Delivered] = []

    def instants(self) -> list[int]:
        """When something changed, each once."""
        found = {at for at, _ in self.moves} | {at for at, _ in self.said}
        found |= {at for span in self.invoiced for at in span} | {at for each in self.delivered for at in each[:2]}
        return sorted(found - {EVER})

    def counts_at(self, at: int) -> bool:
        """Whether the order is accepted at an instant, and not invoiced."""
        state = next((after for moved, after in reversed(self.moves) if moved <= at), None)
        return state in _OPEN and not any(issued <= at < replaced for issued, replaced in self.invoiced)

    def order_at(self, at: int, body: bytes) -> Order | None:
        """What it says at an instant, or what of that was delivered; None for what it says now, whole."""
        body_then = next((said for until, said in self.said if at < until), None)
        lines = next((each.lines for each in self.delivered if each.at <= at < each.until), None)
        if lines is None:
            return None if body_then is None else decode_order(body_then)
        order = decode_order(body_then or body)
        return part_of_order(order, {line["line"]: line["delivered"] for line in lines}).order


def instant(column: ColumnElement[Any]) -> ColumnElement[int]:
    """An instant as the whole number that is kept: there are many."""
    return type_coerce(column, BigInteger)


def uninvoiced_movements(
    connection: Connection, mine: Sequence[ColumnElement[bool]]
) -> Iterator[tuple[str, Iterable[Movement]]]:
    """Of each order that was accepted before it was invoiced, what counted of it, by its retailer."""
    waited = _WAITED if not mine else _WAITED.join(orders, orders.c.key == _accepted.c.order_key).where(*mine)
    keys = list(connection.execute(waited.distinct()).scalars())
    for place in range(0, len(keys), _AT_ONCE):
        some = keys[place : place + _AT_ONCE]
        past = _past(connection, some)
        for key, retailer, value, body in connection.execute(_NOW.where(orders.c.key.in_(some))):
            yield retailer, _movements(past[key], value, body)


def _movements(past: _Past, value: int, body: bytes) -> Iterator[Movement]:
    whole = unpaid_of(value, _decoder.decode(body).payment)
    counted = 0
    for at in past.instants():
        amount = 0
        if past.counts_at(at):
            order = past.order_at(at, body) if past.said or past.delivered else None
            amount = whole if order is None else to_be_invoiced(order)
        if amount != counted:
            yield Movement(at, amount - counted, None)
            counted = amount


def _past(connection: Connection, keys: Sequence[int]) -> dict[int, _Past]:
    found: dict[int, _Past] = defaultdict(_Past)
    for key, at, after in connection.execute(_MOVES.where(transitions.c.order_key.in_(keys))):
        found[key].moves.append((at, after))
    for key, issued, replaced in connection.execute(_INVOICED.where(invoices.c.order_key.in_(keys))):
        found[key].invoiced.append((issued, replaced))
    for key, until, body in connection.execute(_SAID.where(earlier_contents.c.order_key.in_(keys))):
        found[key].said.append((until, body))
    for key, at, until, lines in connection.execute(_DELIVERED.where(deliveries.c.order_key.in_(keys))):
        found[key].delivered.append(_Delivered(at, until, lines))
    return found


_AT_ONCE = 1_000
_decoder = decoder_of(_OfPayment)
_accepted = transitions.alias("accepted")
_at_once = exists().where(
    invoices.c.order_key == _accepted.c.order_key,
    invoices.c.kind == "invoice",
    invoices.c.issued_at == _accepted.c.at,
)
# The orders that were accepted and not invoiced in the same act.
_WAITED: Select[Any] = select(_accepted.c.order_key).where(
    _accepted.c.invoice_key.is_(None), _accepted.c.after == "accepted", ~_at_once
)
_NOW = select(orders.c.key, orders.c.retailer_id, orders.c.order_value, orders.c.body)
_MOVES = (
    select(transitions.c.order_key, instant(transitions.c.at), transitions.c.after)
    .where(transitions.c.invoice_key.is_(None))
    .order_by(transitions.c.key)
)
_INVOICED = select(
    invoices.c.order_key,
    instant(invoices.c.issued_at),
    func.coalesce(instant(invoices.c.replaced_at), EVER, type_=BigInteger),
).where(invoices.c.kind == "invoice")
_SAID = select(earlier_contents.c.order_key, instant(earlier_contents.c.replaced_at), earlier_contents.c.body).order_by(
    earlier_contents.c.key
)
_DELIVERED = select(
    deliveries.c.order_key,
    instant(deliveries.c.at),
    func.coalesce(instant(deliveries.c.undone_at), EVER, type_=BigInteger),
    deliveries.c.lines,
)

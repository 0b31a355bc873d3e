"""`/orders/{key}/lines`: a held order's lines mended by key, as on its page; it is decided again at once."""

from collections.abc import Callable

from flask import Response

from houblon.orders.handling import amend
from houblon.web.access.audit import by as acting
from houblon.web.api.blueprint import not_found, operation
from houblon.web.api.keys import caller
from houblon.web.api.orders import reviewed, seen_order
from houblon.web.foundation.current_app import house
from houblon.web.orders.entries import line_mended


@operation(
    "POST",
    "/orders/<int:key>/lines/<int:line>/available",
    scope="write",
    room="Orders",
    answer="Reviewed",
    faults=(404,),
    if_match=False,
)
def make_line_available(key: int, line: int) -> Response:
    """Say that the product of a held order's line, counted from 1, can be had again"""
    return _mended(key, line, amend.make_available, "order.line_available")


@operation(
    "POST",
    "/orders/<int:key>/lines/<int:line>/remove",
    scope="write",
    room="Orders",
    answer="Reviewed",
    faults=(404,),
    if_match=False,
)
def remove_line(key: int, line: int) -> Response:
    """Take a line, counted from 1, out of a held order"""
    return _mended(key, line, amend.remove, "order.line_removed")


def _mended(key: int, line: int, mend: Callable[..., str], act: str) -> Response:
    row, by = seen_order(key), acting(house(), caller())
    entry = line_mended(by, act, row.order_id, line)
    try:
        mend(house().services, key, line - 1, by=by.who, at=by.at, seen=row.content_hash, entry_of=lambda _: entry)
    except LookupError:
        not_found()
    return reviewed(key)

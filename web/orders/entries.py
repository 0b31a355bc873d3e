"""The audit entries of acts on orders: the same from a page, by key and from a shell."""

from collections.abc import Callable
from typing import Any

from houblon.orders.handling.changes.review import Accepted
from houblon.orders.handling.deliveries import Delivered
from houblon.orders.handling.planned_delivery import Plan
from houblon.orders.waiting.redecision import ACT, Again
from houblon.rules.model.entry import Entry
from houblon.web.access.account_commands import By


def delivery_changed(by: By, order_id: str, why: str) -> Callable[[Plan], Entry]:
    """The entry of a delivery planned for another day; the due date is in it where it followed."""

    def entry_of(done: Plan) -> Entry:
        before: dict[str, Any] = {"planned_delivery": done.before}
        after: dict[str, Any] = {"planned_delivery": done.after, "why": why}
        if done.moves_due_date:
            before["due_date"], after["due_date"] = done.due_before, done.due_after
        return by.entry("order.delivery_changed", order_id, before, after)

    return entry_of


def line_mended(by: By, act: str, order_id: str, line: int) -> Entry:
    """The entry of a line mended or taken out: `line` counts from 1, as people do."""
    return by.entry(act, order_id, None, {"line": line})


def decided_again(by: By) -> Callable[[Again], Entry | None]:
    """The entry of a held order that a person had decided again: none where it waits as it did."""

    def entry_of(done: Again) -> Entry | None:
        after = {"state": "accepted", **done.said}
        return by.entry(ACT, done.order_id, {"state": "held"}, after) if done.is_accepted else None

    return entry_of


def invoiced(by: By, order_id: str) -> Callable[[str], Entry]:
    """The entry of an invoice that a person issued, by its number."""
    return lambda number: by.entry("order.invoiced", order_id, None, number)


def delivered(by: By, order_id: str) -> Callable[[Delivered], Entry]:
    """The entry of a delivery: its day, and of each line what was delivered, lost and returned."""

    def entry_of(done: Delivered) -> Entry:
        lines = [f"{each.line}: {each.delivered}/{each.lost}/{each.returned}" for each in done.lines]
        return by.entry("order.delivered", order_id, None, {"on": done.on.isoformat(), "lines": lines})

    return entry_of


def change_accepted(by: By, order_id: str, why: str) -> Callable[[Accepted], Entry]:
    """The entry of a change that a person accepted: the note and the invoice that followed."""

    def entry_of(done: Accepted) -> Entry:
        after = {"credit_note": done.credit_note, "invoice": done.invoice or done.kept_invoice, "why": why}
        return by.entry("order.change_accepted", order_id, None, after)

    return entry_of


def cancelled(by: By, order_id: str, was: str, why: str) -> Entry:
    """The entry of a cancellation of an order that `was` held or accepted."""
    return by.entry("order.cancelled", order_id, was, why)


def undone(by: By, order_id: str, was: str) -> Callable[[str], Entry]:
    """The entry of what is taken back, by the state that the order `was` in."""
    return lambda _: by.entry(f"order.{was}_undone", order_id, was)


def change_dismissed(by: By, order_id: str, why: str) -> Callable[[None], Entry]:
    """The entry of a change that a person dismissed."""
    return lambda _: by.entry("order.change_dismissed", order_id, None, {"why": why})

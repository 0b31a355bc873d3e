"""`houblon order`: what came and what was decided about it, and a person's review of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec
from sqlalchemy import Connection, Row

from houblon.engine.core.money import dollars
from houblon.engine.core.problem import refuse as problem
from houblon.orders.handling import amend, lifecycle, planned_delivery, review
from houblon.orders.handling.changes import history
from houblon.orders.handling.changes import review as change_review
from houblon.orders.queries import lists
from houblon.orders.waiting import redecision
from houblon.web.access.audit import CLI, by
from houblon.web.cli.shell import (
    before_option,
    data_option,
    json_option,
    limit_option,
    opened,
    print_result,
    speaks_problems,
)
from houblon.web.foundation.composition import House
from houblon.web.orders.entries import (
    cancelled,
    change_accepted,
    change_dismissed,
    decided_again,
    delivery_changed,
    invoiced,
    line_mended,
)

STATES = ("held", "accepted", "refused", "delivered", "cancelled")
key_argument = click.argument("key", type=click.IntRange(min=1))
why_option = click.option("--why", required=True, help="The reason, which its history keeps.")


@click.group()
def order() -> None:
    """Orders that came, and what a person says of them."""


@order.command("list")
@data_option
@json_option
@click.option("--state", type=click.Choice(STATES), help="Those in this state.")
@click.option("--search", default="", help="What is in the order's id, or in the retailer's id or name.")
@before_option("order")
@limit_option
@speaks_problems
def list_(data: Path | None, state: str | None, search: str, before: int | None, limit: int, as_json: bool) -> None:
    """Orders, the newest first."""
    with opened(data) as house, house.services.ledger.reading() as connection:
        asked = lists.OrderFilter(state=state, search=search)
        found = [_head(row) for row in lists.list_orders(connection, asked, before, limit=limit)]
    lines = [
        f"{each['order_key']:>7}  {each['state']:10} {each['value']:>12}  {each['order_id']}  {each['buyer']}"
        for each in found
    ]
    print_result({"orders": found}, as_json, "\n".join(lines) or "no orders")


@order.command("show")
@data_option
@json_option
@key_argument
@speaks_problems
def show(data: Path | None, key: int, as_json: bool) -> None:
    """One order: what it says, its decisions and what became of it."""
    with opened(data) as house, house.services.ledger.reading() as connection:
        row = _row(connection, key)
        invoice = lists.invoice_of_order(connection, key)
        decisions, moves = lists.decisions_of(connection, key), lists.transitions_of(connection, key)
        waiting, of_changes = history.waiting_change(connection, key), history.decided_of_changes(connection, key)
        document = {
            **_head(row),
            "content": msgspec.json.decode(row.body),
            "invoice": invoice and invoice.number,
            "decisions": [{"made_at": each.made_at, "who": each.who, "document": each.document} for each in decisions],
            "moves": [
                {"at": each.at, "who": each.who, "before": each.before, "after": each.after, "why": each.why}
                for each in moves
            ],
            "change": waiting and {"received_at": waiting.at, "content": msgspec.json.decode(waiting.body)},
        }
    # The last one first; what was decided of a change is not why the order stands as it does.
    counted: dict[str, Any] = next((each.document for each in decisions if each.key not in of_changes), {})
    lines = [f"{row.order_id}: {row.state}, {document['value']} $, {row.retailer_id}"]
    lines += [f"- {each['message']['fr']}" for each in counted.get("reasons", ())]
    lines += [f"invoice {document['invoice']}"] if invoice else []
    lines += ["a change of it waits: accept-change, or dismiss-change"] if waiting else []
    print_result(document, as_json, "\n".join(lines))


@order.command("decide-again")
@data_option
@json_option
@key_argument
@speaks_problems
def decide_again(data: Path | None, key: int, as_json: bool) -> None:
    """Decide a held order by the policy in force; only its acceptance is taken."""
    with opened(data) as house:
        seen, acting = seen_now(house, key), by(house, CLI)
        entry_of = decided_again(acting)
        done = redecision.decide_again(house.services, key, by=CLI, at=acting.at, seen=seen, entry_of=entry_of)
    state = "accepted" if done.is_accepted else "held"
    lines = [f"Order {key}: {state}" + (f", invoice {done.invoice}" if done.invoice else "")]
    lines += [f"- {each.message.fr}" for each in done.decision.reasons if not done.is_accepted]
    document = {"order_key": key, "state": state, "invoice": done.invoice, "decision": done.document}
    print_result(document, as_json, "\n".join(lines))


@order.command("invoice")
@data_option
@json_option
@key_argument
@speaks_problems
def invoice(data: Path | None, key: int, as_json: bool) -> None:
    """Issue the invoice of an accepted order, where its policy leaves that to a person."""
    with opened(data) as house:
        row = order_row(house, key)
        acting = by(house, CLI)
        entry_of = invoiced(acting, row.order_id)
        number = review.issue_invoice(house.services, key, by=CLI, at=acting.at, entry_of=entry_of)
    # Which may be delivered already.
    print_moved(key, row.state, as_json, number)


@order.command("cancel")
@data_option
@json_option
@key_argument
@why_option
@speaks_problems
def cancel(data: Path | None, key: int, why: str, as_json: bool) -> None:
    """Cancel an order that is held or accepted; its invoice is credited."""
    with opened(data) as house:
        row = order_row(house, key)
        if row.state not in lifecycle.CANCELLABLE:
            raise problem(
                "state",
                "/key",
                f"La commande {row.order_id} est dans l’état « {row.state} » : elle ne s’annule pas.",
                f"Order {row.order_id} is {row.state}: it can't be cancelled.",
            )
        acting, said = by(house, CLI), said_why(why)
        entry = cancelled(acting, row.order_id, row.state, said)
        done = lifecycle.cancel(
            house.services, key, was=row.state, by=CLI, at=acting.at, why=said, entry_of=lambda _: entry
        )
    more = {"credit_note": done.credit_note, "buyer_notified": done.is_buyer_notified}
    text = f"Order {key} is cancelled" + (f"; credit note {done.credit_note}." if done.credit_note else ".")
    print_result({"order_key": key, "state": "cancelled", **more}, as_json, text)


@order.command("accept-change")
@data_option
@json_option
@key_argument
@click.option("--why", default="", help="A reason, which its history keeps.")
@speaks_problems
def accept_change(data: Path | None, key: int, why: str, as_json: bool) -> None:
    """Accept the change of an accepted order that waits; a new invoice takes the place of the one that it has."""
    with opened(data) as house:
        with house.services.ledger.reading() as connection:
            row, said = _row(connection, key), why.strip()[:500]
        acting = by(house, CLI)
        entry_of = change_accepted(acting, row.order_id, said)
        done = change_review.accept(house.services, key, by=CLI, at=acting.at, why=said, entry_of=entry_of)
    number = done.invoice or done.kept_invoice
    text = f"The change of order {key} is accepted"
    text += f"; credit note {done.credit_note}" if done.credit_note else ""
    text += f"; invoice {number}." if number else "."
    print_result(
        {"order_key": key, "change": "accepted", "credit_note": done.credit_note, "invoice": number}, as_json, text
    )


@order.command("dismiss-change")
@data_option
@json_option
@key_argument
@click.option("--why", default="", help="A reason, which its history keeps.")
@speaks_problems
def dismiss_change(data: Path | None, key: int, why: str, as_json: bool) -> None:
    """Dismiss the change of an accepted order that waits: it stays as it was accepted."""
    with opened(data) as house:
        with house.services.ledger.reading() as connection:
            row, said = _row(connection, key), why.strip()[:500]
        acting = by(house, CLI)
        entry_of = change_dismissed(acting, row.order_id, said)
        change_review.dismiss(house.services, key, by=CLI, at=acting.at, why=said, entry_of=entry_of)
    print_result({"order_key": key, "change": "dismissed"}, as_json, f"The change of order {key} is dismissed.")


@order.command("line-available")
@data_option
@json_option
@key_argument
@click.argument("line", type=click.IntRange(min=1))
@speaks_problems
def line_available(data: Path | None, key: int, line: int, as_json: bool) -> None:
    """Say that the product of a held order's LINE (from 1) can be had again; the order is decided anew."""
    _mend(data, key, line, amend.make_available, "order.line_available", as_json)


@order.command("remove-line")
@data_option
@json_option
@key_argument
@click.argument("line", type=click.IntRange(min=1))
@speaks_problems
def remove_line(data: Path | None, key: int, line: int, as_json: bool) -> None:
    """Take LINE (from 1) out of a held order; the order is decided anew."""
    _mend(data, key, line, amend.remove, "order.line_removed", as_json)


@order.command("plan")
@data_option
@json_option
@key_argument
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@why_option
@speaks_problems
def plan(data: Path | None, key: int, day: Any, why: str, as_json: bool) -> None:
    """Plan the delivery of an accepted order for another DAY; its due date follows where the installation says so."""
    with opened(data) as house:
        row = order_row(house, key)
        acting, said, asked = by(house, CLI), said_why(why), day.date()
        entry_of = delivery_changed(acting, row.order_id, said)
        done = planned_delivery.change(house.services, key, asked, by=CLI, at=acting.at, why=said, entry_of=entry_of)
    print_result(
        {"order_key": key, "planned_delivery": done.after, "due_date": done.due_after},
        as_json,
        f"The delivery is planned for {done.after}; due {done.due_after or 'as before'}.",
    )


def _mend(data: Path | None, key: int, line: int, mend: Callable[..., str], act: str, as_json: bool) -> None:
    with opened(data) as house:
        row = order_row(house, key)
        acting = by(house, CLI)
        entry = line_mended(acting, act, row.order_id, line)
        try:
            outcome = mend(
                house.services,
                key,
                line - 1,
                by=CLI,
                at=acting.at,
                seen=row.content_hash,
                entry_of=lambda _: entry,
            )
        except LookupError:
            raise problem(
                "unknown_line",
                "/line",
                f"La commande {row.order_id} n’a pas de ligne {line}.",
                f"Order {row.order_id} has no line {line}.",
            ) from None
    print_moved(key, outcome, as_json)


def _row(connection: Connection, key: int) -> Row[Any]:
    row = lists.order_row(connection, key)
    if row is None:
        raise problem("unknown_order", "/key", f"Il n’y a pas de commande {key}.", f"There is no order {key}.")
    return row


def order_row(house: House, key: int) -> Row[Any]:
    """The order of this key. Raises Invalid where there is none."""
    with house.services.ledger.reading() as connection:
        return _row(connection, key)


def seen_now(house: House, key: int) -> str:
    """What is reviewed: whoever types the key means the order as it is now. Raises Invalid where there is none."""
    seen: str = order_row(house, key).content_hash
    return seen


def said_why(why: str) -> str:
    said = why.strip()[:500]
    if not said:
        raise problem("required", "/why", "Dites pourquoi.", "Say why.")
    return said


def _head(row: Any) -> dict[str, Any]:
    return {
        "order_key": row.key,
        "order_id": row.order_id,
        "source": row.source,
        "buyer": row.retailer_id,
        "state": row.state,
        "value": dollars(row.order_value),
        "items": row.item_count,
        "placed_at": row.placed_at,
        "received_at": row.received_at,
    }


def print_moved(key: int, state: str, as_json: bool, number: str | None = None) -> None:
    text = f"Order {key}: {state}" + (f", invoice {number}" if number else "")
    print_result({"order_key": key, "state": state, "invoice": number}, as_json, text)

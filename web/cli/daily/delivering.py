"""`houblon order enter · deliver · undo`: an order by hand, what came of it, and a mistake taken back."""

from datetime import datetime
from pathlib import Path

import click
import msgspec

from houblon.engine.core.problem import refuse
from houblon.orders.handling import deliveries, undo
from houblon.orders.handling.by_hand import enter
from houblon.orders.handling.deliveries import LineDelivered
from houblon.orders.handling.order_writer import answer_document
from houblon.orders.intake.decode import read_order
from houblon.orders.invoicing.credits import Words
from houblon.web.access.audit import CLI, by
from houblon.web.cli.daily.orders import key_argument, order, order_row
from houblon.web.cli.daily.quantities import by_line, day_of, day_type, quantity_option
from houblon.web.cli.shell import data_option, json_option, opened, print_result, speaks_problems
from houblon.web.orders.entries import delivered as delivered_entry
from houblon.web.orders.entries import undone

__all__ = ["order"]

Said = tuple[tuple[int, int], ...]


@order.command("enter")
@data_option
@json_option
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@speaks_problems
def enter_order(data: Path | None, file: Path, as_json: bool) -> None:
    """Record the order in FILE, as JSON, as one that came by a door; its source is `saisie`."""
    body = file.read_bytes()
    with opened(data) as house:
        acting = by(house, CLI)
        done = enter(house.services, body, read_order(body), by=acting.who, where=acting.source, at=acting.at)
    document = answer_document(done.incoming, done.received)
    reasons = "\n".join(f"- {each['message']['fr']}" for each in document["reasons"])
    print_result(msgspec.to_builtins(document), as_json, f"{document['outcome']}\n{reasons}")


@order.command("deliver")
@data_option
@json_option
@key_argument
@click.option("--on", type=day_type, help="The day of the delivery. Today, if none is given.")
@quantity_option("--delivered", "What came of a line; may be repeated. What is not said came whole.")
@quantity_option("--lost", "What broke or was short of a line; may be repeated.")
@quantity_option("--returned", "What the buyer sent back of a line; may be repeated.")
@click.option("--reason", default="", help="Why something did not come, for the house.")
@click.option("--note", default="", help="The same for the buyer, on the credit note.")
@speaks_problems
def deliver(
    data: Path | None,
    key: int,
    on: datetime | None,
    delivered: Said,
    lost: Said,
    returned: Said,
    reason: str,
    note: str,
    as_json: bool,
) -> None:
    """Deliver an accepted order: all of it, or so many of each line. What did not come is not invoiced, or credited."""
    lines = _lines(delivered, lost, returned)
    words = Words(reason=reason.strip()[:500], note=note.strip()[:500])
    with opened(data) as house:
        row, acting = order_row(house, key), by(house, CLI)
        done = deliveries.deliver(
            house.services,
            key,
            by=CLI,
            at=acting.at,
            on=day_of(on),
            lines=lines,
            words=words,
            entry_of=delivered_entry(acting, row.order_id),
        )
    document = {
        "order_key": key,
        "state": "delivered",
        "on": done.on,
        "lines": msgspec.to_builtins(done.lines),
        "invoice": done.invoice,
        "credit_note": done.credit_note,
    }
    followed = f", invoice {done.invoice}" if done.invoice else f", credit note {done.credit_note}"
    text = f"Order {key}: delivered on {done.on}" + (followed if done.invoice or done.credit_note else "")
    print_result(document, as_json, text)


@order.command("undo")
@data_option
@json_option
@key_argument
@speaks_problems
def undo_move(data: Path | None, key: int, as_json: bool) -> None:
    """Take back a delivery, a refusal or a cancellation that was a mistake, while nobody outside was told of it."""
    with opened(data) as house:
        row, acting = order_row(house, key), by(house, CLI)
        if row.state not in undo.UNDOABLE:
            raise refuse(
                "state",
                "/key",
                f"La commande {row.order_id} est dans l’état « {row.state} » : il n’y a rien à défaire.",
                f"Order {row.order_id} is {row.state}: there is nothing to undo.",
            )
        entry_of = undone(acting, row.order_id, row.state)
        state = undo.undo(house.services, key, was=row.state, by=CLI, at=acting.at, entry_of=entry_of)
    print_result(
        {"order_key": key, "undone": row.state, "state": state}, as_json, f"Order {key}: {state} again, not {row.state}"
    )


def _lines(delivered: Said, lost: Said, returned: Said) -> list[LineDelivered]:
    """What is said of each line, by its number. Raises Invalid."""
    came = by_line(delivered, "delivered")
    gone, back = by_line(lost, "lost"), by_line(returned, "returned")
    return [
        LineDelivered(number, came.get(number), gone.get(number, 0), back.get(number, 0))
        for number in sorted({*came, *gone, *back})
    ]

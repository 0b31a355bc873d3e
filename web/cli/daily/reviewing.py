"""`houblon order accept · refuse · keep-address`: a person's word on what waits, of one order or of several."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from houblon.engine.core.money import dollars
from houblon.engine.core.problem import Invalid
from houblon.engine.core.problem import refuse as problem
from houblon.orders.handling import review
from houblon.orders.handling.bulk import MAX_TOGETHER, Prospect, prospects, total_of
from houblon.orders.services import Conflict
from houblon.web.access.audit import CLI, by
from houblon.web.cli.daily.delivering import order
from houblon.web.cli.daily.orders import key_argument, print_moved, said_why, seen_now, why_option
from houblon.web.cli.shell import data_option, json_option, opened, print_result, speaks_problems
from houblon.web.foundation.composition import House
from houblon.web.orders import buyer_address

__all__ = ["order"]

_keys = click.argument("keys", metavar="KEY…", type=click.IntRange(min=1), nargs=-1, required=True)
_preview = click.option("--preview", is_flag=True, help="Only say what would follow.")


@order.command("accept")
@data_option
@json_option
@_keys
@click.option("--why", default="", help="A reason, which its history keeps.")
@_preview
@speaks_problems
def accept(data: Path | None, keys: tuple[int, ...], why: str, preview: bool, as_json: bool) -> None:
    """Accept held orders, each by itself; its invoice is issued if its policy says so."""
    with opened(data) as house:
        if preview:
            return _print_prospects(house, keys, as_json)

        def settle(key: int) -> str | None:
            return review.accept(house.services, key, by=CLI, at=house.now(), why=why, seen=seen_now(house, key))

        _settle(keys, "accepted", settle, as_json)


@order.command("refuse")
@data_option
@json_option
@_keys
@why_option
@speaks_problems
def refuse(data: Path | None, keys: tuple[int, ...], why: str, as_json: bool) -> None:
    """Refuse held orders, each by itself."""
    said = said_why(why)
    with opened(data) as house:

        def settle(key: int) -> None:
            review.refuse(house.services, key, by=CLI, at=house.now(), why=said, seen=seen_now(house, key))

        _settle(keys, "refused", settle, as_json)


@order.command("keep-address")
@data_option
@json_option
@key_argument
@click.argument("address")
@speaks_problems
def keep_address(data: Path | None, key: int, address: str, as_json: bool) -> None:
    """Keep the ADDRESS of the order's buyer, which the invoices to come print; an empty text takes it away."""
    with opened(data) as house:
        seen_now(house, key)
        kept = buyer_address.keep_address(house, by(house, CLI), key, address)
    print_result({"order_key": key, "address": kept}, as_json, f"Kept for the invoices to come: {kept or 'none'}.")


def _settle(keys: Sequence[int], state: str, settle: Callable[[int], str | None], as_json: bool) -> None:
    """Settle one order, or several of which each is told; what one can't be takes no other with it."""
    keys = list(dict.fromkeys(keys))
    if len(keys) == 1:
        return print_moved(keys[0], state, as_json, settle(keys[0]))
    _check_count(keys)
    moved: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    for key in keys:
        try:
            moved.append({"order_key": key, "state": state, "invoice": settle(key)})
        except Conflict as conflict:
            refused.append({"order_key": key, "errors": [conflict.problem.as_json()]})
        except Invalid as invalid:
            refused.append({"order_key": key, "errors": [each.as_json() for each in invalid.problems]})
    lines = [f"Order {each['order_key']}: {state}" + _numbered(each["invoice"]) for each in moved]
    lines += [f"Order {each['order_key']}: left; {each['errors'][0]['message']}" for each in refused]
    print_result({"settled": moved, "left": refused}, as_json, "\n".join(lines))
    if refused:
        click.get_current_context().exit(1)


def _print_prospects(house: House, keys: Sequence[int], as_json: bool) -> None:
    keys = list(dict.fromkeys(keys))
    _check_count(keys)
    for key in keys:
        seen_now(house, key)
    with house.services.ledger.reading() as connection:
        found = prospects(connection, house.services, keys, house.now())
    documents = [_prospect(each) for each in found]
    lines = [
        f"Order {each['order_key']}: {each['order_id']}, {each['value']} $"
        + (f"; invoice of {each['total']} $" if each["total"] else "; no invoice at once")
        + (f", due {each['due_date']}" if each["due_date"] else "")
        + (f"; can't be: {each['errors'][0]['message']}" if each["errors"] else "")
        for each in documents
    ]
    total = dollars(total_of(found))
    print_result({"orders": documents, "total": total}, as_json, "\n".join([*lines, f"{total} $ in all"]))


def _prospect(each: Prospect) -> dict[str, Any]:
    return {
        "order_key": each.row.key,
        "order_id": each.row.order_id,
        "value": dollars(each.row.order_value),
        "total": None if each.total is None else dollars(each.total),
        "due_date": each.due_date,
        "errors": [] if each.barred is None else [each.barred.problem.as_json()],
    }


def _check_count(keys: Sequence[int]) -> None:
    if len(keys) > MAX_TOGETHER:
        raise problem(
            "too_many",
            "/keys",
            f"Au plus {MAX_TOGETHER} commandes à la fois.",
            f"At most {MAX_TOGETHER} orders at a time.",
        )


def _numbered(invoice: str | None) -> str:
    return f", invoice {invoice}" if invoice else ""

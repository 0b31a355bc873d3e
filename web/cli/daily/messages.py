"""`houblon message`: mails and webhooks that wait, that left, or that were given up, and sending those again."""

from pathlib import Path
from typing import Any

import click

from houblon.engine.core.mail_address import read_address
from houblon.engine.core.problem import refuse
from houblon.orders.outbox.delivery import send_again, send_all_again
from houblon.orders.queries import lists
from houblon.rules.model.entry import Entry
from houblon.web.access.audit import CLI, by
from houblon.web.cli.shell import data_option, json_option, limit_option, opened, print_result, speaks_problems

_kind = click.option("--kind", type=click.Choice(["mail", "webhook"]), help="Mails or webhooks alone.")


@click.group()
def message() -> None:
    """Mails and webhooks on their way."""


@message.command("list")
@data_option
@json_option
@click.option("--state", type=click.Choice(["pending", "sent", "parked"]), help="Those in this state.")
@_kind
@limit_option
@speaks_problems
def list_(data: Path | None, state: str | None, kind: str | None, limit: int, as_json: bool) -> None:
    """Messages, the newest first; what was given up is parked, and says why."""
    with opened(data) as house, house.services.ledger.reading() as connection:
        found = [_document(row) for row in lists.list_messages(connection, state, kind, limit=limit)]
    lines = [
        f"{each['id']}  {each['state']:8} {each['kind']:8} {each['event']}  {each['to'] or '-'}  {each['error'] or ''}"
        for each in found
    ]
    print_result({"messages": found}, as_json, "\n".join(line.rstrip() for line in lines) or "no messages")


@message.command("resend")
@data_option
@json_option
@click.argument("id", required=False)
@click.option("--to", help="Another address for the mail ID.")
@click.option("--all", "every", is_flag=True, help="Instead of ID: all that are parked and have somewhere to go.")
@_kind
@speaks_problems
def resend(data: Path | None, id: str | None, to: str | None, every: bool, kind: str | None, as_json: bool) -> None:
    """Have a running server send a parked message again, or all of them."""
    if (id is not None) == every or (to and every) or (kind and not every):
        raise click.UsageError("Give either ID, with --to or without, or --all, with --kind or without.")
    with opened(data) as house:
        acting, ledger = by(house, CLI), house.services.ledger

        def entry_of_all(count: int) -> Entry | None:
            return acting.entry("messages.sent_again", kind or "all", None, count) if count else None

        def entry_of(is_sent: bool) -> Entry | None:
            return acting.entry("message.sent_again", str(id)) if is_sent else None

        if id is None:
            count = send_all_again(ledger, acting.at, kind, entry_of=entry_of_all)
        else:
            with ledger.reading() as connection:
                _check(lists.message_row(connection, id), id)
            if not send_again(ledger, id, acting.at, _address(to), entry_of):
                raise refuse(
                    "state",
                    "/id",
                    "Ce message ne repart pas : il n’est pas abandonné, ou il lui faut une adresse.",
                    "This message is not sent again: it is not parked, or it needs an address.",
                )
            count = 1
    print_result({"resent": count}, as_json, f"{count} message(s) on their way.")


def _check(row: Any, id: str) -> None:
    if row is None:
        raise refuse("unknown_message", "/id", f"Il n’y a pas de message {id}.", f"There is no message {id}.")


def _address(to: str | None) -> str | None:
    address = read_address(to) if to else None
    if to and address is None:
        raise refuse("address", "/to", "Une adresse comme nom@exemple.ca.", "An address such as name@example.ca.")
    return address


def _document(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "event": row.event,
        "state": row.state,
        "to": row.recipient if row.kind == "mail" else row.destination.partition(":")[2],
        "attempts": row.attempts,
        "created_at": row.created_at,
        "sent_at": row.sent_at,
        "error": row.error,
    }

"""`houblon refused-call list · retry · dismiss`: what sources signed and sent, and could not be recorded."""

from pathlib import Path
from typing import Any

import click
from sqlalchemy import Row

from houblon.engine.core.problem import Invalid, refuse
from houblon.orders.handling.order_writer import IngestResult
from houblon.orders.intake import refused_calls
from houblon.web.access.audit import CLI, by
from houblon.web.admin.call_acts import dismiss_call, retry_call
from houblon.web.cli.shell import data_option, json_option, limit_option, opened, print_result, speaks_problems

_key = click.argument("key", type=click.IntRange(min=1))


@click.group("refused-call")
def refused_call() -> None:
    """Signed calls that could not be recorded and wait for a person."""


@refused_call.command("list")
@data_option
@json_option
@click.option("--source", help="Those of this source.")
@limit_option
@speaks_problems
def list_(data: Path | None, source: str | None, limit: int, as_json: bool) -> None:
    """The calls that wait, the newest first, with what is wrong with each."""
    with opened(data) as house, house.services.ledger.reading() as connection:
        found = [_document(row) for row in refused_calls.list_waiting(connection, source, limit=limit)]
    lines = [
        f"{each['key']:>7}  {each['at']}  {each['source']}  {each['order_id'] or '-'}  {each['errors'][0]['message']}"
        for each in found
    ]
    print_result({"calls": found}, as_json, "\n".join(lines) or "no refused calls")


@refused_call.command("retry")
@data_option
@json_option
@_key
@speaks_problems
def retry(data: Path | None, key: int, as_json: bool) -> None:
    """Read the call KEY as its source is read now, and record it as if it came; what is still wrong is told."""
    with opened(data) as house:
        tried = retry_call(house, by(house, CLI), key)
        if tried is None:
            raise _unknown(key)
    result = tried.result
    if result is None:
        raise (
            Invalid(tried.problems)
            if tried.problems
            else refuse(
                "not_kept",
                "/key",
                "Son contenu n’est plus gardé : il ne peut plus être réessayé.",
                "Nothing is kept of what it said: it can't be tried again.",
            )
        )
    state = result.outcome if isinstance(result, IngestResult) else result.state
    print_result(
        {"key": key, "order_id": result.order_id, "state": state}, as_json, f"Recorded: {result.order_id}, {state}."
    )


@refused_call.command("dismiss")
@data_option
@json_option
@_key
@speaks_problems
def dismiss(data: Path | None, key: int, as_json: bool) -> None:
    """Put the call KEY aside, for good: somebody saw to it otherwise."""
    with opened(data) as house:
        acting = by(house, CLI)
        row = house.services.ledger.write(lambda connection: dismiss_call(connection, acting, key))
    if row is None:
        raise _unknown(key)
    print_result({"key": key, "dismissed": True}, as_json, f"Call {key} waits no more.")


def _unknown(key: int) -> Invalid:
    return refuse(
        "unknown_call", "/key", f"Aucun appel refusé {key} n’attend.", f"There is no refused call {key} that waits."
    )


def _document(row: Row[Any]) -> dict[str, Any]:
    return {
        "key": row.key,
        "source": row.source,
        "topic": row.topic or None,
        "at": row.at,
        "last_at": row.last_at,
        "count": row.count,
        "order_id": row.order_id,
        "errors": [each.as_json() for each in refused_calls.faults_of(row)],
    }

"""`houblon simulation list · show · start · cancel`: those that a server works at in the background."""

import secrets
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection, Row

from houblon.engine.core.problem import refuse
from houblon.simulation.jobs import jobs
from houblon.simulation.jobs.simulation import Asked
from houblon.web.access.audit import CLI
from houblon.web.cli.shell import (
    check_stretch,
    data_option,
    json_option,
    limit_option,
    opened,
    print_result,
    speaks_problems,
)
from houblon.web.cli.simulate import day_of

_id = click.argument("id")


@click.group()
def simulation() -> None:
    """Simulations over the ledger's orders that a server works at; `houblon simulate` answers at once."""


@simulation.command("list")
@data_option
@json_option
@limit_option
@speaks_problems
def list_(data: Path | None, limit: int, as_json: bool) -> None:
    """Simulations, the newest first."""
    with opened(data) as house, house.services.ledger.reading() as connection:
        found = [_document(row) for row in jobs.recent(connection, limit)]
    print_result({"simulations": found}, as_json, "\n".join(map(_line, found)) or "no simulations")


@simulation.command("show")
@data_option
@json_option
@_id
@speaks_problems
def show(data: Path | None, id: str, as_json: bool) -> None:
    """How far a simulation is, with its report once it is done."""
    with opened(data) as house, house.services.ledger.reading() as connection:
        document = {**_document(_row(connection, id)), "report": jobs.result(connection, id)}
    print_result(document, as_json, _line(document))


@simulation.command("start")
@data_option
@json_option
@click.option("--proposal", help="As if this proposal were published.")
@click.option("--version", "number", type=int, help="By this version.")
@click.option("--from", "since", help="Received from this day on (YYYY-MM-DD).")
@click.option("--to", "until", help="Before this day.")
@speaks_problems
def start(
    data: Path | None,
    proposal: str | None,
    number: int | None,
    since: str | None,
    until: str | None,
    as_json: bool,
) -> None:
    """Begin one over the ledger's orders; the server takes it up, and the proposal's page shows it."""
    if (proposal is None) == (number is None):
        raise click.UsageError("Give either --proposal or --version.")
    with opened(data) as house:
        zone = house.services.installation.zone
        asked = Asked(
            proposal,
            number,
            None,
            day_of(since, "/from", zone),
            day_of(until, "/to", zone),
        )
        check_stretch(asked.since, asked.until)
        id = secrets.token_hex(8)
        jobs.start(house.services, asked, id=id, by=CLI, at=house.now())
        with house.services.ledger.reading() as connection:
            document = _document(_row(connection, id))
    print_result(document, as_json, f"{id} waits for the server.")


@simulation.command("cancel")
@data_option
@json_option
@_id
@speaks_problems
def cancel(data: Path | None, id: str, as_json: bool) -> None:
    """Stop a simulation that waits or runs."""
    with opened(data) as house:
        with house.services.ledger.reading() as connection:
            _row(connection, id)
        if not jobs.cancel(house.services, id):
            raise refuse("over", "/id", "Cette simulation est déjà terminée.", "This simulation is over already.")
        with house.services.ledger.reading() as connection:
            document = _document(_row(connection, id))
    print_result(document, as_json, _line(document))


def _row(connection: Connection, id: str) -> Row[Any]:
    row = jobs.status(connection, id)
    if row is None:
        raise refuse("unknown_simulation", "/id", f"Il n’y a pas de simulation {id}.", f"There is no simulation {id}.")
    return row


def _document(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "asked": row.asked,
        "state": row.state,
        "progress": row.progress,
        "by": row.by,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
        "errors": list(row.error or ()),
    }


def _line(document: dict[str, Any]) -> str:
    asked = document["asked"]
    of = asked.get("proposal") or f"version {asked.get('version')}"
    return (
        f"{document['id']}  {document['state']:10} {document['progress'] or 0:>3} %  {document['created_at']:%Y-%m-%d}"
        f"  {of}  {document['by']}"
    )

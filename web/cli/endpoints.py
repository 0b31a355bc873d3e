"""`houblon endpoint`: who is told what happens, from a shell."""

import secrets
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from houblon.engine.core.problem import refuse
from houblon.orders.events import endpoints
from houblon.orders.events.catalogue import EVENTS
from houblon.orders.events.endpoints import Wanted
from houblon.web.access.audit import CLI, by, noted
from houblon.web.cli.shell import data_option, json_option, opened, print_result, speaks_problems


@click.group()
def endpoint() -> None:
    """Where webhooks go out to."""


@endpoint.command("add")
@data_option
@json_option
@click.argument("url")
@click.option("--event", "events", multiple=True, help=f"{', '.join(EVENTS)}; may be repeated. All, if none is given.")
@click.option("--description", default="", help="What it is, for people.")
@speaks_problems
def add(data: Path | None, url: str, events: tuple[str, ...], description: str, as_json: bool) -> None:
    """Send events to URL, and print the secret that signs them, once."""
    wanted = Wanted(url, events or EVENTS, description)
    with opened(data) as house:
        allowed, acting = house.settings.private_webhooks, by(house, CLI)

        def work(connection: Connection) -> tuple[str, str]:
            made = endpoints.add_endpoint(connection, wanted, secrets.token_bytes, acting.at, allowed)
            noted(connection, acting, "endpoint.added", made[0], None, {"url": url, "events": list(wanted.events)})
            return made

        id, secret = house.services.ledger.write(work)
    print_result({"id": id, "url": url, "events": list(wanted.events), "secret": secret}, as_json, f"{id}\n{secret}")


@endpoint.command("list")
@data_option
@json_option
@speaks_problems
def list_(data: Path | None, as_json: bool) -> None:
    """Every endpoint; secrets are not shown again."""
    with opened(data) as house, house.services.ledger.reading() as connection:
        found = [_document(row) for row in endpoints.list_endpoints(connection)]
    lines = (
        f"{each['id']}  {'active' if each['active'] else 'paused'}  {each['url']}  {' '.join(each['events'])}"
        for each in found
    )
    print_result(found, as_json, "\n".join(lines) or "no endpoints")


@endpoint.command("remove")
@data_option
@json_option
@click.argument("id")
@speaks_problems
def remove(data: Path | None, id: str, as_json: bool) -> None:
    """Send nothing more to the endpoint ID; what waited for it is parked."""
    with opened(data) as house:
        acting = by(house, CLI)

        def work(connection: Connection) -> None:
            endpoints.remove(connection, id)
            noted(connection, acting, "endpoint.removed", id)

        try:
            house.services.ledger.write(work)
        except LookupError:
            raise refuse(
                "unknown_endpoint", "/id", f"Il n’y a pas de point de livraison {id}.", f"There is no endpoint {id}."
            ) from None
    print_result({"removed": id}, as_json, f"Removed {id}.")


def _document(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "url": row.url,
        "description": row.description,
        "events": row.events,
        "active": row.active,
        "stopped_why": row.stopped_why,
        "rests_until": row.rests_until and row.rests_until.isoformat(),
        "created_at": row.created_at.isoformat(),
    }

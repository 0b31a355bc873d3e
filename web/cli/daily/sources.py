"""`houblon source`: who may send orders to the webhooks, with which secrets, read in which way."""

from pathlib import Path
from typing import Any

import click
import msgspec
from sqlalchemy import Connection

from houblon.engine.core.problem import refuse
from houblon.engine.core.strict_json import read_json
from houblon.orders.credentials.credentials import KINDS, STANDARD
from houblon.orders.handling.whatif import what_if
from houblon.orders.intake.decode import read_order
from houblon.orders.intake.mapping import read_mapping
from houblon.orders.intake.sources import (
    Source,
    default_mapping,
    find_source,
    list_sources,
)
from houblon.orders.intake.trial import read_payload
from houblon.web.access.audit import CLI, by
from houblon.web.admin.acts import add_source, change_source, retire_secrets
from houblon.web.cli.shell import data_option, json_option, opened, print_result, speaks_problems


@click.group()
def source() -> None:
    """Who may send orders to the webhooks."""


@source.command("add")
@data_option
@json_option
@click.argument("name")
@click.option(
    "--kind", type=click.Choice(KINDS), default=STANDARD, show_default=True, help="Whose signatures it sends."
)
@click.option("--secret", help="The secret that the shop shows; better: --secret-file.")
@click.option("--secret-file", type=click.File("r"), help="A file that holds the secret; - reads standard input.")
@click.option("--own-buyers", is_flag=True, help="Its buyers' ids are its own, not the house's; a shop's always are.")
@speaks_problems
def add(
    data: Path | None, name: str, kind: str, secret: str | None, secret_file: Any, own_buyers: bool, as_json: bool
) -> None:
    """Give a source a signing secret; those it has stay active until they are retired."""
    given = secret_file.read().strip() if secret_file else secret
    with opened(data) as house:
        acting = by(house, CLI)
        made = house.services.ledger.write(
            lambda connection: add_source(connection, acting, name, kind, given, has_own_buyers=own_buyers)
        )
    # What the shop made is known to whoever gave it, and is not printed again.
    print_result(
        {"secret": made} if given is None else {"source": name}, as_json, made if given is None else f"Added {name}."
    )


@source.command("set")
@data_option
@json_option
@click.argument("name")
@click.option("--group", "groups", multiple=True, help="A group for buyers whose orders name none; may be repeated.")
@click.option("--mapping", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="A mapping (JSON).")
@click.option("--default-mapping", is_flag=True, help="Go back to the mapping of its kind.")
@speaks_problems
def set_(
    data: Path | None, name: str, groups: tuple[str, ...], mapping: Path | None, default_mapping: bool, as_json: bool
) -> None:
    """Say how a source's orders are read. What is not named stays."""
    with opened(data) as house:
        content = house.store.content(house.store.newest().number)
        unknown = [group for group in groups if group not in content.groups]
        if unknown:
            raise refuse(
                "unknown_group", "/group", f"Il n’y a pas de groupe {unknown[0]}.", f"There is no group {unknown[0]}."
            )
        given, acting = read_json(mapping.read_bytes()) if mapping else None, by(house, CLI)

        def work(connection: Connection) -> tuple[tuple[str, ...], Any]:
            known = find_source(connection, name)
            kept = known.mapping if known and not default_mapping else None
            wanted = given if mapping else kept
            named = groups or (known.groups if known else ())
            change_source(connection, acting, name, known, named, wanted)
            return named, wanted

        named, wanted = house.services.ledger.write(work)
    print_result(
        {"source": name, "groups": list(named), "mapping": wanted},
        as_json,
        f"Orders of {name} are read so from now on.",
    )


@source.command("show")
@data_option
@json_option
@click.argument("name")
@speaks_problems
def show(data: Path | None, name: str, as_json: bool) -> None:
    """One source: its secrets by number, not as they are, and how its orders are read."""
    with opened(data) as house, house.services.ledger.reading() as connection:
        found = _known(connection, name)
    mapping = default_mapping(found.kind) if found.mapping is None else found.mapping
    document = {
        "name": found.name,
        "kind": found.kind,
        "secrets": [
            {"number": each.key, "active": each.active, "created_at": each.created_at} for each in found.secrets
        ],
        "groups": list(found.groups),
        "mapping": mapping,
        "own_mapping": found.mapping is not None,
        "last_call": found.last_call,
    }
    read = "its own" if found.mapping is not None else "that of its kind" if mapping else "none: orders of the house"
    lines = [
        f"{found.name}: {found.kind}, last called {found.last_call or 'never'}",
        f"groups: {', '.join(found.groups) or 'none'}",
        f"mapping: {read}",
        *(f"secret {each.key}: {'active' if each.active else 'void'}, {each.created_at}" for each in found.secrets),
    ]
    print_result(document, as_json, "\n".join(lines))


@source.command("try")
@data_option
@json_option
@click.argument("name")
@click.argument("payload", type=click.File("rb"))
@click.option("--mapping", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Another than its own.")
@speaks_problems
def try_(data: Path | None, name: str, payload: Any, mapping: Path | None, as_json: bool) -> None:
    """Read what a source sends (PAYLOAD, or -) and decide it; nothing is recorded.

    Told: the order that it becomes, its decision, and what of it no rule of the mapping looked at.
    """
    with opened(data) as house, house.services.ledger.reading() as connection:
        found = _known(connection, name)
        wanted = read_json(mapping.read_bytes()) if mapping else found.mapping
        if wanted is not None:
            read_mapping(wanted)
        sender = found.sender(mapping=wanted)
        groups = house.store.content(house.store.newest().number).groups
        zone = house.services.installation.zone
        body, left = read_payload(sender, found.kind, payload.read(), lambda: groups, zone)
        order, now = read_order(body), house.now()
        decision = what_if(connection, house.services, order, now=now, buyer_source=sender.buyer_source).document()
    unread = [each.path for each in left or ()]
    document = {"order": msgspec.json.decode(body), "decision": decision, "unread": unread}
    lines = [
        msgspec.json.format(body, indent=2).decode(),
        decision["outcome"],
        *(f"- {each['message']['fr']}" for each in decision["reasons"]),
        *([f"not looked at: {', '.join(unread)}"] if unread else []),
    ]
    print_result(document, as_json, "\n".join(lines))


@source.command("retire")
@data_option
@json_option
@click.argument("name")
@click.option("--keep-newest", is_flag=True, help="Keep the newest secret: the end of a rotation.")
@speaks_problems
def retire(data: Path | None, name: str, keep_newest: bool, as_json: bool) -> None:
    """Make a source's secrets void: what they sign is refused from now on."""
    with opened(data) as house:
        acting = by(house, CLI)

        def work(connection: Connection) -> int:
            _known(connection, name)
            return retire_secrets(connection, acting, name, keep=int(keep_newest))

        count = house.services.ledger.write(work)
    print_result({"retired": count}, as_json, f"{count} secret(s) of {name} are void.")


@source.command("list")
@data_option
@json_option
@speaks_problems
def list_(data: Path | None, as_json: bool) -> None:
    """Every source; secrets are never shown again."""
    with opened(data) as house, house.services.ledger.reading() as connection:
        found = list_sources(connection)
    rows = [
        {
            "name": each.name,
            "kind": each.kind,
            "secrets": len(each.active),
            "groups": list(each.groups),
            "own_buyers": each.own_buyers,
        }
        for each in found
    ]
    lines = [f"{each.name:20} {each.kind:12} {len(each.active)} secret(s)  {', '.join(each.groups)}" for each in found]
    print_result(rows, as_json, "\n".join(lines) or "No source yet: houblon source add NAME")


def _known(connection: Connection, name: str) -> Source:
    found = find_source(connection, name)
    if found is None:
        raise refuse("unknown_source", "/name", f"Il n’y a pas de source {name}.", f"There is no source {name}.")
    return found

"""`houblon key`: keys for the API, made, listed and taken back."""

import secrets
from pathlib import Path

import click
from sqlalchemy import Connection

from houblon.engine.core.problem import refuse
from houblon.orders.credentials.credentials import SCOPES, add_key
from houblon.orders.credentials.revocation import list_keys, revoke_key
from houblon.web.access.audit import CLI, by, noted
from houblon.web.cli.shell import data_option, json_option, opened, print_result, speaks_problems


@click.group()
def key() -> None:
    """Keys for the API."""


@key.command("add")
@data_option
@json_option
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, help=f"{', '.join(SCOPES)}; may be repeated.")
@speaks_problems
def add(data: Path | None, name: str, scopes: tuple[str, ...], as_json: bool) -> None:
    """Make an API key and print it, once."""
    with opened(data) as house:
        acting = by(house, CLI)

        def work(connection: Connection) -> str:
            key = add_key(connection, name, scopes, secrets.token_bytes, acting.at)
            noted(connection, acting, "key.added", name, None, list(scopes))
            return key

        made = house.services.ledger.write(work)
    print_result({"key": made}, as_json, made)


@key.command("list")
@data_option
@json_option
@speaks_problems
def list_(data: Path | None, as_json: bool) -> None:
    """Every key, those that work first; the keys themselves are never shown again."""
    with opened(data) as house, house.services.ledger.reading() as connection:
        found = [
            {
                "number": each.key,
                "name": each.name,
                "scopes": list(each.scopes),
                "active": each.active,
                "created_at": each.created_at,
                "last_used_at": each.last_used_at,
            }
            for each in list_keys(connection)
        ]
    lines = [
        f"{each['number']:>4}  {each['name']:30} {'active' if each['active'] else 'revoked':8} "
        f"{', '.join(each['scopes'])}  {each['last_used_at'] or 'never used'}"
        for each in found
    ]
    print_result({"keys": found}, as_json, "\n".join(lines) or "No key yet: houblon key add NAME --scope SCOPE")


@key.command("revoke")
@data_option
@json_option
@click.argument("name")
@speaks_problems
def revoke(data: Path | None, name: str, as_json: bool) -> None:
    """Shut a key out for good, by its name, or by its number in the list where several have the name."""
    with opened(data) as house:
        acting = by(house, CLI)

        def work(connection: Connection) -> tuple[int, str]:
            number = _number_of(connection, name)
            revoked = revoke_key(connection, number)
            if revoked is None:
                raise refuse("revoked", "/name", "Cette clé était déjà révoquée.", "This key was revoked already.")
            noted(connection, acting, "key.revoked", revoked, {"active": True}, {"active": False})
            return number, revoked

        number, revoked = house.services.ledger.write(work)
    print_result({"revoked": number, "name": revoked}, as_json, f"The key {revoked} does not work any more.")


def _number_of(connection: Connection, name: str) -> int:
    """The key that is meant: the one of this number, else the only working one of this name. Raises Invalid."""
    known = list_keys(connection)
    if name.isdecimal() and int(name) in {each.key for each in known}:
        return int(name)
    named = [each for each in known if each.name == name]
    if not named:
        raise refuse("unknown_key", "/name", f"Il n’y a pas de clé {name}.", f"There is no key {name}.")
    working: list[int] = [each.key for each in named if each.active] or [named[0].key]
    if len(working) > 1:
        numbers = ", ".join(map(str, working))
        raise refuse(
            "ambiguous",
            "/name",
            f"Plusieurs clés s’appellent {name} : donnez un numéro ({numbers}).",
            f"Several keys are called {name}: give a number ({numbers}).",
        )
    return working[0]

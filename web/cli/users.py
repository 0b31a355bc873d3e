"""`houblon user …`: accounts of people from the shell; every act goes into the audit log."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from flask_security.utils import hash_password
from sqlalchemy import Connection

from houblon.engine.core.problem import refuse
from houblon.web.access import account_commands
from houblon.web.access.audit import CLI, by
from houblon.web.access.permissions import ROLES
from houblon.web.app.app import create_app
from houblon.web.cli.shell import data_option, json_option, opened, print_result, speaks_problems
from houblon.web.foundation.composition import House


@click.group()
def user() -> None:
    """Accounts of people."""


@user.command("add")
@data_option
@json_option
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), default=ROLES[0], show_default=True)
@speaks_problems
def add(data: Path | None, email: str, role: str, as_json: bool) -> None:
    """Make an account and print its password, once; what it may do is its role, the least unless one is said."""
    password = secrets.token_urlsafe(12)
    with opened(data) as house:
        who, hashed = by(house, CLI), _hashed(house, password)
        house.services.ledger.write(
            lambda connection: account_commands.add(connection, email, role, by=who, password=hashed)
        )
    print_result({"email": email, "role": role, "password": password}, as_json, password)


@user.command("password")
@data_option
@json_option
@click.argument("email")
@speaks_problems
def password(data: Path | None, email: str, as_json: bool) -> None:
    """Give an account a new password, printed this once; its open sessions and links end, and its person is told."""
    new = secrets.token_urlsafe(12)
    with opened(data) as house:
        who, hashed, services = by(house, CLI), _hashed(house, new), house.services
        _act(
            house,
            email,
            lambda connection, id: account_commands.set_password(connection, services, id, hashed, by=who),
        )
    print_result({"email": email, "password": new}, as_json, new)


@user.command("list")
@data_option
@json_option
@speaks_problems
def list_(data: Path | None, as_json: bool) -> None:
    """Every account: its role, whether it is active, has a second factor, and when it was last seen."""
    with opened(data) as house, house.services.ledger.reading() as connection:
        found = [_document(row) for row in account_commands.listed(connection, house.now())]
    lines = [
        f"{each['email']:40} {each['role'] or '-':14} {'active' if each['active'] else 'deactivated':12} "
        f"{'two factors' if each['two_factor'] else '':12} {each['seen_at'] or 'never seen'}"
        for each in found
    ]
    print_result({"users": found}, as_json, "\n".join(line.rstrip() for line in lines))


@user.command("role")
@data_option
@json_option
@click.argument("email")
@click.argument("role", type=click.Choice(ROLES))
@speaks_problems
def role(data: Path | None, email: str, role: str, as_json: bool) -> None:
    """Give an account another role; the last active administrator keeps theirs."""
    with opened(data) as house:
        who = by(house, CLI)
        _act(house, email, lambda connection, id: account_commands.change_role(connection, id, role, by=who))
    print_result({"email": email, "role": role}, as_json, f"{email}: {role}")


@user.command("deactivate")
@data_option
@json_option
@click.argument("email")
@speaks_problems
def deactivate(data: Path | None, email: str, as_json: bool) -> None:
    """Shut an account out and end its sessions; it is never deleted, since the log names it."""
    with opened(data) as house:
        who = by(house, CLI)
        _act(house, email, lambda connection, id: account_commands.deactivate(connection, id, by=who))
    print_result({"email": email, "active": False}, as_json, f"{email}: deactivated")


@user.command("activate")
@data_option
@json_option
@click.argument("email")
@speaks_problems
def activate(data: Path | None, email: str, as_json: bool) -> None:
    """Let a deactivated account in again, with the role it had."""
    with opened(data) as house:
        who = by(house, CLI)
        _act(house, email, lambda connection, id: account_commands.reactivate(connection, id, by=who))
    print_result({"email": email, "active": True}, as_json, f"{email}: active")


def _act(house: House, email: str, work: Callable[[Connection, int], Any]) -> None:
    """Do the work on the account with this address. Raises Invalid."""

    def found(connection: Connection) -> None:
        id = account_commands.id_of(connection, email)
        if id is None:
            raise refuse(
                "unknown_account", "/email", f"Il n’y a pas de compte {email}.", f"There is no account {email}."
            )
        work(connection, id)

    house.services.ledger.write(found)


def _hashed(house: House, password: str) -> str:
    with create_app(house).app_context():
        return hash_password(password)


def _document(row: Any) -> dict[str, Any]:
    return {
        "email": row.email,
        "role": row.role,
        "active": row.active,
        "invited": not row.is_set,
        "two_factor": bool(row.has_two_factor),
        "seen_at": row.seen_at.isoformat() if row.seen_at else None,
        "open_sessions": row.open_sessions,
    }

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
from houblon.web.access.addresses import kept_address
from houblon.web.access.audit import CLI, by
from houblon.web.access.one_time_links import new_nonce, queue_invitation
from houblon.web.access.permissions import ROLES
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


@user.command("invite")
@data_option
@json_option
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), default=ROLES[0], show_default=True)
@click.option("--language", type=click.Choice(["fr", "en"]), default="fr", show_default=True)
@speaks_problems
def invite(data: Path | None, email: str, role: str, language: str, as_json: bool) -> None:
    """Have a running server write to somebody with a link to choose a password, good for seven days.

    Somebody who was invited and did not answer is written to again, as they are; the link before no longer works.
    """
    with opened(data) as house:
        who, services, nonce = by(house, CLI), house.services, new_nonce()

        def work(connection: Connection) -> str:
            id, said = account_commands.id_of(connection, email), language
            if id is None:
                id = account_commands.add(connection, email, role, by=who, invitation=nonce, language=language)
            else:
                said = account_commands.invite_again(connection, id, nonce, by=who).language or language
            address = kept_address(email)
            queue_invitation(connection, services, id, nonce, address, said, who.at)
            return address

        address = services.ledger.write(work)
    print_result({"invited": address}, as_json, f"The invitation goes to {address}.")


@user.command("end-sessions")
@data_option
@json_option
@click.argument("email")
@speaks_problems
def end_sessions(data: Path | None, email: str, as_json: bool) -> None:
    """End all sessions of an account: wherever it is open, one must sign in again."""
    with opened(data) as house:
        who = by(house, CLI)
        ended = _act(house, email, lambda connection, id: account_commands.end_sessions(connection, id, by=who))
    print_result({"email": email, "ended": ended}, as_json, f"{email}: {ended} session(s) ended")


@user.command("remove-two-factor")
@data_option
@json_option
@click.argument("email")
@speaks_problems
def remove_two_factor(data: Path | None, email: str, as_json: bool) -> None:
    """Take away the second factor of somebody who lost their device; sessions end, and they are told by mail."""
    with opened(data) as house:
        who, services = by(house, CLI), house.services
        removed = _act(
            house, email, lambda connection, id: account_commands.remove_two_factor(connection, services, id, by=who)
        )
    text = f"{email}: {'no second factor any more' if removed else 'there was none'}"
    print_result({"email": email, "removed": removed}, as_json, text)


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


def _act(house: House, email: str, work: Callable[[Connection, int], Any]) -> Any:
    """Do the work on the account with this address, and return what it returns. Raises Invalid."""

    def found(connection: Connection) -> Any:
        id = account_commands.id_of(connection, email)
        if id is None:
            raise refuse(
                "unknown_account", "/email", f"Il n’y a pas de compte {email}.", f"There is no account {email}."
            )
        return work(connection, id)

    return house.services.ledger.write(found)


def _hashed(house: House, password: str) -> str:
    # It draws in every page and door, for which the other commands need not wait.
    from houblon.web.app.app import create_app

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

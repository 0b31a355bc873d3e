"""`houblon`: the same doors from a shell. Faults go to stderr as Problems, with exit status 1."""

import json
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click
import msgspec

from engine.problem import Invalid, Problem, Text, refuse
from engine.strict_json import read_json
from orders.desk import Conflict as OrderConflict
from orders.doors import add_key, add_source
from orders.intake import read_order
from orders.migrate import NewerLedger
from orders.retailers import all_memberships, set_memberships
from orders.whatif import what_if
from rules.bundle import export_bundle, read_bundle
from rules.publish import Conflict, publish
from rules.storage import CrashSafeStorage, Damaged, StorageFault
from rules.store import FILE
from web import create_app
from web.api import read_moment
from web.auth import set_password
from web.composition import House, NotInitialised, open_house, utc_now
from web.settings import BadSetting, Settings

_data = click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="The data folder (HOUBLON_DATA).")
_json = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")


def _speaks_problems(command: Callable[..., None]) -> Callable[..., None]:
    """Tell every refusal as Problems on stderr and leave with 1."""

    @wraps(command)
    def run(*arguments: Any, **named: Any) -> None:
        try:
            command(*arguments, **named)
        except Invalid as invalid:
            _fail(invalid.problems)
        except (NotInitialised, StorageFault, BadSetting, NewerLedger, Conflict, OrderConflict) as fault:
            code = type(fault).__name__.lower()
            _fail((Problem(code, "", Text(str(fault), str(fault))),))

    return run


def _fail(problems: tuple[Problem, ...]) -> None:
    click.echo(json.dumps({"errors": [each.as_json() for each in problems]}, ensure_ascii=False, indent=2), err=True)
    sys.exit(1)


@contextmanager
def _open(data: Path | None) -> Iterator[House]:
    house = open_house(Settings.from_env(os.environ, data))
    try:
        yield house
    finally:
        house.close()


def _say(document: Any, as_json: bool, text: str) -> None:
    click.echo(msgspec.json.encode(document).decode() if as_json else text)


@click.group()
@click.version_option(package_name="houblon")
def main() -> None:
    """Houblon decides what happens to an order."""


@main.command()
@_data
@_json
@click.option("--demo", is_flag=True, help="With a fictional microbrewery, its retailers and 500 orders.")
@click.option("--admin", default="admin@houblon.example", show_default=True, help="The administrator's address.")
@_speaks_problems
def init(data: Path | None, demo: bool, admin: str, as_json: bool) -> None:
    """Make a new installation and print the administrator's password, once."""
    from web.installation import initialise

    settings = Settings.from_env(os.environ, data)
    password = initialise(settings, demo=demo, admin=admin, now=utc_now(), tell=lambda line: click.echo(line, err=True))
    _say(
        {"data": str(settings.data), "administrator": admin, "password": password},
        as_json,
        f"Installed in {settings.data}.\nAdministrator: {admin}\nPassword (shown this once): {password}",
    )


@main.command()
@_data
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@_speaks_problems
def serve(data: Path | None, host: str, port: int) -> None:
    """Serve the pages and the doors."""
    from web.serve import serve as run

    run(Settings.from_env(os.environ, data), host, port)


@main.command(name="import")
@_data
@_json
@click.argument("bundle", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--publish", "publish_now", is_flag=True, required=True, help="Publish it as the next version.")
@_speaks_problems
def import_(data: Path | None, bundle: Path, publish_now: bool, as_json: bool) -> None:
    """Publish a bundle: what it names is added or replaced, the rest stays."""
    document = read_json(bundle.read_bytes())
    with _open(data) as house:
        now, newest = house.now(), house.store.newest().number
        read = read_bundle(document, house.store.content(newest))
        version = newest
        if read.edits:
            note = f"import of {bundle.name}"
            with read.placing():
                version = publish(house.store, read.edits, author="cli", note=note, at=now, base=newest).number
        house.desk.ledger.write(lambda connection: set_memberships(connection, read.memberships, now))
    _say({"version": version}, as_json, f"Published as version {version}.")


@main.command()
@_data
@_json
@_speaks_problems
def export(data: Path | None, as_json: bool) -> None:
    """Print everything that people wrote as one bundle."""
    with _open(data) as house:
        with house.desk.ledger.reading() as connection:
            kept = all_memberships(connection)
        content = house.store.content(house.store.newest().number)
        sys.stdout.buffer.write(export_bundle(content, kept))


@main.command()
@_data
@_json
@click.argument("order", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--accepted-at", help="The instant dates count from (ISO 8601 with a zone).")
@click.option("--as-of", help="Decide by the version in force at this instant.")
@click.option("--version", "number", type=int, help="Decide by this version.")
@click.option("--trace", is_flag=True, help="Tell every comparison that was read.")
@_speaks_problems
def decide(
    data: Path | None,
    order: Path,
    accepted_at: str | None,
    as_of: str | None,
    number: int | None,
    trace: bool,
    as_json: bool,
) -> None:
    """Decide an order without recording anything; `-` reads one order a line."""
    asked: dict[str, Any] = {
        "accepted_at": _moment(accepted_at, "/accepted_at"),
        "as_of": _moment(as_of, "/as_of"),
        "version": number,
        "trace": trace,
    }
    with _open(data) as house, house.desk.ledger.reading() as connection:

        def answer(body: bytes) -> dict[str, Any]:
            return what_if(connection, house.desk, read_order(body), now=house.now(), **asked).document()

        if str(order) == "-":
            _decide_lines(answer)
        else:
            document = answer(_read(order))
            reasons = "\n".join(f"- {each['message']['fr']}" for each in document["reasons"])
            _say(document, as_json, f"{document['outcome']}\n{reasons}")


def _decide_lines(answer: Callable[[bytes], dict[str, Any]]) -> None:
    """One decision a line, in order; a line that can't be read gets its Problems in its place."""
    failed = False
    for line in sys.stdin.buffer:
        if not line.strip():
            continue
        try:
            document = answer(line)
        except Invalid as invalid:
            failed, document = True, {"errors": [each.as_json() for each in invalid.problems]}
        click.echo(msgspec.json.encode(document).decode())
    if failed:
        click.echo("some lines could not be read: their places hold their problems", err=True)
        sys.exit(1)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise refuse(
            "file", "", f"Le fichier {path.name} ne se lit pas.", f"The file {path.name} can't be read."
        ) from None


def _moment(text: str | None, pointer: str) -> datetime | None:
    try:
        return None if text is None else read_moment(text)
    except Invalid as invalid:
        raise Invalid(each.under(pointer) for each in invalid.problems) from None


@main.command()
@_data
@_json
@_speaks_problems
def restore(data: Path | None, as_json: bool) -> None:
    """Bring back the last good state of a damaged rules file; what is damaged is kept aside."""
    storage = CrashSafeStorage(Settings.from_env(os.environ, data).data / FILE)
    try:
        storage.read()
    except Damaged:
        generation = storage.restore_last_good()
    else:
        raise refuse(
            "whole", "", f"{FILE} est intact : rien à rétablir.", f"{FILE} is whole: there is nothing to restore."
        )
    _say({"generation": generation}, as_json, f"Restored generation {generation} of {FILE}.")


@main.group()
def source() -> None:
    """Who may send orders to the webhook."""


@source.command("add")
@_data
@_json
@click.argument("name")
@_speaks_problems
def source_add(data: Path | None, name: str, as_json: bool) -> None:
    """Give a source a new signing secret; those it has stay active."""
    with _open(data) as house:
        secret = house.desk.ledger.write(lambda c: add_source(c, name, secrets.token_bytes, house.now()))
    _say({"secret": secret}, as_json, secret)


@main.group()
def key() -> None:
    """Keys for the API."""


@key.command("add")
@_data
@_json
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, help="decide, read or write; may be repeated.")
@_speaks_problems
def key_add(data: Path | None, name: str, scopes: tuple[str, ...], as_json: bool) -> None:
    """Make an API key and print it, once."""
    with _open(data) as house:
        made = house.desk.ledger.write(lambda c: add_key(c, name, scopes, secrets.token_bytes, house.now()))
    _say({"key": made}, as_json, made)


@main.group()
def user() -> None:
    """Accounts of people."""


@user.command("password")
@_data
@_json
@click.argument("email")
@_speaks_problems
def user_password(data: Path | None, email: str, as_json: bool) -> None:
    """Give an account a new password, printed this once; its open sessions end."""
    password = secrets.token_urlsafe(12)
    with _open(data) as house:
        known = set_password(create_app(house), email, password)
    if not known:
        raise refuse("unknown_account", "/email", f"Il n’y a pas de compte {email}.", f"There is no account {email}.")
    _say({"email": email, "password": password}, as_json, password)


if __name__ == "__main__":
    main()

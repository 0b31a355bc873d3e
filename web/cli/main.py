"""`houblon`: the same doors from a shell. Faults go to stderr as Problems, with exit status 1."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import click
import msgspec

from houblon.engine.core.problem import Invalid, refuse
from houblon.orders.credentials.credentials import buyer_source_of
from houblon.orders.handling.whatif import what_if
from houblon.orders.intake.decode import read_order
from houblon.web.cli.daily.audit import audit
from houblon.web.cli.daily.books import export_books
from houblon.web.cli.daily.installation import follow_delivery, installation
from houblon.web.cli.daily.keys import key
from houblon.web.cli.daily.messages import message
from houblon.web.cli.daily.payments import payment
from houblon.web.cli.daily.products import product
from houblon.web.cli.daily.proposals import version
from houblon.web.cli.daily.refused_calls import refused_call
from houblon.web.cli.daily.reminders import reminder
from houblon.web.cli.daily.reviewing import order
from houblon.web.cli.daily.revising import proposal
from houblon.web.cli.daily.settling import invoice
from houblon.web.cli.daily.simulations import simulation
from houblon.web.cli.daily.sources import source
from houblon.web.cli.daily.users import user
from houblon.web.cli.endpoints import endpoint, events
from houblon.web.cli.input_orders import orders_in
from houblon.web.cli.keeping import backup, migrate, restore
from houblon.web.cli.operating import serve, settings, upgrade_check
from houblon.web.cli.privacy import prune
from houblon.web.cli.prove import compare, prove
from houblon.web.cli.replay import replay
from houblon.web.cli.retailers import statements  # noqa: F401 - a command of `houblon retailer`
from houblon.web.cli.retailers.joining import retailer
from houblon.web.cli.retailers.memberships import membership
from houblon.web.cli.rules import approval, check, export, import_
from houblon.web.cli.secret import secret
from houblon.web.cli.shell import data_option as _data
from houblon.web.cli.shell import json_option as _json
from houblon.web.cli.shell import moment as _moment
from houblon.web.cli.shell import opened as _open
from houblon.web.cli.shell import print_result as _print_result
from houblon.web.cli.shell import settings_of as _settings_of
from houblon.web.cli.shell import speaks_problems as _speaks_problems
from houblon.web.cli.simulate import simulate
from houblon.web.foundation.composition import utc_now
from houblon.web.foundation.file_modes import make_private


@click.group()
@click.version_option(package_name="houblon")
def main() -> None:
    """Houblon decides what happens to an order."""


@main.command()
@_data
@_json
@click.option("--demo", is_flag=True, help="With a fictional microbrewery, its retailers and 500 orders.")
@click.option("--admin", default="admin@houblon.example", show_default=True, help="The administrator's address.")
@click.option(
    "--receivables",
    type=click.Choice(["houblon", "source"]),
    default="houblon",
    show_default=True,
    help="Who knows what retailers owe: this installation's invoices, or each order.",
)
@_speaks_problems
def init(data: Path | None, demo: bool, admin: str, receivables: Literal["houblon", "source"], as_json: bool) -> None:
    """Make a new installation and print the administrator's password, once."""
    from houblon.web.cli.installation import initialise

    settings = _settings_of(data)
    progress = functools.partial(click.echo, err=True)
    now = utc_now()
    password = initialise(settings, demo=demo, admin=admin, now=now, progress=progress, receivables=receivables)
    _print_result(
        {"data": str(settings.data), "administrator": admin, "password": password},
        as_json,
        f"Installed in {settings.data}.\nAdministrator: {admin}\nPassword (shown this once): {password}",
    )


@main.command()
@_data
@_json
@click.argument("order", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--accepted-at", help="The instant dates count from (ISO 8601 with a zone).")
@click.option("--as-of", help="Decide by the version in force at this instant.")
@click.option("--version", "number", type=int, help="Decide by this version.")
@click.option("--proposal", help="Decide as if this proposal were published.")
@click.option("--source", help="The buyer's id is the one that this source calls them.")
@click.option("--trace", is_flag=True, help="Tell every comparison that was read.")
@_speaks_problems
def decide(
    data: Path | None,
    order: Path,
    accepted_at: str | None,
    as_of: str | None,
    number: int | None,
    proposal: str | None,
    source: str | None,
    trace: bool,
    as_json: bool,
) -> None:
    """Decide an order without recording anything.

    `-` reads orders from standard input, one a line, or one JSON document: an order written over several lines, or a
    list of orders. Each is answered by a line.
    """
    asked: dict[str, Any] = {
        "accepted_at": _moment(accepted_at, "/accepted_at"),
        "as_of": _moment(as_of, "/as_of"),
        "version": number,
        "proposal": proposal,
        "trace": trace,
    }
    with _open(data) as house, house.services.ledger.reading() as connection:
        asked["buyer_source"] = buyer_source_of(connection, source)

        def answer(body: bytes) -> dict[str, Any]:
            return what_if(connection, house.services, read_order(body), now=house.now(), **asked).document()

        if str(order) == "-":
            _decide_lines(answer)
        else:
            document = answer(_read(order))
            reasons = "\n".join(f"- {each['message']['fr']}" for each in document["reasons"])
            _print_result(document, as_json, f"{document['outcome']}\n{reasons}")


def _decide_lines(answer: Callable[[bytes], dict[str, Any]]) -> None:
    """One decision a line, in order; an order that can't be read gets its Problems in its place."""
    failed = False
    for written in orders_in(sys.stdin.buffer):
        try:
            document = answer(written)
        except Invalid as invalid:
            failed, document = True, {"errors": [each.as_json() for each in invalid.problems]}
        click.echo(msgspec.json.encode(document).decode())
    if failed:
        click.echo("some orders could not be read: their places hold their problems", err=True)
        sys.exit(1)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise refuse(
            "file", "", f"Le fichier {path.name} ne se lit pas.", f"The file {path.name} can't be read."
        ) from None


for _command in (
    import_,
    export,
    check,
    approval,
    audit,
    export_books,
    follow_delivery,
    installation,
    invoice,
    membership,
    payment,
    product,
    message,
    migrate,
    order,
    proposal,
    reminder,
    version,
    backup,
    restore,
    serve,
    settings,
    upgrade_check,
    secret,
    retailer,
    prune,
    endpoint,
    events,
    refused_call,
    key,
    source,
    user,
    simulate,
    simulation,
    prove,
    compare,
    replay,
):
    main.add_command(_command)


def run() -> None:
    """What is installed as `houblon`: whatever it makes is its owner's alone."""
    make_private()
    main()


if __name__ == "__main__":
    run()

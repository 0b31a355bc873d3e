"""`houblon membership import · imports · undo-import · export`: who is in which groups, by a file."""

from pathlib import Path
from typing import Any

import click
import msgspec

from houblon.engine.core.problem import refuse
from houblon.orders.retailers.membership_file import (
    ADD,
    MAX_BYTES,
    REPLACE,
    Columns,
    Plan,
    Sheet,
    guess_columns,
    read_sheet,
)
from houblon.web.access.audit import CLI, by
from houblon.web.cli.shell import data_option, json_option, limit_option, opened, print_result, speaks_problems
from houblon.web.foundation.composition import House
from houblon.web.foundation.stale import Outdated
from houblon.web.retailers import membership_import
from houblon.web.retailers.consequences import consequences
from houblon.web.retailers.membership_effect import content_of

_PLACES = ("retailer", "group", "name", "source", "called", "limit")
_SHOWN = 50


@click.group()
def membership() -> None:
    """Who is in which groups, by a file."""


@membership.command("import")
@data_option
@json_option
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--preview", is_flag=True, help="Only say what would change.")
@click.option("--yes", is_flag=True, help="Keep it; lines with a fault are left out.")
@click.option("--replace", is_flag=True, help="Put each retailer in exactly the groups that the file gives.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    help="group=2: which column has what, from 1; retailer, name, source, called, limit.",
)
@speaks_problems
def import_(
    data: Path | None,
    file: Path,
    preview: bool,
    yes: bool,
    replace: bool,
    columns: tuple[str, ...],
    as_json: bool,
) -> None:
    """Put the retailers of a CSV FILE into the groups that it names; the same file again changes nothing."""
    if preview == yes:
        raise click.UsageError("say --preview to look, or --yes to keep it")
    said, mode = _columns(columns), REPLACE if replace else ADD
    with file.open("rb") as opened_file:
        sheet = read_sheet(opened_file.read(MAX_BYTES + 1))
    with opened(data) as house:
        taken = said or guess_columns(sheet, content_of(house))
        plan = membership_import.plan_now(house, sheet, taken, mode)
        document = _document(house, taken, mode, plan)
        if yes and plan.changes:
            document["import"] = _kept(house, sheet, taken, mode, plan)
    print_result(document, as_json, _text(document))


@membership.command("imports")
@data_option
@json_option
@limit_option
@speaks_problems
def imports(data: Path | None, limit: int, as_json: bool) -> None:
    """Files of memberships that were kept, the newest first."""
    with opened(data) as house, house.services.ledger.reading() as connection:
        found = membership_import.imports(connection, limit)
    lines = [
        f"{each.id}  {each.at:%Y-%m-%d}  {each.count:>5} retailers  {each.mode:8} {each.who}"
        + ("  (undone)" if each.undone else "")
        for each in found
    ]
    print_result({"imports": msgspec.to_builtins(found)}, as_json, "\n".join(lines) or "no imports")


@membership.command("undo-import")
@data_option
@json_option
@click.argument("id")
@speaks_problems
def undo_import(data: Path | None, id: str, as_json: bool) -> None:
    """Give the retailers of an import their groups again; those who changed since stay as they are."""
    with opened(data) as house:
        done = membership_import.undo(house, by(house, CLI), id)
    if done is None:
        raise refuse("unknown_import", "/id", f"Il n’y a pas d’import {id}.", f"There is no import {id}.")
    if done.before:
        raise refuse("already_undone", "/id", f"L’import {id} est défait déjà.", f"The import {id} is undone already.")
    text = f"{done.back} retailers have their groups again; {done.left} changed since and stay as they are."
    print_result({"import": id, "back": done.back, "left": done.left}, as_json, text)


@membership.command("export")
@data_option
@json_option
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--delimiter", type=click.Choice([",", ";"]), default=",", show_default=True)
@speaks_problems
def export(data: Path | None, file: Path, delimiter: str, as_json: bool) -> None:
    """Write every retailer with their groups to a CSV FILE, which `import` takes back; `-` is the output."""
    with opened(data) as house:
        written = membership_import.exported(house, delimiter)
    if str(file) == "-":
        click.echo(written, nl=False)
        return
    if file.exists():
        raise refuse("exists", "/file", f"{file} existe déjà.", f"{file} is there already.")
    file.write_bytes(written)
    print_result({"file": str(file), "bytes": len(written)}, as_json, f"{file}: {len(written)} bytes.")


def _kept(house: House, sheet: Sheet, columns: Columns, mode: str, plan: Plan) -> str:
    seen = membership_import.digest_of(plan)
    try:
        return membership_import.keep(house, by(house, CLI), sheet, columns, mode, seen)
    except Outdated:
        raise refuse(
            "stale",
            "/file",
            "Des groupes viennent de changer\u00a0: regardez de nouveau ce que ferait ce fichier.",
            "Groups changed just now: look again at what this file would do.",
        ) from None


def _document(house: House, columns: Columns, mode: str, plan: Plan) -> dict[str, Any]:
    found = consequences(house, {each.retailer: each.after for each in plan.changes})
    places: dict[str, int | None] = msgspec.to_builtins(columns)
    return {
        "mode": mode,
        "columns": {name: place + 1 for name, place in places.items() if place is not None},
        "changes": [
            {
                "retailer": each.retailer,
                "new": each.is_new,
                "before": each.before,
                "after": each.after,
                "called": each.called,
                "credit_limit": each.limit,
            }
            for each in plan.changes
        ],
        "unchanged": plan.unchanged,
        "faults": [{"line": each.line, **each.problem.as_json()} for each in plan.faults],
        "broken_scenarios": [each.as_json() for each in found.broken],
        "planned_proposals": [each.id for each in found.planned],
        "import": None,
    }


def _text(document: dict[str, Any]) -> str:
    changes = document["changes"]
    lines = [
        f"{each['retailer']:24} {', '.join(each['before']) or '-'} → {', '.join(each['after']) or '-'}"
        + ("  (new)" if each["new"] else "")
        + (f"  credit limit {each['credit_limit']}" if each["credit_limit"] else "")
        for each in changes[:_SHOWN]
    ]
    if len(changes) > _SHOWN:
        lines.append(f"… and {len(changes) - _SHOWN} more; --json tells all.")
    lines += [f"line {each['line']}, left out: {each['message']}" for each in document["faults"]]
    lines += [f"a scenario would break: {each['message']}" for each in document["broken_scenarios"]]
    lines += [f"the planned proposal {each} moves some of them too" for each in document["planned_proposals"]]
    lines.append(f"{len(changes)} retailers change, {document['unchanged']} do not.")
    if document["import"]:
        lines.append(f"Kept as import {document['import']}.")
    return "\n".join(lines)


def _columns(said: tuple[str, ...]) -> Columns | None:
    """The columns that options name. Raises click.UsageError."""
    if not said:
        return None
    places: dict[str, int] = {}
    for each in said:
        name, _, place = each.partition("=")
        if name not in _PLACES or not (place.isascii() and place.isdecimal()) or not 1 <= int(place) <= 50:
            raise click.UsageError(f"--column NAME=NUMBER, NAME one of {', '.join(_PLACES)}, NUMBER from 1 to 50")
        places[name] = int(place) - 1
    return Columns(**{name: places.get(name) for name in _PLACES})

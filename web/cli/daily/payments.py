"""`houblon payment import · imports · undo-import`: what a bank says came in, recorded as payments."""

from datetime import date
from pathlib import Path
from typing import Any

import click

from houblon.engine.core.money import dollars
from houblon.engine.core.problem import refuse
from houblon.orders.bank import record
from houblon.orders.bank.columns import Columns
from houblon.orders.bank.known import Said, matches_of
from houblon.orders.bank.record import record_lines
from houblon.orders.bank.statement_file import Asked, read_file, text_of
from houblon.orders.cell_values import COMMA, DAY_FIRST, MONTH_FIRST, POINT
from houblon.web.access.audit import CLI, by
from houblon.web.cli.shell import before_option, data_option, json_option, opened, print_result, speaks_problems
from houblon.web.invoices.bank_document import import_document, imported_document, preview_document, undone_document
from houblon.web.invoices.bank_entries import imported, undone

_PLACES = ("date", "signed", "paid_in", "paid_out", "kind", "currency", "text")
_MARKS = {"comma": COMMA, "point": POINT}


@click.group()
def payment() -> None:
    """Payments, as a bank's file tells them."""


@payment.command("import")
@data_option
@json_option
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--preview", is_flag=True, help="Only say what each line would pay.")
@click.option("--yes", is_flag=True, help="Record the lines that are sure, and those that --line names.")
@click.option(
    "--line", "lines", multiple=True, help="12=F-2026-00048,F-2026-00051: what line 12 pays; 12= for nothing."
)
@click.option("--days", type=click.Choice([DAY_FIRST, MONTH_FIRST]), help="What comes first in dates, day or month.")
@click.option("--decimal", type=click.Choice(list(_MARKS)), help="What stands before the cents.")
@click.option("--column", "columns", multiple=True, help="date=1: which column has what, from 1; text may come again.")
@speaks_problems
def import_(
    data: Path | None,
    file: Path,
    preview: bool,
    yes: bool,
    lines: tuple[str, ...],
    days: str | None,
    decimal: str | None,
    columns: tuple[str, ...],
    as_json: bool,
) -> None:
    """Match what came in by a bank's CSV FILE to invoices; a line that is recorded already is not recorded again."""
    if preview == yes:
        raise click.UsageError("say --preview to look, or --yes to record")
    said, asked = _said(lines), Asked(_columns(columns), days, _MARKS.get(decimal or ""))
    with opened(data) as house:
        services = house.services
        today: date = house.now().astimezone(services.installation.zone).date()
        read = read_file(text_of(file.read_bytes()), asked, today, services.installation.currency)
        if preview:
            with services.ledger.reading() as connection:
                document = preview_document(read, matches_of(connection, services, read.lines, said))
            print_result(document, as_json, _preview_text(document))
            return
        acting = by(house, CLI)
        with services.ledger.reading() as connection:
            found = matches_of(connection, services, read.lines, said)
        named = {line for line, numbers in said.items() if numbers}
        taken = sorted({each.line.line for each in found if each.state == "matched"} | named)
        done = record_lines(
            services,
            file.name[:200],
            read.lines,
            said,
            taken or None,
            seen=record.digest_of(found),
            by=acting.who,
            at=acting.at,
            entries_of=imported(acting),
        )
    text = f"{len(done.noted)} payments of {done.lines} lines, {dollars(done.amount)} $ in all: import {done.key}."
    print_result(imported_document(done), as_json, text)


@payment.command("imports")
@data_option
@json_option
@before_option("import")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@speaks_problems
def imports(data: Path | None, before: int | None, limit: int, as_json: bool) -> None:
    """Files of banks that were recorded, the newest first."""
    with opened(data) as house, house.services.ledger.reading() as connection:
        found = [import_document(row) for row in record.imports(connection, before, limit)]
    lines = [
        f"{each['key']:>5}  {each['at']:%Y-%m-%d}  {each['lines']:>5} lines  {each['amount']:>12}  {each['name']}"
        + ("  (undone)" if each["undone_at"] else "")
        for each in found
    ]
    print_result({"imports": found}, as_json, "\n".join(lines) or "no imports")


@payment.command("undo-import")
@data_option
@json_option
@click.argument("key", type=click.IntRange(1))
@click.option("--why", default="", help="The reason, beside each entry that takes a payment back.")
@speaks_problems
def undo_import(data: Path | None, key: int, why: str, as_json: bool) -> None:
    """Take back all payments of the import KEY; its lines may be recorded again."""
    with opened(data) as house:
        acting, why = by(house, CLI), why.strip()[:200]
        try:
            done = record.undo(
                house.services, key, by=acting.who, at=acting.at, why=why, entries_of=undone(acting, why)
            )
        except LookupError:
            raise refuse(
                "unknown_import", "/key", f"Il n’y a pas d’import {key}.", f"There is no import {key}."
            ) from None
    text = f"{len(done.entered)} payments are taken back; {done.before} were before."
    print_result(undone_document(done), as_json, text)


def _preview_text(document: dict[str, Any]) -> str:
    lines = [
        f"{each['line']:>5}  {each['on']}  {each['amount']:>12}  {each['state']:10} "
        f"{' '.join(part['invoice_number'] for part in each['invoices']) or ' '.join(each['recorded']) or '-':32} "
        f"{each['text'][:60]}" + (f"  [{each['note']['message']['en']}]" if each["note"] else "")
        for each in document["lines"]
    ]
    faults = [f"{each['line']:>5}  left out: {each['message']['en']}" for each in document["faults"]]
    return "\n".join([*lines, *faults, f"{document['out']} lines of what went out are left out."])


def _said(lines: tuple[str, ...]) -> Said:
    found: dict[int, tuple[str, ...]] = {}
    for each in lines:
        number, equals, numbers = each.partition("=")
        if not equals or not (number.isascii() and number.isdecimal()) or len(number) > 7:
            raise click.UsageError("--line 12=F-2026-00048: a line's number, then what it pays")
        found[int(number)] = tuple(one.strip() for one in numbers.split(",") if one.strip())
    return found


def _columns(said: tuple[str, ...]) -> Columns | None:
    if not said:
        return None
    places: dict[str, Any] = {}
    texts: list[int] = []
    for each in said:
        name, _, place = each.partition("=")
        if name not in _PLACES or not (place.isascii() and place.isdecimal()) or not 1 <= int(place) <= 50:
            raise click.UsageError(f"--column date=1: one of {', '.join(_PLACES)}, and its place from 1")
        if name == "text":
            texts.append(int(place) - 1)
        else:
            places[name] = int(place) - 1
    return Columns(**places, texts=tuple(texts))

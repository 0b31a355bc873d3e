"""`houblon export-books`: what a bookkeeper takes of a period, as a file."""

import os
from contextlib import suppress
from datetime import date
from pathlib import Path

import click

from houblon.engine.core.problem import refuse
from houblon.orders.bookkeeping.files import TYPES, written
from houblon.orders.bookkeeping.period import Period, period_of
from houblon.orders.bookkeeping.tables import TABLES, Books, table_of
from houblon.web.cli.shell import data_option, json_option, opened, print_result, speaks_problems
from houblon.web.foundation.composition import House


@click.command("export-books")
@data_option
@json_option
@click.argument("table", type=click.Choice(list(TABLES)))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--from", "since", help="From this day on (2026-11-01).")
@click.option("--to", "until", help="Before this day (2026-12-01).")
@click.option("--lang", type=click.Choice(["fr", "en"]), default="fr", show_default=True, help="Of headers and words.")
@speaks_problems
def export_books(
    data: Path | None, table: str, file: Path, since: str | None, until: str | None, lang: str, as_json: bool
) -> None:
    """Write a TABLE of a period to FILE, a .csv or an .xlsx; last month unless days are named.

    A file that is there already stays.
    """
    kind = file.suffix.lower().removeprefix(".")
    if kind not in TYPES:
        raise click.UsageError("FILE takes a name that ends in .csv or .xlsx.")
    with opened(data) as house:
        zone = house.services.installation.zone
        days = _day(since, "/from"), _day(until, "/to")
        period = period_of(*days, house.now().astimezone(zone).date(), ("from", "to"))
        _write(house, table, file, kind, period, lang)
    said = {"table": table, "file": str(file), "since": period.first.isoformat(), "until": period.until.isoformat()}
    print_result(said, as_json, f"{table} from {period.first} to {period.last} is in {file}.")


def _write(house: House, table: str, file: Path, kind: str, period: Period, language: str) -> None:
    """Write the file whole, or leave none. Raises Invalid where there is one."""
    services = house.services
    books = Books(services.ledger, house.profile.accounts, services.installation.zone, language, period)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise refuse("exists", "/file", f"{file} existe déjà.", f"{file} exists already.") from None
    try:
        with open(descriptor, "wb") as out:
            for piece in written(table_of(books, table), kind, language, house.now()):
                out.write(piece)
    except BaseException:
        with suppress(OSError):
            file.unlink()
        raise


def _day(text: str | None, pointer: str) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise refuse("date", pointer, "Un jour comme 2026-12-01.", "A day such as 2026-12-01.") from None

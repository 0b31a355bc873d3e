"""`houblon simulate`: what a proposal or version would have done over past orders or a file's; nothing is recorded."""

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import msgspec

from houblon.engine.core.problem import refuse
from houblon.simulation.compare.changed_orders import read_all
from houblon.simulation.files.guard import ORDERS
from houblon.simulation.files.reading import Reading, check_reading
from houblon.simulation.files.source import reading_of
from houblon.simulation.files.upload import receive
from houblon.simulation.jobs.simulation import Asked
from houblon.simulation.jobs.simulation import simulate as run
from houblon.simulation.report.exports import TYPES, exported
from houblon.web.access.audit import CLI
from houblon.web.cli.shell import check_stretch, data_option, json_option, opened, print_result, speaks_problems
from houblon.web.foundation.composition import House


@click.command()
@data_option
@json_option
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--ledger", is_flag=True, help="Over the orders that were received.")
@click.option("--from", "since", help="Received, or in a file placed, from this day on (YYYY-MM-DD).")
@click.option("--to", "until", help="Before this day.")
@click.option("--proposal", help="As if this proposal were published.")
@click.option("--version", "number", type=int, help="By this version; the newest when nothing is said.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the report to a .xlsx, .csv or .json file.")
@click.option("--lang", type=click.Choice(["fr", "en"]), help="The language of the file of --out; French if not said.")
@speaks_problems
def simulate(
    data: Path | None,
    file: Path | None,
    ledger: bool,
    since: str | None,
    until: str | None,
    proposal: str | None,
    number: int | None,
    out: Path | None,
    lang: str | None,
    as_json: bool,
) -> None:
    """Compare a proposal or a version with what is in force, over the ledger's orders or those of FILE.

    FILE is a CSV, an .xlsx workbook, JSON Lines or Parquet; its columns are understood by their headers. Rows
    that can't be read are told on standard error and left out; the exit status is then 1.
    """
    _check_usage(file, ledger, proposal, number)
    _check_output(out, lang, as_json)
    with opened(data) as house, TemporaryDirectory() as name:
        folder, zone = Path(name), house.services.installation.zone
        asked = Asked(proposal, number, None, day_of(since, "/from", zone), day_of(until, "/to", zone))
        check_stretch(asked.since, asked.until)
        upload = folder / "upload"
        if file is not None:
            reading = _read(house, file, upload)
            asked = msgspec.structs.replace(asked, reading=reading, file=file.name)
        hidden = as_json or not sys.stderr.isatty()
        with click.progressbar(length=100, label="Simulating", file=sys.stderr, hidden=hidden) as bar:
            found = run(
                house.services,
                asked,
                folder / "work",
                house.now(),
                lambda percent: bar.update(percent - bar.pos),
                upload=upload,
                changes_file=folder / "changes",
            )
        if out is not None:
            changed_orders = read_all(folder / "changes")
            _write(out, exported(found, out.suffix[1:], lang or "fr", zone, house.now(), changed_orders))
    print_result(found, as_json, _summary(found))
    if found["source"].get("faulty_rows"):
        _tell_faults(found["source"])


def _check_usage(file: Path | None, ledger: bool, proposal: str | None, number: int | None) -> None:
    if (file is not None) == ledger:
        raise click.UsageError("Give either FILE or --ledger.")
    if proposal is not None and number is not None:
        raise click.UsageError("Give either --proposal or --version.")


def _check_output(out: Path | None, lang: str | None, as_json: bool) -> None:
    if out is not None and as_json:
        raise click.UsageError("Give either --json or --out.")
    if out is not None and out.suffix[1:] not in TYPES:
        raise click.UsageError("--out takes a name that ends in .xlsx, .csv or .json.")
    if lang is not None and out is None:
        raise click.UsageError("--lang is the language of --out.")


def _read(house: House, file: Path, folder: Path) -> Reading:
    """Read the file into the folder; its columns by the reading that somebody kept, else guessed. Raises Invalid."""
    try:
        upload = receive(_chunks(file), file.name, folder, by=CLI, at=house.now())
    except OSError:
        raise _unreadable(file) from None
    reading = reading_of(house.services, upload, folder, house.now())
    if upload.found.kind != ORDERS:
        check_reading(reading, upload.found.width)
    return reading


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened_file:
        while chunk := opened_file.read(1 << 20):
            yield chunk


def _unreadable(file: Path) -> Exception:
    return refuse("file", "", f"Le fichier {file.name} ne se lit pas.", f"The file {file.name} can't be read.")


def _write(out: Path, pieces: Iterable[bytes]) -> None:
    try:
        with out.open("wb") as file:
            file.writelines(pieces)
    except OSError:
        raise refuse(
            "file", "/out", f"Le fichier {out.name} ne s’écrit pas.", f"The file {out.name} can't be written."
        ) from None


def _tell_faults(source: dict[str, Any]) -> None:
    """The faults that the report lists, as Problems; and how many rows were left out."""
    errors = [
        {"code": each["code"], "pointer": each["pointer"], "message": each["message"]["en"]}
        for each in source["faults"]
    ]
    click.echo(json.dumps({"errors": errors}, ensure_ascii=False, indent=2), err=True)
    click.echo(f"{source['faulty_rows']} of {source['rows']} rows could not be read: they are left out", err=True)
    sys.exit(1)


def day_of(text: str | None, pointer: str, zone: Any) -> datetime | None:
    """The beginning of the day that an option names. Raises Invalid, at the pointer."""
    try:
        return None if text is None else datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError:
        raise refuse("date", pointer, "Une date, comme 2021-05-12.", "A date, such as 2021-05-12.") from None


def _summary(found: dict[str, Any]) -> str:
    lines = [f"{found['orders']} orders, {found['value']} $"]
    for each in found["matrix"]:
        if each["orders"]:
            lines.append(f"{each['before']:>9} -> {each['after']:<9} {each['orders']:>8} {each['value']:>14} $")
    rates = found["automation"]
    return "\n".join([*lines, f"accepted automatically: {rates['before']['rate']} % -> {rates['after']['rate']} %"])

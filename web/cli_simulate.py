"""`houblon simulate`: what a proposal or version would have done over the ledger's orders; nothing is recorded."""

import sys
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from engine.problem import refuse
from orders.simulate.jobs import Asked
from orders.simulate.jobs import simulate as run
from web.shell import data_option, json_option, opened, say, speaks_problems


@click.command()
@data_option
@json_option
@click.option("--ledger", is_flag=True, required=True, help="Over the orders that were received.")
@click.option("--from", "since", help="Received from this day on (YYYY-MM-DD).")
@click.option("--to", "until", help="Received before this day.")
@click.option("--proposal", help="As if this proposal were published.")
@click.option("--version", "number", type=int, help="By this version.")
@speaks_problems
def simulate(
    data: Path | None,
    ledger: bool,
    since: str | None,
    until: str | None,
    proposal: str | None,
    number: int | None,
    as_json: bool,
) -> None:
    """Compare a proposal or a version with what is in force, over the ledger's orders."""
    if (proposal is None) == (number is None):
        raise refuse("choice", "", "Donnez --proposal ou --version.", "Give either --proposal or --version.")
    with opened(data) as house, TemporaryDirectory() as folder:
        zone = house.desk.installation.zone
        asked = Asked(proposal, number, None, _day(since, "/from", zone), _day(until, "/to", zone))
        hidden = as_json or not sys.stderr.isatty()
        with click.progressbar(length=100, label="Simulating", file=sys.stderr, hidden=hidden) as bar:
            found = run(house.desk, asked, Path(folder), house.now(), lambda percent: bar.update(percent - bar.pos))
    say(found, as_json, _told(found))


def _day(text: str | None, pointer: str, zone: Any) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError:
        raise refuse("date", pointer, "Une date, comme 2021-05-12.", "A date, such as 2021-05-12.") from None


def _told(found: dict[str, Any]) -> str:
    lines = [f"{found['orders']} orders, {found['value']} $"]
    for each in found["matrix"]:
        if each["orders"]:
            lines.append(f"{each['before']:>9} -> {each['after']:<9} {each['orders']:>8} {each['value']:>14} $")
    rates = found["automation"]
    return "\n".join([*lines, f"accepted by itself: {rates['before']['rate']} % -> {rates['after']['rate']} %"])

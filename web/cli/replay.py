"""`houblon replay`: decide a stretch of the log anew and tell every difference; there must be none."""

import sys
from pathlib import Path

import click
import msgspec

from houblon.orders.handling.replay import Difference
from houblon.orders.handling.replay import replay as replayed
from houblon.web.cli.shell import (
    check_stretch,
    data_option,
    json_option,
    moment,
    opened,
    print_result,
    speaks_problems,
)

_SHOWN = 20


@click.command()
@data_option
@json_option
@click.option("--from", "since", help="The first instant (ISO 8601 with a zone).")
@click.option("--to", "until", help="The instant to stop before.")
@speaks_problems
def replay(data: Path | None, since: str | None, until: str | None, as_json: bool) -> None:
    """Decide what was decided anew, from the stored order, chain and version; exit status 1 if anything differs."""
    begin, end = moment(since, "/from"), moment(until, "/to")
    check_stretch(begin, end)
    with opened(data) as house, house.services.ledger.reading() as connection:
        found = replayed(connection, house.services, begin, end)
    print_result(
        msgspec.to_builtins(found),
        as_json,
        "\n".join([f"{found.count} decisions made again", *_lines(found.differences)]),
    )
    if found.differences:
        sys.exit(1)


def _lines(differences: tuple[Difference, ...]) -> list[str]:
    lines = [
        f"NOT THE SAME  order {each.order_id}, version {each.version}: {each.fault or ', '.join(each.now)}"
        for each in differences[:_SHOWN]
    ]
    left = len(differences) - len(lines)
    return [*lines, f"and {left} more"] if left else lines or ["no difference"]

"""What an option says of a line: its number, and how many."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import click

from houblon.engine.core.problem import refuse

day_type = click.DateTime(["%Y-%m-%d"])


def quantity_option(name: str, help: str, **options: Any) -> Callable[[Any], Any]:
    """An option that says it of a line, `LINE=QUANTITY`, once for each."""
    return click.option(name, metavar="LINE=QUANTITY", multiple=True, help=help, callback=_read, **options)


def _read(context: click.Context, option: click.Parameter, typed: Sequence[str]) -> tuple[tuple[int, int], ...]:
    return tuple(_quantity(context, option, each) for each in typed)


def _quantity(context: click.Context, option: click.Parameter, typed: str) -> tuple[int, int]:
    line, equals, quantity = typed.partition("=")
    if not equals or not all(each.isascii() and each.isdecimal() and len(each) < 9 for each in (line, quantity)):
        said = f"{typed!r} is not a line's number and a quantity, such as 1=22."
        raise click.BadParameter(said, context, option)
    return int(line), int(quantity)


def by_line(said: Sequence[tuple[int, int]], option: str) -> dict[int, int]:
    """How many of each line, by its number. Raises Invalid where one is said twice."""
    found = dict(said)
    if len(found) != len(said):
        raise refuse("duplicate", f"/{option}", "Une ligne est nommée deux fois.", "A line is named twice.")
    return found


def day_of(said: datetime | None) -> date | None:
    """The day that an option of `day_type` names, if any."""
    return None if said is None else said.date()

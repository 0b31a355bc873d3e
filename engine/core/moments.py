"""Instants and days as people and machines write them."""

import re
from contextlib import suppress
from datetime import date, datetime

from houblon.engine.core.problem import refuse

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def read_day(text: object) -> date:
    """A day of the calendar, as `2026-12-01`. Raises Invalid."""
    with suppress(ValueError):
        if isinstance(text, str) and _DAY.fullmatch(text):
            return date.fromisoformat(text)
    raise refuse("date", "", "Un jour comme « 2026-12-01 ».", 'A day such as "2026-12-01".')


def read_moment(text: object) -> datetime:
    """An ISO 8601 instant with its zone. Raises Invalid."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        # Near the ends of the calendar an instant may not exist in another zone.
        if moment is not None and moment.tzinfo is not None and 1 < moment.year < 9_999:
            return moment
    except ValueError:
        pass
    raise refuse(
        "datetime",
        "",
        "Un instant avec son fuseau, comme « 2021-05-12T10:00:00-04:00 ».",
        'An instant with its zone, such as "2021-05-12T10:00:00-04:00".',
    )

"""Instants as people and machines write them."""

from datetime import datetime

from houblon.engine.core.problem import refuse


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

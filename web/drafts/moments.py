"""Local dates and times that people type: an hour that does not exist is told, one that comes twice is asked about."""

from datetime import UTC, datetime, timezone
from zoneinfo import ZoneInfo

from houblon.engine.conditions.figures import NBSP
from houblon.engine.core.problem import refuse

FIRST, SECOND = "0", "1"


def read_local(text: str, zone: ZoneInfo, which: str, pointer: str) -> datetime:
    """The moment in the zone. `which` is FIRST or SECOND where the hour comes twice. Raises Invalid."""
    try:
        naive = datetime.fromisoformat(text)
        if naive.tzinfo is not None:
            raise ValueError(text)
        first, second = (naive.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
        exists = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0) == naive
    except (ValueError, OverflowError):
        raise refuse("datetime", pointer, "Choisissez une date et une heure.", "Choose a date and a time.") from None
    if not exists:
        after = first.astimezone(UTC).astimezone(zone)
        raise refuse(
            "no_such_hour",
            pointer,
            f"Cette heure n’existe pas : ce jour-là, l’horloge avance. Choisissez par exemple {after.hour}{NBSP}h{NBSP}{after.minute:02d}.",
            f"There is no such hour: the clock goes forward that day. Choose {after:%H:%M}, for instance.",
        )
    if first.utcoffset() == second.utcoffset():
        return _fixed(first)
    if which not in (FIRST, SECOND):
        raise refuse(
            "hour_twice",
            pointer,
            "Cette heure arrive deux fois, car l’horloge recule ce jour-là : dites laquelle.",
            "This hour comes twice, for the clock goes back that day: say which one.",
        )
    return _fixed(second if which == SECOND else first)


def _fixed(moment: datetime) -> datetime:
    """The moment with its offset: two of one zone are compared by what their clocks show, whichever hour it is."""
    offset = moment.utcoffset()
    return moment.replace(tzinfo=timezone(offset), fold=0) if offset is not None else moment

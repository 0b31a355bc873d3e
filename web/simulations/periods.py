"""The stretch of the past that a simulation is run over, as its form names it."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from houblon.engine.core.problem import refuse

MONTH, QUARTER, ALL, DAYS = "30-jours", "trimestre", "tout", "dates"
CHOICES = (MONTH, QUARTER, ALL)


class Period(msgspec.Struct, frozen=True):
    """From the first day on and before the day after the last; None where it has no end."""

    first: date | None = None
    last: date | None = None

    def instants(self, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
        """The same as instants of the installation's zone: from, and before."""
        since = datetime.combine(self.first, time(), zone) if self.first else None
        until = datetime.combine(self.last + timedelta(days=1), time(), zone) if self.last else None
        return since, until


def period_of(since: datetime | None, until: datetime | None, zone: ZoneInfo) -> Period:
    """The days of two instants, as `Period.instants` gives them."""
    first = since and since.astimezone(zone).date()
    last = until and (until.astimezone(zone) - timedelta(seconds=1)).date()
    return Period(first, last)


def chosen(choice: str, today: date) -> Period:
    """The last 30 days, the last whole quarter, or everything."""
    if choice == MONTH:
        return Period(today - timedelta(days=29), today)
    if choice == QUARTER:
        start = date(today.year, 3 * ((today.month - 1) // 3) + 1, 1)
        last = start - timedelta(days=1)
        return Period(date(last.year, last.month - 2, 1), last)
    return Period()


def asked(form: Mapping[str, str], today: date) -> Period:
    """What the form says. Raises Invalid."""
    choice = form.get("periode", ALL)
    if choice != DAYS:
        return chosen(choice, today)
    period = Period(_day(form, "du"), _day(form, "au"))
    if period.first and period.last and period.first > period.last:
        raise refuse("order", "/au", "Le dernier jour vient avant le premier.", "The last day is before the first one.")
    return period


def _day(form: Mapping[str, str], name: str) -> date | None:
    text = form.get(name, "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise refuse("date", f"/{name}", "Une date, comme 2021-05-12.", "A date, such as 2021-05-12.") from None

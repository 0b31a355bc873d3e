"""Days as pages show them: with their weekday, and marked where nobody works."""

from datetime import date

from flask import Flask

from houblon.engine.core.problem import Text
from houblon.engine.schedule.cadence import weekday_text
from houblon.engine.schedule.calendar import holiday_text

WEEKEND = Text("fin de semaine", "weekend")


def register(app: Flask) -> None:
    """Let templates write `day|weekday` and ask `day|day_off`."""
    app.jinja_env.filters.update(weekday=lambda value: weekday_text(_day(value)), day_off=day_off)


def day_off(value: date | str) -> Text | None:
    """The holiday's name, or that it is a weekend; None on a working day."""
    day = _day(value)
    return holiday_text(day) or (WEEKEND if day.weekday() >= 5 else None)


def _day(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value

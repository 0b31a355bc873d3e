"""The clock of tests, and it is awkward: as clocks are where users live.

It has microseconds, and it is evening in Montréal when UTC is already tomorrow: whoever cuts a day out of a UTC text,
or needs whole seconds, is found out.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

MONTREAL = ZoneInfo("America/Toronto")


def instant(local: str, fold: int = 0) -> datetime:
    """The instant of a text in Montréal's time, in UTC as every clock of the product tells it."""
    return datetime.fromisoformat(local).replace(tzinfo=MONTREAL, fold=fold).astimezone(UTC)


START = instant("2021-04-30T21:43:09.654321")  # when the first rules are published
NOW = instant("2021-05-12T22:17:41.123457")
# What depends on dates is tried at these too: the test asks for the fixture `moment`.
MOMENTS = {
    "evening": NOW,
    "new-years-eve": instant("2021-12-31T22:17:41.123457"),
    "leap-day": instant("2024-02-29T22:17:41.123457"),
    "before-the-hour-that-does-not-exist": instant("2022-03-13T01:59:59.999999"),
    "in-the-hour-that-comes-again": instant("2022-11-06T01:30:41.123457", fold=1),
}


def real() -> datetime:
    """What the clock of this machine says: for tests that talk with a running server, which reads it too."""
    return datetime.now(UTC)


def day_of(at: datetime) -> date:
    """The day in Montréal, whatever it is in UTC by then."""
    return at.astimezone(MONTREAL).date()


class Waiting:
    """A clock of seconds that only waiting moves on."""

    def __init__(self) -> None:
        self.now = 0.0

    def seconds(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

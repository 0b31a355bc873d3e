"""The clock of tests, and it is awkward: as clocks are where users live.

It has microseconds, and it is evening in Montréal when UTC is already tomorrow: whoever cuts a day out of a UTC text,
or needs whole seconds, is found out.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

MONTREAL = ZoneInfo("America/Toronto")


def instant(local: str, fold: int = 0) -> datetime:
    """The instant of a text in Montréal's time, in UTC as every clock of the product tells it."""
    return datetime.fromisoformat(local).replace(tzinfo=MONTREAL, fold=fold).astimezone(UTC)


START = instant("2021-04-30T21:43:09.654321")  # when the first rules are published
NOW = instant("2021-05-12T22:17:41.123457")
TODAY = NOW.astimezone(MONTREAL).date()


class Waiting:
    """A clock of seconds that only waiting moves on."""

    def __init__(self) -> None:
        self.now = 0.0

    def seconds(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

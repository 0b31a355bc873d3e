"""Where Houblon runs, as far as decisions depend on it."""

from zoneinfo import ZoneInfo

import msgspec


class Installation(msgspec.Struct, frozen=True):
    """The producer's zone and currency (ISO 4217), and the province of buyers of whom nobody says one.

    `province` is None where none may be taken for them.
    """

    zone: ZoneInfo
    currency: str = "CAD"
    province: str | None = "QC"

"""Amounts, whole numbers, days and yes or no as people's files write them; what is not certain is not read.

Every reader takes a cell and raises Unread, whose text says what is expected there.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from houblon.engine.core.problem import Text
from houblon.orders.csv_text import folded

# What stands in a cell: a text, a number, true, false, or nothing.
Cell = str | int | float | bool | None
COMMA, POINT = ",", "."
DAY_FIRST, MONTH_FIRST = "dmy", "mdy"
_SPACES = re.compile(r"[\s'’]+")
_CURRENCY = re.compile(
    r"^(?:CAD|CA|US|USD|EUR)?[$€]|[$€](?:CA|CAD|US)?$|^(?:CAD|USD|EUR)|(?:CAD|USD|EUR)$", re.IGNORECASE
)
_PLAIN = {
    POINT: re.compile(r"[-+]?(\d+|\d{1,3}(,\d{3})+)(\.\d*)?|[-+]?\.\d+", re.ASCII),
    COMMA: re.compile(r"[-+]?(\d+|\d{1,3}(\.\d{3})+)(,\d*)?|[-+]?,\d+", re.ASCII),
}
_NUMERIC = re.compile(r"[-+]?[\d.,]*\d[\d.,]*", re.ASCII)
_DAY = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})(?:[ T,]+(.*))?", re.ASCII)
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T](.*))?", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
# « 12 mai 2021 », “12-May-2021”; then “May 12, 2021”.
_NAMED = re.compile(r"(\d{1,2})(?:er)?[-/. ]+([a-z]{3,9})\.?[-/, ]+(\d{4})", re.ASCII)
_NAMED_FIRST = re.compile(r"([a-z]{3,9})\.?[- ]+(\d{1,2}),?[- ]+(\d{4})", re.ASCII)
_MONTHS = (
    "janvier january fevrier february mars march avril april mai may juin june "
    "juillet july aout august septembre september octobre october novembre november decembre december"
).split()
_CLOCK = re.compile(
    r"(\d{1,2})\s*[:h]\s*(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?", re.ASCII | re.IGNORECASE
)
_YES = frozenset(("oui", "o", "vrai", "yes", "y", "true", "t", "x", "1"))
_NO = frozenset(("non", "n", "faux", "no", "false", "f", "0"))
_LARGEST = Decimal(10) ** 13


class Unread(ValueError):
    """The cell does not say what is expected; `text` says what would."""

    def __init__(self, code: str, fr: str, en: str):
        self.code, self.text = code, Text(fr, en)
        super().__init__(en)


def decimal_of(cell: Cell, mark: str) -> Decimal:
    """The number in a cell, whose texts have `mark` before the decimals. Raises Unread."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        number = Decimal(repr(cell))
    else:
        number = _decimal(str(cell), mark)
    if abs(number) >= _LARGEST:
        raise Unread("too_large", "Un nombre moins grand.", "A smaller number.")
    return number


def _decimal(text: str, mark: str) -> Decimal:
    plain = _SPACES.sub("", text).replace("−", "-")
    if plain.startswith("(") and plain.endswith(")"):
        plain = "-" + plain[1:-1]
    plain = _CURRENCY.sub("", plain)
    if len(plain) > 40 or not _PLAIN[mark].fullmatch(plain):
        fr, en = ("1\u00a0234,50", "1\u00a0234,50") if mark == COMMA else ("1,234.50", "1,234.50")
        raise Unread(
            "number",
            f"Un nombre comme « {fr} » est attendu, pas « {_cut(text)} ».",
            f"A number such as “{en}” is expected, not “{_cut(text)}”.",
        )
    other = POINT if mark == COMMA else COMMA
    return Decimal(plain.replace(other, "").replace(mark, ".").rstrip(".") or "0")


def cents_of(cell: Cell, mark: str) -> int:
    """An amount, rounded to the cent. Raises Unread."""
    return to_cents(decimal_of(cell, mark))


def to_cents(amount: Decimal) -> int:
    return int((amount * 100).quantize(Decimal(1), ROUND_HALF_UP))


def whole_of(cell: Cell, mark: str, least: int = 0, most: int = 1_000_000) -> int:
    """A whole number within bounds. Raises Unread."""
    number = decimal_of(cell, mark)
    if number != number.to_integral_value() or not least <= number <= most:
        raise Unread(
            "whole",
            f"Un nombre entier d’au moins {least} est attendu, pas « {_cut(cell)} ».",
            f"A whole number of at least {least} is expected, not “{_cut(cell)}”.",
        )
    return int(number)


def share_of(cell: Cell, mark: str) -> Decimal:
    """A rate from 0 to 1, written `0.05` or `5 %`. Raises Unread."""
    if isinstance(cell, str) and cell.rstrip().endswith("%"):
        share = decimal_of(cell.rstrip()[:-1], mark) / 100
    else:
        share = decimal_of(cell, mark)
    if not 0 <= share <= 1:
        raise Unread(
            "rate",
            f"Un taux de 0 à 1 est attendu (0,05 pour 5\u00a0%), pas « {_cut(cell)} ».",
            f"A rate from 0 to 1 is expected (0.05 for 5%), not “{_cut(cell)}”.",
        )
    return share


def truth_of(cell: Cell) -> bool:
    """Yes or no. Raises Unread."""
    if isinstance(cell, bool):
        return cell
    plain = folded(str(cell))
    if plain not in _YES | _NO:
        raise Unread("truth", f"« Oui » ou « non », pas « {_cut(cell)} ».", f"“Yes” or “no”, not “{_cut(cell)}”.")
    return plain in _YES


def day_of(cell: Cell, order: str, zone: ZoneInfo) -> date:
    """A day, on the installation's calendar. Raises Unread."""
    moment = moment_of(cell, order, zone)[0]
    # Midnight stands for the day itself, in whatever zone it was written.
    return moment.date() if moment.time() == time() else moment.astimezone(zone).date()


def moment_of(cell: Cell, order: str, zone: ZoneInfo) -> tuple[datetime, bool]:
    """An instant, and whether its time was said: noon stands for a day that has none. Raises Unread."""
    text = str(cell).strip()
    found, named = _ISO.fullmatch(text), _named(cell)
    if found:
        year, month, day, rest = found.groups()
    elif named:
        (year, month, day), rest = named, None
    else:
        found = _DAY.fullmatch(text)
        if not found or isinstance(cell, int | float):
            raise _no_day(cell, order)
        first, second, year, rest = found.groups()
        day, month = (first, second) if order == DAY_FIRST else (second, first)
    try:
        hours, minutes, seconds, offset = _clock(rest)
        moment = datetime(int(year), int(month), int(day), hours, minutes, seconds, tzinfo=zone)
        if offset:
            moment = moment.replace(tzinfo=datetime.fromisoformat(f"2000-01-01T00:00:00{offset}").tzinfo)
        moment.astimezone(zone)
    except (ValueError, OverflowError):
        raise _no_day(cell, order) from None
    if not 1900 <= moment.year <= 2200:
        raise _no_day(cell, order)
    # A spreadsheet writes midnight where people wrote a day.
    return moment, bool(rest) and (hours, minutes, seconds) != (0, 0, 0)


def _named(cell: Cell) -> tuple[str, str, str] | None:
    """Year, month and day where nothing but the day could be meant: the month by its name, or `20210512`."""
    if not isinstance(cell, str):
        return None
    if compact := _COMPACT.fullmatch(cell.strip()):
        return compact[1], compact[2], compact[3]
    text = folded(cell)
    if found := _NAMED.fullmatch(text):
        day, word, year = found.groups()
    elif found := _NAMED_FIRST.fullmatch(text):
        word, day, year = found.groups()
    else:
        return None
    months = {place // 2 + 1 for place, name in enumerate(_MONTHS) if name.startswith(word)}
    return (year, str(months.pop()), day) if len(months) == 1 else None


def _clock(text: str | None) -> tuple[int, int, int, str | None]:
    if not text or not text.strip():
        return 12, 0, 0, None
    found = _CLOCK.fullmatch(text.strip())
    if not found:
        raise ValueError("no time")
    hours, minutes, seconds, offset = found.groups()
    if (int(hours), int(minutes), int(seconds or 0)) == (0, 0, 0) and not offset:
        return 12, 0, 0, None
    return int(hours), int(minutes), int(seconds or 0), offset and offset.upper().replace("Z", "+00:00")


def _no_day(cell: Cell, order: str) -> Unread:
    fr, en = ("31/12/2021", "31/12/2021") if order == DAY_FIRST else ("12/31/2021", "12/31/2021")
    return Unread(
        "date",
        f"Une date comme « 2021-12-31 » ou « {fr} » est attendue, pas « {_cut(cell)} ».",
        f"A date such as “2021-12-31” or “{en}” is expected, not “{_cut(cell)}”.",
    )


def _cut(cell: Cell) -> str:
    text = str(cell)
    return text if len(text) <= 40 else text[:39] + "…"


def guess_mark(cells: Iterable[Cell], otherwise: str) -> str:
    """Which mark stands before decimals: where both stand the last, else the one that can't part thousands."""
    for cell in cells:
        if not isinstance(cell, str):
            continue
        plain = _CURRENCY.sub("", _SPACES.sub("", cell)).removesuffix("%")
        if not _NUMERIC.fullmatch(plain):
            continue
        comma, point = plain.rfind(","), plain.rfind(".")
        if comma >= 0 and point >= 0:
            return COMMA if comma > point else POINT
        last = max(comma, point)
        if last >= 0 and plain.count(plain[last]) > 1:  # 1,000,000: a mark that repeats parts thousands
            return POINT if plain[last] == COMMA else COMMA
        if last >= 0 and len(plain) - last - 1 != 3:
            return plain[last]
        if last >= 0 and plain.lstrip("-+").startswith("0"):
            return plain[last]
    return otherwise


def guess_day_order(cells: Iterable[Cell]) -> tuple[str, bool]:
    """Whether the day or the month comes first, and whether some cell proves it."""
    seen = False
    for cell in cells:
        found = _DAY.fullmatch(str(cell).strip())
        if found:
            seen = True
            if int(found[1]) > 12:
                return DAY_FIRST, True
            if int(found[2]) > 12:
                return MONTH_FIRST, True
    return DAY_FIRST, not seen

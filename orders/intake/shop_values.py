"""Values as shops write them, read into the forms of the house: "3.0" and 2.4 are amounts, "yes" is true."""

import html
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta, tzinfo
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from email.utils import parsedate_to_datetime
from typing import Any

_CENT = Decimal("0.01")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST = Decimal(10) ** 12
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)


class Unfit(Exception):
    """A value is there but is not what the rule needs."""

    def __init__(self, fr: str, en: str):
        self.fr, self.en = fr, en
        super().__init__(en)


def as_text(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unfit("Un texte ou un nombre entier est attendu.", "A text or a whole number is expected.")
    return str(value)


def as_plain(value: Any) -> str:
    """A text in which the shop wrote characters as HTML: `&ndash;` is –."""
    return html.unescape(as_text(value))


def as_whole(value: Any) -> int:
    """A whole number, however the shop writes it: 2, 2.0, "2"."""
    number = _decimal(value)
    if number != number.to_integral_value():
        raise Unfit("Un nombre entier est attendu.", "A whole number is expected.")
    return int(number)


def as_money(value: Any) -> str:
    return money(amount_of(value))


def as_instant(value: Any) -> str:
    """An instant that says its zone."""
    moment = _moment(value)
    if moment.tzinfo is None:
        raise Unfit("Cet instant ne dit pas son fuseau.", "This instant does not say its zone.")
    return moment.isoformat()


def as_utc_instant(value: Any) -> str:
    """An instant that the shop writes in UTC without saying so, as WooCommerce's `_gmt` members."""
    moment = _moment(value)
    return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).isoformat()


def as_boolean(value: Any) -> bool:
    said = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    known = value if isinstance(value, bool) else said.get(str(value).strip().lower())
    if known is None:
        raise Unfit("Vrai ou faux est attendu.", "True or false is expected.")
    return known


def as_day(value: Any, zone: tzinfo) -> str:
    """A day; of an instant that says its zone, the day that it is on the clocks of `zone`."""
    try:
        moment = datetime.fromisoformat(value)
        # Shops that keep days as instants write midnight: it stands for the day itself.
        is_instant = moment.tzinfo is not None and moment.time() != time()
        return (moment.astimezone(zone) if is_instant else moment).date().isoformat()
    except (ValueError, TypeError, OverflowError):
        raise Unfit("Une date comme « 2021-05-20 » est attendue.", 'A date such as "2021-05-20" is expected.') from None


def as_cents(value: Any) -> str:
    """An amount that is written in whole cents: 5400 is 54.00."""
    return money(Decimal(as_whole(value)).scaleb(-2))


def as_percent(value: Any) -> str:
    """A rate in per cent: 15, "15 %", "7,25 %"."""
    return f"{rate_of(value):f}"


def as_mail_instant(value: Any) -> str:
    """An instant as mail writes it (RFC 2822): "Tue, 20 Nov 2012 00:00:00 +0000"."""
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, AttributeError):
        raise Unfit("Un instant comme « Tue, 20 Nov 2012 00:00:00 +0000 ».", "An RFC 2822 instant.") from None
    # “-0000” says that the zone is not known.
    return as_instant(moment.isoformat())


def as_epoch(value: Any) -> str:
    """An instant in seconds since 1970."""
    return _since_1970(_decimal(value))


def as_epoch_milliseconds(value: Any) -> str:
    return _since_1970(_decimal(value) / 1000)


def _since_1970(seconds: Decimal) -> str:
    try:
        return (_EPOCH + timedelta(seconds=float(seconds))).isoformat()
    except OverflowError:
        raise Unfit("Un instant est attendu.", "An instant is expected.") from None


READERS: Mapping[str, Callable[[Any], Any]] = {
    "text": as_text,
    "plain": as_plain,
    "whole": as_whole,
    "money": as_money,
    "instant": as_instant,
    "utc_instant": as_utc_instant,
    "boolean": as_boolean,
    "cents": as_cents,
    "percent": as_percent,
    "rfc2822": as_mail_instant,
    "epoch": as_epoch,
    "epoch_ms": as_epoch_milliseconds,
}


def _decimal(value: Any) -> Decimal:
    """A number however a shop writes it. A float is read by its shortest writing: 2.4 is "2.4"."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise Unfit("Un nombre est attendu.", "A number is expected.")
    written = str(value).strip()
    # Decimal takes more than anybody writes: digits of every script, and lines between them ("1_000").
    if not _NUMBER.fullmatch(written):
        raise Unfit("Un nombre est attendu.", "A number is expected.")
    number = Decimal(written)
    if not number.is_finite() or abs(number) >= _MOST:
        raise Unfit("Ce nombre dépasse ce qui se compte.", "This number is beyond what can be counted.")
    return number


def amount_of(value: Any) -> Decimal:
    """An amount in whole cents, half a cent up: shops write "3.0", 2.4, and floats of thirds."""
    return half_up(_decimal(value))


def rate_of(value: Any) -> Decimal:
    """A rate in per cent, with its sign or without."""
    if isinstance(value, str):
        value = value.replace("%", "").replace("\u00a0", "").strip().replace(",", ".")
    return _decimal(value)


def half_up(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, rounding=ROUND_HALF_UP)


def money(amount: Decimal | int) -> str:
    return f"{amount:.2f}"


def per_unit(amount: Any, quantity: Any) -> Decimal:
    """A line's amount for one unit, up to the next cent. Raises Unfit."""
    units = as_whole(quantity)
    if units <= 0:
        raise Unfit("Une quantité positive est attendue.", "A positive quantity is expected.")
    return (amount_of(amount) / units).quantize(_CENT, rounding=ROUND_CEILING)


def _moment(value: Any) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except (ValueError, TypeError):
        raise Unfit("Un instant est attendu.", "An instant is expected.") from None

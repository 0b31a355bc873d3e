"""Numbers as people type them, with either decimal mark, and as the forms show them again.

Every page reads them here: what is certain is one number on all of them, and what could be two is refused.
"""

import re
from decimal import Decimal

from houblon.engine.conditions.figures import NBSP
from houblon.engine.core.money import cents, dollars
from houblon.engine.core.problem import refuse

COUNT, MONEY, PERCENT = "", "$", "%"
_MOST = 1_000  # characters; asked before anything else
_SPACE = r"[\s'’]"
_WHOLE = re.compile(r"\d{1,400}", re.ASCII)
_LONE = re.compile(r"(\d{0,400})([.,])(\d{1,400})", re.ASCII)
# Groups of three behind one and the same mark, then the other mark; or spaces, then either.
_GROUPED = re.compile(
    rf"([1-9]\d{{0,2}}(?:{_SPACE}\d{{3}}){{1,140}})(?:[.,](\d{{1,400}}))?"
    r"|([1-9]\d{0,2}(?:,\d{3}){2,140})(?:\.(\d{1,400}))?|([1-9]\d{0,2}(?:\.\d{3}){2,140})(?:,(\d{1,400}))?"
    r"|([1-9]\d{0,2},\d{3})\.(\d{1,400})|([1-9]\d{0,2}\.\d{3}),(\d{1,400})"
)
_PLACES, _GROUP = 2, 3


def read_number(text: str, language: str, unit: str = COUNT) -> Decimal | None:
    """« 1 234,50 » and “1,234.50” are the same number; None where what is typed is none, or could be two.

    A lone mark before exactly three digits is the doubtful one: « 1,200 » is 1200 in English, where a comma
    never stands before decimals, and refused in French, where people write both. Only a number in
    `unit` may carry its sign.
    """
    if len(text) > _MOST:
        return None
    plain, sign = _bare(text, unit)
    written = _written(plain, language, unit)
    return None if written is None else Decimal(sign + written)


def _bare(text: str, unit: str) -> tuple[str, str]:
    """What is typed without its unit and its minus sign."""
    plain = text.strip()
    if unit == MONEY and plain.replace("−", "-").lstrip("-").lstrip().startswith("$"):
        plain = plain.replace("$", "", 1)
    elif unit and plain.endswith(unit):
        plain = plain.removesuffix(unit)
    plain = plain.strip().replace("−", "-")
    return (plain[1:].strip(), "-") if plain.startswith("-") else (plain, "")


def _written(plain: str, language: str, unit: str) -> str | None:
    """The digits with a decimal point, or None."""
    if _WHOLE.fullmatch(plain):
        return plain
    lone = _LONE.fullmatch(plain)
    if lone:
        whole, mark, decimals = lone.groups()
        if len(decimals) == _GROUP and re.fullmatch(r"[1-9]\d{0,2}", whole) and not (unit == PERCENT and mark == "."):
            if language == "en":
                return whole + decimals if mark == "," else f"{whole}.{decimals}"
            return f"{whole}.{decimals}" if unit == PERCENT else None
        return f"{whole or 0}.{decimals}"
    grouped = _GROUPED.fullmatch(plain)
    if not grouped:
        return None
    whole, *decimal = [part for part in grouped.groups() if part is not None]
    return ".".join([re.sub(r"\D", "", whole), *decimal])


def number_typed(text: str, language: str, unit: str = COUNT) -> int | float | str:
    """The number as JSON has it; what can't be read for certain stays the text that it is, to be told as a fault."""
    number = read_number(text, language, unit)
    if number is None:
        return text.strip()
    return int(number) if number.as_tuple().exponent == 0 else float(number)


def money_typed(text: str, language: str) -> str:
    """An amount as documents write it, “1234.50”. Raises Invalid."""
    number = read_number(text, language, MONEY)
    try:
        return dollars(cents("" if number is None else f"{number:f}"))
    except ValueError:
        shown = text.strip()[:40]
        raise refuse(
            "money",
            "",
            f"« {shown} » n’est pas sûr : écrivez un montant comme 1 234,50, au cent près.",
            f"“{shown}” is not certain: write an amount such as 1,234.50, to the cent.",
        ) from None


def whole_typed(text: str, language: str, most: int = 10**9 - 1) -> int:
    """A whole number that is not negative. Raises Invalid."""
    number = read_number(text, language)
    if number is None or number != number.to_integral_value() or not 0 <= number <= most:
        raise refuse("range", "", "Un nombre entier, comme 24.", "A whole number, such as 24.")
    return int(number)


def percent_typed(text: str, language: str) -> str:
    """A percentage as documents write it, “7.5”. Raises Invalid."""
    number = read_number(text, language, PERCENT)
    if number is None:
        raise refuse("range", "", "Un pourcentage, comme 7,5.", "A percentage, such as 7.5.")
    return f"{number:f}"


def number_shown(value: int | float, language: str, money: bool = False) -> str:
    """The text that `number_typed` reads back to exactly `value`, an int to an int and a float to a float."""
    if isinstance(value, int):
        written = f"{value:,}"
    else:
        exact = Decimal(repr(value))
        places = max(-int(exact.as_tuple().exponent), _PLACES if money else 1)
        # In French, three decimals behind a comma could be thousands: a fourth says that they are none.
        written = f"{exact:,.{places + (places == _GROUP and language != 'en')}f}"
    if language == "en":
        return written
    return written.replace(",", NBSP).replace(".", ",")

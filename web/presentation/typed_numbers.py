"""Numbers as people type them, with either decimal mark, and as the forms show them again."""

import re
from decimal import Decimal

from houblon.engine.conditions.figures import NBSP

_NUMBER = re.compile(r"-?\d{1,400}(\.\d{1,400})?", re.ASCII)
_THOUSANDS = re.compile(r"-?[1-9]\d{0,2},\d{3}", re.ASCII)
_PLACES = 2


def number_typed(text: str, language: str) -> int | float | str:
    """« 1 234,50 » and “1,234.50” are the same number; what can't be read stays the text that it is.

    Where both marks stand, the last is the decimal one; alone, a mark that repeats parts thousands.
    A lone comma parts thousands only in English, before exactly three digits.
    """
    plain = "".join(character for character in text if not character.isspace())
    plain = plain.replace("$", "").replace("−", "-")
    last = max(plain.rfind(","), plain.rfind("."))
    mark = plain[last] if last >= 0 else "."
    other = "," if mark == "." else "."
    if other in plain:
        plain = plain.replace(other, "")
    elif plain.count(mark) > 1 or (mark == "," and language == "en" and _THOUSANDS.fullmatch(plain)):
        plain = plain.replace(mark, "")
    plain = plain.replace(mark, ".")
    if plain.startswith((".", "-.")):
        plain = plain.replace(".", "0.", 1)
    if not _NUMBER.fullmatch(plain):
        return text.strip()
    return float(plain) if "." in plain else int(plain)


def number_shown(value: int | float, language: str, money: bool = False) -> str:
    """The text that `number_typed` reads back to exactly `value`, an int to an int and a float to a float."""
    if isinstance(value, int):
        written = f"{value:,}"
    else:
        exact = Decimal(repr(value))
        places = max(-int(exact.as_tuple().exponent), 1)
        written = f"{exact:,.{max(places, _PLACES) if money else places}f}"
    if language == "en":
        return written
    return written.replace(",", NBSP).replace(".", ",")

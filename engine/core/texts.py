"""Texts and ids as people and machines write them: what may be one, and which two are the same.

Lengths are asked before anything is normalised: composing a long run of accents takes quadratic time.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

MAX_ID = 200
_MOST = 2_000  # characters that are composed at all; no text of the house is longer
# What shows as nothing: soft and zero-width characters, marks of direction, fillers (Unicode's
# Default_Ignorable_Code_Point), and the blank of braille.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U0001d159\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
# In a text such characters have their uses (hyphenation, emoji, scripts that join); these have none.
_NO_TEXT = re.compile("[\u202a-\u202e\u2066-\u2069\u2028\u2029\ufff0-\ufffc\uffff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_PLAIN = re.compile(r"[!-~]{1,200}(?: [!-~]{1,200}){0,99}")
_NO_TEXT_KINDS = frozenset({"Cc", "Cs", "Co", "Cn"})


Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


def remembered(entries: int, longest: int) -> Callable[[Callable[Asked, Answer]], Callable[Asked, Answer]]:
    """A cache of what is asked about texts, of which none that is longer is kept: what strangers send is bounded."""

    def made(function: Callable[Asked, Answer]) -> Callable[Asked, Answer]:
        known = lru_cache(maxsize=entries)(function)

        @wraps(function)
        def ask(*texts: Asked.args, **named: Asked.kwargs) -> Answer:
            for text in (*texts, *named.values()) if named else texts:
                if isinstance(text, str) and len(text) > longest:
                    return function(*texts, **named)
            return known(*texts, **named)  # type: ignore[arg-type]  # texts can be hashed

        return ask

    return made


def composed(text: str) -> str:
    """The text with its accents composed (NFC), where it is short enough to be kept at all."""
    return text if text.isascii() or len(text) > _MOST else unicodedata.normalize("NFC", text)


def visible(text: str) -> str:
    """The text without what shows as nothing, trimmed."""
    return text.strip() if text.isascii() else _INVISIBLE.sub("", text).strip()


def clean_id(text: str) -> str:
    """The id as it is kept at every door: NFC, trimmed, one space for any, without what shows as nothing.

    Empty where nothing is left, and as it is where it is too long; `is_id` says whether it may be one, which
    what holds a control character may not.
    """
    if _PLAIN.fullmatch(text) or len(text) > MAX_ID:
        return text
    return " ".join(_INVISIBLE.sub("", composed(text)).split())


@remembered(1 << 14, MAX_ID)
def is_id(text: str) -> bool:
    """Whether the text is an id as it is kept."""
    return 1 <= len(text) <= MAX_ID and clean_id(text) == text and not _CONTROL.search(text)


@remembered(1 << 14, MAX_ID)
def identity(text: str) -> str:
    """What two names of choices (a distributor, a group, a province, a SKU) are compared by: rules mind no case."""
    return clean_id(text).lower()


def is_text(text: object, most: int, *, lines: bool = False) -> bool:
    """Whether it is a text of at most `most` characters that can be shown; of one line unless `lines`.

    French spaces, accents composed or not and emoji are text; controls and overrides of direction are not.
    """
    if not isinstance(text, str) or len(text) > most:
        return False
    if text.isascii() and text.isprintable():
        return True
    spaces = "\n\r\t" if lines else ""
    if text and not visible(text):
        return False
    return not _NO_TEXT.search(text) and all(
        each in spaces or unicodedata.category(each) not in _NO_TEXT_KINDS for each in text
    )


def composed_document(value: Any) -> Any:
    """A JSON value with the accents of all its texts composed."""
    if isinstance(value, str):
        return composed(value)
    if isinstance(value, dict):
        return {composed_document(name): composed_document(member) for name, member in value.items()}
    if isinstance(value, list):
        return [composed_document(member) for member in value]
    return value

"""Names of groups: what one may be, which two are the same to the eye, the id made from one."""

import json
import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path

from houblon.engine.core.problem import Faults, Invalid, refuse

MAX_LENGTH = 80
MAX_WRITTEN = 1_000  # as it is typed or sent: decomposed, with spaces around it
# Control and format characters (zero-width, bidi overrides), surrogates, private use, unassigned,
# separators of lines and paragraphs.
_FORBIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# What prints as nothing though it counts as a letter, a mark or a symbol: Unicode's
# Default_Ignorable_Code_Point, the blank of braille and the null notehead.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U0001d159\U000e0100-\U000e01ef]"
)


# An emoji may say that it is one, and be joined to the next.
_EMOJI = re.compile("([^\\w\\s]|[0-9#*](?=\ufe0f\u20e3))\ufe0f|(?<=[^\\w\\s])\u200d(?=[^\\w\\s])")


def _read_lookalikes() -> dict[int, str]:
    classes = json.loads((Path(__file__).parent / "lookalikes.json").read_text(encoding="utf-8"))["classes"]
    return {ord(character): each[0] for each in classes for character in each[1:]}


_LOOKALIKES = _read_lookalikes()
_FOREIGN = {code: look for code, look in _LOOKALIKES.items() if code > 127}


def clean_name(name: object, pointer: str = "") -> str:
    """The name as it is kept: NFC, trimmed, single spaces. Raises Invalid on what can't be shown."""
    if not isinstance(name, str):
        raise refuse("type", pointer, "Un nom est un texte.", "A name is a text.")
    # Normal forms take time that grows with the square of what is piled on one letter: lengths are asked first.
    if len(name) > MAX_WRITTEN:
        raise _wrong_length(pointer)
    faults = Faults()
    kept = unicodedata.normalize("NFC", name)
    bare = _bare(kept)
    if _BLANK.search(bare) or any(unicodedata.category(character) in _FORBIDDEN for character in bare):
        faults.add(
            "name",
            pointer,
            "Un nom ne contient ni caractère invisible, ni caractère de contrôle.",
            "A name holds no invisible and no control character.",
        )
    kept = " ".join(kept.split())
    if not 1 <= len(kept) <= MAX_LENGTH or not re.search(r"\w", kept):
        faults.extend(_wrong_length(pointer).problems)
    faults.raise_if_any()
    return kept


def _bare(name: str) -> str:
    """The name without what emoji carry unseen; anywhere else such characters are faults."""
    return _EMOJI.sub(r"\1", name)


def _wrong_length(pointer: str) -> Invalid:
    return refuse(
        "name",
        pointer,
        f"Un nom a de 1 à {MAX_LENGTH} caractères, avec au moins une lettre ou un chiffre.",
        f"A name has 1 to {MAX_LENGTH} characters, with at least one letter or digit.",
    )


@lru_cache(maxsize=4_096)
def looks(name: str) -> tuple[str, ...]:
    """What the eye takes the name for: as written, in small letters (twice), in capitals.

    Two names that share one of the four can be taken for each other. Four, because letters of two
    scripts may look alike in one case only (Η and H, but not η and h), and because a name may mix
    scripts and cases (Ь, a capital, for b).
    """
    compatible = unicodedata.normalize("NFKC", _bare(name))
    familiar = compatible.translate(_FOREIGN).casefold()
    return tuple(_shape(each) for each in (compatible, compatible.casefold(), familiar, compatible.upper()))


def _shape(text: str) -> str:
    """The text with every look-alike replaced by the first of its class (UTS #39 § 4's skeleton)."""
    shape = unicodedata.normalize("NFKD", text).translate(_LOOKALIKES)
    # A dot on a letter that has one, and « rn », which most typefaces print like « m ».
    return " ".join(shape.replace("i\u0307", "i").replace("j\u0307", "j").replace("rn", "m").split())


def id_of(name: str, taken: Collection[str] = ()) -> str:
    """An ASCII id made from a name, not among those `taken`: « Payeurs à risque » → `payeurs-a-risque`."""
    expanded = (
        name[:MAX_WRITTEN]
        .replace("œ", "oe")
        .replace("Œ", "OE")
        .replace("æ", "ae")
        .replace("Æ", "AE")
        .replace("ß", "ss")
    )
    # A typographic apostrophe or dash separates words as the typewriter's does.
    spaced = "".join("-" if unicodedata.category(each)[0] in "PSZ" else each for each in expanded)
    plain = unicodedata.normalize("NFKD", spaced).encode("ascii", "ignore").decode().lower()
    wanted = re.sub(r"[^a-z0-9]+", "-", plain)[:50].strip("-") or "groupe"
    found, number = wanted, 2
    while found in taken:
        found, number = f"{wanted}-{number}", number + 1
    return found

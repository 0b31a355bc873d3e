"""Names of groups: what one may be, which two are the same to the eye, the id made from one."""

import re
import unicodedata

from engine.problem import Faults

MAX_LENGTH = 80
# Control, format (zero-width, bidi overrides), surrogates, private use, unassigned; separators of
# lines and paragraphs; and letters that print as nothing.
_FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5")
_VARIATION = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
# Letters of other scripts that print like Latin ones (Unicode TR39, the ones of European scripts).
_LOOKALIKES = str.maketrans(
    dict(
        pair
        for pair in (
            "аa вb сc ԁd еe һh нh іi їi јj кk ӏl мm оo рp ԛq ѕs тt уy хx ԝw үy "  # Cyrillic
            "αa βb εe ηn ιi κk μu νv οo ρp τt υu χx ϲc γy "  # Greek
            "օo հh ոn սu ցg "  # Armenian
            "ɑa ɡg ıi ɩi ʟl ʀr ᴏo ѵv ɪi ᴄc ꜱs ᴜu ᴛt "  # phonetic and small capitals
            "0o 1l |l"
        ).split()
    )
)


def clean_name(name: object, pointer: str = "") -> str:
    """The name as it is kept: NFC, trimmed, single spaces. Raises Invalid on what can't be shown."""
    faults = Faults()
    if not isinstance(name, str):
        faults.add("type", pointer, "Un nom est un texte.", "A name is a text.")
        faults.raise_if_any()
        raise AssertionError
    kept = unicodedata.normalize("NFC", name).strip(" ")
    hidden = [c for c in kept if unicodedata.category(c) in _FORBIDDEN or c in _BLANK]
    if hidden or _VARIATION.search(kept):
        faults.add(
            "name",
            pointer,
            "Un nom ne contient ni caractère invisible, ni caractère de contrôle.",
            "A name holds no invisible and no control character.",
        )
    kept = " ".join(kept.split())
    if not 1 <= len(kept) <= MAX_LENGTH or not re.search(r"\w", kept):
        faults.add(
            "name",
            pointer,
            f"Un nom de 1 à {MAX_LENGTH} caractères, avec au moins une lettre ou un chiffre.",
            f"A name of 1 to {MAX_LENGTH} characters, with at least one letter or digit.",
        )
    faults.raise_if_any()
    return kept


def skeleton(name: str) -> str:
    """What the eye takes the name for: two names with the same skeleton are the same name."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFC", " ".join(folded.translate(_LOOKALIKES).split()))


def id_of(name: str) -> str:
    """An ASCII id made from a name: « Payeurs à risque » → `payeurs-a-risque`."""
    expanded = name.replace("œ", "oe").replace("Œ", "OE").replace("æ", "ae").replace("Æ", "AE").replace("ß", "ss")
    plain = unicodedata.normalize("NFKD", expanded).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or "groupe"

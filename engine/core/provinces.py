"""Provinces and territories of Canada, however people write them: « Québec », “quebec”, “CA-QC” and “ qc ” are QC."""

from functools import lru_cache
from unicodedata import combining, normalize

from houblon.engine.core.texts import clean_id

NAMES = {
    "QC": "quebec",
    "ON": "ontario",
    "NB": "new brunswick,nouveau-brunswick",
    "NL": "newfoundland and labrador,terre-neuve-et-labrador,newfoundland,terre-neuve",
    "PE": "prince edward island,ile-du-prince-edouard",
    "NS": "nova scotia,nouvelle-ecosse",
    "AB": "alberta",
    "BC": "british columbia,colombie-britannique",
    "MB": "manitoba",
    "SK": "saskatchewan",
    "NT": "northwest territories,territoires du nord-ouest",
    "NU": "nunavut",
    "YT": "yukon",
}


@lru_cache(maxsize=4_096)
def province_of(text: str) -> str:
    """What facts, rules and retailers know a province by: the code of one of Canada's, else the name made clean."""
    return province_code(text) or clean_id(text)


@lru_cache(maxsize=4_096)
def province_code(province: str | None) -> str | None:
    """« Québec », “quebec” or “QC” → `QC`; None for what is no province of Canada."""
    return _CODES.get(_plain(province)) if province and len(province) <= 100 else None


def _plain(text: str) -> str:
    """Lower case, without accents, dots or the country: how people write a province varies."""
    bare = "".join(each for each in normalize("NFD", text.lower()) if not combining(each)).replace(".", "")
    return " ".join(bare.removeprefix("ca-").replace("-", " ").split())


_CODES = {_plain(name): code for code, names in NAMES.items() for name in (code, *names.split(","))}

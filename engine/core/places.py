"""Countries and provinces, however people and shops write them in French or English, read into their codes.

`CA` is a country or California: a province is never read without the country that stands beside it. What nobody
knows is None, and stays unknown.

Sources: ISO 3166-1 and 3166-2; Canada Post's and the Translation Bureau's abbreviations of provinces; CLDR's names of
countries, as Babel carries them.
"""

import re
from functools import lru_cache
from unicodedata import combining, normalize

from babel import Locale

from houblon.engine.core.texts import clean_id, remembered

CANADA, UNITED_STATES = "CA", "US"
QUEBEC = "QC"
LONGEST = 100  # characters of a place
# Abbreviations with their dots and hyphens read as spaces; « N.-É. » must not become Nebraska's NE.
_PROVINCES = {
    "QC": "quebec,que,qbc,pq,p q,q c,province de quebec,province of quebec",
    "ON": "ontario,ont,o n",
    "NB": "new brunswick,nouveau brunswick,n b,nouv brunswick",
    "NL": "newfoundland and labrador,terre neuve et labrador,newfoundland,terre neuve,labrador,newfoundland labrador,"
    "nf,nfld,nfld and lab,t n l,tnl,t n,n l,tn et labrador,t n et labrador",
    "PE": "prince edward island,ile du prince edouard,pei,p e i,i p e,ipe,p e",
    "NS": "nova scotia,nouvelle ecosse,n s,n e,nouv ecosse",
    "AB": "alberta,alta,alb,a b",
    "BC": "british columbia,colombie britannique,b c,c b",
    "MB": "manitoba,man,m b",
    "SK": "saskatchewan,sask,s k",
    "NT": "northwest territories,north west territories,territoires du nord ouest,nwt,n w t,t n o,tno,n t",
    "NU": "nunavut,nvt,nun,n u",
    "YT": "yukon,yukon territory,territoire du yukon,yuk,yn,yk,y t",
}
_STATES = (
    "AL alabama,AK alaska,AZ arizona,AR arkansas,CA california/californie,CO colorado,CT connecticut,DE delaware,"
    "DC district of columbia/district de columbia/washington dc,FL florida/floride,GA georgia/georgie,HI hawaii/hawai,"
    "ID idaho,IL illinois,IN indiana,IA iowa,KS kansas,KY kentucky,LA louisiana/louisiane,ME maine,MD maryland,"
    "MA massachusetts,MI michigan,MN minnesota,MS mississippi,MO missouri,MT montana,NE nebraska,NV nevada,"
    "NH new hampshire,NJ new jersey,NM new mexico/nouveau mexique,NY new york,NC north carolina/caroline du nord,"
    "ND north dakota/dakota du nord,OH ohio,OK oklahoma,OR oregon,PA pennsylvania/pennsylvanie,RI rhode island,"
    "SC south carolina/caroline du sud,SD south dakota/dakota du sud,TN tennessee,TX texas,UT utah,VT vermont,"
    "VA virginia/virginie,WA washington,WV west virginia/virginie occidentale,WI wisconsin,WY wyoming,"
    "PR puerto rico/porto rico"
)
_COUNTRIES = {
    "CA": "can,le canada",
    "US": "usa,u s a,u s,united states of america,the united states,etats unis d amerique,les etats unis,e u,e u a,"
    "america,amerique",
    "GB": "gbr,uk,u k,great britain,grande bretagne,england,angleterre,scotland,ecosse,wales,pays de galles",
    "FR": "fra,france metropolitaine",
    "NL": "holland,hollande,the netherlands,les pays bas",
    "CD": "rdc,drc",
    "MX": "mex",
    "DE": "deu",
    "BE": "bel",
    "CH": "che",
}
_WRITTEN_REGION = re.compile(r"[A-Z0-9]+(?: [A-Z0-9]+)*")
_POSTAL_CODE = re.compile(r"\b[abceghj-nprstvxy]\d[a-z] ?\d[a-z]\d\b")


@remembered(4_096, LONGEST)
def country_code(country: str | None) -> str | None:
    """« Canada », “CAN”, « É.-U. » → the ISO 3166 code; None for what is no country."""
    if country is None or len(country) > LONGEST:
        return None
    known, written = _countries(), _plain(country)
    if written in known:
        return known[written]
    # « États-Unis (US) » says one thing twice.
    said = {known.get(_plain(part)) for part in re.split(r"[,()/]", country or "") if part.strip()}
    return said.pop() if len(said) == 1 else None


@remembered(4_096, LONGEST)
def province_code(province: str | None, country: str | None = None) -> str | None:
    """« Québec », “Ont.”, “Ontario, Canada” → the province of Canada; None for what is none, or lies elsewhere.

    Without a country it is Canada's that are tried: « NY » is none of them, and `CA` isn't either.
    """
    if province is None or len(province) > LONGEST:
        return None
    where = _country_beside(province, country)
    if where not in (None, CANADA):
        return None
    return _PROVINCE_CODES.get(_bare(province))


@remembered(4_096, LONGEST)
def province_of(text: str) -> str:
    """What rules and retailers know a province by: the code of one of Canada's, else the name made clean."""
    return province_code(text) or clean_id(text)


@remembered(4_096, LONGEST)
def region(province: str | None, country: str | None) -> str | None:
    """What rules read as the province: `QC` in Canada, `US-NY` elsewhere; None where nobody knows it."""
    where = _country_beside(province, country)
    if where in (None, CANADA):
        return province_code(province, country)
    bare = _bare(province or "")
    if where == UNITED_STATES:
        code = _STATE_CODES.get(bare)
        return code and f"{where}-{code}"
    return f"{where}-{bare.upper()}" if bare else None


def is_abroad(country: str | None, province: str | None = None) -> bool:
    """Whether the place is surely outside Canada."""
    where = _country_beside(province, country)
    return where is not None and where != CANADA


def is_region(said: str) -> bool:
    """Whether it is what `region` can answer; one elsewhere is whatever people write there."""
    country, dash, bare = said.partition("-")
    if not dash:
        return said in _PROVINCES
    if country == UNITED_STATES:
        return bare in _STATE_CODES.values()
    return country != CANADA and country_code(country) == country and bool(_WRITTEN_REGION.fullmatch(bare))


@remembered(4_096, LONGEST)
def _country_beside(province: str | None, country: str | None) -> str | None:
    """The country that is said, or that stands behind the province (“Vermont, USA”)."""
    if country:
        return country_code(country)
    parts = [_plain(part) for part in re.split(r"[,()/]", province or "") if part.strip()]
    return _countries().get(parts[-1]) if len(parts) > 1 and len(parts[-1]) > 2 else None


def _bare(province: str) -> str:
    """A province's writing without the country, the postal code or a code in brackets beside its name."""
    parts = [_POSTAL_CODE.sub("", _plain(part)).strip() for part in re.split(r"[,()/]| [-–—] ", province)]
    kept = [part.removeprefix("ca ") for part in parts if part]
    if len(kept) > 1:
        named = [part for part in kept if part != "ca" and (len(part) == 2 or part not in _countries())] or kept
        codes = {_PROVINCE_CODES.get(part) for part in named}
        # « Québec (QC) » says one thing twice; two provinces say none.
        return named[0] if len(codes) == 1 else ""
    return kept[0] if kept else ""


def _plain(text: str) -> str:
    """Lower case, letters and digits only, without accents: how people write a place varies."""
    bare = "".join(each for each in normalize("NFD", text.lower()) if not combining(each)).replace("&", " and ")
    return " ".join(re.sub(r"[^a-z0-9]+", " ", bare).split())


def _codes(names: dict[str, str]) -> dict[str, str]:
    return {name: code for code, said in names.items() for name in (code.lower(), *said.split(",")) if name}


_PROVINCE_CODES = _codes(_PROVINCES)
_STATE_CODES = {
    name: entry[:2] for entry in _STATES.split(",") for name in (entry[:2].lower(), *entry[3:].split("/")) if name
}


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    known = _codes(_COUNTRIES)
    for language in ("fr", "en"):
        for code, name in Locale(language).territories.items():
            if len(code) == 2 and code.isalpha():
                known.setdefault(code.lower(), code)
                known.setdefault(_plain(name), code)
    return known

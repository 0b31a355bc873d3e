"""Amounts and days on every page, as people in Canada write them in French and in English."""

import re
from html.parser import HTMLParser

import pytest

from tests.clock import instant
from tests.web.browsing import PAGES, furnish
from tests.web.houses import copy_of, open_place

# The first of a month, where French writes « 1er ».
NOW = instant("2021-06-01T22:17:41.123457")
NBSP = "\u00a0"
AMOUNT = {
    "fr": re.compile(rf"(?<![\d,.{NBSP}])\d{{1,3}}(?:{NBSP}\d{{3}})*(?:,\d\d)?{NBSP}\$(?!\w)"),
    "en": re.compile(r"\$\d{1,3}(?:,\d{3})*(?:\.\d\d)?(?![\d,.]*\d)"),
}
# What a program would have printed: two decimals, a sign of money.
RAW = {"fr": re.compile(r"\d[.,]\d\d(?!\d|[.,]\d)|\$"), "en": re.compile(r"\d[.,]\d\d(?!\d|[.,]\d)|\$")}
DAY = {"fr": "1er juin", "en": "June 1"}
WRONG_DAY = {"fr": re.compile(r"(?<!\d)1 juin"), "en": re.compile(r"June 1st|juin")}

SILENT = {"script", "style", "pre", "code", "textarea", "title"}
EMPTY = {"input", "meta", "link", "br", "img", "path", "circle"}


class _Caption(HTMLParser):
    """What a page says to people, by the language that it says it in; JSON, code and scripts left out."""

    def __init__(self, language: str):
        super().__init__()
        self.said: dict[str, list[str]] = {"fr": [], "en": []}
        self.fields: list[str] = []
        self._open = [(language, False)]

    def handle_starttag(self, tag, attrs):
        has = dict(attrs)
        if tag == "input" and has.get("inputmode") == "decimal":
            self.fields.append(has.get("value") or "")
        if tag not in EMPTY:
            language, silent = self._open[-1]
            said_in = (has.get("lang") or language)[:2]
            self._open.append((said_in, silent or tag in SILENT))

    def handle_endtag(self, tag):
        if tag not in EMPTY and len(self._open) > 1:
            self._open.pop()

    def handle_data(self, data):
        language, silent = self._open[-1]
        if not silent:
            self.said[language].append(data)


@pytest.fixture(scope="module")
def lived_in(template, tmp_path_factory):
    folder = copy_of(template[0], tmp_path_factory.mktemp("chiffres") / "data")
    place = open_place(folder, template[1], now=lambda: NOW)
    furnish(place)
    yield place
    place.house.close()


@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_page_shows_a_raw_amount(lived_in, language):
    client = lived_in.signed_in()
    client.set_cookie("langue", language)
    amounts, days = set(), 0
    for address in PAGES:
        page = _Caption(language)
        page.feed(client.get(address).get_data(as_text=True))
        for spoken, parts in page.said.items():
            text = " ".join("|".join(parts).replace("($)", "").replace("|$|", "|").split(" "))
            amounts.update(AMOUNT[spoken].findall(text) if spoken == language else ())
            assert RAW[spoken].findall(AMOUNT[spoken].sub("", text)) == [], (address, spoken)
            assert not WRONG_DAY[spoken].search(text), (address, spoken)
            days += DAY[language] in text
        assert not any("." in value for value in page.fields if language == "fr"), address
    # The pages did speak of money, thousands too, and of the first of the month.
    assert (
        {"540,00\u00a0$", "2\u00a0688,00\u00a0$"} <= amounts
        if language == "fr"
        else {"$540.00", "$2,688.00"} <= amounts
    )
    assert days > 10

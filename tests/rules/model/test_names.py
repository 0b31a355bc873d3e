"""Names: what is refused, which two are one name, which id one gets."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houblon.engine.core.problem import Invalid
from houblon.rules.model.names import clean_name, id_of, looks
from houblon.rules.model.schema import read_id
from tests.cases import load

CASES = load("group_name_unicode.json")


def same(one: str, other: str) -> bool:
    """Whether two names can be taken for each other."""
    return any(a == b for a, b in zip(looks(one), looks(other), strict=True))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_name_from_the_cases_is_refused_or_never_taken_for_tous(case):
    try:
        kept = clean_name(case["value"])
    except Invalid as invalid:
        assert case["kind"] in ("invisible/control", "compat")
        assert [problem.code for problem in invalid.problems] == ["name"]
        return
    assert case["kind"] != "invisible/control"
    assert kept == unicodedata.normalize("NFC", case["value"])
    if case["kind"] in ("compat", "case/near"):
        assert same(kept, "Tous"), "it looks like Tous, so it can't stand beside it"
    else:
        assert not same(kept, "Tous")


@pytest.mark.parametrize("case", [case for case in CASES if case["kind"] == "norm"], ids=lambda case: case["name"])
def test_every_spelling_of_a_name_from_the_cases_is_one_name(case):
    composed, decomposed = (unicodedata.normalize(form, case["value"]) for form in ("NFC", "NFD"))
    assert clean_name(composed) == clean_name(decomposed)
    assert looks(composed) == looks(decomposed)
    assert same(case["value"], case["value"].casefold())


@pytest.mark.parametrize(
    "lookalike",
    [
        "tous",
        "TOUS",
        "  Tous ",
        "Тоuѕ",  # Cyrillic Т о ѕ
        "ТОUЅ",
        "ΤOUS",
        "Ｔｏｕｓ",
        "𝐓𝐨𝐮𝐬",
        "ꓔꓳꓴꓢ",  # Lisu
        "ᎢOUᏚ",  # Cherokee
        "T0us",
        "Tou\u017f",  # long s
        "ᴛᴏᴜꜱ",
        "Tоυs",
    ],
)
def test_no_second_tous(lookalike):
    assert same(clean_name(lookalike), "Tous")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Dépanneur's", "Dépanneur’s"),
        ("Bar-tabac", "Bar‑tabac"),
        ("Bar-tabac", "Bar–tabac"),
        ("Bars\u00a0chics", "Bars chics"),
        ("ΗΟΤΕL", "Hotel"),  # Greek capitals: Η is no h in small letters
        ("вars", "Bars"),
        ("Zone 1", "Zone l"),
        ("Straße", "STRASSE"),
        ("Kiosque ﬁn", "Kiosque fin"),
        ("modern", "modem"),
        ("İle", "i̇le"),
        ("ё", "ë"),  # Cyrillic, Latin
    ],
)
def test_two_names_that_look_the_same_are_one(one, other):
    assert same(clean_name(one), clean_name(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Épiceries", "Épicerie"),
        ("Côté", "Coté"),
        ("Zone I", "Zone L"),
        ("Zone 1", "Zone 2"),
        ("Bars", "Bar's"),
        ("Gros", "Gras"),
        ("가", "나"),
        ("Île", "Ile"),
    ],
)
def test_two_names_that_look_different_are_two(one, other):
    assert not same(clean_name(one), clean_name(other))


@pytest.mark.parametrize(
    "hidden",
    ["\u200b", "\u200d", "\u202e", "\u2066", "\ufeff", "\u00ad", "\ufe0f", "\t", "\n", "\x00", "\x7f", "\u2028"]
    + ["\u3164", "\u2800", "\u034f", "\u180b", "\U000e0041", "\U000e0100", "\ud800", "\ue000", "\u0378", "\U0001d159"],
)
def test_what_does_not_show_is_refused_wherever_it_stands(hidden):
    for name in (f"Ba{hidden}rs", f"{hidden}Bars", f"Bars{hidden}", hidden):
        with pytest.raises(Invalid) as refused:
            clean_name(name, "/name")
        assert {problem.pointer for problem in refused.value.problems} == {"/name"}


@pytest.mark.parametrize("name", ["", "   ", "!!!", "—", "a" * 81, None, 7, ["Bars"], {}])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(Invalid):
        clean_name(name)


def test_a_name_is_kept_composed_trimmed_and_with_single_spaces():
    assert clean_name("  E\u0301piceries   de\u3000quartier\u00a0") == "Épiceries de quartier"


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("Payeurs à risque", "payeurs-a-risque"),
        ("Œuvres & Cie", "oeuvres-cie"),
        ("Dépanneur's", "depanneur-s"),
        ("Minimum d’articles — l’été…", "minimum-d-articles-l-ete"),
        ("Straße 7", "strasse-7"),
        ("가", "groupe"),
        ("Tous", "tous"),
        ("x" * 80, "x" * 50),
    ],
)
def test_an_id_is_made_from_the_name(name, id):
    assert id_of(name) == id


def test_an_id_that_is_taken_is_numbered():
    assert id_of("Töus", {"tous"}) == "tous-2"
    assert id_of("가", {"groupe", "groupe-2"}) == "groupe-3"


@given(st.text())
def test_any_text_is_kept_in_one_form_or_refused(text):
    try:
        kept = clean_name(text)
    except Invalid:
        return
    assert clean_name(kept) == kept
    assert clean_name(unicodedata.normalize("NFD", text)) == kept
    kept.encode()
    looks(kept)
    assert read_id(id_of(kept)) == id_of(kept)


def hostile() -> list[Any]:
    return load("blns.json")


def test_no_hostile_text_breaks_a_name():
    for text in hostile():
        try:
            assert read_id(id_of(clean_name(text)))
        except Invalid as invalid:
            assert invalid.problems

"""Memberships by CSV: any spreadsheet's file is read, faults are told by row, nothing of it runs in one."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houblon.engine.core.problem import Invalid
from houblon.orders.retailers.membership_file import (
    ADD,
    MAX_BYTES,
    MAX_ROWS,
    REPLACE,
    Columns,
    guess_columns,
    plan_import,
    read_sheet,
    written,
)
from houblon.orders.retailers.names import BuyerIds
from houblon.orders.retailers.row_ids import RowIds
from houblon.rules.store.documents import open_store
from tests.orders.services import TOUS, group, publish_groups


@pytest.fixture
def content(tmp_path):
    store = open_store(tmp_path)
    publish_groups(
        store, TOUS, group("epiceries", 10), group("bars", 20), {**group("x", 30), "name": "Payeurs à risque"}
    )
    return store.content(1)


def planned(content, text, mode=ADD, kept=None, known=()):
    sheet = read_sheet(text)
    return plan_import(sheet, guess_columns(sheet, content), mode, content, kept or {}, known)


def moves(plan):
    return {each.retailer: (each.before, each.after) for each in plan.changes}


CELLS = ["détaillant;groupe", "d-1;Épiceries", "d-2;Payeurs à risque"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_any_spreadsheet_s_file_is_read(content, encoding, delimiter, end):
    data = end.join(CELLS).replace(";", delimiter).encode(encoding)
    marked = end.join([f"sep={delimiter}", *CELLS]).replace(";", delimiter).encode(encoding)
    assert moves(planned(content, marked)) == moves(planned(content, data))
    assert moves(planned(content, data)) == {"d-1": ((), ("epiceries",)), "d-2": ((), ("x",))}


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("Groupe,Nom,Identifiant\nbars,Bar,b", Columns(2, 0, 1)),
        ("retailer_id,group\nb,bars", Columns(0, 1)),
        ("bars,b-1\nepiceries,e-1", Columns(1, 0)),
        ("b-1,Bar Un,bars", Columns(0, 2)),
        ("b-1,rien", Columns(0, None)),
    ],
)
def test_columns_are_guessed_by_their_header_or_by_what_they_hold(content, text, columns):
    assert guess_columns(read_sheet(text), content) == columns


def test_adding_keeps_what_is_there_and_replacing_does_not(content):
    kept = {"d-1": ("bars",), "d-2": ("bars",)}
    text = "id,groupe\nd-1,epiceries\nd-2,bars\nd-3,bars | épiceries\nd-4,\nd-5,Tous"
    assert moves(planned(content, text, ADD, kept, ["d-1", "d-2", "d-4", "d-5"])) == {
        "d-1": (("bars",), ("bars", "epiceries")),
        "d-3": ((), ("bars", "epiceries")),
    }
    assert moves(planned(content, text, REPLACE, kept | {"d-4": ("x",)}, ["d-5"])) == {
        "d-1": (("bars",), ("epiceries",)),
        "d-3": ((), ("bars", "epiceries")),
        "d-4": (("x",), ()),
    }


def test_several_rows_of_one_retailer_are_one_change_and_new_ones_have_their_name(content):
    plan = planned(content, "id,groupe,nom\nd-1,bars,Bar Un\nd-1,epiceries,\n\nd-1,bars,Autre")
    assert [(each.after, each.is_new, each.name) for each in plan.changes] == [(("bars", "epiceries"), True, "Bar Un")]


def test_faults_are_told_by_line_and_spoil_no_other(content):
    text = 'id,groupe\nd-1,bars\n,bars\nd-2,barz\n"d\x07",bars\nd-3,bars|barz'
    plan = planned(content, text)
    assert [(each.line, each.problem.code) for each in plan.faults] == [
        (3, "retailer"),
        (4, "unknown_group"),
        (5, "retailer"),
        (6, "unknown_group"),
    ]
    assert list(moves(plan)) == ["d-1"]


def test_a_retailer_with_a_fault_is_never_half_replaced(content):
    plan = planned(content, "id,groupe\nd-1,epiceries\nd-1,barz", REPLACE, {"d-1": ("bars",)})
    assert plan.changes == () and plan.unchanged == 1


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b'id,groupe\n"d-1,bars', "csv"),
        (b"id,groupe\nd-1,\0bars", "text"),
        (b"x" * (MAX_BYTES + 1), "too_large"),
        (b"a,b\n" * (MAX_ROWS + 2), "too_large"),
    ],
)
def test_what_is_no_table_is_refused(data, code):
    with pytest.raises(Invalid) as refused:
        read_sheet(data)
    assert refused.value.problems[0].code == code


def test_columns_that_nobody_named_are_asked_for(content):
    with pytest.raises(Invalid) as refused:
        planned(content, "d-1,rien")
    assert refused.value.problems[0].pointer == "/colonnes"


# What csv.reader itself can hold in one line.
TEXTS = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), max_size=12).map(str.strip)
DANGEROUS = st.builds(str.__add__, st.sampled_from(["=", "+", "-", "@", "'=", "''+"]), TEXTS).map(str.strip)


@given(st.lists(TEXTS | DANGEROUS, min_size=6, max_size=6), st.sampled_from([";", ","]))
def test_what_goes_out_comes_back_and_no_cell_is_a_formula(cells, delimiter):
    names = ("detaillant", "groupe", "nom", "courriel", "langue", "province")
    data = written([dict(zip(names, cells, strict=True))], delimiter)
    raw = list(csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=delimiter))[1]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in raw)
    rows = read_sheet(data).rows
    assert [list(row) for _, row in rows] == ([cells] if any(cells) else [])


@pytest.fixture
def renamed(tmp_path):
    """The group `cafes` is called « Bistros » by now, and another one « Cafés »."""
    store = open_store(tmp_path)
    publish_groups(store, TOUS, {**group("cafes", 10), "name": "Bistros"}, {**group("cafes-2", 20), "name": "Cafés"})
    return store.content(1)


def test_a_group_is_meant_by_the_name_in_use(renamed):
    plan = planned(renamed, "id,groupe\nd-1,Cafés\nd-2,Cafe\u0301s\nd-3,bistros")
    assert [each.after for each in plan.changes] == [("cafes-2",), ("cafes-2",), ("cafes",)]


def test_what_fits_two_groups_is_a_fault(renamed):
    plan = planned(renamed, "id,groupe\nd-1,cafes\nd-2,Bistros|CAFES", REPLACE)
    assert [each.problem.code for each in plan.faults] == ["ambiguous_group"] * 2 and not plan.changes


def test_the_export_comes_back_unchanged(renamed):
    kept = {"d-1": ("cafes",), "d-2": ("cafes", "cafes-2")}
    rows = [
        {"detaillant": id, "groupe": renamed.groups[each].name, "nom": "Épicerie\u00a0: chez ☕\ufe0f", **_BLANK}
        for id, groups in kept.items()
        for each in groups
    ]
    for mode in (ADD, REPLACE):
        plan = planned(renamed, written(rows, ";"), mode, kept, kept)
        assert (plan.changes, plan.unchanged, plan.faults) == ((), 2, ())


def test_ids_are_clean_and_a_name_that_is_none_is_told(content):
    plan = planned(content, "id,groupe,nom\n\u00a0d-1\u200b,bars,Chez\u202fLui\u00a0!\nd-2,bars,\u202eabc")
    assert [(each.retailer, each.name) for each in plan.changes] == [("d-1", "Chez\u202fLui\u00a0!")]
    assert [(each.line, each.problem.pointer) for each in plan.faults] == [(3, "/name")]


_BLANK = {"courriel": "", "langue": "", "province": ""}


SHOP = RowIds(
    {
        ("boutique", "5001"): BuyerIds("boutique-5001", "depanneur-42"),
        ("", "boutique-5001"): BuyerIds("boutique-5001", "depanneur-42"),
        ("boutique", "eve@x.ca"): BuyerIds("boutique-eve@x.ca", "boutique-eve@x.ca"),
    },
    {"boutique"},
    {"depanneur-42", "boutique-5001", "boutique-eve@x.ca", "boutique-7", "d-1"},
)


def test_a_row_names_a_retailer_by_the_house_s_id_or_by_what_a_source_calls_them(content):
    text = """detaillant;groupe;source;nom_source
;bars;boutique;5001
boutique-5001;epiceries;;
;bars;boutique;EVE@X.ca
;bars;boutique;6001
;bars;boutique;7
neuf-1;bars;boutique;8001
d-1;bars;boutique;8002
;bars;erp;1
;bars;;
"""
    known = ["depanneur-42", "boutique-eve@x.ca", "boutique-7", "d-1"]
    sheet = read_sheet(text)
    plan = plan_import(sheet, guess_columns(sheet, content), ADD, content, {}, known, SHOP)
    assert {each.retailer: (each.after, each.is_new, each.called) for each in plan.changes} == {
        "depanneur-42": (("bars", "epiceries"), False, None),
        "boutique-eve@x.ca": (("bars",), False, None),
        "boutique-6001": (("bars",), True, ("boutique", "6001")),
        "boutique-7-2": (("bars",), True, ("boutique", "7")),
        "neuf-1": (("bars",), True, ("boutique", "8001")),
        "d-1": (("bars",), False, None),
    }
    assert [(each.line, each.problem.code) for each in plan.faults] == [(9, "unknown_source"), (10, "retailer")]


def test_an_id_that_a_line_gives_is_taken_for_those_after_it(content):
    text = """detaillant;groupe;source;nom_source
;bars;boutique;9
;epiceries;boutique;9
boutique-10;bars;;
;bars;boutique;10
neuf-2;bars;boutique;11
;epiceries;boutique;11
"""
    sheet, ids = read_sheet(text), RowIds({}, {"boutique"}, {"joint-1"})
    plan = plan_import(sheet, guess_columns(sheet, content), ADD, content, {"boutique-9": ["x"]}, (), ids)
    assert [(each.retailer, each.after, each.is_new, each.called) for each in plan.changes] == [
        ("boutique-9", ("bars", "epiceries", "x"), False, ("boutique", "9")),
        ("boutique-10", ("bars",), True, None),
        ("boutique-10-2", ("bars",), True, ("boutique", "10")),
        ("neuf-2", ("bars", "epiceries"), True, ("boutique", "11")),
    ]


def test_who_is_named_where_the_id_belongs_is_not_made_twice(content):
    cards = [
        ("d-1", "Dépanneur du Coin"),
        ("d-2", "Chez Léa"),
        ("d-3", "chez lea"),
        ("joint", "Le Comptoir"),
        ("d-4", None),
    ]
    ids = RowIds({("", "joint"): BuyerIds("joint", "d-4")}, (), {id for id, _ in cards}, cards)
    text = "detaillant;groupe\nDEPANNEUR DU COIN;bars\nD-2;bars\nChez Léa;bars\nLe Comptoir;bars\nNouveau;bars\n"
    sheet = read_sheet(text)
    plan = plan_import(sheet, guess_columns(sheet, content), ADD, content, {}, [id for id, _ in cards], ids)
    assert [(each.retailer, each.is_new) for each in plan.changes] == [
        ("d-1", False),
        ("d-2", False),
        ("d-4", False),
        ("Nouveau", True),
    ]
    assert [(each.line, each.problem.code) for each in plan.faults] == [(4, "ambiguous_retailer")]

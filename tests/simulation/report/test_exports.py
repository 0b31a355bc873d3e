"""Reports as files: every figure a figure, every text a text, in both languages."""

import io
import json
import re
import zipfile
from datetime import date, datetime

import pytest
from python_calamine import CalamineWorkbook

from houblon.engine.core.money import dollars
from houblon.rules.policies import Policies
from houblon.simulation.facts.fill import Taken, fill_sheet
from houblon.simulation.report import exports
from houblon.simulation.report.report import report
from tests.clock import NOW
from tests.engine.policy.policies import INSTALLATION, ZONE, order
from tests.simulation.contents import content, group

HOSTILE = '=HYPERLINK("http://x")'


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    taken = [
        Taken(order(id=id, lines=[{"sku": "IPA", "quantity": n, "unit_price": "54.00"}], buyer={"id": buyer}), NOW)
        for id, n, buyer in ((HOSTILE, 30, "-1+cmd|' /C calc'!A0"), ("PO-2", 22, "Bar"), ("PO-3", 40, "Bar"))
    ]
    sheet = fill_sheet(tmp_path_factory.mktemp("sheet") / "sheet.parquet", taken, ZONE)
    contents = content(1), content(2, group("tous", 0, {"acceptance.minimum_items": 36}))
    found = report(sheet, Policies(None), *contents, INSTALLATION)
    fault = {"row": 4, "column": "@SUM", "code": "date", "pointer": "/rows/4", "message": {"fr": "Non.", "en": "No."}}
    source = {"kind": "file", "name": "+mai.csv", "hash": "sha256:1", "rows": 4, "faulty_rows": 1, "faults": [fault]}
    named = {"note": "", "hash": "sha256:0"}
    return {**found, "source": source, "before": {"version": 1, **named}, "after": {"version": 2, **named}}


def exported(*arguments):
    return b"".join(exports.exported(*arguments))


def sheets(body):
    book = CalamineWorkbook.from_filelike(io.BytesIO(body))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def test_a_workbook_has_a_sheet_for_each_table_with_figures_that_add_up(document):
    body = exported(document, "xlsx", "fr", ZONE, NOW)
    found = sheets(body)
    assert list(found) == [
        *("Résumé", "Matrice", "Détaillants", "Groupes", "Commandes", "Échéances", "Près du seuil"),
        "Lignes fautives",
    ]
    matrix = found["Matrice"]
    assert matrix[0] == ["Avant", "Après", "Commandes", "Valeur"]
    assert sum(row[2] for row in matrix[1:]) == 3
    assert dollars(round(sum(row[3] for row in matrix[1:]) * 100)) == document["value"]
    [changed_order] = found["Commandes"][1:]
    assert changed_order[0] == HOSTILE and changed_order[2:4] == [datetime(2021, 5, 12, 22, 17, 41, 123_000), 1620.0]
    assert (changed_order[4], changed_order[8], changed_order[7]) == ("acceptée", "en attente", date(2021, 6, 11))
    assert "30 articles, il en faut 36" in changed_order[9].replace("\u00a0", " ")
    assert found["Lignes fautives"][1] == [4.0, "@SUM", "Non."]
    assert [row[1:] for row in found["Résumé"] if row[0] == "Acceptées d’elles-mêmes"] == [[2.0, 1.0]]
    near = {row[1]: row[3:6] for row in found["Près du seuil"][1:]}
    assert near == {HOSTILE: [30.0, 36.0, 6.0], "PO-2": [22.0, 36.0, 14.0]}


def test_a_workbook_speaks_english_freezes_its_headers_and_runs_nothing(document):
    body = exported(document, "xlsx", "en", ZONE, NOW)
    found = sheets(body)
    assert list(found)[:5] == ["Summary", "Matrix", "Retailers", "Groups", "Orders"]
    assert found["Orders"][1][4:6][0] == "accepted"
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith(".xml")}
    pages = [part for name, part in parts.items() if name.startswith("xl/worksheets/")]
    assert len(pages) == 8 and all('state="frozen"' in page and "<f>" not in page for page in pages)
    assert "&quot;$&quot;#,##0.00" in parts["xl/styles.xml"] and "hyperlink" not in "".join(pages).lower()
    assert exported(document, "xlsx", "en", ZONE, NOW) == body


def test_a_workbook_reads_well_on_a_screen_and_on_paper(document):
    with zipfile.ZipFile(io.BytesIO(exported(document, "xlsx", "fr", ZONE, NOW))) as archive:
        pages = [archive.read(f"xl/worksheets/sheet{number}.xml").decode() for number in range(1, 9)]
    summary, orders = pages[0], pages[4]
    assert all(float(width) < 30 for width in re.findall(r' width="([\d.]+)"', summary)[1:]), "a hash widens no column"
    assert [number for number, page in enumerate(pages) if "<autoFilter" in page] == [4] and 'ref="A1:L2"' in orders
    for page in pages:
        assert 'topLeftCell="B2"' in page and '<pageSetup paperSize="1" fitToHeight="0" orient' in page
        assert "&amp;P / &amp;N" in page


def test_a_share_is_a_percentage_and_a_table_without_rows_says_so(document):
    found = sheets(exported({**document, "near_misses": []}, "xlsx", "fr", ZONE, NOW))
    rates = next(row[1:] for row in found["Résumé"] if row[0] == "Taux d’acceptation")
    assert rates == [round(document["automation"][side]["rate"] / 100, 6) for side in ("before", "after")]
    assert found["Près du seuil"][1][0] == "Rien à montrer."


def test_the_orders_that_change_are_a_csv_that_runs_nothing(document):
    french = exported(document, "csv", "fr", ZONE, NOW).decode("utf-8-sig").splitlines()
    assert french[0].startswith("Commande;Détaillant;Date;Valeur;Issue avant;Raisons avant")
    assert french[1].startswith('"\'=HYPERLINK(""http://x"")";\'-1+cmd') and ";1620,00;acceptée;" in french[1]
    english = exported(document, "csv", "en", ZONE, NOW).decode("utf-8-sig")
    assert english.startswith("Order,Retailer,Date,Value") and ",1620.00,accepted," in english


def test_json_is_the_report_as_it_is_kept(document):
    assert json.loads(exported(document, "json", "fr", ZONE, NOW)) == document


def test_a_csv_has_all_the_orders_that_change_and_the_workbook_says_how_many_it_lists(document):
    changed_order = document["flips"][0]
    many = ({**changed_order, "order_id": f"PO-{number}"} for number in range(2_000))
    pieces = list(exports.exported(document, "csv", "fr", ZONE, NOW, many))
    assert len(b"".join(pieces).decode().splitlines()) == 2_001
    assert max(map(len, pieces)) < 100_000, "it is never held whole"
    more = {**document, "other_terms": {"orders": 700, "value": "1.00"}}
    summary = {row[0]: row[2] for row in sheets(exported(more, "xlsx", "fr", ZONE, NOW))["Résumé"]}
    assert (summary["Commandes qui changent"], summary["dont listées ici, les plus grandes"]) == (701, 1)
    assert "dont listées ici, les plus grandes" not in {
        row[0] for row in sheets(exported(document, "xlsx", "fr", ZONE, NOW))["Résumé"]
    }

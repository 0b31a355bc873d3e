"""`houblon simulate`: over the ledger or a file, to a terminal, as JSON, or into a workbook."""

import json

import pytest
from python_calamine import CalamineWorkbook

from tests.web.houses import copy_of, shell

FILE = "commande;client;date;articles;valeur\nA;Bar;2021-05-12;30;240,00\nB;risque-1;2021-05-13;30;500,00\n"


@pytest.fixture
def run(template, tmp_path):
    folder = copy_of(template[0], tmp_path / "data")

    def invoke(*arguments):
        return shell(["simulate", *map(str, arguments), "--data", str(folder)])

    return invoke


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "commandes.csv"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_a_file_is_simulated_and_answered_in_json(run, file):
    done = run(file, "--version", "1", "--json")
    found = json.loads(done.stdout)
    assert (done.exit_code, done.stderr) == (0, "")
    assert found["source"] | {"hash": ""} == {
        "kind": "file",
        "from": None,
        "to": None,
        "name": "commandes.csv",
        "hash": "",
        "rows": 2,
        "orders": 2,
        "faulty_rows": 0,
        "faults": [],
    }
    assert {(each["before"], each["after"]): each["orders"] for each in found["matrix"] if each["orders"]} == {
        ("accepted", "held"): 1,
        ("held", "held"): 1,
    }
    later = json.loads(run(file, "--from", "2021-05-13", "--json").stdout)
    assert (later["orders"], later["flips"]) == (1, []), "without a version, what is in force on both sides"
    assert "0 orders" in run("--ledger", "--version", "1").stdout


def test_the_report_goes_into_a_file_by_its_suffix(run, file, tmp_path):
    said = run(file, "--version", "1", "--out", tmp_path / "rapport.xlsx")
    assert said.exit_code == 0 and said.stdout.startswith("2 orders, 740.00 $\n accepted -> held")
    book = CalamineWorkbook.from_path(str(tmp_path / "rapport.xlsx"))
    assert book.get_sheet_by_name("Commandes").to_python()[1][0] == "A"
    assert run(file, "--version", "1", "--out", tmp_path / "r.csv").exit_code == 0
    assert (tmp_path / "r.csv").read_text("utf-8-sig").startswith("Commande;")
    assert run(file, "--out", tmp_path / "r.json").exit_code == 0
    assert json.loads((tmp_path / "r.json").read_text())["orders"] == 2
    assert run(file, "--out", tmp_path / "nulle" / "part.json").exit_code == 1


def test_the_file_speaks_the_language_asked_for(run, file, tmp_path):
    english = ("--version", "1", "--lang", "en", "--out")
    assert run(file, *english, tmp_path / "report.xlsx").exit_code == 0
    book = CalamineWorkbook.from_path(str(tmp_path / "report.xlsx"))
    header, first, *_ = book.get_sheet_by_name("Orders").to_python()
    assert header[:3] == ["Order", "Retailer", "Date"]
    assert first[4:6] == ["accepted", "The order meets the conditions of automatic acceptance."]
    assert run(file, *english, tmp_path / "report.csv").exit_code == 0
    assert (tmp_path / "report.csv").read_text("utf-8-sig").startswith("Order,Retailer,Date,Value,")


def test_rows_that_cannot_be_read_are_told_and_the_others_run(run, file):
    file.write_text(FILE + "C;Bar;hier;1;1\n", encoding="utf-8")
    done = run(file, "--version", "1", "--json")
    assert (done.exit_code, json.loads(done.stdout)["orders"]) == (1, 2)
    errors, _, count = done.stderr.rpartition("}\n")
    assert json.loads(errors + "}")["errors"][0]["pointer"] == "/rows/4/date"
    assert count.strip() == "1 of 3 rows could not be read: they are left out"


@pytest.mark.parametrize(
    ("body", "code"), [(b"", "empty"), (b"a;b\n1;2\n", "required"), (b"\x1f\x8b", "kind"), (None, "file")]
)
def test_a_file_that_cannot_be_read_is_a_problem_on_standard_error(run, file, body, code):
    file.write_bytes(body) if body is not None else file.unlink()
    done = run(file, "--version", "1")
    assert (done.exit_code, done.stdout) == (1, "")
    assert json.loads(done.stderr)["errors"][0]["code"] == code


def test_wrong_usage_is_two(run, file):
    for arguments in (
        (),
        (file, "--ledger"),
        (file, "--version", "1", "--proposal", "x"),
        (file, "--json", "--out", "r.json"),
        (file, "--out", "r.pdf"),
        (file, "--lang", "en"),
        (file, "--lang", "de", "--out", "r.csv"),
    ):
        assert run(*arguments).exit_code == 2
    assert run(file, "--version", "9").exit_code == run(file, "--from", "hier").exit_code == 1

"""Files of memberships, several orders at once, drafts and background simulations, each from a shell as on its page."""

import json

import pytest

from tests.web.houses import order, shell


@pytest.fixture
def run(place):
    """Runs a command in the installation of `place`, which has two held orders."""
    place.send(order("PO-1", items=2), "m-1")
    place.send(order("PO-2", items=3, buyer="bar-2"), "m-2")
    folder = place.house.settings.data
    place.house.close()

    def run(*words, status=0, **named):
        done = shell([*words, "--data", folder, "--json"], **named)
        assert done.exit_code == status, done.output
        return json.loads(done.stdout if done.stdout else done.stderr)

    return run


def test_a_file_of_memberships_is_shown_kept_written_and_undone(run, tmp_path):
    file = tmp_path / "adhesions.csv"
    file.write_bytes(
        "Détaillant;Groupe\ncomptoir-1;Payeurs à risque\nnouveau-1;payeurs-a-risque\nbar-2;Inconnu\n".encode("cp1252")
    )
    shown = run("membership", "import", file, "--preview")
    assert shown["columns"] == {"retailer": 1, "group": 2} and shown["import"] is None
    assert [(each["retailer"], each["new"], each["after"]) for each in shown["changes"]] == [
        ("comptoir-1", False, ["payeurs-a-risque"]),
        ("nouveau-1", True, ["payeurs-a-risque"]),
    ]
    assert [(each["line"], each["code"]) for each in shown["faults"]] == [(4, "unknown_group")]
    assert run("retailer", "show", "comptoir-1")["groups"] == []
    done = run("membership", "import", file, "--yes")
    assert run("retailer", "show", "nouveau-1")["groups"] == ["payeurs-a-risque"]
    again = run("membership", "import", file, "--yes")
    assert (again["changes"], again["import"], again["unchanged"]) == ([], None, 2)
    run("retailer", "leave-group", "nouveau-1", "payeurs-a-risque")
    assert [(each["id"], each["count"], each["undone"]) for each in run("membership", "imports")["imports"]] == [
        (done["import"], 2, False)
    ]
    assert run("membership", "undo-import", done["import"]) == {"import": done["import"], "back": 1, "left": 1}
    assert run("membership", "undo-import", done["import"], status=1)["errors"][0]["code"] == "already_undone"
    assert run("membership", "undo-import", "NOBODY", status=1)["errors"][0]["code"] == "unknown_import"
    acts = [(each["act"], each["who"]) for each in run("audit", "list")["entries"]]
    assert acts[0] == ("memberships.undone", "cli") and ("memberships.imported", "cli") in acts


def test_what_is_written_to_a_file_of_memberships_comes_back_as_it_is(run, tmp_path):
    run("retailer", "join-group", "comptoir-1", "payeurs-a-risque")
    file = tmp_path / "sortie.csv"
    run("membership", "export", file)
    assert run("membership", "export", file, status=1)["errors"][0]["code"] == "exists"
    assert run("membership", "import", file, "--preview", "--replace")["changes"] == []
    other = run("membership", "import", file, "--preview", "--column", "retailer=1", "--column", "group=1", status=1)
    assert other["errors"][0]["code"] == "columns"


@pytest.mark.parametrize("words", [[], ["--preview", "--yes"], ["--yes", "--column", "group=0"]])
def test_a_file_of_memberships_is_looked_at_or_kept(run, tmp_path, words):
    file = tmp_path / "adhesions.csv"
    file.write_text("id,group\nbar-2,payeurs-a-risque\n")
    with pytest.raises(json.JSONDecodeError):
        run("membership", "import", file, *words, status=2)
    assert run("retailer", "show", "bar-2")["groups"] == []


def test_several_orders_are_shown_and_settled_each_by_itself(run):
    keys = [each["order_key"] for each in run("order", "list", "--state", "held")["orders"]]
    shown = run("order", "accept", *keys, "--preview")
    assert [each["errors"] for each in shown["orders"]] == [[], []] and shown["total"] != "0.00"
    assert len(run("order", "list", "--state", "held")["orders"]) == 2
    done = run("order", "accept", *keys, keys[0], 99, status=1)
    assert {each["order_key"]: each["state"] for each in done["settled"]} == dict.fromkeys(keys, "accepted")
    assert all(each["invoice"] for each in done["settled"])
    assert [(each["order_key"], each["errors"][0]["code"]) for each in done["left"]] == [(99, "unknown_order")]
    again = run("order", "refuse", *keys, "--why", "trop tard", status=1)
    assert again["settled"] == [] and {each["errors"][0]["code"] for each in again["left"]} == {"already_settled"}


def test_a_buyer_s_address_is_kept_for_the_invoices_to_come(run):
    [_, first] = run("order", "list")["orders"]
    kept = run("order", "keep-address", first["order_key"], "12, rue Principale\n  Québec  ")
    assert kept["address"] == "12, rue Principale\nQuébec"
    number = run("order", "accept", first["order_key"])["invoice"]
    assert "12, rue Principale" in json.dumps(run("invoice", "show", number), ensure_ascii=False)
    assert run("order", "keep-address", 99, "x", status=1)["errors"][0]["code"] == "unknown_order"
    assert run("order", "keep-address", first["order_key"], "x" * 501, status=1)["errors"][0]["pointer"] == "/address"


def _bundle(tmp_path, name, **settings):
    file = tmp_path / name
    file.write_text(json.dumps({"houblon": 1, "groups": [{"id": "tous", "settings": settings}]}))
    return file


def test_a_proposal_is_renamed_relieved_of_a_statement_and_settled_against_what_was_published(run, tmp_path):
    wanted = {"acceptance.minimum_items": 5, "acceptance.minimum_value": "90.00"}
    id = run("import", _bundle(tmp_path, "a.json", **wanted))["proposal"]
    assert run("proposal", "rename", id, "Minimums d’hiver")["name"] == "Minimums d’hiver"
    items = "/groups/tous/settings/acceptance.minimum_items"
    value = "/groups/tous/settings/acceptance.minimum_value"
    assert sorted(run("proposal", "show", id)["statements"]) == [items, value]
    run("proposal", "take-out", id, value)
    assert run("proposal", "show", id)["statements"] == [items]
    assert run("proposal", "take-out", id, value, status=1)["errors"][0]["code"] == "unknown_statement"
    run("import", _bundle(tmp_path, "b.json", **{"acceptance.minimum_items": 7}), "--publish")
    [clash] = run("proposal", "show", id)["clashes"]
    assert clash == {"pointer": items, "mine": 5, "theirs": 7}
    assert run("proposal", "settle", id, status=1)["errors"][0]["code"] == "choice"
    run("proposal", "settle", id, "--choose", f"{items}=mine")
    assert run("proposal", "show", id)["clashes"] == []
    version = run("proposal", "publish", id)["version"]
    tous = next(each for each in run("export")["groups"] if each["id"] == "tous")
    assert version and tous["settings"]["acceptance.minimum_items"] == 5


def test_a_background_simulation_is_begun_seen_and_cancelled(run):
    begun = run("simulation", "start", "--version", 1)
    assert begun["state"] == "pending" and begun["by"] == "cli"
    assert [each["id"] for each in run("simulation", "list")["simulations"]] == [begun["id"]]
    assert run("simulation", "cancel", begun["id"])["state"] == "cancelled"
    assert run("simulation", "cancel", begun["id"], status=1)["errors"][0]["code"] == "over"
    assert run("simulation", "show", begun["id"])["report"] is None
    assert run("simulation", "start", "--version", 99, status=1)["errors"][0]["code"]

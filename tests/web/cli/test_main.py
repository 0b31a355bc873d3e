"""`houblon` from a shell: contracts, exit statuses, faults on stderr."""

import json
from dataclasses import replace

import pytest

from houblon.orders.records.audit import entries
from tests.web.houses import ADMIN, SEED, copy_of, open_place, order, shell


@pytest.fixture
def run(template, tmp_path):
    folder = copy_of(template[0], tmp_path / "data")

    def invoke(*arguments, input=None):
        return shell([*arguments, "--data", str(folder)], input=input)

    invoke.folder = folder
    return invoke


@pytest.fixture
def place_of(run, template):
    """The installation that commands speak of, opened beside them."""
    opened = []

    def place():
        if not opened:
            opened.append(open_place(run.folder, template[1]))
        return opened[0]

    yield place
    for each in opened:
        each.house.close()


@pytest.fixture
def order_file(tmp_path):
    def write(**members):
        path = tmp_path / "order.json"
        path.write_text(json.dumps(order() | members), encoding="utf-8")
        return str(path)

    return write


def test_the_worked_example_is_due_on_the_19th_of_june(run, order_file):
    at = ("--accepted-at", "2021-05-12T10:00:00-04:00", "--json")
    invoice = json.loads(run("decide", order_file(), *at).stdout)["invoice"]
    assert (invoice["basis"], invoice["delivery_date"], invoice["due_date"]) == ("cycle", "2021-05-20", "2021-06-19")
    alone = json.loads(run("decide", order_file(distributor=None), *at).stdout)["invoice"]
    assert (alone["basis"], alone["delivery_date"], alone["due_date"]) == ("acceptance", None, "2021-06-11")


def test_decide_picks_a_version_and_traces_on_request(run, order_file):
    first = json.loads(run("decide", order_file(), "--version", "1", "--trace", "--json").stdout)
    assert (first["outcome"], first["version"]) == ("held", 1)
    assert first["trace"][0]["rule"] == "acceptance.mode"
    unknown = run("decide", order_file(), "--version", "99", "--json")
    assert unknown.exit_code == 1
    assert json.loads(unknown.stderr)["errors"][0]["code"] == "unknown_version"


def test_a_dash_reads_one_order_a_line_and_answers_in_order(run):
    lines = [json.dumps(order("A")), "{", json.dumps(order("B", items=1))]
    result = run("decide", "-", "--json", input="\n".join(lines))
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [each.get("outcome") for each in answers] == ["accepted", None, "held"]
    assert answers[1]["errors"][0]["code"] == "json"
    assert result.exit_code == 1


def test_an_export_is_byte_stable_and_imports_to_the_same_content(run, tmp_path):
    exported = run("export").stdout_bytes
    assert exported == run("export").stdout_bytes
    bundle = json.loads(exported)
    assert [group["id"] for group in bundle["groups"]] == ["payeurs-a-risque", "tous"]
    assert bundle["memberships"] == {"risque-1": ["payeurs-a-risque"]}
    path = tmp_path / "bundle.json"
    path.write_bytes(exported)
    assert json.loads(run("import", str(path), "--publish", "--json").stdout) == {"version": 2}
    assert run("export").stdout_bytes == exported


def test_a_bundle_with_faults_is_refused_whole_and_says_where(run, tmp_path):
    path = tmp_path / "bundle.json"
    bad = json.loads(json.dumps(SEED))
    bad["groups"][1]["settings"] = {"acceptance.minimum_items": 0, "nope": 1}
    path.write_text(json.dumps(bad))
    before = run("export").stdout
    refused = run("import", str(path), "--publish")
    assert refused.exit_code == 1
    pointers = {each["pointer"] for each in json.loads(refused.stderr)["errors"]}
    assert pointers == {"/groups/1/settings/acceptance.minimum_items", "/groups/1/settings/nope"}
    assert run("export").stdout == before


def test_secrets_and_keys_are_given_once(run):
    assert json.loads(run("source", "add", "boutique", "--json").stdout)["secret"].startswith("whsec_")
    assert json.loads(run("key", "add", "caisse", "--scope", "decide", "--json").stdout)["key"].startswith("hbl_")
    wrong = run("key", "add", "caisse", "--scope", "tout")
    assert (wrong.exit_code, json.loads(wrong.stderr)["errors"][0]["pointer"]) == (1, "/scope")


def test_a_second_init_is_refused_and_wrong_usage_is_two(run, tmp_path):
    again = run("init")
    assert (again.exit_code, json.loads(again.stderr)["errors"][0]["code"]) == (1, "exists")
    assert run("brew").exit_code == 2
    nowhere = shell(["export", "--data", str(tmp_path / "vide")])
    assert (nowhere.exit_code, json.loads(nowhere.stderr)["errors"][0]["code"]) == (1, "notinitialised")


def test_a_new_installation_does_nothing_by_itself(tmp_path, order_file):
    folder = str(tmp_path / "neuf")
    made = shell(["init", "--data", folder, "--json"])
    assert len(json.loads(made.stdout)["password"]) >= 12
    answer = json.loads(shell(["decide", order_file(), "--data", folder, "--json"]).stdout)
    assert [each["code"] for each in answer["reasons"]] == ["manual"]
    assert answer["if_accepted"]["issue"] is False


def test_a_lost_password_is_replaced_and_open_sessions_end(place):
    client = place.signed_in()
    folder = str(place.house.settings.data)
    made = shell(["user", "password", ADMIN, "--data", folder, "--json"])
    assert client.get("/groupes").status_code == 302
    renewed = replace(place, password=json.loads(made.stdout)["password"])
    assert renewed.signed_in().get("/groupes").status_code == 200
    nobody = shell(["user", "password", "personne@ailleurs.example", "--data", folder])
    assert (nobody.exit_code, json.loads(nobody.stderr)["errors"][0]["code"]) == (1, "unknown_account")


def test_events_are_listed_from_a_place_on_and_followed(run, place_of):
    for number in range(3):
        assert place_of().send(order(f"PO-{number}"), f"m-{number}").status_code == 200
    items = json.loads(run("events", "--json").stdout)["items"]
    of_orders = [each for each in items if "order_id" in each["data"]]
    assert [each["type"] for each in of_orders] == ["order.accepted", "invoice.issued"] * 3
    after = str(of_orders[1]["id"])
    rest = json.loads(run("events", "--after", after, "--type", "invoice.issued", "--json").stdout)["items"]
    assert [each["data"]["order_id"] for each in rest] == ["PO-1", "PO-2"]
    followed = run("events", "--after", after, "--follow", "--limit", "2", "--json").stdout.splitlines()
    assert [json.loads(each)["id"] for each in followed] == [each["id"] for each in of_orders[2:4]]
    assert "order_id=PO-1" in run("events", "--after", after, "--limit", "1").stdout
    later = run("events", "--after", "999999")
    assert later.exit_code == 1 and json.loads(later.stderr)["errors"][0]["code"] == "place_to_come"


def test_an_endpoint_is_paused_resumed_tested_and_sent_again_from_a_place(run, place_of):
    id = json.loads(run("endpoint", "add", "https://caisse.example/hooks", "--json").stdout)["id"]
    place_of().send(order("PO-1"), "m-1")
    assert run("endpoint", "test", id).exit_code == 0
    assert run("endpoint", "pause", id).exit_code == 0
    assert not json.loads(run("endpoint", "list", "--json").stdout)[0]["active"]
    paused = run("endpoint", "test", id)
    assert paused.exit_code == 1 and json.loads(paused.stderr)["errors"][0]["code"] == "paused"
    assert json.loads(run("endpoint", "resume", id, "--json").stdout) == {"resumed": id, "lost_through": None}
    assert json.loads(run("endpoint", "resend", id, "--after", "0", "--json").stdout) == {"resent": id, "after": 0}
    later = run("endpoint", "resend", id, "--after", "999")
    assert later.exit_code == 1 and json.loads(later.stderr)["errors"][0]["code"] == "place_to_come"
    for act in (("pause",), ("resume",), ("test",), ("resend", "--after", "0")):
        gone = run("endpoint", act[0], "ep_none", *act[1:])
        assert gone.exit_code == 1 and json.loads(gone.stderr)["errors"][0]["code"] == "unknown_endpoint"
    with place_of().house.services.ledger.reading() as connection:
        acts = {row.act for row in entries(connection)}
    assert acts >= {"endpoint.paused", "endpoint.resumed", "endpoint.resent"}


def test_an_endpoint_is_added_listed_without_its_secret_and_removed(run):
    added = json.loads(run("endpoint", "add", "https://caisse.example/hooks", "--event", "order.held", "--json").stdout)
    assert added["secret"].startswith("whsec_") and added["events"] == ["order.held"]
    listed = run("endpoint", "list", "--json").stdout
    (known,) = json.loads(listed)
    assert (known["id"], known["active"]) == (added["id"], True) and added["secret"] not in listed
    assert run("endpoint", "remove", added["id"], "--json").exit_code == 0
    assert json.loads(run("endpoint", "list", "--json").stdout) == []
    gone = run("endpoint", "remove", added["id"])
    assert gone.exit_code == 1 and json.loads(gone.stderr)["errors"][0]["code"] == "unknown_endpoint"
    private = run("endpoint", "add", "https://10.0.0.1/", "--event", "order.held")
    assert private.exit_code == 1 and json.loads(private.stderr)["errors"][0]["pointer"] == "/url"

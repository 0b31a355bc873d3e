"""Rules in and out of an installation from a shell: proposals, exports, approval, `check`."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from business_rules.engine import run_all

from houblon.engine.conditions.vocabulary import OrderActions, OrderVariables
from houblon.engine.core.order import read_facts
from houblon.orders.credentials.credentials import add_source
from houblon.orders.retailers.joins import join_retailers
from houblon.rules.model.statements import Statement
from houblon.rules.publishing.drafts import begin, revise
from houblon.rules.publishing.schedule import schedule
from houblon.rules.store.documents import open_store
from tests.clock import NOW
from tests.engine.policy.policies import ZONE
from tests.engine.policy.policies import order as order_value
from tests.orders.services import drop_guards
from tests.web.cli.test_main import order_file, run  # noqa: F401
from tests.web.houses import order, shell


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def beside(place, folder):
    """A shell beside a running installation."""
    return lambda *arguments: shell([*arguments, "--data", str(folder)])


def bundle(tmp_path, *groups, **members):
    path = tmp_path / "lot.json"
    path.write_text(json.dumps({"houblon": 1, "groups": groups, **members}))
    return str(path)


BARS = {"id": "bars", "name": "Bars", "rank": 30, "settings": {"acceptance.minimum_items": 6}}


def answer(result):
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def codes(result):
    assert result.exit_code == 1
    return [each["code"] for each in json.loads(result.stderr)["errors"]]


def test_an_import_is_a_proposal_and_decisions_can_be_tried_with_it(run, tmp_path, order_file):
    made = answer(run("import", bundle(tmp_path, BARS, memberships={"comptoir-1": ["bars"]}), "--json"))
    few = order_file(
        lines=[{"sku": "A", "quantity": 8, "unit_price": "60.00"}], buyer={"id": "comptoir-1", "groups": ["bars"]}
    )
    assert answer(run("decide", few, "--json"))["outcome"] == "held"
    tried = answer(run("decide", few, "--proposal", made["proposal"], "--json"))
    assert (tried["outcome"], tried["version"], tried["chain"]) == ("accepted", None, ["bars", "tous"])
    # There is no version 3, and there may never be one: what is proposed is told by its own name.
    assert tried["proposal"] == made["proposal"]
    short = run("decide", few, "--proposal", made["proposal"], "--json", "--trace").output
    assert '"version":3' not in short.replace(" ", "")
    assert codes(run("decide", few, "--proposal", "rien", "--json")) == ["unknown_proposal"]
    assert codes(run("decide", few, "--proposal", made["proposal"], "--version", "1")) == ["both"]


def test_a_bundle_with_faults_becomes_nothing(run, tmp_path, folder):
    before = open_store(folder).history()
    assert codes(run("import", bundle(tmp_path, {**BARS, "rank": 0}), "--json")) == ["range"]
    assert open_store(folder).history().proposals == before.proposals == {}


def test_where_approval_is_required_publish_is_refused_and_the_bundle_is_a_proposal(run, tmp_path, folder):
    assert answer(run("approval", "required", "--json")) == {"approval": True}
    refused = run("import", bundle(tmp_path, BARS), "--publish", "--json")
    assert codes(refused) == ["approval_required"]
    store = open_store(folder)
    assert store.newest().number == 2
    assert [each.state for each in store.history().proposals.values()] == ["open"]
    answer(run("approval", "none", "--json"))
    assert answer(run("import", bundle(tmp_path, BARS), "--publish", "--json")) == {"version": 3}


def test_memberships_alone_make_a_version_that_says_what_they_changed(run, tmp_path, folder):
    lot = bundle(tmp_path, memberships={"comptoir-1": ["payeurs-a-risque"]})
    assert answer(run("import", lot, "--publish", "--json")) == {"version": 3}
    assert [(move.buyer, move.after) for move in open_store(folder).history().moves[3]] == [
        ("comptoir-1", ("payeurs-a-risque",))
    ]
    # The same again changes nobody, and is no version.
    assert answer(run("import", lot, "--publish", "--json")) == {"version": 3}
    assert run("import", lot, "--publish").output == "Nothing to publish, all is so already in version 3.\n"
    exported = json.loads(run("export").stdout)
    assert exported["memberships"]["comptoir-1"] == ["payeurs-a-risque"]


def test_asking_for_approval_names_what_is_planned_without_one(beside, place):
    store = place.house.store
    made = begin(store, "Solde", by="anne", at=NOW)
    revise(store, made.id, [Statement("group", "tous", "acceptance.minimum_items", 12)], by="anne", at=NOW)
    schedule(store, made.id, effective_from=NOW + timedelta(days=1), by="anne", at=NOW)
    told = beside("approval", "required")
    assert told.exit_code == 0 and "held back at its moment: Solde" in told.stdout


def test_one_group_is_exported_alone_and_comes_back_the_same(run, tmp_path):
    alone = run("export", "--group", "payeurs-a-risque").stdout
    assert [each["id"] for each in json.loads(alone)["groups"]] == ["payeurs-a-risque"]
    path = tmp_path / "un.json"
    path.write_text(alone)
    assert answer(run("import", str(path), "--publish", "--json")) == {"version": 2}
    assert codes(run("export", "--group", "rien")) == ["unknown_group"]


def test_a_resolved_policy_is_exported_as_rules_that_the_package_alone_runs(run):
    rules = json.loads(run("export", "--group", "payeurs-a-risque", "--as-rules").stdout)
    assert all(set(rule) == {"conditions", "actions"} for rule in rules)
    actions = OrderActions()
    run_all(rules, OrderVariables(read_facts(order_value(items=8), (), ZONE)), actions)
    assert [name for name, _ in actions.done] == ["hold", "hold"]
    assert [params["reason"] for _, params in actions.done] == ["manual", "minimum_items"]
    assert Decimal(rules[2]["conditions"]["all"][0]["value"]) == 200


def test_a_plain_rule_list_is_imported_into_a_group_once(run, tmp_path, folder):
    rules = [
        {
            "conditions": {"any": [{"name": "note", "operator": "contains", "value": "urgent"}]},
            "actions": [{"name": "hold", "params": {"reason": "urgent"}}],
        },
        {
            "conditions": {"all": [{"name": "order_value", "operator": "greater_than", "value": 900}]},
            "actions": [{"name": "withhold_invoice", "params": {"reason": "large"}}],
        },
    ]
    path = tmp_path / "regles.json"
    path.write_text(json.dumps(rules))
    assert answer(run("import", str(path), "--group", "payeurs-a-risque", "--publish", "--json")) == {"version": 3}
    kept = open_store(folder).content(3).groups["payeurs-a-risque"].rules
    assert list(kept) == ["regle-1", "regle-2"]
    assert answer(run("import", str(path), "--group", "payeurs-a-risque", "--publish", "--json")) == {"version": 3}
    path.write_text(json.dumps([{**rules[0], "actions": [{"name": "accept"}]}, {"actions": []}]))
    refused = run("import", str(path), "--group", "payeurs-a-risque", "--json")
    assert set(codes(refused)) == {"unknown_action", "required"}
    path.write_text(json.dumps(rules))
    assert codes(run("import", str(path), "--group", "rien", "--json")) == ["unknown_group"]


def test_check_passes_on_a_whole_installation_and_tells_the_head_of_the_log(run, tmp_path):
    answer(run("import", bundle(tmp_path, BARS), "--publish", "--json"))
    report = answer(run("check", "--json"))
    assert report["ok"] and all(each["ok"] for each in report["checks"])
    assert {each["name"] for each in report["checks"]} == {
        "database",
        "rules_file",
        "stores",
        "schemas",
        "versions",
        "audit",
        "decisions",
        "invoices",
        "events",
        "retailers",
        "sums",
        "reference",
        "rules",
        "scenarios",
    }
    answer(run("import", bundle(tmp_path, {**BARS, "rank": 31}), "--publish", "--json"))
    assert answer(run("check", "--audit-head", report["audit_head"], "--json"))["ok"]
    assert codes(run("check", "--audit-head", "sha256:0", "--json")) == ["audit_chain"]


def test_check_finds_what_was_changed_behind_its_back(beside, place):
    assert place.send(order("A"), "m-1").status_code == 200
    with place.house.services.ledger.write_engine.begin() as ledger:
        ledger.exec_driver_sql("UPDATE decisions SET policy_hash = 'sha256:0'")
        ledger.exec_driver_sql("UPDATE invoices SET number = 'F2021-000007'")
        drop_guards(ledger)
        ledger.exec_driver_sql("UPDATE audit SET who = 'personne' WHERE key = 1")
    assert set(codes(beside("check", "--json"))) == {"policy_hash", "gap", "audit_chain"}


def test_check_points_at_the_order_of_which_the_delivery_is_missing_and_at_the_invoice_that_is_not_paid(beside, place):
    assert place.send(order("A/7"), "m-1").status_code == 200
    with place.house.services.ledger.write_engine.begin() as ledger:
        ledger.exec_driver_sql("UPDATE orders SET state = 'delivered'")
        ledger.exec_driver_sql("UPDATE invoices SET state = 'paid'")
    refused = json.loads(beside("check", "--json").stderr)["errors"]
    told = [(each["code"], each["pointer"]) for each in refused if each["code"] in ("state", "delivery")]
    assert told == [("state", "/invoices/F-2021-00001"), ("delivery", "/orders/A~17")]


def test_check_finds_a_decision_whose_version_is_gone(beside, place):
    assert place.send(order("A"), "m-1").status_code == 200
    with place.house.services.ledger.write_engine.begin() as ledger:
        ledger.exec_driver_sql("UPDATE decisions SET version = 9")
    assert codes(beside("check", "--json")) == ["version"]


def test_accounts_are_added_with_a_role(run):
    made = answer(run("user", "add", "chef@houblon.example", "--role", "approver", "--json"))
    assert made["role"] == "approver" and len(made["password"]) >= 12
    assert codes(run("user", "add", "chef@houblon.example", "--json")) == ["exists"]


def test_as_of_a_future_moment_counts_what_is_scheduled(place, beside, order_file):
    store = place.house.store
    made = begin(store, "Juin", by="anne", at=NOW)
    revise(store, made.id, [Statement("group", "tous", "acceptance.minimum_items", 48)], by="anne", at=NOW)
    june = place.house.now().replace(year=2999)
    schedule(store, made.id, effective_from=june, by="anne", at=NOW)
    later = (june + timedelta(days=1)).isoformat()
    assert answer(beside("decide", order_file(), "--json"))["outcome"] == "accepted"
    future = answer(beside("decide", order_file(), "--as-of", later, "--json"))
    assert (future["outcome"], future["version"]) == ("held", 3)
    assert store.newest().number == 2


def test_commands_of_a_folder_without_an_installation_say_so(tmp_path):
    result = shell(["check", "--data", str(copy_of_nothing(tmp_path))])
    assert codes(result) == ["notinitialised"]


def copy_of_nothing(tmp_path):
    (tmp_path / "vide").mkdir()
    return tmp_path / "vide"


def test_due_dates_follow_deliveries_once_somebody_says_so(run, folder):
    assert answer(run("follow-delivery", "yes", "--json")) == {"follow_delivery": True}
    assert '"follow_delivery": true' in (folder / "installation.json").read_text()
    assert answer(run("follow-delivery", "no", "--json")) == {"follow_delivery": False}


def test_a_bundle_names_buyers_by_source_and_by_the_house_s_id(place, beside, tmp_path):
    ledger = place.house.services.ledger
    ledger.write(lambda c: add_source(c, "boutique", lambda count: b"", NOW, "woocommerce", "hush-hush"))
    place.send(order("PO-1"), "m-1")
    place.send(order("PO-2", buyer="jumeau"), "m-2")
    ledger.write(lambda c: join_retailers(c, "jumeau", "comptoir-1", by="anne", at=NOW))
    said = {
        "memberships": {"jumeau": ["bars"]},
        "memberships_by_source": {"boutique": {"5001": ["bars", "payeurs-a-risque"]}},
    }
    answer(beside("import", bundle(tmp_path, BARS, **said), "--publish", "--json"))
    kept = answer(beside("export", "--json"))["memberships"]
    assert kept["comptoir-1"] == ["bars"] and "jumeau" not in kept
    assert kept["boutique-5001"] == ["bars", "payeurs-a-risque"]
    wrong = {"memberships_by_source": {"essai": {"1": ["bars"]}, "boutique": {"2": ["rien"]}}}
    assert codes(beside("import", bundle(tmp_path, BARS, **wrong), "--json")) == ["unknown_group"]
    wrong["memberships_by_source"].pop("boutique")
    assert codes(beside("import", bundle(tmp_path, BARS, **wrong), "--json")) == ["unknown_source"]


def test_check_tells_a_name_and_an_order_that_lead_elsewhere(place, beside):
    place.send(order("PO-1"), "m-1")
    place.send(order("PO-2", buyer="jumeau"), "m-2")
    ledger = place.house.services.ledger
    ledger.write(lambda c: join_retailers(c, "jumeau", "comptoir-1", by="anne", at=NOW))
    assert beside("check").exit_code == 0
    ledger.write(lambda c: c.exec_driver_sql("UPDATE retailers SET joined_to = NULL"))
    assert {"name_astray", "order_astray"} <= set(codes(beside("check", "--json")))

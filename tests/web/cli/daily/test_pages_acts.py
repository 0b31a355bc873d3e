"""What pages do, commands do: each act once, with its entry in the audit log."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from houblon.orders.retailers.joins import join_retailers
from houblon.web.privacy import keeping
from tests.clock import real
from tests.engine.policy.policies import ZONE
from tests.orders.intake.test_shop_orders import shopify
from tests.web.houses import order, shell


@pytest.fixture
def run(place):
    """Runs a command in the installation of `place`, which has a held order and an accepted one."""
    place.send(order("PO-1", items=2), "m-1")
    place.send(order("PO-2"), "m-2")
    folder = place.house.settings.data
    place.house.close()

    def run(*words, status=0, **named):
        done = shell([*words, "--data", folder, "--json"], **named)
        assert done.exit_code == status, done.output
        return json.loads(done.stdout if status == 0 else done.stderr)

    return run


def acts(run):
    return [each["act"] for each in run("audit", "list", "--who", "cli")["entries"]]


def test_a_held_order_is_accepted_invoiced_planned_and_cancelled(run, tmp_path):
    [held] = run("order", "list", "--state", "held")["orders"]
    assert (held["order_id"], held["value"]) == ("PO-1", "54.00")
    done = run("order", "accept", held["order_key"])
    assert (done["state"], done["invoice"]) == ("accepted", run("order", "show", held["order_key"])["invoice"])
    [again] = run("order", "accept", held["order_key"], status=1)["errors"]
    assert again["code"] == "already_settled"
    day = (real() + timedelta(days=9)).date().isoformat()
    assert run("order", "plan", held["order_key"], day, "--why", "pluie")["planned_delivery"] == day
    assert run("invoice", "show", done["invoice"])["document"]["number"] == done["invoice"]
    target = tmp_path / "facture.pdf"
    run("invoice", "pdf", done["invoice"], target)
    assert target.read_bytes().startswith(b"%PDF")
    assert run("invoice", "pdf", done["invoice"], target, status=1)["errors"][0]["code"] == "exists"
    assert run("order", "cancel", held["order_key"], "--why", "erreur")["credit_note"]
    assert acts(run)[:2] == ["order.cancelled", "order.delivery_changed"]


def test_a_held_order_is_decided_again_by_the_policy_in_force(run, tmp_path):
    [held] = run("order", "list", "--state", "held")["orders"]
    asked = run("order", "decide-again", held["order_key"])
    assert (asked["state"], asked["invoice"], asked["decision"]["outcome"]) == ("held", None, "held")
    settings = {"acceptance.minimum_items": None, "acceptance.minimum_value": None}
    bundle = tmp_path / "looser.json"
    bundle.write_text(json.dumps({"houblon": 1, "groups": [{"id": "tous", "settings": settings}]}))
    run("import", bundle, "--publish")
    done = run("order", "decide-again", held["order_key"])
    assert (done["state"], done["decision"]["outcome"]) == ("accepted", "accepted") and done["invoice"]
    [again] = run("order", "decide-again", held["order_key"], status=1)["errors"]
    assert again["code"] == "already_settled"
    assert run("order", "decide-again", 99, status=1)["errors"][0]["code"] == "unknown_order"
    assert acts(run)[0] == "order.decided_again"


def test_a_line_of_a_held_order_is_mended_or_is_none(place):
    lines = [
        {"sku": "IPA-24", "quantity": 24, "unit_price": "27.00", "available": False},
        {"sku": "SAISON", "quantity": 2, "unit_price": "30.00"},
    ]
    key = place.send({**order("PO-9"), "lines": lines}, "m-9").json and 1
    folder = place.house.settings.data
    place.house.close()
    assert shell(["order", "remove-line", key, 3, "--data", folder]).exit_code == 1
    answer = shell(["order", "line-available", key, 1, "--data", folder, "--json"])
    assert json.loads(answer.stdout)["state"] == "accepted"


def test_a_retailer_is_added_set_and_moved_between_groups(run):
    run("retailer", "add", "bar-1", "--name", "Bar Un", "--province", "Ont.")
    assert run("retailer", "set", "bar-1", "--email", "a@bar.example")["name"] == "Bar Un"
    assert run("retailer", "join-group", "bar-1", "payeurs-a-risque")["groups"] == ["payeurs-a-risque"]
    assert [each["id"] for each in run("retailer", "list", "--group", "payeurs-a-risque")["retailers"]] == [
        "bar-1",
        "risque-1",
    ]
    shown = run("retailer", "show", "bar-1")
    assert (shown["province"], shown["groups"], shown["outstanding"]) == ("ON", ["payeurs-a-risque"], "0.00")
    assert run("retailer", "leave-group", "bar-1", "payeurs-a-risque")["groups"] == []
    assert acts(run) == ["membership.removed", "membership.added", "retailer.edited", "retailer.added"]


def test_whom_a_joined_retailer_is_joined_to_is_not_written_by_its_name(place):
    for id in ("bar-1", "bar-2"):
        place.send(order(f"PO-{id}", buyer=id), f"m-{id}")
    place.house.services.ledger.write(lambda c: join_retailers(c, "bar-2", "bar-1", by="anne", at=real()))
    folder = place.house.settings.data
    place.house.close()
    kept = shell(["retailer", "show", "bar-1", "--data", folder, "--json"]).stdout
    done = shell(["retailer", "set", "bar-2", "--name", "Autre", "--data", folder])
    assert done.exit_code == 1 and json.loads(done.stderr)["errors"][0]["code"] == "joined"
    assert shell(["retailer", "show", "bar-1", "--data", folder, "--json"]).stdout == kept
    assert shell(["retailer", "set", "bar-1", "--name", "Bar Un", "--data", folder]).exit_code == 0


def test_two_retailers_are_shown_joined_and_parted(run):
    run("retailer", "add", "bar-1", "--name", "Bar Un")
    run("retailer", "join-group", "bar-1", "payeurs-a-risque")
    shown = run("retailer", "join", "bar-1", "comptoir-1", "--preview")
    assert (shown["joined"]["id"], shown["kept"]["orders"], shown["groups"]) == ("bar-1", 2, ["payeurs-a-risque"])
    assert shown["kept"]["outstanding"] == run("retailer", "show", "comptoir-1")["outstanding"] and shown["effects"]
    assert run("retailer", "join", "bar-1", "bar-1", status=1)["errors"][0]["code"] == "same"
    done = run("retailer", "join", "bar-1", "comptoir-1")
    assert done == {"id": "bar-1", "joined_to": "comptoir-1", "orders": 0, "groups": ["payeurs-a-risque"]}
    assert run("retailer", "join", "bar-1", "comptoir-1", status=1)["errors"][0]["code"] == "joined"
    assert run("retailer", "part", "bar-1")["parted_from"] == "comptoir-1"
    assert run("retailer", "part", "bar-1", status=1)["errors"][0]["code"] == "not_joined"
    assert acts(run)[:2] == ["retailer.parted", "retailer.joined"]


def test_a_proposal_is_published_and_taken_back(run, tmp_path):
    bundle = tmp_path / "lot.json"
    bundle.write_text('{"houblon": 1, "groups": [{"id": "tous", "settings": {"acceptance.minimum_items": 2}}]}')
    id = run("import", bundle)["proposal"]
    run("proposal", "comment", id, "Essayons.")
    assert run("proposal", "show", id)["edits"][0]["id"] == "tous"
    assert run("proposal", "discard", id)["state"] == "discarded"
    assert run("proposal", "take-up", id)["state"] == "open"
    run("approval", "required")
    assert run("proposal", "publish", id, status=1)["errors"][0]["code"] == "approval_required"
    assert run("proposal", "approve", id, status=1)["errors"][0]["code"] == "own_proposal"
    assert run("version", "restore", "2", status=1)["errors"][0]["code"] == "approval_required"
    run("approval", "none")
    assert run("proposal", "publish", id)["version"] == 3
    assert run("version", "restore", "2") == {"version": 4, "restored": 2}
    assert [each["number"] for each in run("version", "list")["versions"]] == [4, 3, 2, 1]


def test_a_key_is_revoked_by_name_once_and_by_number_where_several_have_it(run):
    run("key", "add", "caisse", "--scope", "read")
    run("key", "add", "caisse", "--scope", "read")
    assert run("key", "revoke", "caisse", status=1)["errors"][0]["code"] == "ambiguous"
    newest = run("key", "list")["keys"][0]["number"]
    run("key", "revoke", newest)
    run("key", "revoke", "caisse")
    assert run("key", "revoke", "caisse", status=1)["errors"][0]["code"] == "revoked"
    assert [each["active"] for each in run("key", "list")["keys"] if each["name"] == "caisse"] == [False, False]


def test_a_source_is_shown_without_its_secret_and_tried_without_a_trace(run):
    run("source", "add", "boutique", "--kind", "shopify", "--secret", "hush-hush")
    shown = run("source", "show", "boutique")
    assert "hush-hush" not in json.dumps(shown) and shown["secrets"][0]["active"]
    tried = run("source", "try", "boutique", "-", input=json.dumps(shopify(total_price="1440.00", landing_site="/")))
    assert tried["order"]["stated_total"]["amount"] == "1440.00" and "landing_site" in tried["unread"]
    assert {each["order_id"] for each in run("order", "list")["orders"]} == {"PO-1", "PO-2"}


def test_somebody_is_invited_again_and_messages_are_listed(run):
    run("user", "invite", "eve@x.example", "--role", "editor", "--language", "en")
    run("user", "invite", "eve@x.example")
    invited = [each for each in run("message", "list")["messages"] if each["to"] == "eve@x.example"]
    assert len(invited) == 2
    assert run("message", "resend", invited[0]["id"], status=1)["errors"][0]["code"] == "state"
    assert run("message", "resend", "--all") == {"resent": 0}


def test_the_installation_is_changed_after_what_follows_was_agreed_to(run):
    assert run("installation", "set", "--email", "b@brasserie.example")["email"] == "b@brasserie.example"
    [asked] = run("installation", "set", "--prefix", "ZZ", status=1)["errors"]
    assert asked["code"] == "confirm" and run("installation", "show")["prefix"] != "ZZ"
    assert run("installation", "set", "--prefix", "ZZ", "--yes")["prefix"] == "ZZ"
    assert run("installation", "set", "--email", "nowhere", status=1)["errors"][0]["code"] == "email"


def test_what_is_erased_is_what_was_agreed_to_at_the_terminal(place, monkeypatch):
    place.send(order("PO-1", items=2), "m-1")
    folder = place.house.settings.data
    preview, asked = keeping.preview, []

    def preview_and_meanwhile(house, id):
        found = preview(house, id)
        if not asked:  # while somebody reads it, one more order comes
            asked.append(id)
            place.send(order("PO-2", items=2), "m-2")
        return found

    monkeypatch.setattr(keeping, "preview", preview_and_meanwhile)
    monkeypatch.setattr("houblon.web.cli.privacy.is_at_terminal", lambda: True)
    done = shell(["retailer", "erase", "comptoir-1", "--contact-only", "--data", folder], input="y\n")
    assert done.exit_code == 1 and '"changed"' in done.stderr
    assert Path(folder).is_dir() and "PO-2" in shell(["order", "list", "--data", folder]).stdout
    place.house.close()


def test_a_bank_s_file_is_shown_recorded_once_and_undone(run, tmp_path):
    file = tmp_path / "mai.csv"
    day = real().astimezone(ZONE).date().isoformat()  # a bank's line of tomorrow is a fault
    file.write_bytes(f"Date;Libellé;Débit;Crédit\n{day};F-2021-00001;;45,04\n{day};DÉPÔT;;5,00\n".encode("cp1252"))
    shown = run("payment", "import", file, "--preview")
    assert [each["state"] for each in shown["lines"]] == ["matched", "unmatched"]
    done = run("payment", "import", file, "--yes", "--line", "3=F-2021-00001")
    assert [each["balance"] for each in done["payments"]] == ["700.00", "695.00"]
    assert run("payment", "import", file, "--yes", status=1)["errors"][0]["code"] == "nothing"
    assert [each["name"] for each in run("payment", "imports")["imports"]] == ["mai.csv"]
    assert len(run("payment", "undo-import", 1, "--why", "essai")["payments"]) == 2
    assert run("payment", "undo-import", 1, status=1)["errors"][0]["code"] == "already_undone"
    assert run("payment", "undo-import", 7, status=1)["errors"][0]["code"] == "unknown_import"
    file.write_text("05/06/2021,A,,1.00,2.00\n")
    assert run("payment", "import", file, "--preview", status=1)["errors"][0]["code"] == "day_order"
    assert run("payment", "import", file, "--preview", "--days", "dmy")["lines"][0]["on"] == "2021-06-05"
    assert acts(run)[0] == "invoice.payment_reversed"


def test_an_order_is_shown_with_the_reasons_of_the_decision_that_stands(place):
    place.send(order("PO-1", items=2), "m-1")
    place.send(order("PO-1", items=3), "m-2")
    shown = shell(["order", "show", 1, "--data", place.house.settings.data]).stdout
    assert "3 articles" in shown and "2 articles" not in shown


def test_a_source_s_secrets_are_taken_back_once_and_noted_once(run):
    run("source", "add", "boutique")
    run("source", "add", "boutique")
    assert run("source", "retire", "boutique", "--keep-newest") == {"retired": 1}
    assert run("source", "retire", "boutique") == {"retired": 1}
    assert run("source", "retire", "boutique") == {"retired": 0}
    assert acts(run)[:3] == ["source.secret_retired", "source.secret_retired", "source.added"]

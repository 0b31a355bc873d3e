"""`houblon user …`: accounts from the shell."""

import json

import pytest

from houblon.orders.records.audit import entries
from houblon.web.foundation.composition import open_house
from tests.web.houses import ADMIN, copy_of, settings_of, shell

WHO = "camille@houblon.example"


@pytest.fixture
def folder(template, tmp_path):
    return copy_of(template[0], tmp_path / "data")


@pytest.fixture
def run(folder):
    def invoke(*arguments):
        return shell(["user", *arguments, "--data", str(folder), "--json"])

    return invoke


def accounts(run):
    found = json.loads(run("list").stdout)["users"]
    return {each["email"]: (each["role"], each["active"]) for each in found}


def test_accounts_are_listed_given_roles_and_shut_out_and_every_act_is_noted(run, folder):
    assert len(json.loads(run("add", WHO, "--role", "viewer").stdout)["password"]) >= 12
    assert accounts(run) == {ADMIN: ("administrator", True), WHO: ("viewer", True)}
    assert run("role", WHO.upper(), "approver").exit_code == 0
    assert run("deactivate", WHO).exit_code == 0
    assert accounts(run)[WHO] == ("approver", False)
    assert run("activate", WHO).exit_code == 0
    house = open_house(settings_of(folder))
    with house.services.ledger.reading() as connection:
        found = [(row.act, row.before, row.after, row.source) for row in entries(connection, limit=4)]
    house.close()
    assert found == [
        ("user.reactivated", {"active": False}, {"active": True}, "shell"),
        ("user.deactivated", {"active": True}, {"active": False}, "shell"),
        ("user.role", "viewer", "approver", "shell"),
        ("user.added", None, "viewer", "shell"),
    ]


def test_the_last_administrator_and_unknown_people_are_refused(run):
    for arguments in (("role", ADMIN, "viewer"), ("deactivate", ADMIN)):
        refused = run(*arguments)
        assert (refused.exit_code, json.loads(refused.stderr)["errors"][0]["code"]) == (1, "last_administrator")
    assert json.loads(run("role", "nul@part.example", "viewer").stderr)["errors"][0]["code"] == "unknown_account"
    assert json.loads(run("add", ADMIN).stderr)["errors"][0]["code"] == "exists"
    assert run("role", ADMIN, "roi").exit_code == 2


def test_an_account_without_a_role_may_only_look(run):
    assert json.loads(run("add", WHO).stdout)["role"] == "viewer"
    assert accounts(run)[WHO] == ("viewer", True)


def test_an_account_that_was_shut_out_is_given_no_password(run):
    run("add", WHO)
    run("deactivate", WHO)
    refused = run("password", WHO)
    assert refused.exit_code != 0 and "houblon user activate" in refused.output
    run("activate", WHO)
    assert json.loads(run("password", WHO.upper()).stdout)["password"]

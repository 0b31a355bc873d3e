"""Exit statuses and answers, alike for every command: the documented ones and no other."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from houblon.web.cli.main import main
from tests.web.houses import order, shell

ROOT = Path(__file__).resolve().parents[4]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
# Each names something that nobody has.
NOBODY = [
    ["source", "retire", "NOBODY"],
    ["source", "set", "NOBODY"],
    ["source", "show", "NOBODY"],
    ["source", "try", "NOBODY", "-"],
    ["key", "revoke", "NOBODY"],
    ["endpoint", "remove", "NOBODY"],
    ["endpoint", "set", "NOBODY", "--description", "x"],
    ["endpoint", "new-secret", "NOBODY"],
    ["refused-call", "retry", "99"],
    ["refused-call", "dismiss", "99"],
    ["user", "role", "nobody@x.example", "viewer"],
    ["user", "password", "nobody@x.example"],
    ["user", "activate", "nobody@x.example"],
    ["user", "deactivate", "nobody@x.example"],
    ["user", "end-sessions", "nobody@x.example"],
    ["user", "remove-two-factor", "nobody@x.example"],
    ["retailer", "show", "NOBODY"],
    ["retailer", "set", "NOBODY"],
    ["retailer", "export", "NOBODY"],
    ["retailer", "erase", "NOBODY"],
    ["retailer", "join-group", "NOBODY", "payeurs-a-risque"],
    ["retailer", "join-group", "risque-1", "NOBODY"],
    ["retailer", "leave-group", "NOBODY", "payeurs-a-risque"],
    ["retailer", "list", "--group", "NOBODY"],
    ["retailer", "join", "NOBODY", "risque-1"],
    ["retailer", "join", "risque-1", "NOBODY"],
    ["retailer", "part", "NOBODY"],
    ["retailer", "part", "risque-1"],
    ["order", "show", "99"],
    ["order", "accept", "99"],
    ["order", "refuse", "99", "--why", "x"],
    ["order", "cancel", "99", "--why", "x"],
    ["order", "invoice", "99"],
    ["order", "line-available", "99", "1"],
    ["order", "remove-line", "99", "1"],
    ["order", "plan", "99", "2027-01-01", "--why", "x"],
    ["order", "deliver", "99"],
    ["order", "undo", "99"],
    ["invoice", "pay", "NOBODY", "--on", "2026-01-01"],
    ["invoice", "reverse-payment", "NOBODY", "1"],
    ["invoice", "credit", "NOBODY", "--line", "1=1"],
    ["invoice", "show", "NOBODY"],
    ["invoice", "replace-link", "NOBODY"],
    ["invoice", "send-link", "NOBODY"],
    ["message", "resend", "NOBODY"],
    ["proposal", "show", "NOBODY"],
    ["proposal", "comment", "NOBODY", "x"],
    ["proposal", "publish", "NOBODY"],
    ["proposal", "approve", "NOBODY"],
    ["proposal", "discard", "NOBODY"],
    ["proposal", "rename", "NOBODY", "x"],
    ["proposal", "take-out", "NOBODY", "/groups/tous"],
    ["proposal", "settle", "NOBODY", "--all", "mine"],
    ["membership", "undo-import", "NOBODY"],
    ["order", "keep-address", "99", "x"],
    ["simulation", "show", "NOBODY"],
    ["simulation", "cancel", "NOBODY"],
    ["simulation", "start", "--proposal", "NOBODY"],
    ["version", "restore", "99"],
    ["export", "--group", "NOBODY"],
    ["simulate", "--ledger", "--proposal", "NOBODY"],
    ["simulate", "--ledger", "--version", "99"],
    ["simulate", "--ledger", "--from", "2027-01-01", "--to", "2026-01-01"],
    ["replay", "--from", "2027-01-01T00:00:00Z", "--to", "2026-01-01T00:00:00Z"],
    ["audit", "list", "--from", "2027-01-01T00:00:00Z", "--to", "2026-01-01T00:00:00Z"],
]


def commands(group=main, words=()):
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*words, name))
        else:
            yield (*words, name), command


def test_what_nobody_has_is_a_problem_and_changes_nothing(place):
    folder = place.house.settings.data
    place.house.close()
    for words in NOBODY:
        done = shell([*words, "--data", folder, "--json"], input="{}")
        assert (words, done.exit_code) == (words, 1)
        assert all(each["code"] != "unexpected" for each in json.loads(done.stderr)["errors"]), words
        assert done.stdout == ""
    log = json.loads(shell(["audit", "list", "--data", folder, "--json"]).stdout)["entries"]
    assert {each["who"] for each in log if "NOBODY" in each["subject"]} == set()


def test_every_command_that_answers_does_so_in_json():
    silent = {
        words
        for words, command in commands()
        if not any("--json" in option.opts for option in command.params if isinstance(option, click.Option))
    }
    assert silent == {("serve",)}


def test_the_statuses_are_those_of_the_documents(place):
    told = {int(status) for status in re.findall(r"^\| (\d+) \|", OPERATIONS, re.MULTILINE)}
    folder = place.house.settings.data
    place.house.close()
    good, bad = json.dumps(order()), "{}"
    seen = {
        "asked": shell(["key", "list", "--data", folder]).exit_code,
        "refused": shell(["key", "revoke", "NOBODY", "--data", folder]).exit_code,
        "not read": shell(["decide", "-", "--data", folder], input=f"{good}\n{bad}\n").exit_code,
        "unknown command": shell(["nothing"]).exit_code,
        "unknown option": shell(["key", "list", "--nothing"]).exit_code,
        "not a number": shell(["order", "show", "x"]).exit_code,
        "answered no": shell(["installation", "set", "--prefix", "ZZ", "--data", folder]).exit_code,
    }
    assert seen == {
        "asked": 0,
        "refused": 1,
        "not read": 1,
        "unknown command": 2,
        "unknown option": 2,
        "not a number": 2,
        "answered no": 1,
    }
    assert set(seen.values()) == told


@pytest.mark.parametrize(
    "written",
    [
        lambda orders: "\n".join(json.dumps(each) for each in orders),
        lambda orders: json.dumps(orders),
        lambda orders: json.dumps(orders, indent=2),
        lambda orders: "\n\n" + "\r\n".join(json.dumps(each) for each in orders) + "\n",
    ],
)
def test_orders_are_decided_however_they_are_laid_out(place, written):
    folder = place.house.settings.data
    place.house.close()
    done = shell(["decide", "-", "--data", folder], input=written([order("PO-1"), order("PO-2", items=2)]))
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each["order_id"], each["outcome"]) for each in found] == [("PO-1", "accepted"), ("PO-2", "held")]
    assert done.exit_code == 0


def test_an_indented_order_is_decided_and_what_is_no_json_has_its_fault_in_its_place(place):
    folder = place.house.settings.data
    place.house.close()
    one = shell(["decide", "-", "--data", folder], input=json.dumps(order("PO-1"), indent=4))
    assert json.loads(one.stdout)["order_id"] == "PO-1" and one.exit_code == 0
    mixed = shell(["decide", "-", "--data", folder], input="nothing\n" + json.dumps(order("PO-2")))
    first, second = map(json.loads, mixed.stdout.splitlines())
    assert (first["errors"][0]["code"], second["order_id"], mixed.exit_code) == ("json", "PO-2", 1)


def completed(shell_name, words):
    """What the shell is told of what may stand after these words."""
    environment = {**os.environ, "_HOUBLON_COMPLETE": f"{shell_name}_complete", "COMP_WORDS": words}
    environment["COMP_CWORD"] = words.split(" ")[-1] if shell_name == "fish" else str(len(words.split(" ")) - 1)
    command = [Path(sys.executable).with_name("houblon")]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish"])
def test_completion_is_as_documented_and_completes(shell_name):
    assert f"_HOUBLON_COMPLETE={shell_name}_source houblon" in OPERATIONS
    assert "revoke" in completed(shell_name, "houblon key rev")
    if program := shutil.which(shell_name):
        environment = {**os.environ, "_HOUBLON_COMPLETE": f"{shell_name}_source"}
        command = [Path(sys.executable).with_name("houblon")]
        script = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        read = subprocess.run([program, "-n"], input=script, capture_output=True, text=True, check=False)
        assert (read.returncode, read.stderr) == (0, "")

"""What the product has is in its documents, and what they name is in the product."""

import re
from pathlib import Path

import click

from houblon.engine.conditions.vocabulary import ACTIONS, FACTS
from houblon.engine.policy.settings import SETTINGS
from houblon.orders.credentials.credentials import SCOPES
from houblon.orders.events.catalogue import EVENTS
from houblon.web.cli.main import main
from houblon.web.foundation.setting_table import INTERNAL

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("engine", "rules", "orders", "simulation", "web")
DOCUMENTS = {path: path.read_text() for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]}
EVERYTHING = "\n".join(DOCUMENTS.values())
CODE = {path: path.read_text() for layer in LAYERS for path in (ROOT / layer).rglob("*.py")}
VARIABLES = re.compile(r"\b(HOUBLON_[A-Z][A-Z_]*[A-Z])\b")
BUILT_IN = {
    *("automatic", "manual", "minimum_items", "minimum_value", "minimums_waived", "unavailable", "unknown_group"),
    *("credit_limit", "overdue"),
    *("currency", "missing_fact", "no_rule_accepts"),
}


def of_document(name):
    return (ROOT / "docs" / name).read_text()


def in_backticks(text):
    return set(re.findall(r"`([^`\n]+)`", text))


def test_every_environment_setting_is_documented_and_none_that_is_not_read():
    read = {name.removesuffix("_FILE") for source in CODE.values() for name in VARIABLES.findall(source)} - INTERNAL
    told = {name.removesuffix("_FILE") for name in VARIABLES.findall(EVERYTHING)} - INTERNAL
    assert (told - read, read - told) == (set(), {"HOUBLON_X"} - told)


def commands(group, name="houblon"):
    for each, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} {each}")
        else:
            yield f"{name} {each}"


def test_every_command_is_documented_and_none_that_there_is_not():
    there = set(commands(main))
    undocumented = {each for each in there if not re.search(rf"{each}\b", EVERYTHING)}
    assert undocumented == set()
    told = {
        " ".join(found.split()) for found in re.findall(r"(?:bin/|`)houblon ([a-z][a-z-]*(?: [a-z-]+)?)", EVERYTHING)
    }
    groups = {each.split()[1] for each in there}
    assert {each for each in told if each.split()[0] not in groups} == set()


def test_every_fact_action_setting_and_reason_is_in_the_formats():
    formats = in_backticks(of_document("formats.md"))
    words = {word for each in formats for word in re.findall(r"[a-z_.]+", each)}
    assert {*FACTS, *ACTIONS, *SETTINGS, *BUILT_IN} - words == set()


def test_the_reasons_named_here_are_those_of_the_code():
    engine = "\n".join(source for path, source in CODE.items() if "engine" in path.parts)
    assert {
        code
        for code in BUILT_IN
        if code not in {word for found in re.findall(r'"([a-z_.]+)"', engine) for word in (found, found.split(".")[-1])}
    } == set()


def test_every_event_is_in_the_catalogue_and_every_scope_in_the_api():
    assert set(EVENTS) - set(re.findall(r"^### (\S+)$", of_document("webhooks.md"), re.M)) == set()
    assert set(SCOPES) - in_backticks(of_document("api.md")) == set()


def test_every_program_that_a_document_names_is_there():
    named = {
        (path.name, each)
        for path, text in DOCUMENTS.items()
        for each in re.findall(r"`([\w/]+\.py)`", text)
        if "/" in each
    }
    assert len(named) > 50
    assert {(document, each) for document, each in named if not (ROOT / each).is_file()} == set()


def test_every_route_for_machines_is_documented(place):
    routes = {
        re.sub(r"<[^>]*>", "{}", rule.rule)
        for rule in place.app.url_map.iter_rules()
        if rule.rule.startswith(("/api/v1/", "/webhooks/", "/healthz", "/readyz", "/metrics"))
    }
    told = {re.sub(r"\{[^}]*\}|<[^>]*>", "{}", each) for each in re.findall(r"(/[\w/{}<>.-]+)", EVERYTHING)}
    told |= {f"/api/v1{each}" for each in told}
    assert routes - told == set()

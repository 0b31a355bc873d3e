"""`houblon prove`: as a person beside the installation asks it, and what it shows sent to `houblon decide`."""

import json

from tests.web.cli.test_main import run  # noqa: F401


def label(fr, en):
    return {"fr": fr, "en": en}


GUARDRAILS = [
    {"id": "soixante", "label": label("60 jours", "60 days"), "claim": {"terms_at_most_days": 60}},
    {
        "id": "rien-sous-250",
        "label": label("Rien sous 250 $", "Nothing under $250"),
        "when": {"all": [{"name": "order_value", "operator": "less_than", "value": 250}]},
        "claim": {"never": "accepted"},
    },
]


def drafted(run, tmp_path, *guardrails):
    path = tmp_path / "lot.json"
    path.write_text(json.dumps({"houblon": 1, "guardrails": guardrails}), encoding="utf-8")
    return json.loads(run("import", str(path), "--json").stdout)["proposal"]


def test_a_house_without_guardrails_has_nothing_to_prove(run):
    answered = run("prove", "--json")
    assert answered.exit_code == 0
    assert json.loads(answered.stdout)["guardrails"] == []
    assert run("prove").stdout == "no guardrails\n"


def test_what_is_broken_leaves_with_1_and_its_order_is_decided_as_it_says(run, tmp_path):
    proposal = drafted(run, tmp_path, *GUARDRAILS)
    answered = run("prove", "--proposal", proposal, "--json")
    assert (answered.exit_code, answered.stderr) == (1, "")
    found = json.loads(answered.stdout)["guardrails"]
    assert {each["result"] for each in found if each["id"] == "soixante"} == {"proved"}
    broken = [each for each in found if each["result"] == "broken"]
    assert [each["chain"] for each in broken] == [["tous"]]
    [shown] = broken
    assert set(shown) == {"id", "chain", "result", "counterexample", "decision", "because"}
    path = tmp_path / "order.json"
    path.write_text(json.dumps(shown["counterexample"]), encoding="utf-8")
    told = json.loads(run("decide", str(path), "--proposal", proposal, "--json").stdout)
    assert (told["outcome"], told["chain"]) == (shown["decision"]["outcome"], shown["chain"]) == ("accepted", ["tous"])
    assert "broken" in run("prove", "--proposal", proposal).stdout


def test_a_draft_whose_guardrail_is_broken_is_not_published(run, tmp_path):
    proposal = drafted(run, tmp_path, *GUARDRAILS)
    refused = run("proposal", "publish", proposal)
    assert refused.exit_code == 1
    [fault] = json.loads(refused.stderr)["errors"]
    assert (fault["code"], fault["pointer"]) == ("guardrail", "/guardrails/rien-sous-250")
    kept = drafted(run, tmp_path, GUARDRAILS[0])
    assert run("proposal", "publish", kept).exit_code == 0
    assert run("prove").exit_code == 0


def test_what_is_not_there_is_a_problem(run):
    refused = run("prove", "--version", "99")
    assert refused.exit_code == 1
    assert json.loads(refused.stderr)["errors"][0]["code"] == "unknown_version"


def test_two_versions_are_compared_over_every_order_and_the_order_shown_is_decided_both_ways(run, tmp_path):
    path = tmp_path / "lot.json"
    change = {"id": "tous", "name": "Tous", "settings": {"acceptance.minimum_value": "250"}}
    path.write_text(json.dumps({"houblon": 1, "groups": [change]}), encoding="utf-8")
    proposal = json.loads(run("import", str(path), "--json").stdout)["proposal"]
    number = str(json.loads(run("prove", "--json").stdout)["version"])
    same = json.loads(run("compare", number, number, "--json").stdout)["chains"]
    assert {each["verdict"] for each in same} == {"equal"}
    found = json.loads(run("compare", number, proposal, "--json").stdout)["chains"]
    by_chain = {tuple(each["chain"]): each for each in found}
    assert by_chain["tous",]["verdict"] == "stricter"
    assert by_chain["payeurs-a-risque", "tous"]["verdict"] == "equal"
    [region] = by_chain["tous",]["regions"]
    assert (region["before"], region["after"]) == ("accepted", "held")
    order = tmp_path / "order.json"
    order.write_text(json.dumps(region["witness"]), encoding="utf-8")
    for side, outcome in (("--version", number), "accepted"), (("--proposal", proposal), "held"):
        assert json.loads(run("decide", str(order), *side, "--json").stdout)["outcome"] == outcome
    assert "stricter tous" in run("compare", number, proposal).stdout
    assert run("compare", "99", proposal).exit_code == 1
    assert json.loads(run("compare", number, "rien").stderr)["errors"][0]["pointer"] == "/after"

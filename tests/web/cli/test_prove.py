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

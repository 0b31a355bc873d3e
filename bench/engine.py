"""Side by side with the peers: one order at a time, the same rules, the same answers.

    python -m bench.engine [--rounds 7]

Every contender answers the bitmask of the rules that fire and Houblon also the verdict; answers
are compared before anything is timed. Rounds are interleaved and the median of each is kept, so
that a slow moment of the machine falls on everyone.
"""

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from business_rules.actions import BaseActions
from business_rules.engine import run_all

from houblon.engine.conditions.vocabulary import FACTS, OrderVariables
from houblon.engine.core.order import Facts, decode_order, read_facts
from houblon.engine.decide.evaluate import Installation, decide
from houblon.engine.decide.verdict import Judge
from houblon.engine.policy.decision import Provenance
from houblon.engine.policy.lowering import rule_list
from houblon.engine.policy.policy import BASE, Policy, Setting, policy_of, rule_of
from houblon.engine.policy.settings import check_setting

ZONE = ZoneInfo("America/Toronto")
ROOT = Path(__file__).resolve().parents[1]
ORDERS = 400
SETTINGS: dict[str, Any] = json.loads((ROOT / "rules" / "tous.json").read_text())["settings"] | {
    "acceptance.mode": "automatic",
    "acceptance.minimum_items": 24,
    "acceptance.minimum_value": "200.00",
    "invoicing.trigger": "on_acceptance",
}


def policy(rules: int, seed: int = 7) -> Policy:
    """A policy whose lowered list has `rules` rules, of the kinds that breweries write."""
    chance = random.Random(seed)
    stated = {path: Setting(check_setting(path, value), Provenance(BASE, 1)) for path, value in SETTINGS.items()}
    written = [rule_of(f"regle-{i}", _rule(chance), Provenance(BASE, 1)) for i in range(rules - 4)]
    return policy_of((BASE,), 1, stated, tuple(written))


def _rule(chance: random.Random) -> dict[str, Any]:
    comparisons = [
        lambda: ("order_value", "less_than", chance.choice([50, 100, 150])),
        lambda: ("order_value", "greater_than", chance.choice([2500, 5000, 9000])),
        lambda: ("overdue_balance", "greater_than", chance.choice([0, 500, 1500])),
        lambda: ("item_count", "greater_than_or_equal_to", chance.choice([100, 240, 500])),
        lambda: ("days_overdue", "greater_than", chance.choice([15, 30, 60])),
        lambda: ("is_first_order", "is_true", ""),
        lambda: ("province", "contains", chance.choice(["ON", "NB", "QC"])),
        lambda: ("placed_weekday", "contains", chance.choice(["saturday", "sunday"])),
        lambda: ("categories", "shares_at_least_one_element_with", ["stout", "porter"]),
        lambda: ("note", "contains", "urgent"),
    ]
    leaf = lambda: dict(zip(("name", "operator", "value"), chance.choice(comparisons)(), strict=True))  # noqa: E731
    conditions = {"all": [leaf(), {"any": [leaf(), leaf()]}]}
    return {"conditions": conditions, "actions": [{"name": "hold", "params": {"reason": "check"}}]}


def bodies(seed: int = 11) -> list[bytes]:
    """Orders as they come over the wire, every fact known."""
    chance = random.Random(seed)
    return [json.dumps(_order(chance, number)).encode() for number in range(ORDERS)]


def _order(chance: random.Random, number: int) -> dict[str, Any]:
    line = lambda: {  # noqa: E731
        "sku": f"SKU-{chance.randint(1, 40)}",
        "category": chance.choice(["ipa", "blonde", "stout"]),
        "quantity": chance.randint(1, 48),
        "unit_price": f"{chance.randint(200, 6000) / 100:.2f}",
        "discount": "0.00",
        "deposit": "2.40",
        "taxable": True,
        "available": chance.random() > 0.05,
    }
    return {
        "id": f"PO-{number}",
        "placed_at": f"2021-05-{chance.randint(1, 28):02d}T09:30:00-04:00",
        "currency": "CAD",
        "buyer": {
            "id": f"buyer-{chance.randint(1, 60)}",
            "province": chance.choice(["QC", "QC", "ON"]),
            "is_first_order": chance.random() < 0.1,
            "overdue_balance": f"{chance.choice([0, 0, 0, 700])}.00",
            "days_overdue": chance.choice([0, 0, 20, 45]),
            "outstanding_balance": "0.00",
            "credit_limit": "5000.00",
        },
        "distributor": "transbroue",
        "delivery_method": "distributor",
        "source": "retailer",
        "note": chance.choice(["", "", "urgent svp"]),
        "lines": [line() for _ in range(5)],
    }


def facts_document(facts: Facts) -> dict[str, Any]:
    """The facts as dictionaries hold them: dollars as floats, texts as they are."""
    document = msgspec.structs.asdict(facts)
    for name, fact in FACTS.items():
        if fact.unit == "cents":
            document[name] = document[name] / 100 if document[name] is not None else None
    return document


class Marks(BaseActions):
    """Actions that do nothing but say which rule fired."""

    def __init__(self) -> None:
        self.mask = 0

    def mark(self, bit: int) -> None:
        self.mask |= bit


def business_rules(policy: Policy, facts: list[Facts]) -> Callable[[], list[int]]:
    rules = [
        {"conditions": each["conditions"], "actions": [{"name": "mark", "params": {"bit": 1 << index}}]}
        for index, each in enumerate(rule_list(policy))
    ]
    variables = [OrderVariables(each) for each in facts]

    def run() -> list[int]:
        answers = []
        for each in variables:
            marks = Marks()
            run_all(rules, each, marks)
            answers.append(marks.mask)
        return answers

    return run


def hand_written(policy: Policy, documents: list[dict[str, Any]]) -> Callable[[], list[int]]:
    """What a programmer would write by hand for this one policy, on dictionaries."""
    lines = ["def by_hand(order):", "    fired = 0"]
    for index, each in enumerate(rule_list(policy)):
        lines += [f"    if {_python(each['conditions'])}:", f"        fired |= {1 << index}"]
    scope: dict[str, Any] = {}
    exec("\n".join([*lines, "    return fired"]), scope)
    by_hand = scope["by_hand"]
    return lambda: [by_hand(document) for document in documents]


def _python(condition: dict[str, Any]) -> str:
    for word, joint in (("all", " and "), ("any", " or ")):
        if word in condition:
            return "(" + joint.join(_python(each) for each in condition[word]) + ")"
    fact, value = f"order[{condition['name']!r}]", condition["value"]
    return {
        "less_than": f"{fact} < {value}",
        "greater_than": f"{fact} > {value}",
        "greater_than_or_equal_to": f"{fact} >= {value}",
        "is_true": fact,
        "is_false": f"not {fact}",
        "contains": f"{fact}.lower() == {str(value).lower()!r}"
        if condition["name"] != "note"
        else f"{value!r} in {fact}",
        "shares_at_least_one_element_with": f"any(each in {value!r} for each in {fact})",
    }[condition["operator"]]


def zen(policy: Policy, documents: list[dict[str, Any]]) -> tuple[Callable[[], list[int]], Callable[[], list[int]]]:
    """GoRules' zen-engine: each rule a compiled expression, and one decision evaluated in batch."""
    from zen import ZenEngine, compile_expression

    texts = [_zen(each["conditions"]) for each in rule_list(policy)]
    whole = compile_expression("[" + ", ".join(texts) + "]")

    def one_by_one() -> list[int]:
        return [_mask(whole.evaluate(document)) for document in documents]

    node = {
        "nodes": [
            {"id": "in", "type": "inputNode", "name": "in", "content": {}, "position": {"x": 0, "y": 0}},
            {
                "id": "rules",
                "type": "expressionNode",
                "name": "rules",
                "position": {"x": 0, "y": 0},
                "content": {
                    "expressions": [{"id": f"r{i}", "key": f"r{i}", "value": text} for i, text in enumerate(texts)],
                    "passThrough": False,
                },
            },
            {"id": "out", "type": "outputNode", "name": "out", "content": {}, "position": {"x": 0, "y": 0}},
        ],
        "edges": [
            {"id": "a", "type": "edge", "sourceId": "in", "targetId": "rules"},
            {"id": "b", "type": "edge", "sourceId": "rules", "targetId": "out"},
        ],
    }
    engine = ZenEngine({"loader": {"type": "static", "content": {"policy": node}}})
    requests = [{"key": "policy", "context": document} for document in documents]
    names = [f"r{i}" for i in range(len(texts))]

    def in_batch() -> list[int]:
        results = [each["data"]["result"] for each in engine.evaluate_batch(requests)]
        return [_mask([result[name] for name in names]) for result in results]

    return one_by_one, in_batch


def _mask(values: list[bool]) -> int:
    return sum(1 << index for index, value in enumerate(values) if value)


def _zen(condition: dict[str, Any]) -> str:
    for word in ("all", "any"):
        if word in condition:
            joint = " and " if word == "all" else " or "
            return "(" + joint.join(_zen(each) for each in condition[word]) + ")"
    name, value = condition["name"], condition["value"]
    return {
        "less_than": f"{name} < {value}",
        "greater_than": f"{name} > {value}",
        "greater_than_or_equal_to": f"{name} >= {value}",
        "is_true": f"{name} == true",
        "is_false": f"{name} == false",
        "contains": f"lower({name}) == '{str(value).lower()}'" if name != "note" else f"contains({name}, '{value}')",
        "shares_at_least_one_element_with": f"some({name}, # in {json.dumps(value)})".replace('"', "'"),
    }[condition["operator"]]


def json_logic(policy: Policy, documents: list[dict[str, Any]], expected: list[int], rounds: int) -> float | None:
    """Seconds an order of node's json-logic-engine `build()`, timed inside node; None where it can't be had."""
    if shutil.which("node") is None or not _fetch_json_logic():
        print("json-logic-engine is left out: it needs node, npm and a network", file=sys.stderr)
        return None
    rules = [_logic(each["conditions"]) for each in rule_list(policy)]
    asked = json.dumps({"rules": rules, "orders": documents, "rounds": rounds})
    script = Path(__file__).with_name("json_logic.mjs")
    answered = subprocess.run(["node", str(script)], input=asked, capture_output=True, text=True, check=True)
    found = json.loads(answered.stdout)
    assert found["answers"] == expected, "json-logic-engine answers differently"
    return float(found["seconds"])


def _fetch_json_logic() -> bool:
    """Whether the npm package is here, or could be put in the git-ignored node_modules."""
    if (ROOT / "node_modules" / "json-logic-engine").exists():
        return True
    install = ["npm", "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "json-logic-engine@5"]
    try:
        return subprocess.run(install, cwd=ROOT, capture_output=True, timeout=120, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _logic(condition: dict[str, Any]) -> dict[str, Any]:
    for word, operator in (("all", "and"), ("any", "or")):
        if word in condition:
            return {operator: [_logic(each) for each in condition[word]]}
    fact, value = {"var": condition["name"]}, condition["value"]
    return {
        "less_than": {"<": [fact, value]},
        "greater_than": {">": [fact, value]},
        "greater_than_or_equal_to": {">=": [fact, value]},
        "is_true": {"===": [fact, True]},
        "is_false": {"===": [fact, False]},
        "contains": {"in": [value, fact]}
        if condition["name"] == "note"
        else {"===": [{"lower": [fact]}, str(value).lower()]},
        "shares_at_least_one_element_with": {"some": [fact, {"in": [{"var": ""}, value]}]},
    }[condition["operator"]]


def measure(rules: int, rounds: int) -> dict[str, float]:
    """Median seconds an order of every contender, answers checked equal."""
    chosen, installation = policy(rules), Installation(ZONE)
    raw = bodies()
    orders = [decode_order(body) for body in raw]
    facts = [read_facts(order, (), ZONE) for order in orders]
    documents = [facts_document(each) for each in facts]
    judge = Judge(chosen)
    verdict, traced = judge.verdict, judge.traced
    one_by_one, in_batch = zen(chosen, documents)
    at = datetime(2021, 5, 12, tzinfo=UTC)

    contenders: dict[str, Callable[[], Any]] = {
        "Houblon, facts to verdict": lambda: [verdict(each) for each in facts],
        "Houblon, with full trace": lambda: [traced(each)[0] for each in facts],
        "by hand, on dictionaries": hand_written(chosen, documents),
        "zen compile_expression": one_by_one,
        "zen evaluate_batch": in_batch,
        "business-rules run_all": business_rules(chosen, facts),
        "decoding alone": lambda: [decode_order(body) for body in raw],
        "Houblon, bytes to verdict": lambda: [verdict(read_facts(decode_order(body), (), ZONE)) for body in raw],
        "Houblon, bytes to decision": lambda: [
            decide(decode_order(body), chosen, accepted_at=at, cycle=None, installation=installation) for body in raw
        ],
    }
    expected = [judge.careful(each) for each in facts]
    for name in list(contenders)[1:6]:
        assert contenders[name]() == expected, f"{name} answers differently"
    assert contenders["Houblon, facts to verdict"]() == [judge.of_mask(mask) for mask in expected]
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            times[name].append(_seconds(run) / ORDERS)
    medians = {name: statistics.median(each) for name, each in times.items()}
    in_node = json_logic(chosen, documents, expected, rounds)
    return medians if in_node is None else {**medians, "json-logic-engine build(), in node": in_node}


def _seconds(run: Callable[[], Any], at_least: float = 0.02) -> float:
    """Seconds of one run, repeated until a clock can tell."""
    passes, started = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - started) < at_least:
        run()
        passes += 1
    return elapsed / passes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    print(f"Python {sys.version.split()[0]}, {ORDERS} orders of 5 lines, median of {rounds} interleaved rounds\n")
    for rules in (10, 30):
        started = time.perf_counter()
        Judge(policy(rules))
        compiled = time.perf_counter() - started
        times = measure(rules, rounds)
        base = times["Houblon, facts to verdict"]
        print(
            f"**{rules} rules** (compiled in {compiled * 1e3:.1f} ms)\n\n| | µs an order | × Houblon |\n|---|---:|---:|"
        )
        for name, seconds in times.items():
            print(f"| {name} | {seconds * 1e6:.2f} | {seconds / base:.1f} |")
        print(f"\n{_goals(times, rules)}\n")


def _goals(times: dict[str, float], rules: int) -> str:
    """What was aimed at, as ratios of this run, each met or missed."""
    mine, traced = times["Houblon, facts to verdict"], times["Houblon, with full trace"]
    aims = [
        ("business-rules ÷ Houblon", times["business-rules run_all"] / mine, 100, True),
        ("zen compile_expression ÷ Houblon", times["zen compile_expression"] / mine, 8 if rules == 10 else 7, True),
        ("zen evaluate_batch ÷ Houblon", times["zen evaluate_batch"] / mine, 25 if rules == 10 else 20, True),
        ("Houblon ÷ by hand", mine / times["by hand, on dictionaries"], 0.9, False),
        ("business-rules ÷ full trace", times["business-rules run_all"] / traced, 40, True),
        ("bytes to verdict ÷ decoding alone", times["Houblon, bytes to verdict"] / times["decoding alone"], 1.5, False),
        (
            "bytes to decision ÷ decoding alone",
            times["Houblon, bytes to decision"] / times["decoding alone"],
            2.2 if rules == 10 else 3.0,
            False,
        ),
    ]
    lines = [
        f"- {name}: {found:.2f} ({'at least' if least else 'at most'} {aim}: "
        f"{'met' if (found >= aim) is least or found == aim else 'MISSED'})"
        for name, found, aim, least in aims
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()

"""Two versions over millions of orders: one query beside a bare scan, and beside the peers.

    python -m bench.simulate [--orders 1000000 5000000] [--rules 10 30] [--rounds 5] [--seed 7]

A hundred thousand orders are filled as any file's are, then repeated with other amounts. Every
contender answers the matrix of outcomes before and after; answers are compared before anything is
timed, on all orders where a contender can, else on its sample. The scan is DuckDB reading and
summing the very columns that the query reads. Peak memory is that of a process that does nothing else.
"""

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from business_rules.engine import check_conditions_recursively
from sqlglot import exp

from bench.engine import SETTINGS, ZONE, _order, _rule, _zen, facts_document
from houblon.engine.conditions.vocabulary import OrderVariables
from houblon.engine.core.order import order_of
from houblon.engine.decide.evaluate import Installation
from houblon.engine.policy.lowering import rule_list
from houblon.rules.model.content import Content, Version, content_of
from houblon.rules.policies import Policies
from houblon.simulation.compare.query import Plan
from houblon.simulation.facts.fill import Taken, fill_sheet
from houblon.simulation.facts.sheet import Sheet, connect, facts_reader, keep_sheet, open_sheet

SEEDED = 100_000
SAMPLE, ZEN_SAMPLE = 2_000, 20_000
SEED = 7  # of the policies that are generated
QUICK = 3  # timed runs a round of what takes milliseconds
AT = datetime(2021, 1, 1, tzinfo=UTC)
MAX_MEMORY, MAX_SCANS, MIN_TIMES = 256, 2.0, 1_000


def contents(rules: int, seed: int = SEED) -> tuple[Content, Content]:
    """Two versions of Tous: the second has another minimum, and other thresholds in three rules."""
    chance = random.Random(seed)
    written = {f"regle-{i}": _rule(chance) for i in range(rules - 4)}
    changed = written | {f"regle-{i}": _rule(chance) for i in range(3)}
    return (
        _content(1, SETTINGS, written),
        _content(2, SETTINGS | {"acceptance.minimum_items": 12, "acceptance.minimum_value": "250.00"}, changed),
    )


def _content(number: int, settings: dict[str, Any], rules: dict[str, Any]) -> Content:
    tous = {"id": "tous", "name": "Tous", "colour": "#2c6a3c", "settings": settings, "rules": rules}
    row = {"kind": "group", "id": "tous", "version": number, "document": tous, "since": {}}
    return content_of(Version(number, "bench", "", AT, AT, f"sha256:{number}"), [row], {})


def make_sheet(folder: Path, count: int) -> Sheet:
    """`count` orders: a hundred thousand decoded one by one, then the same with other amounts."""
    seeded = fill_sheet(folder / "seed.parquet", _taken(), ZONE)
    path = folder / f"orders-{count}.parquet"
    # Amounts of their own in the types that `fill_sheet` would give them.
    changed = (
        f"position + copy.n * {SEEDED} AS position",
        "(order_value * (50 + hash(position, copy.n) % 100) // 100)::INTEGER AS order_value",
        "(item_count * (50 + hash(copy.n, position) % 100) // 100 + 1)::SMALLINT AS item_count",
    )
    with connect(folder, memory="2GB") as connection:
        connection.execute(
            f"COPY (SELECT seed.* REPLACE ({', '.join(changed)}) FROM read_parquet('{seeded.path}') AS seed, "
            f"range({count // SEEDED}) AS copy(n)) TO '{path}' (FORMAT parquet)"
        )
    sheet = Sheet(str(path), seeded.codes, count, seeded.hash, seeded.sample)
    keep_sheet(sheet)
    return sheet


def _taken() -> Any:
    chance = random.Random(11)
    for number in range(SEEDED):
        order = order_of(_order(chance, number))
        yield Taken(order, order.placed_at)


def plan_of(sheet: Sheet, rules: int, seed: int = SEED) -> Plan:
    return Plan(sheet, Policies(None), *contents(rules, seed), Installation(ZONE))  # type: ignore[arg-type]


def matrix(plan: Plan, totals: dict[int, tuple[int, int]]) -> Counter[tuple[str, str]]:
    """Orders by outcome before and after."""
    found: Counter[tuple[str, str]] = Counter()
    for code, (count, _) in totals.items():
        before, after = plan.verdicts(code)
        found[before.outcome.value, after.outcome.value] += count
    return found


def scan_sql(plan: Plan) -> str:
    """Reading and summing the columns that the plan's query reads."""
    names = dict.fromkeys(["order_value", *(each.name for each in plan.pair.find_all(exp.Column))])
    with connect() as connection:
        kinds = dict(
            connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE FROM {plan.source})").fetchall()
        )
    sums = [_summed(name, kinds[name]) for name in names]
    return f"SELECT {', '.join(sums)} FROM {plan.source}"


def _summed(name: str, kind: str) -> str:
    if kind == "BOOLEAN":
        return f"count_if({name})"
    return f"sum(strlen({name}))" if kind == "VARCHAR" else f"sum({name})"


def business_rules(plan: Plan, facts: list[Any]) -> Callable[[], list[tuple[int, int]]]:
    """Row by row: the bitmask of each version."""
    sides = [[rule["conditions"] for rule in rule_list(_policy_side(plan, side).judge.policy)] for side in (0, 1)]
    variables = [OrderVariables(each) for each in facts]

    def mask(conditions: list[Any], each: Any) -> int:
        return sum(1 << bit for bit, one in enumerate(conditions) if check_conditions_recursively(one, each))

    return lambda: [(mask(sides[0], each), mask(sides[1], each)) for each in variables]


def _policy_side(plan: Plan, side: int) -> Any:
    return (plan.pairs[0].before, plan.pairs[0].after)[side]


def zen(plan: Plan, facts: list[Any]) -> Callable[[], list[tuple[int, int]]]:
    """GoRules' zen-engine, both versions as one decision, evaluated in batch."""
    from zen import ZenEngine

    texts = [[_zen(rule["conditions"]) for rule in rule_list(_policy_side(plan, side).judge.policy)] for side in (0, 1)]
    named = {f"r{side}_{i}": text for side in (0, 1) for i, text in enumerate(texts[side])}
    place = {"x": 0, "y": 0}
    rules = {
        "expressions": [{"id": key, "key": key, "value": text} for key, text in named.items()],
        "passThrough": False,
    }
    document = {
        "nodes": [
            {"id": "in", "type": "inputNode", "name": "in", "content": {}, "position": place},
            {"id": "rules", "type": "expressionNode", "name": "rules", "content": rules, "position": place},
            {"id": "out", "type": "outputNode", "name": "out", "content": {}, "position": place},
        ],
        "edges": [
            {"id": "a", "type": "edge", "sourceId": "in", "targetId": "rules"},
            {"id": "b", "type": "edge", "sourceId": "rules", "targetId": "out"},
        ],
    }
    engine = ZenEngine({"loader": {"type": "static", "content": {"policy": document}}})
    requests = [{"key": "policy", "context": facts_document(each)} for each in facts]

    def run() -> list[tuple[int, int]]:
        results = [each["data"]["result"] for each in engine.evaluate_batch(requests)]
        return [
            (
                sum(1 << i for i in range(len(texts[0])) if result[f"r0_{i}"]),
                sum(1 << i for i in range(len(texts[1])) if result[f"r1_{i}"]),
            )
            for result in results
        ]

    return run


def polars_form(plan: Plan) -> Callable[[], Counter[tuple[str, str]]]:
    """What one would write with Polars: the same conditions as lazy expressions over the same file."""
    import polars as pl

    codes = plan.codes

    def said(condition: dict[str, Any]) -> Any:
        for word, join in (("all", pl.all_horizontal), ("any", pl.any_horizontal)):
            if word in condition:
                return join([said(each) for each in condition[word]])
        name, value = condition["name"], condition["value"]
        operator, column = condition["operator"], pl.col(name if name != "categories" else "categories_0")
        scaled = value * 100 if name in ("order_value", "overdue_balance") else value
        if operator == "contains" and name == "note":
            return column.str.contains(value, literal=True)
        if operator == "contains":
            wanted = [code for code, each in enumerate(codes.selects[name]) if each.lower() == value.lower()]
            return column.is_in(wanted)
        if operator == "shares_at_least_one_element_with":
            bits = sum(1 << codes.categories.index(each) for each in value if each in codes.categories)
            return (column & bits) != 0
        return {
            "less_than": lambda: column < scaled,
            "greater_than": lambda: column > scaled,
            "greater_than_or_equal_to": lambda: column >= scaled,
            "is_true": lambda: column,
            "is_false": lambda: ~column,
        }[operator]()

    def outcome(side: int) -> Any:
        policy = _policy_side(plan, side).judge.policy
        holds = [said(each["conditions"]) for each in rule_list(policy) if each["actions"][0]["name"] == "hold"]
        return pl.when(pl.any_horizontal(holds)).then(1).otherwise(2)

    names = {1: "held", 2: "accepted"}

    def run() -> Counter[tuple[str, str]]:
        frame = pl.scan_parquet(plan.sheet.path).select(outcome(0).alias("b"), outcome(1).alias("a"))
        rows = frame.group_by("b", "a").len().collect(engine="streaming").rows()
        return Counter({(names[b], names[a]): count for b, a, count in rows})

    return run


def measure(sheet: Sheet, rules: int, rounds: int, seed: int) -> dict[str, float]:
    """Seconds for the whole sheet, answers checked equal first; the peers' are scaled from their samples."""
    plan = plan_of(sheet, rules, seed)
    with connect(Path(sheet.path).parent) as connection:
        found = matrix(plan, plan.totals(connection))
        scan, query = scan_sql(plan), plan.totals_sql()
        columns, facts_of = facts_reader(sheet.codes)
        rows = list(plan.masks(connection, columns, f"position < {ZEN_SAMPLE}"))
        facts = [facts_of(row, ()) for row, *_ in rows]
        expected = [tuple(masks) for _, _, *masks in rows]
        by_rules, by_zen, by_polars = business_rules(plan, facts[:SAMPLE]), zen(plan, facts), polars_form(plan)
        assert by_rules() == expected[:SAMPLE], "business-rules answers differently"
        assert by_zen() == expected, "zen answers differently"
        assert by_polars() == found, "Polars answers differently"
        contenders: dict[str, tuple[Callable[[], Any], float]] = {
            "scan and sum": (lambda: connection.execute(scan).fetchall(), 1),
            "Houblon, two versions": (lambda: connection.execute(query).fetchall(), 1),
            "Polars, two versions": (by_polars, 1),
            "zen evaluate_batch": (by_zen, sheet.count / ZEN_SAMPLE),
            "business-rules": (by_rules, sheet.count / SAMPLE),
        }
        times: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(rounds):
            for name, (run, scale) in contenders.items():
                if scale == 1:
                    # Untimed: the peers before leave nothing of the file in the processor's caches.
                    run()
                for _ in range(QUICK if scale == 1 else 1):
                    started = time.perf_counter()
                    run()
                    times[name].append((time.perf_counter() - started) * scale)
    return {name: statistics.median(each) for name, each in times.items()}


def peak(sheet: Sheet, rules: int, seed: int) -> float:
    """Megabytes at most, of a fresh process that runs the query."""
    command = [sys.executable, "-m", "bench.simulate", "--alone", sheet.path, "--rules", str(rules)]
    command += ["--seed", str(seed)]
    answered = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(answered.stdout)["megabytes"]


def alone(path: Path, rules: int, seed: int) -> None:
    plan = plan_of(open_sheet(path), rules, seed)
    with connect(path.parent) as connection:
        plan.totals(connection)
    print(json.dumps({"megabytes": _high_water()}))


def _high_water() -> float:
    """Megabytes; the kernel's own figure where there is one, for ru_maxrss remembers the parent's."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, nargs="+", default=[1_000_000, 5_000_000])
    parser.add_argument("--rules", type=int, nargs="+", default=[10, 30])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=SEED, help="Of the policies: another one, other rules.")
    parser.add_argument("--alone", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.alone:
        return alone(asked.alone, asked.rules[0], asked.seed)
    for count in asked.orders:
        with tempfile.TemporaryDirectory() as folder:
            sheet = make_sheet(Path(folder), count)
            for rules in asked.rules:
                times, memory = measure(sheet, rules, asked.rounds, asked.seed), peak(sheet, rules, asked.seed)
                print_figures(count, rules, times, memory)


def print_figures(count: int, rules: int, times: dict[str, float], memory: float) -> None:
    scan, own = times["scan and sum"], times["Houblon, two versions"]
    print(f"\n**{count:,} orders, {rules} rules, two versions**\n\n| | seconds | × the scan |\n|---|---:|---:|")
    for name, seconds in times.items():
        print(f"| {name} | {seconds:.3f} | {seconds / scan:.1f} |")
    goals = (
        (f"at most {MAX_SCANS} scans", own / scan <= MAX_SCANS, f"{own / scan:.2f}"),
        (
            f"at least {MIN_TIMES} × business-rules",
            times["business-rules"] / own >= MIN_TIMES,
            f"{times['business-rules'] / own:.0f}",
        ),
        (f"at most {MAX_MEMORY} MB", memory <= MAX_MEMORY, f"{memory:.0f}"),
    )
    print("\n" + "; ".join(f"{goal}: {found} ({'reached' if held else 'NOT reached'})" for goal, held, found in goals))


if __name__ == "__main__":
    main()

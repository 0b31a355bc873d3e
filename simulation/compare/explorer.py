"""Near misses and the explorer: who missed a threshold by how little, and what moving it would do.

No operator negates, so what a content accepts moves one way with each threshold. An order that is
accepted when the comparison holds for nobody, and not when it holds for everybody (or the other way
round, for what eases), turns exactly where its own figure is.
"""

from typing import Any

import duckdb

from houblon.engine.core.money import dollars
from houblon.engine.decide.evaluate import Installation
from houblon.engine.policy.decision import Outcome
from houblon.engine.policy.lowering import BOUNDS, CREDIT_LIMIT
from houblon.rules.model.content import Content
from houblon.rules.policies import Policies
from houblon.simulation.compare.query import Plan
from houblon.simulation.compare.thresholds import Threshold, is_stated, thresholds_of, with_bound
from houblon.simulation.facts.sheet import Sheet

POINTS, NEAREST, RULES = 25, 10, 12
SHARES = (5, 10, 25, 50, 100)  # percents of a threshold


def near_misses(
    connection: duckdb.DuckDBPyConnection,
    sheet: Sheet,
    policies: Policies,
    content: Content,
    installation: Installation,
) -> list[dict[str, Any]]:
    """For each number of a setting, wherever it is stated: the orders that nothing else held, the nearest first."""
    found = []
    for path, bound in BOUNDS.items():
        if not is_stated(content, path):
            continue
        plan = Plan(sheet, policies, content, with_bound(content, path, None), installation)
        minimum = Threshold(path, "tous", *bound, None, None)
        cases = []
        for lane in plan.pairs:
            units = minimum.units(lane.before.judge.policy.settings[path].value)
            if units is not None:
                cases.append(f"WHEN claim IN ({', '.join(map(str, lane.claims))}) THEN {units}")
        codes = _codes(plan, lambda one, other: (one, other) == (Outcome.HELD, Outcome.ACCEPTED))
        if cases and codes:
            fact, stated = bound[0], f"(CASE {' '.join(cases)} END)::BIGINT"
            if path == CREDIT_LIMIT:
                # A limit of the buyer's own is the one that they missed.
                fact, stated = "(outstanding_balance::BIGINT + order_value)", f"coalesce(credit_limit, {stated})"
            rows = (
                f"SELECT order_id, key, retailer, {fact} AS fact, {stated} AS minimum, order_value "
                f"FROM {plan.source} WHERE {plan.pair_sql} IN ({codes}) AND {bound[0]} IS NOT NULL"
            )
            found += _near(connection, sheet, minimum, rows, {"path": path})
    return found


def explore(
    connection: duckdb.DuckDBPyConnection,
    sheet: Sheet,
    policies: Policies,
    before: Content,
    after: Content,
    installation: Installation,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """For each threshold: what is accepted automatically as it moves, orders and dollars, the chosen one marked.

    Beside it, the near misses of the thresholds that rules have.
    """
    explored, missed = [], []
    for threshold in thresholds_of(before, after, RULES):
        contents = (threshold.moved(after, holds=False), threshold.moved(after, holds=True))
        plan = Plan(sheet, policies, *contents, installation)
        turning = _codes(plan, lambda one, other: (one is Outcome.ACCEPTED) is not (other is Outcome.ACCEPTED))
        if not turning:
            continue
        always = _codes(plan, lambda one, other: one is other is Outcome.ACCEPTED) or "-1"
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE moved AS SELECT order_id, key, retailer, {threshold.column} AS fact, "
            f"order_value, pair IN ({turning}) AS turns, pair IN ({always}) AS always FROM "
            f"(SELECT *, {plan.pair_sql} AS pair FROM {plan.source})"
        )
        points = _points(connection, sheet, threshold)
        if not points:
            continue
        units, earlier = threshold.units(threshold.value), threshold.units(threshold.before)
        values = {"chosen": threshold.shown(units), "before": threshold.shown(earlier)}
        explored.append({**_named(threshold), **values, "points": points})
        if threshold.path not in BOUNDS and units is not None:
            rows = (
                f"SELECT order_id, key, retailer, fact, {units}::BIGINT AS minimum, order_value FROM moved "
                f"WHERE turns AND NOT ({_passes(threshold, units)})"
            )
            missed += _near(connection, sheet, threshold, rows, _named(threshold))
    return explored, missed


def _named(threshold: Threshold) -> dict[str, Any]:
    named: dict[str, Any] = {"path": threshold.path, "group": threshold.group}
    if threshold.label is not None:
        label = {"fr": threshold.label.fr, "en": threshold.label.en}
        named |= {"label": label, "fact": threshold.fact, "operator": threshold.operator, "place": threshold.place}
    return named


def _passes(threshold: Threshold, units: int) -> str:
    """Whether an order that turns is accepted with the threshold there, as SQL."""
    meets = threshold.meets(units)
    return meets if threshold.eases else f"NOT ({meets})"


def _near(
    connection: duckdb.DuckDBPyConnection, sheet: Sheet, threshold: Threshold, rows: str, named: dict[str, Any]
) -> list[dict[str, Any]]:
    """What is told of the orders of `rows`: none or one entry."""
    gap = "abs(minimum - fact)"
    within = ", ".join(f"count_if({gap} <= abs(minimum) * {share} / 100)" for share in SHARES)
    counted = connection.execute(f"SELECT count(*), coalesce(sum(order_value), 0), {within} FROM ({rows})").fetchone()
    if not counted or not counted[0]:
        return []
    count, value, *shares = counted
    nearest = connection.execute(
        f"{rows} ORDER BY {gap} / greatest(abs(minimum), 1), order_id LIMIT {NEAREST}"
    ).fetchall()
    return [
        {
            **named,
            "orders": count,
            "value": dollars(int(value)),
            "within": [{"percent": share, "orders": n} for share, n in zip(SHARES, shares, strict=True)],
            "nearest": [
                {
                    "order_id": id,
                    "key": key,
                    "retailer": sheet.codes.retailers[retailer].name or sheet.codes.retailers[retailer].id,
                    "actual": threshold.shown(actual),
                    "minimum": threshold.shown(minimum),
                    "missing": threshold.shown(abs(minimum - actual)),
                    "value": dollars(cents_),
                }
                for id, key, retailer, actual, minimum, cents_ in nearest
            ],
        }
    ]


def _points(connection: duckdb.DuckDBPyConnection, sheet: Sheet, threshold: Threshold) -> list[dict[str, Any]]:
    """What is accepted with the threshold in each place of a grid; empty where no order turns."""
    ends = connection.execute(
        "SELECT quantile_disc(fact, 0.1), quantile_disc(fact, 0.9) FROM moved WHERE turns"
    ).fetchone()
    if ends is None or ends[0] is None:
        return []
    marks = [each for each in map(threshold.units, (threshold.value, threshold.before)) if each is not None]
    low, high = min(0, int(ends[0]), *marks), max([int(ends[1]), *(2 * mark for mark in marks)])
    grid = _grid(low, high, marks)
    sums = ", ".join(
        f"count_if(always OR (turns AND {passes})), sum(order_value) FILTER (always OR (turns AND {passes}))"
        for passes in (_passes(threshold, point) for point in grid)
    )
    row = connection.execute(f"SELECT {sums} FROM moved").fetchone() or ()
    return [
        {
            "minimum": threshold.shown(point),
            "orders": row[2 * place],
            "rate": _rate(row[2 * place], sheet.count),
            "value": dollars(int(row[2 * place + 1] or 0)),
        }
        for place, point in enumerate(grid)
    ]


def _grid(low: int, high: int, marks: list[int]) -> list[int]:
    step = _nice(max(high - low, POINTS) / (POINTS - 1))
    start = low // step * step
    return sorted({*(start + step * place for place in range(POINTS)), *marks})


def _nice(rough: float) -> int:
    """The next of 1, 2, 2.5 or 5 times a power of ten."""
    power = 1
    while True:
        for factor in (10, 20, 25, 50):
            if factor * power / 10 >= rough and factor * power % 10 == 0:
                return factor * power // 10
        power *= 10


def _rate(count: int, total: int) -> float | None:
    return round(100 * count / total, 1) if total else None


def _codes(plan: Plan, wanted: Any) -> str:
    """The numbers of the pairs whose two outcomes are wanted."""
    pairs = (plan.verdicts(code) for code in range(plan.width**2))
    return ", ".join(str(code) for code, (one, other) in enumerate(pairs) if wanted(one.outcome, other.outcome))

"""Minimums: who missed one by how little, and what moving it would do."""

from typing import Any

import duckdb
import msgspec

from engine.decision import Outcome
from engine.evaluate import Installation
from engine.lowering import MINIMUMS
from engine.money import cents, dollars
from orders.simulate.query import Plan
from orders.simulate.sheet import Sheet
from rules.content import Content
from rules.policies import Policies

POINTS, NEAREST = 25, 10
_HIGHEST = {"acceptance.minimum_items": 1_000_000, "acceptance.minimum_value": "999999999999.00"}


def with_minimum(content: Content, path: str, value: Any, group: str | None = None) -> Content:
    """The content with one minimum set in a group, or wherever some group states one."""
    groups = {
        id: msgspec.structs.replace(each, settings={**each.settings, path: value})
        if (id == group if group is not None else path in each.settings)
        else each
        for id, each in content.groups.items()
    }
    # Its own hash, so that policies remembered for the real one are not taken for it.
    version = msgspec.structs.replace(content.version, hash=f"{content.version.hash}+{path}={value}@{group}")
    return msgspec.structs.replace(content, groups=groups, version=version)


def written_minimum(path: str, value: Any) -> int:
    """A minimum in stored units: cents, or items."""
    return cents(value) if path == "acceptance.minimum_value" else int(value)


def shown_minimum(path: str, units: int) -> Any:
    return dollars(units) if path == "acceptance.minimum_value" else units


def near_misses(
    connection: duckdb.DuckDBPyConnection,
    sheet: Sheet,
    policies: Policies,
    content: Content,
    installation: Installation,
) -> list[dict[str, Any]]:
    """For each minimum: the orders that nothing else held, the nearest first."""
    found = []
    for path, fact in MINIMUMS.items():
        plan = Plan(sheet, policies, content, with_minimum(content, path, None), installation)
        gaps = []
        for lane in plan.lanes:
            minimum = lane.before.judge.policy.settings[path].value
            if minimum is not None:
                claims = ", ".join(map(str, lane.claims))
                gaps.append(f"WHEN claim IN ({claims}) THEN {written_minimum(path, minimum)}")
        codes = _codes(plan, Outcome.HELD, Outcome.ACCEPTED)
        if not gaps or not codes:
            continue
        query = (
            f"SELECT order_id, key, retailer, {fact}, CASE {' '.join(gaps)} END AS minimum, order_value "
            f"FROM {plan.source} WHERE {fact} IS NOT NULL AND {plan.pair_sql} IN ({codes})"
        )
        count, value = connection.execute(f"SELECT count(*), coalesce(sum(order_value), 0) FROM ({query})").fetchone()  # type: ignore[misc]
        nearest = connection.execute(
            f"{query} ORDER BY (minimum - {fact}) / minimum, order_id LIMIT {NEAREST}"
        ).fetchall()
        parts = " , ".join(f"count_if(minimum - {fact} <= minimum * {share} / 100)" for share in _SHARES)
        within = connection.execute(f"SELECT {parts} FROM ({query})").fetchone()
        if count:
            found.append(
                {
                    "path": path,
                    "orders": count,
                    "value": dollars(int(value)),
                    "within": [{"percent": s, "orders": n} for s, n in zip(_SHARES, within or (), strict=True)],
                    "nearest": [
                        {
                            "order_id": id,
                            "key": key,
                            "retailer": sheet.codes.retailers[retailer].name or sheet.codes.retailers[retailer].id,
                            "actual": shown_minimum(path, actual),
                            "minimum": shown_minimum(path, minimum),
                            "missing": shown_minimum(path, minimum - actual),
                            "value": dollars(cents_),
                        }
                        for id, key, retailer, actual, minimum, cents_ in nearest
                    ],
                }
            )
    return found


_SHARES = (5, 10, 25, 50, 100)


def explore(
    connection: duckdb.DuckDBPyConnection,
    sheet: Sheet,
    policies: Policies,
    before: Content,
    after: Content,
    installation: Installation,
) -> list[dict[str, Any]]:
    """For each minimum: what is accepted by itself as it moves, orders and dollars, the chosen one marked.

    An order that passes with no minimum and not with the highest passes exactly from its own figure down.
    """
    found = []
    for path, fact in MINIMUMS.items():
        group = _moved(before, after, path)
        chosen = after.groups[group].settings.get(path)
        plan = Plan(
            sheet,
            policies,
            with_minimum(after, path, None, group),
            with_minimum(after, path, _HIGHEST[path], group),
            installation,
        )
        turning = _codes(plan, Outcome.ACCEPTED, Outcome.HELD)
        always = _codes(plan, Outcome.ACCEPTED, Outcome.ACCEPTED)
        if not turning:
            continue
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE moved AS SELECT {fact} AS fact, order_value, "
            f"{plan.pair_sql} AS pair FROM {plan.source}"
        )
        top = connection.execute(f"SELECT quantile_disc(fact, 0.9) FROM moved WHERE pair IN ({turning})").fetchone()
        if top is None or top[0] is None:
            continue
        marks = [
            written_minimum(path, each)
            for each in (chosen, before.groups.get(group) and before.groups[group].settings.get(path))
            if each is not None
        ]
        grid = _grid(max([int(top[0]), *(2 * mark for mark in marks)]), marks)
        base = f"pair IN ({always})" if always else "FALSE"
        sums = ", ".join(
            f"count_if({base} OR (pair IN ({turning}) AND fact >= {point})), "
            f"coalesce(sum(order_value) FILTER ({base} OR (pair IN ({turning}) AND fact >= {point})), 0)"
            for point in grid
        )
        row = connection.execute(f"SELECT {sums} FROM moved").fetchone() or ()
        earlier = before.groups[group].settings.get(path) if group in before.groups else None
        found.append(
            {
                "path": path,
                "group": group,
                "chosen": chosen,
                "before": earlier,
                "points": [
                    {
                        "minimum": shown_minimum(path, point),
                        "orders": row[2 * place],
                        "rate": _rate(row[2 * place], sheet.count),
                        "value": dollars(int(row[2 * place + 1])),
                    }
                    for place, point in enumerate(grid)
                ],
            }
        )
    return found


def _moved(before: Content, after: Content, path: str) -> str:
    """The highest group whose minimum the second content changes, else Tous."""
    for group in after.ranked():
        earlier = before.groups[group.id].settings.get(path) if group.id in before.groups else None
        if group.settings.get(path) != earlier:
            return group.id
    return "tous"


def _grid(top: int, marks: list[int]) -> list[int]:
    step = _nice(max(top, POINTS) / (POINTS - 1))
    return sorted({*(step * place for place in range(POINTS)), *marks})


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


def _codes(plan: Plan, before: Outcome, after: Outcome) -> str:
    """Every pair's number of these two outcomes."""
    pairs = (plan.settled(code) for code in range(plan.width**2))
    kept = [str(code) for code, (one, other) in enumerate(pairs) if (one.outcome, other.outcome) == (before, after)]
    return ", ".join(kept)

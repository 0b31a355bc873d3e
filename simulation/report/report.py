"""The report: what the second content would have done, beside the first; its JSON is told in docs/simulation.md."""

import hashlib
from contextlib import nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from houblon.engine.core.money import dollars
from houblon.engine.decide.evaluate import Installation
from houblon.engine.policy.decision import Outcome
from houblon.engine.schedule.calendar import local_day, next_delivery
from houblon.rules.model.content import Content
from houblon.rules.policies import Policies
from houblon.simulation.compare.changed_orders import LISTED, groups_of, largest, write_all
from houblon.simulation.compare.dates import Dates, cash_by_week, moment_of, shifts
from houblon.simulation.compare.explorer import explore, near_misses
from houblon.simulation.compare.query import Plan
from houblon.simulation.facts.fill import Guard, Progress
from houblon.simulation.facts.sheet import OMISSIBLE, Sheet, connect

AFFECTED, STRADDLING = 50, 100
_LOOK_BACK = timedelta(days=45)
OUTCOMES = tuple(outcome.value for outcome in (Outcome.ACCEPTED, Outcome.HELD, Outcome.REFUSED))


class Change(msgspec.Struct, frozen=True):
    """Another policy from a moment on: a version's number, or the name of what is scheduled."""

    at: datetime
    version: int | None
    name: str


def report(
    sheet: Sheet,
    policies: Policies,
    before: Content,
    after: Content,
    installation: Installation,
    changes: tuple[Change, ...] = (),
    progress: Progress = lambda percent: None,
    guard: Guard = nullcontext,
    changes_file: Path | None = None,
) -> dict[str, Any]:
    """All that is told of two contents over a sheet.

    `progress` is given true percents and may stop it by raising; `guard` is entered with the connection
    that queries run on, so that somebody may interrupt them. Where
    not all orders that change are listed, they are written to `changes_file`.
    """
    plan = Plan(sheet, policies, before, after, installation)
    with connect(Path(sheet.path).parent) as connection, guard(connection):
        _judge(connection, plan)
        progress(15)
        dates = Dates(plan)
        dues = list(dates.grouped(connection))
        found = {
            "orders": sheet.count,
            "inputs_hash": inputs_hash(sheet, before, after),
            **_sums(connection, plan),
            "affected": _affected(connection, plan),
            "retailers": _retailers(connection, plan),
            "groups": _groups(connection, plan),
            "due": {
                "shifts": [{"days": d, "orders": n, "value": dollars(c)} for d, n, c in shifts(dues)],
                "weeks": [
                    {"week": week.isoformat(), "before": dollars(one), "after": dollars(other)}
                    for week, one, other in cash_by_week(dues)
                ],
            },
        }
        progress(25)
        changed = _changed_pairs(plan)
        found["flips"] = largest(connection, plan, dates, changed)
        if changes_file is not None and len(found["flips"]) == LISTED:
            write_all(connection, plan, dates, changed, changes_file, lambda share: progress(25 + int(20 * share)))
        progress(45)
        missed = near_misses(connection, sheet, policies, after, installation)
        progress(60)
        found["explorer"], of_rules = explore(connection, sheet, policies, before, after, installation)
        found["near_misses"] = [*missed, *of_rules]
        progress(95)
        found["time"] = _in_time(connection, plan, changes)
        found["omitted"] = [name for name in sorted(OMISSIBLE) if name in sheet.codes.wanting]
    progress(100)
    return found


def inputs_hash(sheet: Sheet, before: Content, after: Content) -> str:
    """The hash of all that a report follows from."""
    parts = f"{sheet.hash}\n{before.version.hash}\n{after.version.hash}"
    return "sha256:" + hashlib.sha256(parts.encode()).hexdigest()


def report_hash(document: dict[str, Any]) -> str:
    """The hash by which an approval names the report that it saw."""
    return "sha256:" + hashlib.sha256(msgspec.json.encode(document, order="deterministic")).hexdigest()


def _judge(connection: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """Every order with its pair of verdicts, so that all that follows reads one narrow table."""
    connection.execute(
        "CREATE TEMP TABLE judged AS SELECT position, key, order_id, retailer, claim, day, accepted_at, planned, "
        f"distributor, order_value, ({plan.pair_sql})::INTEGER AS pair FROM {plan.source}"
    )


def _sums(connection: duckdb.DuckDBPyConnection, plan: Plan) -> dict[str, Any]:
    rows = connection.execute("SELECT pair, count(*), sum(order_value) FROM judged GROUP BY pair").fetchall()
    matrix = {(one, other): [0, 0] for one in OUTCOMES for other in OUTCOMES}
    invoices, terms, total = [[0, 0], [0, 0]], [0, 0], 0
    for pair, count, cents in rows:
        both = plan.verdicts(pair)
        _add(matrix[both[0].outcome.value, both[1].outcome.value], count, cents)
        for place, verdict in enumerate(both):
            if verdict.issue:
                _add(invoices[place], count, cents)
        if both[0].outcome is both[1].outcome and both[0] != both[1]:
            _add(terms, count, cents)
        total += int(cents)
    accepted = [
        [sum(cell[what] for key, cell in matrix.items() if key[place] == "accepted") for what in (0, 1)]
        for place in (0, 1)
    ]
    return {
        "value": dollars(total),
        "matrix": [
            {"before": one, "after": other, "orders": cell[0], "value": dollars(cell[1])}
            for (one, other), cell in matrix.items()
        ],
        "automation": dict(
            zip(("before", "after"), (_share_of(each, plan.sheet.count) for each in accepted), strict=True)
        ),
        "invoices": dict(
            zip(("before", "after"), (_share_of(each, plan.sheet.count) for each in invoices), strict=True)
        ),
        "other_terms": {"orders": terms[0], "value": dollars(terms[1])},
    }


def _add(cell: list[int], count: int, cents: Any) -> None:
    cell[0] += count
    cell[1] += int(cents)


def _share_of(each: list[int], total: int) -> dict[str, Any]:
    rate = round(100 * each[0] / total, 1) if total else None
    return {"orders": each[0], "rate": rate, "value": dollars(each[1])}


def _changed_pairs(plan: Plan, outcome_only: bool = False) -> str:
    """The numbers of pairs whose two verdicts differ, as SQL writes a list; never empty."""
    pairs = [plan.verdicts(code) for code in range(plan.width**2)]
    changed = [
        str(code)
        for code, (one, other) in enumerate(pairs)
        if (one.outcome != other.outcome if outcome_only else one != other)
    ]
    return ", ".join(changed or ["-1"])


def _gained(plan: Plan) -> str:
    codes = [
        str(code)
        for code in range(plan.width**2)
        if plan.verdicts(code)[1].outcome is Outcome.ACCEPTED and plan.verdicts(code)[0].outcome is not Outcome.ACCEPTED
    ]
    return ", ".join(codes or ["-1"])


def _lost(plan: Plan) -> str:
    codes = [
        str(code)
        for code in range(plan.width**2)
        if plan.verdicts(code)[0].outcome is Outcome.ACCEPTED and plan.verdicts(code)[1].outcome is not Outcome.ACCEPTED
    ]
    return ", ".join(codes or ["-1"])


def _affected(connection: duckdb.DuckDBPyConnection, plan: Plan) -> int:
    """How many retailers have an order that is decided otherwise."""
    query = f"SELECT count(DISTINCT retailer) FROM judged WHERE pair IN ({_changed_pairs(plan)})"
    [(count,)] = connection.execute(query).fetchall()
    return int(count)


def _retailers(connection: duckdb.DuckDBPyConnection, plan: Plan) -> list[dict[str, Any]]:
    rows = connection.execute(
        f"SELECT retailer, count(*), sum(order_value) AS cents, count_if(pair IN ({_gained(plan)})), "
        f"count_if(pair IN ({_lost(plan)})) FROM judged WHERE pair IN ({_changed_pairs(plan)}) "
        f"GROUP BY retailer ORDER BY cents DESC, retailer LIMIT {AFFECTED}"
    ).fetchall()
    named = plan.codes.retailers
    return [
        {
            "id": named[code].id,
            "name": named[code].name or named[code].id,
            "orders": n,
            "value": dollars(int(c)),
            "gained": gained,
            "lost": lost,
        }
        for code, n, c, gained, lost in rows
    ]


def _groups(connection: duckdb.DuckDBPyConnection, plan: Plan) -> list[dict[str, Any]]:
    """The groups of the buyers who are affected; a buyer of two groups counts in both."""
    rows = connection.execute(
        f"SELECT claim, count(*), sum(order_value), count_if(pair IN ({_gained(plan)})), "
        f"count_if(pair IN ({_lost(plan)})) FROM judged WHERE pair IN ({_changed_pairs(plan)}) GROUP BY claim"
    ).fetchall()
    sums: dict[str, list[int]] = {}
    for claim, *figures in rows:
        for group in groups_of(plan.pair_of(claim)):
            total = sums.setdefault(group, [0, 0, 0, 0])
            for place, figure in enumerate(figures):
                total[place] += int(figure)
    ordered = sorted(sums.items(), key=lambda each: (-each[1][1], each[0]))
    return [
        {
            "id": id,
            "name": plan.after.groups[id].name,
            "orders": n,
            "value": dollars(c),
            "gained": gained,
            "lost": lost,
        }
        for id, (n, c, gained, lost) in ordered
    ]


def _in_time(connection: duckdb.DuckDBPyConnection, plan: Plan, changes: tuple[Change, ...]) -> dict[str, Any]:
    """The orders by the version in force when they came, and those whose delivery lies beyond a change."""
    ordered = sorted(changes, key=lambda each: each.at)
    periods, straddling = [], []
    for place, change in enumerate(ordered):
        start = _microseconds(change.at) if place else -(1 << 62)
        end = _microseconds(ordered[place + 1].at) if place + 1 < len(ordered) else 1 << 62
        [(count, value)] = connection.execute(
            "SELECT count(*), coalesce(sum(order_value), 0) FROM judged "
            f"WHERE accepted_at >= {start} AND accepted_at < {end}"
        ).fetchall()
        periods.append({**_named(change), "orders": count, "value": dollars(int(value))})
        if place:
            straddling += _straddling(connection, plan, ordered[place - 1], change)
    return {"periods": periods, "straddling": straddling[:STRADDLING]}


def _straddling(
    connection: duckdb.DuckDBPyConnection, plan: Plan, earlier: Change, change: Change
) -> list[dict[str, Any]]:
    rows = connection.execute(
        "SELECT order_id, key, retailer, accepted_at, planned, distributor, order_value FROM judged "
        f"WHERE accepted_at < {_microseconds(change.at)} AND "
        f"(accepted_at >= {_microseconds(change.at - _LOOK_BACK)} OR planned IS NOT NULL) "
        "ORDER BY accepted_at DESC LIMIT 5000"
    ).fetchall()
    zone = plan.installation.zone
    found = []
    for order_id, key, retailer, at, planned, distributor, cents in rows:
        moment = moment_of(at)
        name = None if distributor is None else plan.codes.selects["distributor"][distributor]
        delivery = planned or _next_delivery(plan, name, moment)
        if delivery is not None and delivery >= change.at.astimezone(zone).date():
            found.append(
                {
                    "order_id": order_id,
                    "key": key,
                    "retailer": plan.codes.retailers[retailer].name or plan.codes.retailers[retailer].id,
                    "at": moment.isoformat(),
                    "delivery": delivery.isoformat(),
                    "value": dollars(cents),
                    "from": _named(earlier),
                    "to": _named(change),
                }
            )
    return found


def _next_delivery(plan: Plan, distributor: str | None, at: datetime) -> Any:
    cycle = plan.before.cycle_of(distributor)
    found = next_delivery(cycle, at, after=local_day(at, str(plan.installation.zone))) if cycle else None
    return found and found.day


def _named(change: Change) -> dict[str, Any]:
    return {"version": change.version, "name": change.name, "at": change.at.isoformat()}


def _microseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)

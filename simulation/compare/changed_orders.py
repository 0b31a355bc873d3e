"""The orders whose verdict changes, each with both explanations: the largest in the report, all of them in a file."""

import gzip
import heapq
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from houblon.engine.core.money import cents_written, dollars
from houblon.engine.core.order import with_limit
from houblon.engine.decide.bars import MISSING, barred_for, needs_place, over_own_limit
from houblon.engine.decide.evaluate import Installation
from houblon.engine.decide.precedence import settled
from houblon.engine.decide.reasons import reasons
from houblon.engine.policy.decision import Reason
from houblon.engine.policy.terms import DueDate
from houblon.simulation.compare.dates import Dates, moment_of
from houblon.simulation.compare.query import Plan, PolicyPair, PolicySide
from houblon.simulation.compare.verdicts import CodedVerdict
from houblon.simulation.facts.sheet import facts_reader

LISTED, MOST = 500, 100_000  # in the report; in the file of all of them
FOLDER = "changes"  # beside the jobs' own: a file for each report that lists not all
_OWN = (
    "position",
    "key",
    "order_id",
    "retailer",
    "accepted_at",
    "planned",
    "distributor",
    "order_value",
    "currency",
    "barred",
    "own_limit",
)
_LOOK = 500  # orders between two words of progress

ChangedOrder = dict[str, Any]


def largest(
    connection: duckdb.DuckDBPyConnection, plan: Plan, dates: Dates, codes: str, most: int = LISTED
) -> list[ChangedOrder]:
    """The largest of the judged orders whose pair of verdicts is among `codes`, the largest first."""
    if not _choose(connection, codes, most):
        return []
    found = list(_read_chosen(connection, plan, dates))
    return [
        changed_order
        for _, changed_order in sorted(found, key=lambda each: (-cents_written(each[1]["value"]), each[0]))
    ]


def write_all(
    connection: duckdb.DuckDBPyConnection,
    plan: Plan,
    dates: Dates,
    codes: str,
    path: Path,
    progress: Callable[[float], None] = lambda share: None,
) -> None:
    """All of them, at most the MOST largest, into a file; by the policies that they meet, then as they came.

    `progress` is given the share that is written now and then, and stops it by raising.
    """
    total = _choose(connection, codes, MOST)
    encoder = msgspec.json.Encoder()
    with gzip.open(path, "wb", compresslevel=3) as file:
        for count, (_, changed_order) in enumerate(_read_chosen(connection, plan, dates)):
            if count % _LOOK == 0:
                progress(count / total)
            file.write(encoder.encode(changed_order) + b"\n")


def read_all(path: Path) -> Iterator[ChangedOrder] | None:
    """What was written at a path; None where nothing was, for the report lists them all. Raises OSError."""
    return _lines(path) if path.exists() else None


def _lines(path: Path) -> Iterator[ChangedOrder]:
    decoder = msgspec.json.Decoder()
    with gzip.open(path, "rb") as file:
        yield from map(decoder.decode, file)


def file_of(folder: Path, id: str) -> Path:
    """Where all the changed orders of a simulation lie, if its report lists not all; `folder` is that of jobs."""
    return folder / FOLDER / f"{id}.jsonl.gz"


def matching(
    changed_orders: Iterable[ChangedOrder], group: str, retailer: str, most: int = LISTED
) -> tuple[list[ChangedOrder], int]:
    """Those of a group whose retailer's name or id has `retailer` in it: the largest first, and how many there are.

    An empty word asks for nothing.
    """
    sought, count = retailer.casefold(), 0

    def found() -> Iterator[tuple[int, int, ChangedOrder]]:
        nonlocal count
        for changed_order in changed_orders:
            named = (changed_order["retailer"], changed_order["retailer_id"])
            if (not group or group in changed_order["groups"]) and any(sought in each.casefold() for each in named):
                count += 1
                yield cents_written(changed_order["value"]), -count, changed_order

    chosen = heapq.nlargest(most, found())
    return [changed_order for *_, changed_order in chosen], count


def _choose(connection: duckdb.DuckDBPyConnection, codes: str, most: int) -> int:
    """Put the positions of the largest into a table; how many they are."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE chosen AS SELECT position FROM judged "
        f"WHERE pair IN ({codes}) ORDER BY order_value DESC, position LIMIT {most}"
    )
    [(count,)] = connection.execute("SELECT count(*) FROM chosen").fetchall()
    return int(count)


def _read_chosen(connection: duckdb.DuckDBPyConnection, plan: Plan, dates: Dates) -> Iterator[tuple[int, ChangedOrder]]:
    """The chosen orders, by their positions."""
    columns, facts_of = facts_reader(plan.codes)
    asked = [*_OWN, f"{plan.pair_sql} AS pair", *columns]
    where = "position IN (SELECT position FROM chosen)"
    for row, lane, *masks in plan.masks(connection, asked, where, "ORDER BY position"):
        position, key, order_id, code, at, planned, distributor, value, currency, barred, own_limit, pair, *values = row
        retailer, moment = plan.codes.retailers[code], moment_of(at)
        named = None if currency is None else plan.codes.currencies[currency]
        own = () if barred is None else msgspec.json.decode(barred, type=tuple[Reason, ...])
        sides = {}
        for name, verdict, policy_side, mask, content in zip(
            ("before", "after"), plan.verdicts(pair), _policy_sides(lane), masks, (plan.before, plan.after), strict=True
        ):
            facts = with_limit(facts_of(values, policy_side.chain[:-1]), policy_side.judge.credit_limit)
            why = reasons_of(policy_side, mask, facts, named, plan.installation, own, own_limit)
            sides[name] = _side(verdict, why, dates.of(verdict, content, distributor, planned, moment))
        yield (
            position,
            {
                "order_id": order_id,
                "key": key,
                "retailer": retailer.name or retailer.id,
                "retailer_id": retailer.id,
                "groups": list(groups_of(lane)),
                "at": moment.isoformat(),
                "value": dollars(value),
                **sides,
            },
        )


def groups_of(lane: PolicyPair) -> tuple[str, ...]:
    """The groups that a lane's buyers count in, by the second content: Tous where they are in no other."""
    return lane.after.chain[:-1] or lane.after.chain


def _policy_sides(lane: PolicyPair) -> tuple[PolicySide, PolicySide]:
    return lane.before, lane.after


def _side(verdict: CodedVerdict, why: tuple[Reason, ...], due: DueDate | None) -> dict[str, Any]:
    return {
        "outcome": verdict.outcome.value,
        "reasons": [{"code": each.code, "message": {"fr": each.message.fr, "en": each.message.en}} for each in why],
        "issue": verdict.issue,
        "due_date": due.due_date.isoformat() if due and due.due_date else None,
    }


def reasons_of(
    policy_side: PolicySide,
    mask: int,
    facts: Any,
    currency: str | None,
    installation: Installation,
    own: tuple[Reason, ...] = (),
    has_own_limit: bool = False,
) -> tuple[Reason, ...]:
    """The reasons that `decide` gives for an order of this bitmask; `own` are those it gives itself to be held,
    `has_own_limit` says that its buyer has a credit limit of their own."""
    verdict = policy_side.judge.of_mask(mask)
    needs = needs_place(policy_side.judge.policy)
    barred = (
        *barred_for(currency, installation, policy_side.unknown_groups),
        *(reason for reason in own if reason.code != MISSING or needs),
        *(over_own_limit(policy_side.judge.policy, facts) if has_own_limit else ()),
    )
    return reasons(verdict, settled(verdict.outcome, barred), barred, facts)

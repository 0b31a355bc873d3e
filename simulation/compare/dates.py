"""Due dates and expected cash: one sum, by `houblon.engine.policy.terms`, for all orders that share what it is made of."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import msgspec

from houblon.engine.policy.decision import Outcome
from houblon.engine.policy.terms import DueDate, due_date
from houblon.rules.model.content import Content
from houblon.simulation.compare.query import Plan
from houblon.simulation.compare.verdicts import CodedVerdict

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Due(msgspec.Struct, frozen=True):
    """Orders alike: their pair of verdicts, how many, their cents, and when each side is due."""

    pair: int
    count: int
    cents: int
    before: DueDate | None
    after: DueDate | None


def moment_of(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


class Dates:
    """The due dates of a plan's orders; equal ones are summed once."""

    def __init__(self, plan: Plan):
        self.plan = plan
        self._known: dict[Any, DueDate] = {}

    def of(
        self, verdict: CodedVerdict, content: Content, distributor: int | None, planned: date | None, at: datetime
    ) -> DueDate | None:
        """When an accepted order is due; None for one that is not accepted."""
        if verdict.outcome is not Outcome.ACCEPTED or verdict.terms is None:
            return None
        cycle = content.cycle_of(self._name(distributor))
        key = (verdict.terms, content.version, cycle and cycle.id, planned, at)
        if key not in self._known:
            zone = str(self.plan.installation.zone)
            self._known[key] = due_date(verdict.terms, at, zone, planned_delivery=planned, cycle=cycle)
        return self._known[key]

    def _name(self, distributor: int | None) -> str:
        return "" if distributor is None else self.plan.codes.selects["distributor"][distributor]

    def grouped(self, connection: duckdb.DuckDBPyConnection) -> Iterator[Due]:
        """The judged orders, gathered by all that their due dates are made of."""
        timed = [
            str(code)
            for code, name in enumerate(self.plan.codes.selects["distributor"])
            for content in (self.plan.before, self.plan.after)
            if (cycle := content.cycle_of(name)) is not None and cycle.cut_off is not None
        ]
        # Within a day only a cut-off can tell two acceptances apart.
        exact = f"CASE WHEN distributor IN ({', '.join(timed)}) THEN accepted_at END" if timed else "NULL"
        rows = connection.execute(
            f"SELECT pair, distributor, planned, day, {exact} AS exact, min(accepted_at), count(*), sum(order_value) "
            "FROM judged GROUP BY ALL"
        ).fetchall()
        for pair, distributor, planned, _day, _exact, at, count, cents in rows:
            both = self.plan.verdicts(pair)
            dues = [
                self.of(verdict, content, distributor, planned, moment_of(at))
                for verdict, content in zip(both, (self.plan.before, self.plan.after), strict=True)
            ]
            yield Due(pair, count, int(cents), *dues)


def shifts(dues: list[Due]) -> list[tuple[int, int, int]]:
    """`(days, orders, cents)` of orders accepted by both whose due date moves, the earliest first."""
    found: dict[int, list[int]] = {}
    for each in dues:
        if each.before and each.after and each.before.due_date and each.after.due_date:
            total = found.setdefault((each.after.due_date - each.before.due_date).days, [0, 0])
            total[0] += each.count
            total[1] += each.cents
    return [(days, count, cents) for days, (count, cents) in sorted(found.items())]


def cash_by_week(dues: list[Due]) -> list[tuple[date, int, int]]:
    """`(Monday, cents before, cents after)` of what accepted orders are due in each week."""
    before: Counter[date] = Counter()
    after: Counter[date] = Counter()
    for each in dues:
        for due, weeks in ((each.before, before), (each.after, after)):
            if due and due.due_date:
                weeks[due.due_date - timedelta(due.due_date.weekday())] += each.cents
    return [(week, before[week], after[week]) for week in sorted({*before, *after})]

"""What a cycle would give: the next deliveries, the last moment for each, and what their invoices' terms make of it."""

from collections.abc import Mapping
from datetime import date, datetime

import msgspec

from houblon.engine.core.problem import Problem, Text, problem
from houblon.engine.policy.terms import Terms, due_date, parse_terms, terms_sentence
from houblon.engine.schedule.calendar import Cycle, Delivery, coming, cut_off_of, local_day, next_after
from houblon.rules.model.content import Content

COUNT = 10
_COLUMNS = 3


class Column(msgspec.Struct, frozen=True):
    """Terms that groups have, with the names of those groups."""

    terms: Terms
    label: Text
    groups: tuple[str, ...]


class PlannedDelivery(msgspec.Struct, frozen=True):
    """One delivery, the last moment to accept an order for it, and its due date by each column's terms."""

    delivery: Delivery
    cut_off: datetime | None
    due: tuple[date, ...]


class Preview(msgspec.Struct, frozen=True):
    """The next deliveries after today; `doubts` are exceptions that change nothing."""

    columns: tuple[Column, ...]
    deliveries: tuple[PlannedDelivery, ...]
    doubts: tuple[Problem, ...]


def foresee(cycle: Cycle, content: Content, now: datetime, zone: str) -> Preview:
    """The next deliveries strictly after today, in the installation's zone, with the terms that groups have."""
    today, columns = local_day(now, zone), _columns(content)
    found = tuple(
        PlannedDelivery(
            each, cut_off_of(cycle, each.day), tuple(_due(column.terms, now, zone, each.day) for column in columns)
        )
        for each in coming(cycle, today, COUNT)
    )
    return Preview(columns, found, _doubts(cycle, today))


def _due(terms: Terms, now: datetime, zone: str, day: date) -> date:
    found = due_date(terms, now, zone, planned_delivery=day).due_date
    assert found is not None  # columns have terms with a due date
    return found


def _columns(content: Content) -> tuple[Column, ...]:
    """Every group's own terms that end on a day, Tous first."""
    stated: dict[Terms, list[str]] = {}
    for group in reversed(content.ranked()):
        document = group.settings.get("invoicing.terms")
        if isinstance(document, Mapping) and document["kind"] != "other":
            stated.setdefault(parse_terms(document), []).append(group.name)
    columns = [Column(terms, terms_sentence(terms), tuple(names)) for terms, names in stated.items()]
    return tuple(columns[:_COLUMNS])


def _doubts(cycle: Cycle, today: date) -> tuple[Problem, ...]:
    """Skipped days on which nothing would come anyway."""
    whole = msgspec.structs.replace(cycle, exdates=(), rdates=(), holidays="ignore")
    late = [day for day in cycle.exdates if day > today][:50]
    return tuple(
        problem(
            "no_delivery",
            "/exdates",
            f"Rien n’est prévu le {day.isoformat()}\u00a0: le sauter ne change rien.",
            f"Nothing is planned on {day.isoformat()}: skipping it changes nothing.",
        )
        for day in late
        if day not in cycle.rdates and next_after(whole, date.fromordinal(day.toordinal() - 1)) != day
    )

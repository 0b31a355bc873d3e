"""Aperçu: what runs by itself, and what waits."""

from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, render_template
from sqlalchemy import Connection

from houblon.engine.core.problem import Problem
from houblon.engine.schedule.calendar import deliveries
from houblon.orders.events.endpoints import list_endpoints
from houblon.orders.handling import sender_news
from houblon.orders.intake import refused_calls
from houblon.orders.queries import lists
from houblon.orders.queries.held import held_orders
from houblon.rules.checks.checks import scenario_faults
from houblon.rules.model.content import Content
from houblon.rules.model.proposal import Proposal
from houblon.web.access.auth import author
from houblon.web.access.authorization import may
from houblon.web.drafts import planned
from houblon.web.foundation.current_app import house

blueprint = Blueprint("overview", __name__)
_WEEKS = 13


@blueprint.get("/")
def show() -> str:
    services, now = house().services, house().now()
    day = now.astimezone(services.installation.zone).date()
    with services.ledger.reading() as connection:
        found = figures(connection, now)
        held = held_orders(connection, limit=5)
        silent = [each for each in list_endpoints(connection) if each.active and each.rests]
    store = house().store
    version = store.in_force(now)
    return render_template(
        "overview.html",
        **found,
        weeks=_WEEKS,
        held=held,
        silent=silent,
        version=version,
        begins=version.number == 1 and not found["unpaid"].count and not held,
        planned=store.history().scheduled(),
        to_approve=_to_approve() if may("approve") else [],
        fallen=planned.fallen(store.history()),
        broken=_broken(store.content(version.number)),
        coming=_coming(store.content(version.number).cycles.values(), day),
    )


def figures(connection: Connection, now: datetime) -> dict[str, Any]:
    """What is counted, as of `now`."""
    zone = house().services.installation.zone
    day = now.astimezone(zone).date()
    today = datetime.combine(day, time(), zone)
    week = datetime.combine(day - timedelta(days=day.weekday()), time(), zone)
    return {
        "automatic": lists.automatic_percent(connection, since=now - timedelta(weeks=_WEEKS)),
        "today": _accepted(connection, today),
        "week": _accepted(connection, week),
        "unpaid": lists.receivable(connection),
        "overdue": lists.receivable(connection, due_before=day),
        "invoiced": lists.receivable(connection, since=week),
        "messages": lists.count_messages(connection),
        "waiting": lists.count_held(connection),
        "refused_calls": refused_calls.count_waiting(connection),
        "called_off_orders": sender_news.waiting(connection),
    }


def _to_approve() -> list[Proposal]:
    return planned.to_approve(house().store.history(), author(), is_required=house().profile.approval)


def _broken(content: Content) -> list[Problem]:
    """Scenarios that do not get their decision: somebody was moved, or it was so from the start."""
    return list(scenario_faults(content, house().check_context)) if content.scenarios else []


def _accepted(connection: Connection, since: datetime) -> tuple[int, int]:
    """How many orders received since then are accepted, delivered or not, and the cents they come to."""
    found = lists.count_orders(connection, since)
    kept = [found.get(state, (0, 0)) for state in ("accepted", "delivered")]
    return sum(count for count, _cents in kept), sum(cents for _count, cents in kept)


def _coming(cycles: Any, day: date) -> list[tuple[date, str]]:
    """The next few deliveries of all cycles, the soonest first."""
    return sorted((each, cycle.name) for cycle in cycles for each in deliveries(cycle, day, 2))[:4]

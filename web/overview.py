"""Aperçu: what runs by itself, and what waits."""

from datetime import datetime, time, timedelta

from flask import Blueprint, render_template

from engine.calendar import deliveries
from orders import queries
from web.open import house

blueprint = Blueprint("overview", __name__)


@blueprint.get("/")
def show() -> str:
    desk, now = house().desk, house().now()
    zone = desk.installation.zone
    today = datetime.combine(now.astimezone(zone).date(), time(), zone)
    with desk.ledger.reading() as connection:
        automatic = queries.automatic_percent(connection, since=now - timedelta(days=91))
        day = queries.count_orders(connection, since=today)
        week = queries.count_orders(connection, since=today - timedelta(days=today.weekday()))
        messages = queries.count_messages(connection)
        held = queries.held_orders(connection, limit=5)
        waiting = queries.count_held(connection)
    version = house().store.in_force(now)
    cycles = house().store.content(version.number).cycles.values()
    coming = sorted(
        (date, cycle.name) for cycle in cycles for date in deliveries(cycle, now.astimezone(zone).date(), 2)
    )
    return render_template(
        "overview.html",
        automatic=automatic,
        day=day,
        week=week,
        messages=messages,
        held=held,
        waiting=waiting,
        version=version,
        coming=coming[:4],
    )

"""`/overview`: the figures of the first page; `/audit`: who did what; what differs between two versions."""

from typing import Any

from flask import Response

from houblon.engine.core.money import dollars
from houblon.orders.queries.lists import Receivable
from houblon.orders.records.audit_search import Search, search
from houblon.rules.model.changes import changes
from houblon.rules.store.documents import UnknownVersion
from houblon.web.api.blueprint import not_found, operation
from houblon.web.api.bodies import ByKey, Query, bound, text, whole
from houblon.web.api.proposals import statement_document
from houblon.web.api.rooms.bounds import beginning_of
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import json_response
from houblon.web.foundation.paging import linked, page
from houblon.web.orders.overview import figures

_ENTRY = ("key", "at", "who", "source", "act", "subject", "before", "after", "previous", "hash")


class AuditListing(ByKey):
    """`who`, `act` and `subject` are whole; `since` and `until` (excluded) bound when it was done."""

    who = text(320, load_default="")
    act = text(60, load_default="")
    subject = text(300, load_default="")
    since = bound()
    until = bound()


class VersionBeside(Query):
    """The version that the first one is compared with."""

    to = whole(1, 1_000_000, required=True)


@operation("GET", "/overview", scope="read", room="Overview", answer="Overview")
def get_overview() -> Response:
    """What runs by itself, and what waits"""
    with house().services.ledger.reading() as connection:
        found = figures(connection, house().now())
    counts = found["messages"]
    return json_response(
        {
            "version": house().store.in_force(house().now()).number,
            "automatic_percent": found["automatic"],
            "waiting": found["waiting"],
            "refused_calls": found["refused_calls"],
            "called_off_orders": len(found["called_off_orders"]),
            **{name: {"orders": found[name][0], "value": dollars(found[name][1])} for name in ("today", "week")},
            **{name: _owed(found[name]) for name in ("unpaid", "overdue", "invoiced")},
            "messages": {state: counts.get(state, 0) for state in ("pending", "parked")},
        }
    )


@operation("GET", "/audit", scope="read", room="Audit", answer="AuditEntries", query=AuditListing)
def list_audit_entries(asked: dict[str, Any]) -> Response:
    """The audit log, the newest first"""
    since, until = beginning_of(asked.get("since")), beginning_of(asked.get("until"))
    wanted = Search(asked["who"], asked["act"], asked["subject"], since, until)
    with house().services.ledger.reading() as connection:
        found = search(connection, wanted, asked.get("after"), asked["limit"] + 1)
    shown, after = page(found, asked["limit"], lambda row: row.key)
    return linked(json_response({"items": [{name: getattr(row, name) for name in _ENTRY} for row in shown]}), after)


@operation(
    "GET",
    "/versions/<int:number>/diff",
    scope="read",
    room="Versions",
    answer="VersionComparison",
    query=VersionBeside,
    faults=(404,),
)
def compare_versions(asked: dict[str, Any], number: int) -> Response:
    """Every statement that differs between a version and another one"""
    store, after = house().store, asked["to"]
    try:
        found = changes(store.content(number), store.content(after))
    except UnknownVersion:
        not_found()
    items = [statement_document(each, before=each.before, after=each.after) for each in found]
    return json_response({"before": number, "after": after, "items": items})


def _owed(found: Receivable) -> dict[str, Any]:
    return {"count": found.count, "amount": dollars(found.amount)}

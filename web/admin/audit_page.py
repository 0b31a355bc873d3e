"""Journal: who did what, when, from where, before and after; whether the chain is whole; all of it to keep."""

from datetime import date, datetime, time, timedelta
from typing import Any

import msgspec
from flask import Blueprint, Response, flash, redirect, render_template, request, stream_with_context, url_for
from flask_babel import gettext as _

from houblon.orders.records.audit_search import (
    Search,
    check_chain,
    count_since,
    keep_verification,
    known_acts,
    last_verification,
    lines,
    search,
)
from houblon.web.access.auth import author
from houblon.web.admin.audit_text import act_text, differences
from houblon.web.foundation.current_app import house
from houblon.web.foundation.paging import asked_before, page

blueprint = Blueprint("journal", __name__, url_prefix="/journal")
PAGE = 50
_FIELDS = ("qui", "acte", "sujet", "du", "au")


@blueprint.get("")
def index() -> str:
    asked, faults = _asked()
    content = house().store.content(house().store.newest().number)
    zone = house().services.installation.zone
    with house().services.ledger.reading() as connection:
        found, more = page(search(connection, asked, asked_before(), PAGE + 1), PAGE, lambda row: row.key)
        acts, verified = known_acts(connection), last_verification(connection)
        since = count_since(connection, verified._mapping["count"] if verified else 0)
    return render_template(
        "journal.html",
        entries=[(row, differences(row.before, row.after, zone, content), _json(row)) for row in found],
        act_text=act_text,
        acts=acts,
        verified=verified,
        since=since,
        typed={name: request.args.get(name, "") for name in _FIELDS},
        filters=_filters(),
        faults=faults,
        more=more,
    )


@blueprint.post("/verifier")
def verify() -> Any:
    """Recompute the whole chain, and keep what was found."""
    by, at = author(), house().now()
    with house().services.ledger.reading() as connection:
        found = check_chain(connection)
    house().services.ledger.write(lambda connection: keep_verification(connection, found, by, at))
    if found.broken_at is None:
        flash(_("Les %(count)s entrées se suivent.", count=found.count), "accepted")
    else:
        flash(_("Le journal ne se suit plus à l’entrée %(key)s.", key=found.broken_at), "refused")
    return redirect(url_for("journal.index"))


@blueprint.get("/export")
def export() -> Response:
    """Every entry that answers the filters, one JSON document a line."""
    asked, _faults = _asked()
    ledger = house().services.ledger

    def all_lines() -> Any:
        with ledger.reading() as connection:
            yield from lines(connection, asked)

    headers = {"Content-Disposition": 'attachment; filename="journal.jsonl"'}
    return Response(stream_with_context(all_lines()), headers=headers, mimetype="application/x-ndjson")


def _asked() -> tuple[Search, list[str]]:
    """What the filters ask, in the installation's days; a day that can't be read asks nothing and is told."""
    faults: list[str] = []
    zone = house().services.installation.zone

    def day(name: str) -> datetime | None:
        text = request.args.get(name, "")
        try:
            return datetime.combine(date.fromisoformat(text), time(), zone) if text else None
        except ValueError:
            faults.append(_("« %(text)s » n’est pas une date : écrivez-la comme 2021-05-12.", text=text[:40]))
            return None

    since, until = day("du"), day("au")
    qui, acte, sujet = (request.args.get(name, "").strip()[:300] for name in ("qui", "acte", "sujet"))
    return Search(qui, acte, sujet, since, until + timedelta(days=1) if until else None), faults


def _filters() -> dict[str, str]:
    """The filters that are set, for links that keep them."""
    return {name: request.args[name] for name in _FIELDS if request.args.get(name)}


def _json(row: Any) -> str:
    document = {"before": row.before, "after": row.after, "previous": row.previous, "hash": row.hash}
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()

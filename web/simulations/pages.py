"""Simulations: a proposal or a version over the orders of the past; begun, followed, cancelled, read."""

import secrets
import threading
import time
from datetime import date
from typing import Any

import msgspec
from flask import (
    Blueprint,
    Flask,
    abort,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from sqlalchemy import Row

from houblon.engine.core.problem import Invalid, Text
from houblon.rules.model.proposal import OPEN, SCHEDULED
from houblon.simulation.compare.changed_orders import file_of, read_all
from houblon.simulation.facts.ledger_orders import count_between
from houblon.simulation.jobs import jobs, retention
from houblon.simulation.jobs.simulation import Asked
from houblon.web.access.auth import author
from houblon.web.foundation.current_app import house
from houblon.web.foundation.paging import row_key
from houblon.web.simulations import periods
from houblon.web.simulations.view import Sought, report_view, sentences

blueprint = Blueprint("simulations", __name__, url_prefix="/simulations")
DRAFT = "brouillon:"
_BELL = "houblon.simulations"
_FORMATS = (("CSV", "csv"), ("Excel", "xlsx"), ("JSON", "json"))
# A small simulation is over before its page is asked for; a larger one shows how far it is.
PATIENCE = 0.8
VERSIONS = 50


def bell_of(app: Flask) -> threading.Event:
    """What wakes the app's worker: it is rung when a simulation is begun."""
    bell: threading.Event = app.extensions.setdefault(_BELL, threading.Event())
    return bell


@blueprint.get("")
def index() -> str:
    """What was simulated lately, and the form to begin another."""
    draft = request.args.get("brouillon")
    return _listed({"quoi": f"{DRAFT}{draft}"} if draft else {})


@blueprint.post("")
def start() -> Any:
    try:
        id = begin(_asked(request.form))
    except Invalid as invalid:
        return _listed(request.form, invalid.problems), 422
    return redirect(url_for("simulations.show", id=id), 303)


@blueprint.get("/<id>")
def show(id: str) -> Any:
    """How far it is, why it stopped, or its report; a request of htmx gets the progress alone."""
    row = _row(id)
    if row.state != jobs.DONE or "HX-Request" in request.headers:
        return _progress(row)
    with house().services.ledger.reading() as connection:
        document = jobs.result(connection, id)
    if document is None:  # it was removed between the two
        abort(404)
    sought = Sought(request.args.get("groupe", ""), request.args.get("detaillant", "").strip())
    return render_template(
        "simulations/show.html",
        row=row,
        subject=subject_of(row),
        view=report_view(
            document,
            request.args.get("page", 1, type=row_key),
            _groups(),
            sought,
            read_all(file_of(house().settings.data / jobs.FOLDER, id)),
        ),
        exports=_exports(id),
    )


@blueprint.post("/<id>/annuler")
def cancel(id: str) -> Any:
    _row(id)
    if not jobs.cancel(house().services, id):
        flash(_("Elle était déjà terminée."), "")
    return redirect(url_for("simulations.show", id=id), 303)


@blueprint.post("/<id>/relancer")
def again(id: str) -> Any:
    """Begin another one of the same question."""
    row = _row(id)
    if row.asked.get("file") is not None:
        flash(_("Le fichier n’est plus là : choisissez-le de nouveau."), "")
        return redirect(url_for("simulation_files.upload", quoi=_tried_in(row), contre=row.asked["against"] or ""), 303)
    try:
        made = begin(msgspec.convert(row.asked, Asked))
    except Invalid as invalid:
        return _listed({}, invalid.problems), 422
    return redirect(url_for("simulations.show", id=made), 303)


def _tried_in(row: Row[Any]) -> str:
    """What was tried, as the forms' list has it."""
    return f"{DRAFT}{row.asked['proposal']}" if row.asked["proposal"] else str(row.asked["version"] or "")


def begin(asked: Asked, id: str | None = None) -> str:
    """Begin it, and wait a moment: most are over before one could look. Raises Invalid.

    The `id` is that of the upload whose orders it simulates; another one is made for those of the ledger.
    """
    id = id or secrets.token_hex(6)
    services = house().services
    jobs.start(services, asked, id=id, by=author(), at=house().now())
    bell_of(current_app).set()
    patience = time.monotonic() + PATIENCE
    while time.monotonic() < patience:
        with services.ledger.reading() as connection:
            row = jobs.status(connection, id)
        if row is not None and row.state in jobs.OVER:
            break
        time.sleep(0.02)
    return id


def _asked(form: Any) -> Asked:
    """What the form asks. Raises Invalid."""
    since, until = periods.asked(form, _today()).instants(house().services.installation.zone)
    return msgspec.structs.replace(tried(form), since=since, until=until)


def tried(form: Any) -> Asked:
    """What a form tries, and against what."""
    what, against = form.get("quoi", ""), form.get("contre", "")
    return Asked(
        proposal=what.removeprefix(DRAFT) if what.startswith(DRAFT) else None,
        version=int(what) if what.isdecimal() else None,
        against=int(against) if against.isdecimal() else None,
    )


def choices() -> dict[str, Any]:
    """What may be tried: drafts, the latest first, and versions."""
    store = house().store
    drafts = [each for each in store.history().proposals.values() if each.state in (OPEN, SCHEDULED)]
    return {
        "drafts": sorted(drafts, key=lambda each: each.changed_at, reverse=True),
        "versions": list(reversed(store.versions()))[:VERSIONS],
    }


def _progress(row: Row[Any]) -> Any:
    if "HX-Request" not in request.headers:
        return render_template("simulations/progress.html", row=row, subject=subject_of(row))
    answer = make_response(render_template("simulations/progress_part.html", row=row))
    if row.state in jobs.OVER:
        answer.headers["HX-Refresh"] = "true"
    return answer


def _listed(typed: Any, problems: Any = ()) -> str:
    zone = house().services.installation.zone
    with house().services.ledger.reading() as connection:
        rows = jobs.recent(connection)
        counts = {
            choice: count_between(connection, *periods.chosen(choice, _today()).instants(zone))
            for choice in periods.CHOICES
        }
    return render_template(
        "simulations/index.html",
        rows=[(row, subject_of(row), row.summary and sentences(row.summary)[0]) for row in rows],
        **choices(),
        draft_prefix=DRAFT,
        kept_for=retention,
        counts=counts,
        quarter=periods.chosen(periods.QUARTER, _today()),
        typed=typed,
        problems=problems,
    )


class Subject(msgspec.Struct, frozen=True):
    """What a simulation is about: what is tried (a `kind` and its `name`), compared with what, over which orders.

    They are those of a `file`, by its name, or those received in a period.
    """

    what: Text
    kind: Text
    name: Text
    against: Text
    proposal: str | None
    period: periods.Period
    file: str | None = None


def subject_of(row: Row[Any]) -> Subject:
    asked = msgspec.convert(row.asked, Asked)
    history = house().store.history()
    if asked.proposal:
        found = history.proposals.get(asked.proposal)
        name = found.name if found else asked.proposal
        quoted = Text(f"« {name} »", f"“{name}”")
        what, kind = Text(f"Brouillon {quoted.fr}", f"Draft {quoted.en}"), Text("Brouillon", "Draft")
    else:
        what = quoted = kind = _version(asked.version)
    against = _version(asked.against) if asked.against else Text("en vigueur", "in force")
    period = periods.period_of(asked.since, asked.until, house().services.installation.zone)
    proposal = asked.proposal if asked.proposal in history.proposals else None
    return Subject(what, kind, quoted, against, proposal, period, asked.file)


def _version(number: int | None) -> Text:
    return Text(f"Version {number}", f"Version {number}") if number else Text("Dernière version", "Newest version")


def _exports(id: str) -> list[tuple[str, str]]:
    """Where the report is had as a file: names and addresses."""
    return [(name, url_for("simulation_files.export", id=id, kind=kind)) for name, kind in _FORMATS]


def _groups() -> dict[str, str]:
    """The names of groups, by their ids."""
    store = house().store
    return {id: group.name for id, group in store.content(store.newest().number).groups.items()}


def _row(id: str) -> Row[Any]:
    with house().services.ledger.reading() as connection:
        return jobs.status(connection, id) or abort(404)


def _today() -> date:
    return house().now().astimezone(house().services.installation.zone).date()

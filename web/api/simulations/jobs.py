"""`/simulations`: what a proposal or a version would have done over the ledger's orders, worked in the background."""

import secrets
from typing import Any

from flask import Response, current_app, url_for
from sqlalchemy import Connection, Row

from houblon.engine.core.problem import refuse
from houblon.orders.services import Conflict
from houblon.simulation.compare.changed_orders import file_of, read_all
from houblon.simulation.jobs import jobs
from houblon.simulation.jobs.simulation import Asked
from houblon.simulation.report.exports import TYPES, exported
from houblon.web.api.blueprint import not_found, operation
from houblon.web.api.etags import tagged
from houblon.web.api.keys import caller
from houblon.web.api.simulations.bodies import NewSimulation, SimulationListing
from houblon.web.api.simulations.files import reading_asked
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import json_response, spoken
from houblon.web.foundation.paging import linked, page
from houblon.web.simulations.pages import bell_of


@operation("GET", "/simulations", scope="read", room="Simulations", answer="Simulations", query=SimulationListing)
def list_simulations(asked: dict[str, Any]) -> Response:
    """Simulations, the newest first"""
    with house().services.ledger.reading() as connection:
        after = _row(connection, asked["after"]) if "after" in asked else None
        found = jobs.recent(connection, asked["limit"] + 1, after)
    shown, last = page(found, asked["limit"], lambda row: row.id)
    return linked(json_response({"items": [_document(row) for row in shown]}), last)


@operation(
    "POST",
    "/simulations",
    scope="write",
    room="Simulations",
    answer="Simulation",
    status=202,
    body=NewSimulation,
)
def start_simulation(asked: dict[str, Any]) -> Response:
    """Begin a simulation

    A worker takes it up; its address tells how far it is. That of a file has the file's id.
    """
    if ("proposal" in asked) == ("version" in asked):
        raise refuse("choice", "", "Donnez un brouillon ou une version.", "Give either a proposal or a version.")
    id, given = asked.pop("file", None), asked.pop("reading", None)
    if id is not None:
        asked["reading"], asked["file"] = reading_asked(id, given)
    elif given is not None:
        raise refuse("required", "/file", "Dites de quel fichier.", "Say of which file.")
    id = id or secrets.token_hex(8)
    jobs.start(house().services, Asked(**asked), id=id, by=caller(), at=house().now())
    bell_of(current_app).set()
    response = _shown(id)
    response.status_code = 202
    response.headers["Location"] = url_for("api.get_simulation", id=id)
    return response


@operation("GET", "/simulations/<id>", scope="read", room="Simulations", answer="Simulation", faults=(404,))
def get_simulation(id: str) -> Response:
    """How far a simulation is"""
    return _shown(id)


@operation(
    "GET",
    "/simulations/<id>/report",
    scope="read",
    room="Simulations",
    answer="SimulationReport",
    faults=(404, 409),
    etag=True,
)
def get_simulation_report(id: str) -> Response:
    """The report of a simulation that is done; 409 while there is none"""
    row, report = _report(id)
    return tagged(json_response(report), row.report_hash)


@operation(
    "GET",
    "/simulations/<id>/report.xlsx",
    scope="read",
    room="Simulations",
    answer="Workbook",
    faults=(404, 409),
    media=TYPES["xlsx"],
)
def get_simulation_workbook(id: str) -> Response:
    """The report as a workbook: every table of it, in the language that the caller reads"""
    return _exported(id, "xlsx")


@operation(
    "GET",
    "/simulations/<id>/report.csv",
    scope="read",
    room="Simulations",
    answer="Csv",
    faults=(404, 409),
    media=TYPES["csv"],
)
def get_simulation_csv(id: str) -> Response:
    """The orders that change, all of them, as CSV in the language that the caller reads"""
    return _exported(id, "csv")


@operation("POST", "/simulations/<id>/cancel", scope="write", room="Simulations", answer="Simulation", faults=(404,))
def cancel_simulation(id: str) -> Response:
    """Stop a simulation that waits or runs"""
    with house().services.ledger.reading() as connection:
        _row(connection, id)
    if not jobs.cancel(house().services, id):
        raise Conflict("over", "Cette simulation est déjà terminée.", "This simulation is over already.")
    return _shown(id)


def _report(id: str) -> tuple[Row[Any], dict[str, Any]]:
    with house().services.ledger.reading() as connection:
        row = _row(connection, id)
        report = jobs.result(connection, id)
    if report is None:
        raise Conflict("not_done", "Cette simulation n’a pas de rapport.", "This simulation has no report.")
    return row, report


def _exported(id: str, kind: str) -> Response:
    _, report = _report(id)
    changed_orders = read_all(file_of(house().settings.data / jobs.FOLDER, id))
    body = exported(report, kind, spoken(), house().services.installation.zone, house().now(), changed_orders)
    headers = {"Content-Disposition": f'attachment; filename="simulation-{id}.{kind}"'}
    return Response(body, headers=headers, content_type=TYPES[kind])


def _row(connection: Connection, id: str) -> Row[Any]:
    return jobs.status(connection, id) or not_found()


def _shown(id: str) -> Response:
    with house().services.ledger.reading() as connection:
        return json_response(_document(_row(connection, id)))


def _document(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        # What was asked before files were, says nothing of them.
        "asked": {"reading": None, "file": None, **row.asked},
        "state": row.state,
        "progress": row.progress,
        "by": row.by,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
        "report_hash": row.report_hash,
        "errors": [_fault(each) for each in row.error or ()],
    }


def _fault(kept: dict[str, Any]) -> dict[str, Any]:
    said = kept["message"]
    return {**kept, "message": said if isinstance(said, str) else said[spoken()]}

"""`/simulations`: what a proposal or a version would have done over the ledger's orders, worked in the background."""

import secrets
from typing import Any

from flask import Response, url_for
from sqlalchemy import Connection, Row

from houblon.engine.core.problem import refuse
from houblon.orders.services import Conflict
from houblon.simulation.jobs import jobs
from houblon.simulation.jobs.simulation import Asked
from houblon.web.api.blueprint import not_found, operation
from houblon.web.api.bodies import NewSimulation, SimulationListing
from houblon.web.api.etags import tagged
from houblon.web.api.keys import caller
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import json_response, spoken
from houblon.web.foundation.paging import linked, page


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

    A worker takes it up; its address tells how far it is.
    """
    if ("proposal" in asked) == ("version" in asked):
        raise refuse("choice", "", "Donnez un brouillon ou une version.", "Give either a proposal or a version.")
    id = secrets.token_hex(8)
    jobs.start(house().services, Asked(**asked), id=id, by=caller(), at=house().now())
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
    with house().services.ledger.reading() as connection:
        row = _row(connection, id)
        report = jobs.result(connection, id)
    if report is None:
        raise Conflict("not_done", "Cette simulation n’a pas de rapport.", "This simulation has no report.")
    return tagged(json_response(report), row.report_hash)


@operation("POST", "/simulations/<id>/cancel", scope="write", room="Simulations", answer="Simulation", faults=(404,))
def cancel_simulation(id: str) -> Response:
    """Stop a simulation that waits or runs"""
    with house().services.ledger.reading() as connection:
        _row(connection, id)
    if not jobs.cancel(house().services, id):
        raise Conflict("over", "Cette simulation est déjà terminée.", "This simulation is over already.")
    return _shown(id)


def _row(connection: Connection, id: str) -> Row[Any]:
    return jobs.status(connection, id) or not_found()


def _shown(id: str) -> Response:
    with house().services.ledger.reading() as connection:
        return json_response(_document(_row(connection, id)))


def _document(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "asked": row.asked,
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

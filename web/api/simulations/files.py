"""`/simulations/files`: orders that come as a file, read and shown before they are simulated, as on the page."""

import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from flask import Response, request

from houblon.engine.core.money import dollars
from houblon.engine.core.problem import Faults, Invalid, Problem
from houblon.simulation.files.guard import ORDERS
from houblon.simulation.files.preview import Preview, read_preview
from houblon.simulation.files.reading import Reading, check_reading
from houblon.simulation.files.source import gone, names_in, reading_of
from houblon.simulation.files.upload import Upload, open_upload, receive
from houblon.simulation.jobs import jobs
from houblon.web.api.blueprint import not_found, operation
from houblon.web.api.keys import caller
from houblon.web.api.simulations.bodies import FileName, FileRead
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import json_response, spoken
from houblon.web.retailers.membership_effect import content_in_force

_FAULTS_SHOWN = 20
_BODY = {
    "required": True,
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}


@operation(
    "POST",
    "/simulations/files",
    scope="write",
    room="Simulations",
    answer="OrdersFile",
    status=201,
    query=FileName,
    request_body=_BODY,
)
def upload_orders_file(asked: dict[str, Any]) -> Response:
    """Send a file of orders: CSV, XLSX, JSON Lines or Parquet

    The body is the file itself, at most 25 MB: a longer one is refused before it is read. What it is shows in its first
    bytes. It is kept for an hour; a simulation takes it by its id.
    """
    id, body = secrets.token_hex(12), request.get_data()
    receive(iter((body,)), asked["name"], folder_of(id), by=caller(), at=house().now())
    found = _mine(id)
    return json_response(_document(id, found, _guessed(id, found)), 201)


@operation(
    "POST",
    "/simulations/files/<id>/reading",
    scope="write",
    room="Simulations",
    answer="OrdersFile",
    body=FileRead,
    faults=(404,),
)
def read_orders_file(asked: dict[str, Any], id: str) -> Response:
    """See how a file that was sent is understood by another reading"""
    return json_response(_document(id, _mine(id), Reading(**asked["reading"])))


def reading_asked(id: str, given: dict[str, Any] | None) -> tuple[Reading, str]:
    """How the file of a simulation is to be read, and its name. Raises Invalid where it is not there, or not so."""
    faults = Faults()
    with faults.gather():
        found = _upload(id)
        with house().services.ledger.reading() as connection:
            is_begun = jobs.status(connection, id) is not None
        if found is None or is_begun:
            raise gone()
    faults.raise_if_any()
    assert found is not None
    reading = _guessed(id, found) if given is None else Reading(**given)
    with faults.gather("/reading"):
        _check(found, reading)
    faults.raise_if_any()
    return reading, found.name


def folder_of(id: str) -> Path:
    """Where a file's rows lie."""
    return house().settings.data / jobs.FOLDER / id


def _upload(id: str) -> Upload | None:
    """The file of this id, if this key sent it and it is still there."""
    found = open_upload(folder_of(id)) if id.isascii() and id.isalnum() else None
    return found if found is not None and found.by == caller() else None


def _mine(id: str) -> Upload:
    return _upload(id) or not_found()


def _guessed(id: str, found: Upload) -> Reading:
    return reading_of(house().services, found, folder_of(id), house().now())


def _check(found: Upload, reading: Reading) -> None:
    if found.found.kind != ORDERS:
        check_reading(reading, found.found.width)


def _document(id: str, found: Upload, reading: Reading) -> dict[str, Any]:
    problems: tuple[Problem, ...] = ()
    preview = None
    try:
        _check(found, reading)
        preview = _preview(id, found, reading)
    except Invalid as invalid:
        problems = tuple(each.under("/reading") for each in invalid.problems)
    return {
        "id": id,
        "name": found.name,
        "kind": found.found.kind,
        "hash": found.hash,
        "rows": found.found.rows,
        "header": found.header,
        "reading": msgspec.to_builtins(reading),
        "errors": _errors(problems),
        "preview": preview and _preview_document(preview),
    }


def _preview(id: str, found: Upload, reading: Reading) -> Preview:
    services = house().services
    with services.ledger.reading() as connection:
        names = names_in(connection, (content_in_force(),), services.installation.zone, house().everyone(connection))
    return read_preview(found, folder_of(id), reading, names)


def _preview_document(preview: Preview) -> dict[str, Any]:
    return {
        "rows": preview.rows,
        "orders": preview.orders,
        "value": dollars(preview.cents),
        "since": preview.since,
        "until": preview.until,
        "retailers": preview.retailers,
        "known_retailers": preview.known,
        "unsaid": preview.unsaid,
        "faulty_rows": preview.faulty,
        "faults": _errors(each.as_problem() for each in preview.faults[:_FAULTS_SHOWN]),
        "first": [
            {
                "id": each.id,
                "retailer": each.retailer,
                "is_known": each.is_known,
                "groups": each.groups,
                "day": each.day,
                "items": each.items,
                "lines": each.lines,
                "value": dollars(each.cents),
            }
            for each in preview.first
        ],
    }


def _errors(problems: Iterable[Problem]) -> list[dict[str, str]]:
    return [each.as_json(spoken()) for each in problems]

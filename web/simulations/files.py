"""Simulations and files: orders that come in as a file, read and shown before anything runs; reports that go out."""

import secrets
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.datastructures import FileStorage

from houblon.engine.conditions.labels import FACT_LABELS
from houblon.engine.core.problem import Invalid, Problem, refuse
from houblon.orders.cell_values import Cell
from houblon.simulation.compare.changed_orders import file_of, read_all
from houblon.simulation.files.guard import MAX_BYTES, MAX_ROWS, ORDERS, too_large
from houblon.simulation.files.preview import Preview, read_preview
from houblon.simulation.files.reading import (
    BY_LINE,
    IN_A_CELL,
    Reading,
    check_reading,
    days_are_certain,
    forget,
    remember,
)
from houblon.simulation.files.source import gone, names_in, reading_of
from houblon.simulation.files.upload import Upload, open_upload, receive, rows_of
from houblon.simulation.files.words import LINE, MEANINGS, ORDER, OTHER, RETAILER
from houblon.simulation.jobs import jobs
from houblon.simulation.report.exports import TYPES, exported
from houblon.web.access.auth import author
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.retailers.membership_effect import content_in_force
from houblon.web.retailers.memberships import name_of_group
from houblon.web.simulations.pages import DRAFT, begin, choices, tried

blueprint = Blueprint("simulation_files", __name__, url_prefix="/simulations")
EXAMPLES, SHOWN_FAULTS = 2, 20


class Column(NamedTuple):
    """A column of the file as the page shows it."""

    place: int
    header: str
    examples: Sequence[Cell]
    meaning: str


@blueprint.errorhandler(413)
def _too_large(fault: Exception) -> Any:
    """What is over that was not read: nothing of the form is known."""
    return _page({}, problems=too_large().problems), 413


@blueprint.route("/fichier", methods=["GET", "POST"])
def upload() -> Any:
    """Choose a file; see how it is understood, and correct that; begin the simulation."""
    if request.method == "GET":
        return _first_look(request.args.get("lu"))
    chosen = request.files.get("fichier")
    if "lu" not in request.form or (chosen is not None and chosen.filename):
        return _take(chosen)
    return _go_on(request.form["lu"])


@blueprint.get("/<id>/export.<kind>")
def export(id: str, kind: str) -> Response:
    """A finished report as a file, in the reader's language."""
    if kind not in TYPES:
        abort(404)
    with house().services.ledger.reading() as connection:
        report = jobs.result(connection, id) or abort(404)
    changed_orders = read_all(file_of(house().settings.data / jobs.FOLDER, id))
    body = exported(report, kind, current(), house().services.installation.zone, house().now(), changed_orders)
    headers = {"Content-Disposition": f'attachment; filename="simulation-{id}.{kind}"'}
    return Response(body, headers=headers, content_type=TYPES[kind])


def _take(chosen: FileStorage | None) -> Any:
    """Read the file that was sent, and go where it is shown; what else was chosen comes along."""
    typed = request.form
    try:
        if chosen is None or not chosen.filename:
            raise refuse("required", "/file", "Choisissez d’abord un fichier.", "Choose a file first.")
        id = secrets.token_hex(12)
        receive(_chunks(chosen), chosen.filename, _folder(id), by=author(), at=house().now())
    except Invalid as invalid:
        return _page(typed, problems=invalid.problems), 422
    kept: dict[str, Any] = {name: typed[name] for name in ("quoi", "contre") if typed.get(name)}
    return redirect(url_for("simulation_files.upload", lu=id, **kept), 303)


def _first_look(id: str | None) -> Any:
    """The form, with the file that was just read as it is understood without anybody's word."""
    if id is None:
        return _page(request.args)
    found = _mine(id)
    if found is None:
        return _page(request.args, problems=gone().problems), 404
    reading = reading_of(house().services, found, _folder(id), house().now())
    return _shown(id, found, reading, request.args)


def _go_on(id: str) -> Any:
    """Look again with the choices that were made; with `lancer`, begin."""
    found = _mine(id)
    if found is None:
        return _page(request.form, problems=gone().problems), 404
    reading = _chosen(found)
    if "lancer" not in request.form:
        return _shown(id, found, reading, request.form)
    try:
        _check(found, reading)
        asked = tried(request.form)
        with house().services.ledger.reading() as connection:
            begun = jobs.status(connection, id)
        if begun is None:
            _remember(found, reading)
            begin(msgspec.structs.replace(asked, reading=reading, file=found.name), id)
    except Invalid as invalid:
        return _shown(id, found, reading, request.form, invalid.problems)
    return redirect(url_for("simulations.show", id=id), 303)


def _shown(id: str, found: Upload, reading: Reading, typed: Any, problems: tuple[Problem, ...] = ()) -> Any:
    """The page with the file as it is understood; what is wanting is said, and what was chosen stays."""
    look = None
    try:
        _check(found, reading)
        look = _look(id, found, reading)
    except Invalid as invalid:
        problems = (*problems, *(each for each in invalid.problems if each not in problems))
    status = 422 if problems else 200
    return _page(typed, problems, id=id, upload=found, reading=reading, look=look), status


def _look(id: str, found: Upload, reading: Reading) -> Preview:
    services = house().services
    with services.ledger.reading() as connection:
        names = names_in(connection, (content_in_force(),), services.installation.zone, house().everyone(connection))
    return read_preview(found, _folder(id), reading, names)


def _check(found: Upload, reading: Reading) -> None:
    if found.found.kind != ORDERS:
        check_reading(reading, found.found.width)


def _chosen(found: Upload) -> Reading:
    """The reading that the form describes."""
    form, width = request.form, 0 if found.found.kind == ORDERS else found.found.width
    known = Reading(tuple(form.get(f"colonne_{place}", "") for place in range(width)))
    return Reading(
        known.meanings,
        form.get("decimales", known.decimal),
        form.get("jours", known.days),
        form.get("remises", known.discounts),
    )


def _remember(found: Upload, reading: Reading) -> None:
    by, at, keep = author(), house().now(), "retenir" in request.form
    house().services.ledger.write(
        lambda connection: remember(connection, found, reading, by=by, at=at) if keep else forget(connection, found)
    )


def _mine(id: str) -> Upload | None:
    """The upload of this id, if it is the person's own and still there."""
    found = open_upload(_folder(id)) if id.isascii() and id.isalnum() else None
    return found if found is not None and found.by == author() else None


def _folder(id: str) -> Path:
    return house().settings.data / jobs.FOLDER / id


def _chunks(file: FileStorage) -> Iterator[bytes]:
    while chunk := file.stream.read(1 << 20):
        yield chunk


def _columns(id: str, found: Upload, reading: Reading) -> list[Column]:
    if found.found.kind == ORDERS:
        return []
    sample = [cells for _, cells in islice(rows_of(_folder(id)), 50)]
    header, width = found.header, found.found.width
    return [
        Column(
            place,
            header[place] if place < len(header) else "",
            [cells[place] for cells in sample if place < len(cells) and cells[place] is not None][:EXAMPLES],
            reading.meanings[place] if place < len(reading.meanings) else "",
        )
        for place in range(width)
    ]


def _page(typed: Any, problems: tuple[Problem, ...] = (), **shown: Any) -> str:
    found: Upload | None = shown.get("upload")
    reading: Reading | None = shown.get("reading")
    content = content_in_force()
    columns = _columns(shown["id"], found, reading) if found and reading else []
    places = reading.places() if reading else {}
    return render_template(
        "simulation_files/upload.html",
        **choices(),
        typed=typed,
        problems=[(each, _place_of(each, columns)) for each in problems],
        columns=columns,
        meanings=[
            (place, [(name, each.label) for name, each in MEANINGS.items() if each.place == place])
            for place in (ORDER, RETAILER, LINE, OTHER)
        ],
        has_discounts=reading is not None
        and (reading.shape == IN_A_CELL or (reading.shape == BY_LINE and "discount" in places)),
        is_certain=not columns or not reading or days_are_certain(reading, _folder(shown["id"])),
        name_of=lambda id: name_of_group(content, id),
        fact_labels=FACT_LABELS,
        shown_faults=SHOWN_FAULTS,
        max_mb=MAX_BYTES // 1_000_000,
        max_rows=MAX_ROWS,
        draft_prefix=DRAFT,
        **{"id": None, "upload": None, "reading": None, "look": None, **shown},
    )


def _place_of(problem: Problem, columns: Sequence[Column]) -> str:
    """Where on the page a problem is mended: an element's id."""
    if problem.pointer.startswith("/columns/"):
        meaning = problem.pointer.rpartition("/")[2]
        return f"colonne_{next((each.place for each in reversed(columns) if each.meaning == meaning), 0)}"
    return {"/proposal": "quoi", "/version": "quoi", "/against": "contre"}.get(problem.pointer, "fichier")

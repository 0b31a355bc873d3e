"""Products by file: a CSV or a workbook is read and shown before anything is kept; and the list as a CSV."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Connection
from werkzeug.datastructures import FileStorage

from houblon.engine.core.problem import Invalid, refuse
from houblon.orders import csv_text
from houblon.orders.cell_values import COMMA, POINT
from houblon.orders.products import catalogue, import_file
from houblon.orders.products.catalogue import MOST, product_of
from houblon.orders.products.product_file import (
    MEMBERS,
    Columns,
    Plan,
    Rows,
    guess_columns,
    guess_decimal,
    header_and_rows,
    plan_import,
)
from houblon.simulation.files.guard import CSV, WORKBOOK
from houblon.simulation.files.source import gone
from houblon.simulation.files.upload import Upload, open_upload, receive, remove, rows_of
from houblon.simulation.jobs import jobs
from houblon.web.access.audit import by as acting
from houblon.web.access.auth import author
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.foundation.stale import Outdated, check_seen, tag_of

blueprint = Blueprint("product_files", __name__, url_prefix="/produits")
SHOWN = 200


@blueprint.get("/import")
def show() -> str:
    return _page()


@blueprint.post("/import")
def read() -> Any:
    """Read a file and show what it would change; with `confirmer`, do it."""
    chosen = request.files.get("fichier")
    try:
        if "lu" not in request.form or (chosen is not None and chosen.filename):
            id, is_new = _receive(chosen), True
        else:
            id, is_new = request.form["lu"], False
        found = _mine(id)
        header, rows = header_and_rows(found.header, [*rows_of(_folder(id))])
    except Invalid as invalid:
        return _page(problems=invalid.problems), 422
    columns, decimal = _reading(found, header, rows, is_new)
    shown = {"id": id, "upload": found, "header": header, "rows": rows, "columns": columns, "decimal": decimal}
    try:
        with house().services.ledger.reading() as connection:
            plan = _plan(connection, rows, columns, decimal)
    except Invalid as invalid:
        return _page(**shown, problems=invalid.problems), 422
    if not request.form.get("confirmer") or is_new:
        return _page(**shown, plan=plan)
    try:
        _apply(rows, columns, decimal, request.form.get("vu", ""))
    except Outdated:
        return _page(**shown, plan=plan, outdated=True), 409
    remove(_folder(id))
    done = len(plan.changes)
    flash(ngettext("%(num)s produit est enregistré.", "%(num)s produits sont enregistrés.", done), "accepted")
    return redirect(url_for("products.index"))


@blueprint.get("/export.csv")
def export() -> Response:
    """Every product that is not archived, as a file that the import reads."""
    mark = COMMA if current() == "fr" else POINT
    with house().services.ledger.reading() as connection:
        found = [product_of(row).document for row in catalogue.list_products(connection)]
    yes, no = (_("oui"), _("non"))
    rows = [
        [
            (yes if value else no)
            if isinstance(value, bool)
            else ""
            if value is None
            else value.replace(".", mark)
            if name in ("price", "deposit")
            else value
            for name, value in ((name, each[name]) for name in MEMBERS)
        ]
        for each in found
    ]
    body = csv_text.written([_HEADERS[current()][name] for name in MEMBERS], rows, ";" if current() == "fr" else ",")
    headers = {"Content-Disposition": 'attachment; filename="produits.csv"'}
    return Response(body, headers=headers, content_type="text/csv; charset=utf-8")


_HEADERS = {
    "fr": dict(
        zip(
            MEMBERS,
            "sku nom nom_anglais unite categorie prix consigne taxable consigne_taxable disponible".split(),
            strict=True,
        )
    ),
    "en": {name: name for name in MEMBERS},
}


def _receive(chosen: FileStorage | None) -> str:
    if chosen is None or not chosen.filename:
        raise refuse("required", "/file", "Choisissez d’abord un fichier.", "Choose a file first.")
    id = secrets.token_hex(12)
    receive(_chunks(chosen), chosen.filename, _folder(id), by=author(), at=house().now())
    return id


def _mine(id: str) -> Upload:
    """The file of this id, if the person read it and it is still there. Raises Invalid."""
    found = open_upload(_folder(id)) if id.isascii() and id.isalnum() else None
    if found is None or found.by != author():
        raise gone()
    if found.found.kind not in (CSV, WORKBOOK):
        remove(_folder(id))
        raise refuse("kind", "/file", "Un fichier CSV ou un classeur .xlsx.", "A CSV file or an .xlsx workbook.")
    if found.found.rows > MOST + 1:
        remove(_folder(id))
        raise refuse("too_many", "/file", f"Au plus {MOST} produits.", f"At most {MOST} products.")
    return found


def _folder(id: str) -> Path:
    # Beside the files of simulations: one that is not taken in is gone after an hour.
    return house().settings.data / jobs.FOLDER / id


def _chunks(file: FileStorage) -> Iterator[bytes]:
    while chunk := file.stream.read(1 << 20):
        yield chunk


def _reading(found: Upload, header: tuple[str, ...], rows: Rows, is_new: bool) -> tuple[Columns, str]:
    """What the columns hold and how numbers are written: guessed, or as the person says."""
    width = max(found.found.width, len(header))
    if not is_new:
        chosen = tuple(request.form.get(f"colonne_{place}", "") for place in range(width))
        return chosen, request.form.get("decimales", COMMA)
    columns = guess_columns([*header, *[""] * (width - len(header))])
    semicolons = found.found.details.get("delimiter") == ";"
    return columns, guess_decimal(columns, rows, COMMA if semicolons else POINT)


def _plan(connection: Connection, rows: Rows, columns: Columns, decimal: str) -> Plan:
    known = [product_of(row) for row in catalogue.list_products(connection, archived=None)]
    return plan_import(rows, columns, decimal, known)


def _apply(rows: Rows, columns: Columns, decimal: str, seen: str) -> None:
    """Write the plan in one transaction. Raises Outdated when it is no longer the one that was shown."""
    by = acting(house(), author())

    def work(connection: Connection) -> None:
        plan = _plan(connection, rows, columns, decimal)
        check_seen(seen, tag_of(plan.changes))
        import_file.take(connection, plan, by.at, by.who, by.source)

    house().services.ledger.write(work)


def _page(**shown: Any) -> str:
    plan, rows = shown.get("plan"), shown.get("rows", ())
    return render_template(
        "product_import.html",
        vu=tag_of(plan.changes) if plan else "",
        listed=plan.changes[:SHOWN] if plan else (),
        members=MEMBERS,
        examples=[
            [cells[place] for _, cells in rows[:50] if place < len(cells) and cells[place] is not None][:2]
            for place in range(len(shown.get("columns", ())))
        ],
        most=MOST,
        **{"id": None, "upload": None, "plan": None, "problems": (), "outdated": False, "columns": ()} | shown,
    )

"""Memberships by file: a CSV is read and shown before anything is kept, and everything goes out as one."""

from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import ngettext

from houblon.engine.conditions.figures import money_text
from houblon.engine.core.money import cents
from houblon.engine.core.problem import Invalid, refuse
from houblon.orders.retailers.membership_file import (
    ADD,
    MAX_BYTES,
    MAX_ROWS,
    REPLACE,
    Columns,
    Plan,
    Sheet,
    guess_columns,
    read_sheet,
)
from houblon.web.access.audit import by as acting
from houblon.web.access.auth import author
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.foundation.stale import Outdated
from houblon.web.retailers import membership_import
from houblon.web.retailers.consequences import consequences
from houblon.web.retailers.membership_effect import content_in_force
from houblon.web.retailers.memberships import name_of_group

blueprint = Blueprint("membership_files", __name__, url_prefix="/detaillants")
SHOWN = 200


@blueprint.get("/import")
def show() -> str:
    """The form; after an import, what it did and the way back."""
    return _form(done=_imported(request.args.get("fait", "")))


@blueprint.post("/import")
def read() -> Any:
    """Read a file and show what it would change; with `confirmer`, do it."""
    try:
        sheet = read_sheet(_text_or_file())
    except Invalid as invalid:
        return _form(problems=invalid.problems), 422
    mode = REPLACE if request.form.get("mode") == REPLACE else ADD
    columns = _columns(sheet) or guess_columns(sheet, content_in_force())
    try:
        plan = membership_import.plan_now(house(), sheet, columns, mode)
    except Invalid as invalid:
        return _form(sheet=sheet, columns=columns, mode=mode, problems=invalid.problems), 422
    if not request.form.get("confirmer"):
        return _form(sheet=sheet, columns=columns, mode=mode, plan=plan)
    try:
        id = membership_import.keep(
            house(), acting(house(), author()), sheet, columns, mode, seen=request.form.get("vu", "")
        )
    except Outdated:
        return _form(sheet=sheet, columns=columns, mode=mode, plan=plan, outdated=True), 409
    return redirect(url_for("membership_files.show", fait=id))


@blueprint.post("/import/defaire")
def undo() -> Any:
    """Give the retailers of an import the groups that they had, but those whose groups changed since."""
    found = membership_import.undo(house(), acting(house(), author()), request.form.get("import", ""))
    if found is None:
        abort(404)
    said = ngettext(
        "%(num)s détaillant a repris ses groupes.", "%(num)s détaillants ont repris leurs groupes.", found.back
    )
    if found.left:
        said += " " + ngettext(
            "%(num)s a changé depuis : il reste comme il est.",
            "%(num)s ont changé depuis : ils restent comme ils sont.",
            found.left,
        )
    flash(said, "accepted")
    return redirect(url_for("retailers.index"))


@blueprint.get("/export.csv")
def export() -> Response:
    """The memberships as a file, filtered as the list is."""
    body = membership_import.exported(
        house(),
        # A French spreadsheet takes commas for decimal marks.
        ";" if current() == "fr" else ",",
        request.args.get("q", "").strip()[:200],
        request.args.get("groupe") or None,
    )
    headers = {"Content-Disposition": 'attachment; filename="detaillants.csv"'}
    return Response(body, headers=headers, content_type="text/csv; charset=utf-8")


def _text_or_file() -> bytes | str:
    """The file that was chosen, else the text of the one that the preview holds."""
    file = request.files.get("fichier")
    if file is not None and file.filename:
        content: bytes = file.read(MAX_BYTES + 1)
        return content
    text = request.form.get("csv", "")
    if not text:
        raise refuse("required", "/fichier", "Choisissez d’abord un fichier CSV.", "Choose a CSV file first.")
    return text


def _columns(sheet: Sheet) -> Columns | None:
    """The columns that the person chose; None on a new file."""
    if "colonne_detaillant" not in request.form:
        return None

    def chosen(name: str) -> int | None:
        text = request.form.get(name, "")
        return int(text) if text.isascii() and text.isdecimal() and int(text) < sheet.width else None

    said = ("detaillant", "groupe", "nom", "source", "nom_source", "limite")
    return Columns(*(chosen(f"colonne_{each}") for each in said))


def _imported(id: str) -> membership_import.Imported | None:
    with house().services.ledger.reading() as connection:
        return membership_import.imported(connection, id)


def _form(**shown: Any) -> str:
    content, plan = content_in_force(), shown.get("plan")
    return render_template(
        "membership_import.html",
        content=content,
        vu=membership_import.digest_of(plan) if plan else "",
        listed=plan.changes[:SHOWN] if plan else (),
        chains=_chains(content, plan) if plan else (),
        found=consequences(house(), {each.retailer: each.after for each in plan.changes}) if plan else None,
        name_of=lambda id: name_of_group(content, id),
        money_of=lambda limit: money_text(cents(limit)).in_(current()),
        max_kb=MAX_BYTES // 1000,
        max_rows=MAX_ROWS,
        add=ADD,
        replace=REPLACE,
        **{"sheet": None, "columns": None, "mode": ADD, "plan": None, "problems": (), "outdated": False, "done": None}
        | shown,
    )


def _chains(content: Any, plan: Plan) -> list[tuple[str, str, int]]:
    """How many retailers go from the policy of which groups to that of which others, the most first."""
    counts: dict[tuple[str, str], int] = {}
    for each in plan.changes:
        was, is_ = (_named(content, groups) for groups in (each.before, each.after))
        if was != is_:
            counts[was, is_] = counts.get((was, is_), 0) + 1
    return [(was, is_, count) for (was, is_), count in sorted(counts.items(), key=lambda item: -item[1])[:20]]


def _named(content: Any, groups: tuple[str, ...]) -> str:
    counting = [group.name for group in content.ranked() if group.id in groups]
    return " › ".join([*counting, content.groups["tous"].name])

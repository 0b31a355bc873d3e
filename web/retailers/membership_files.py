"""Memberships by file: a CSV is read and shown before anything is kept, and everything goes out as one."""

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import ngettext
from sqlalchemy import Connection, select

from houblon.engine.core.problem import Invalid, refuse
from houblon.orders.db.tables import audit
from houblon.orders.queries import retailers
from houblon.orders.records.audit import record
from houblon.orders.retailers.brought import keep_brought
from houblon.orders.retailers.cards import Card, add_retailer
from houblon.orders.retailers.membership_file import (
    ADD,
    MAX_BYTES,
    MAX_ROWS,
    REPLACE,
    Columns,
    Plan,
    Sheet,
    guess_columns,
    plan_import,
    read_sheet,
    written,
)
from houblon.orders.retailers.memberships import all_memberships, set_memberships
from houblon.orders.retailers.names import BuyerIds, add_name, first_names, names_by_source, taken_ids
from houblon.orders.retailers.own_buyers import with_own_buyers
from houblon.orders.retailers.row_ids import RowIds
from houblon.rules.model.content import Content
from houblon.rules.model.entry import Entry
from houblon.rules.model.moves import Memberships
from houblon.web.access.audit import source
from houblon.web.access.auth import author
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.foundation.stale import Outdated, check_seen, tag_of
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
    content, mode = content_in_force(), REPLACE if request.form.get("mode") == REPLACE else ADD
    columns = _columns(sheet) or guess_columns(sheet, content)
    try:
        with house().services.ledger.reading() as connection:
            plan = _plan(connection, content, sheet, columns, mode, house().everyone(connection))
    except Invalid as invalid:
        return _form(sheet=sheet, columns=columns, mode=mode, problems=invalid.problems), 422
    if not request.form.get("confirmer"):
        return _form(sheet=sheet, columns=columns, mode=mode, plan=plan)
    reference = f"import:{secrets.token_hex(8)}"
    try:
        _apply(sheet, columns, mode, request.form.get("vu", ""), reference)
    except Outdated:
        return _form(sheet=sheet, columns=columns, mode=mode, plan=plan, outdated=True), 409
    return redirect(url_for("membership_files.show", fait=reference.partition(":")[2]))


@blueprint.post("/import/defaire")
def undo() -> Any:
    """Give the retailers of an import the groups that they had, but those whose groups changed since."""
    reference = f"import:{request.form.get('import', '')}"
    by, at, where, history = author(), house().now(), source(), house().store.history()

    def work(connection: Connection) -> tuple[int, int] | None:
        done = connection.execute(select(audit).where(audit.c.reference == reference)).one_or_none()
        if done is None:
            return None
        if connection.execute(select(audit.c.key).where(audit.c.reference == f"undo:{reference}")).first():
            return 0, 0
        keep_brought(connection, history, at)
        kept = all_memberships(connection)
        back = {id: groups for id, groups in done.before.items() if sorted(kept.get(id, ())) == done.after[id]}
        set_memberships(connection, back, at, by)
        before = {id: done.after[id] for id in back}
        record(connection, Entry(at, by, where, "memberships.undone", reference, before, back, f"undo:{reference}"))
        return len(back), len(done.before) - len(back)

    found = house().services.ledger.write(work)
    if found is None:
        abort(404)
    back, left = found
    said = ngettext("%(num)s détaillant a repris ses groupes.", "%(num)s détaillants ont repris leurs groupes.", back)
    if left:
        said += " " + ngettext(
            "%(num)s a changé depuis : il reste comme il est.",
            "%(num)s ont changé depuis : ils restent comme ils sont.",
            left,
        )
    flash(said, "accepted")
    return redirect(url_for("retailers.index"))


@blueprint.get("/export.csv")
def export() -> Response:
    """A row for each membership, and one for each retailer in no group; filtered as the list is.

    Beside the house's id stands the first name that a source gave.
    Memberships in archived groups are left out: the file comes back as it is.
    """
    content = content_in_force()
    with house().services.ledger.reading() as connection:
        names = first_names(connection)
        found = retailers.list_retailers(
            connection, request.args.get("q", "").strip()[:200], request.args.get("groupe") or None, limit=None
        )
        kept = house().everyone(connection)
    rows = [
        {
            "detaillant": row.id,
            "groupe": group and content.groups[group].name,
            "nom": row.name,
            "courriel": row.email,
            "langue": row.language,
            "province": row.province,
            "source": names.get(row.id, ("", ""))[0],
            "nom_source": names.get(row.id, ("", ""))[1],
        }
        for row in found
        for group in [id for id in kept.get(row.id, ()) if id in content.groups] or [""]
    ]
    # A French spreadsheet takes commas for decimal marks.
    body = written(rows, ";" if current() == "fr" else ",")
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

    said = ("detaillant", "groupe", "nom", "source", "nom_source")
    return Columns(*(chosen(f"colonne_{each}") for each in said))


def _plan(
    connection: Connection, content: Content, sheet: Sheet, columns: Columns, mode: str, kept: Memberships
) -> Plan:
    known = [row.id for row in retailers.list_retailers(connection, limit=None)]
    ids = RowIds(names_by_source(connection), with_own_buyers(connection), taken_ids(connection))
    return plan_import(sheet, columns, mode, content, kept, known, ids)


def _digest(plan: Plan) -> str:
    """Names what a preview shows, so that exactly that is confirmed."""
    return tag_of(plan.changes)


def _apply(sheet: Sheet, columns: Columns, mode: str, seen: str, reference: str) -> None:
    """Write the plan in one transaction. Raises Outdated when it is no longer the one that was shown."""
    by, at, where, content = author(), house().now(), source(), content_in_force()
    history = house().store.history()

    def work(connection: Connection) -> None:
        keep_brought(connection, history, at)
        plan = _plan(connection, content, sheet, columns, mode, all_memberships(connection))
        check_seen(seen, _digest(plan))
        for each in plan.changes:
            # Who was in groups alone has a card once a source's name leads to them.
            if each.is_new or each.called is not None:
                add_retailer(connection, Card(each.retailer, each.name), at)
            if each.called is not None:
                add_name(connection, *each.called, BuyerIds(each.retailer, each.retailer), at)
        set_memberships(connection, {each.retailer: each.after for each in plan.changes}, at, by)
        before = {each.retailer: list(each.before) for each in plan.changes}
        after = {each.retailer: list(each.after) for each in plan.changes}
        record(connection, Entry(at, by, where, "memberships.imported", mode, before, after, reference))

    house().services.ledger.write(work)


def _imported(id: str) -> Mapping[str, Any] | None:
    """What an import did, from the log; None when there is none of this id."""
    if not id:
        return None
    with house().services.ledger.reading() as connection:
        row = connection.execute(select(audit).where(audit.c.reference == f"import:{id}")).one_or_none()
        undone = connection.execute(select(audit.c.key).where(audit.c.reference == f"undo:import:{id}")).first()
    return None if row is None else {"id": id, "count": len(row.after), "undone": undone is not None}


def _form(**shown: Any) -> str:
    content, plan = content_in_force(), shown.get("plan")
    return render_template(
        "membership_import.html",
        content=content,
        vu=_digest(plan) if plan else "",
        listed=plan.changes[:SHOWN] if plan else (),
        chains=_chains(content, plan) if plan else (),
        found=consequences(house(), {each.retailer: each.after for each in plan.changes}) if plan else None,
        name_of=lambda id: name_of_group(content, id),
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

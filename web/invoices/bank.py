"""Paiements: what was entered lately, and a bank's file that is read and shown before anything of it is recorded."""

import re
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import ngettext

from houblon.engine.conditions.figures import money_text
from houblon.engine.core.problem import Invalid, refuse
from houblon.orders.bank import record
from houblon.orders.bank.columns import Columns
from houblon.orders.bank.known import Said, matches_of, names_of, owed_numbers
from houblon.orders.bank.matching import MATCHED, RECORDED, SUGGESTED, UNMATCHED, Match
from houblon.orders.bank.record import digest_of, record_lines
from houblon.orders.bank.statement_file import MAX_BYTES, MAX_LINES, Asked, BankFile, Unclear, read_file, text_of
from houblon.orders.cell_values import COMMA, DAY_FIRST, MONTH_FIRST, POINT
from houblon.orders.queries.lists import PAGE
from houblon.orders.queries.payments import list_payments
from houblon.orders.services import Conflict
from houblon.web.access.audit import by as acting
from houblon.web.access.auth import author
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.foundation.paging import asked_before, page
from houblon.web.foundation.typed import numbered
from houblon.web.invoices.bank_entries import imported, undone

blueprint = Blueprint("payments", __name__, url_prefix="/paiements")
# Lines that one page lets a person tick and correct: a form has no more fields than its reader takes.
SHOWN = 300
_OWED_SHOWN, _IMPORTS_SHOWN = 1_000, 10
_COLUMNS = ("date", "signed", "paid_in", "paid_out", "kind", "currency")


@blueprint.get("")
def index() -> str:
    with house().services.ledger.reading() as connection:
        found = list_payments(connection, asked_before(), PAGE + 1)
        imports = record.imports(connection, limit=_IMPORTS_SHOWN)
    shown, more = page(found, PAGE, lambda row: row.key)
    return render_template("payments.html", payments=shown, more=more, imports=imports)


@blueprint.get("/releve")
def show_import() -> str:
    return _form()


@blueprint.post("/releve")
def read() -> Any:
    """Read a bank's file and show what each line would pay; with `confirmer`, record what is ticked."""
    try:
        text = _text()
        asked = Asked(_columns(), _chosen("jours", DAY_FIRST, MONTH_FIRST), _chosen("decimales", COMMA, POINT))
        today = house().now().astimezone(house().services.installation.zone).date()
        file = read_file(text, asked, today, house().services.installation.currency)
    except Unclear as unclear:
        return _form(text=text, name=_name(), unclear=unclear), 422
    except Invalid as invalid:
        return _form(problems=invalid.problems), 422
    if request.form.get("confirmer"):
        return _confirm(text, file)
    return _preview(text, file)


@blueprint.post("/releve/<int:key>/defaire")
def undo(key: int) -> Any:
    """Take back the payments of a file that was recorded."""
    by, why = acting(house(), author()), request.form.get("raison", "").strip()[:200]
    try:
        done = record.undo(house().services, key, by=by.who, at=by.at, why=why, entries_of=undone(by, why))
    except Conflict as conflict:
        flash(conflict.in_(current()), "refused")
    except LookupError:
        abort(404)
    else:
        said = ngettext("%(num)s paiement est annulé.", "%(num)s paiements sont annulés.", len(done.entered))
        if done.before:
            said += " " + ngettext("%(num)s l’était déjà.", "%(num)s l’étaient déjà.", done.before)
        flash(said, "accepted")
    return redirect(url_for("payments.index"))


def _confirm(text: str, file: BankFile) -> Any:
    by, said = acting(house(), author()), _said(file)
    taken = sorted(numbered(request.form, "prendre"))
    try:
        done = record_lines(
            house().services,
            _name(),
            file.lines,
            said,
            taken,
            seen=request.form.get("vu", ""),
            by=by.who,
            at=by.at,
            entries_of=imported(by),
        )
    except Conflict as conflict:
        return _preview(text, file, notice=conflict.in_(current())), 409
    except Invalid as invalid:
        return _preview(text, file, problems=invalid.problems), 422
    amount = money_text(done.amount).in_(current())
    flash(
        ngettext(
            "%(num)s paiement est noté, de %(amount)s.",
            "%(num)s paiements sont notés, de %(amount)s en tout.",
            len(done.noted),
            amount=amount,
        ),
        "accepted",
    )
    return redirect(url_for("payments.index"))


def _preview(text: str, file: BankFile, **shown: Any) -> str:
    said = _said(file)
    with house().services.ledger.reading() as connection:
        matches = matches_of(connection, house().services, file.lines, said)
        owed = owed_numbers(connection, _OWED_SHOWN)
        names = names_of(connection, {each.retailer for each in matches if each.retailer})
    open_ones = [each for each in matches if each.state != RECORDED]
    ticked = set(numbered(request.form, "prendre")) if "lu" in request.form else {m.line.line for m in _sure(open_ones)}
    return _form(
        text=text,
        name=_name(),
        file=file,
        matches=open_ones[:SHOWN],
        further=max(0, len(open_ones) - SHOWN),
        recorded=[each for each in matches if each.state == RECORDED],
        counts={state: sum(each.state == state for each in matches) for state in (MATCHED, SUGGESTED, UNMATCHED)},
        owed=owed,
        names=names,
        ticked=ticked,
        typed=numbered(request.form, "factures"),
        vu=digest_of(matches),
        **shown,
    )


def _sure(matches: list[Match]) -> list[Match]:
    return [each for each in matches if each.state == MATCHED]


def _said(file: BankFile) -> Said:
    """What a person changed: where what stands in a line's field is not what the file itself leads to."""
    typed = numbered(request.form, "factures")
    if not typed:
        return {}
    with house().services.ledger.reading() as connection:
        found = {each.line.line: each for each in matches_of(connection, house().services, file.lines, {})}
    numbers = {line: tuple(re.findall(r"[^\s,;]+", written))[:50] for line, written in typed.items()}
    return {line: said for line, said in numbers.items() if line in found and said != found[line].numbers}


def _text() -> str:
    """The file that was chosen, else the text of the one that the preview holds."""
    file = request.files.get("fichier")
    if file is not None and file.filename:
        return text_of(file.read(MAX_BYTES + 1))
    text = request.form.get("csv", "")
    if not text:
        raise refuse("required", "/fichier", "Choisissez d’abord un fichier CSV.", "Choose a CSV file first.")
    return text


def _name() -> str:
    file = request.files.get("fichier")
    name = file.filename if file is not None and file.filename else request.form.get("nom", "")
    return (name or "").replace("\\", "/").rpartition("/")[2][:200]


def _chosen(name: str, *known: str) -> str | None:
    said = request.form.get(name)
    return said if said in known else None


def _columns() -> Columns | None:
    """The columns that the person chose; None where the file is to tell them."""
    if request.form.get("colonnes") != "choisies":
        return None

    def place(name: str) -> int | None:
        said = request.form.get(f"colonne_{name}", "")
        return int(said) if said.isascii() and said.isdecimal() and len(said) < 4 else None

    texts = [int(each) for each in request.form.getlist("colonne_texts") if each.isascii() and each.isdecimal()]
    return Columns(**{name: place(name) for name in _COLUMNS}, texts=tuple(texts[:20]))


def _form(**shown: Any) -> str:
    nothing = {"text": "", "name": "", "file": None, "unclear": None, "problems": (), "notice": None, "matches": ()}
    return render_template(
        "bank_import.html",
        max_kb=MAX_BYTES // 1000,
        max_lines=MAX_LINES,
        days=(DAY_FIRST, MONTH_FIRST),
        marks=(COMMA, POINT),
        **{**nothing, **shown},
    )

"""A retailer's statement of account: as page, as PDF, and by mail to the retailer."""

from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection

from houblon.engine.core.problem import Invalid, refuse
from houblon.orders.db.statements import AnyRow
from houblon.orders.invoicing.languages import languages_to
from houblon.orders.mail.rendered import rendered
from houblon.orders.queries.retailers import card_row
from houblon.orders.receivables import mail
from houblon.orders.receivables.sheet import pdf, sheet
from houblon.orders.receivables.statement import Statement, period_of, statement_of
from houblon.orders.retailers.joins import root_of
from houblon.web.access.audit import by as acting
from houblon.web.access.audit import noted
from houblon.web.access.auth import author
from houblon.web.foundation.current_app import house
from houblon.web.foundation.format import file_name
from houblon.web.retailers.pages import is_plain

blueprint = Blueprint("statements", __name__, url_prefix="/detaillants")


@blueprint.app_template_global("statement_url")
def statement_url(id: str, endpoint: str = "show", **named: Any) -> str:
    """Where a retailer's statement is, whatever their id; `endpoint` is `show` or `as_pdf`."""
    return url_for(f"statements.{endpoint}" if is_plain(id) else f"statements.{endpoint}_asked", id=id, **named)


@blueprint.get("/<id>/releve")
def show(id: str) -> Any:
    return _page(id)


@blueprint.get("/releve")
def show_asked() -> Any:
    return _page(request.args.get("id", ""))


@blueprint.get("/<id>/releve.pdf")
def as_pdf(id: str) -> Response:
    return _pdf(id)


@blueprint.get("/releve.pdf")
def as_pdf_asked() -> Response:
    return _pdf(request.args.get("id", ""))


@blueprint.post("/releve/envoyer")
def send() -> Any:
    """Write to the retailer with the statement of the period that the page showed."""
    id, by, services = request.form.get("id", ""), acting(house(), author()), house().services
    try:
        since, until = _period(request.form)
    except Invalid:
        abort(404)

    def work(connection: Connection) -> str | None:
        row = _row(connection, id)
        made = statement_of(connection, row.id, since, until, services.installation.zone)
        address = mail.queue(connection, services, made, row, by.at)
        noted(connection, by, "retailer.statement_sent", row.id, None, [since.isoformat(), until.isoformat()])
        return address

    address = services.ledger.write(work)
    if address:
        flash(_("Le relevé part à %(address)s.", address=address), "accepted")
    else:
        flash(_("Aucune adresse n’est connue : le courriel attend dans Messages qu’on lui en donne une."), "refused")
    return redirect(statement_url(id, du=since.isoformat(), au=until.isoformat()))


def _page(id: str) -> Any:
    with house().services.ledger.reading() as connection:
        if (root := root_of(connection, id)) != id:
            return redirect(statement_url(root))
        row = _row(connection, id)
        languages = languages_to(connection, house().services, row)
        try:
            made = _statement(connection, id)
        except Invalid as invalid:
            return render_template(
                "statement.html", row=row, made=None, typed=request.args, problems=invalid.problems, today=_today()
            ), 422
    seller = house().services.seller
    return render_template(
        "statement.html",
        row=row,
        made=made,
        sheet=sheet(made, row, seller, languages),
        letter=rendered(mail.letter_document(house().services, made, row, languages, house().now())),
        typed={"du": made.since.isoformat(), "au": made.until.isoformat()},
        problems=(),
        today=_today(),
    )


def _pdf(id: str) -> Response:
    with house().services.ledger.reading() as connection:
        row = _row(connection, root_of(connection, id))
        languages = languages_to(connection, house().services, row)
        try:
            made = _statement(connection, row.id)
        except Invalid:
            abort(404)
    content = pdf(sheet(made, row, house().services.seller, languages), house().now())
    response = Response(content, mimetype="application/pdf")
    name = file_name(f"releve-{row.id}-{made.until.isoformat()}")
    response.headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return response


def _statement(connection: Connection, id: str) -> Statement:
    since, until = _period(request.args)
    return statement_of(connection, id, since, until, house().services.installation.zone)


def _period(said: Any) -> tuple[date, date]:
    """The period that a form or an address names. Raises Invalid."""

    def day(name: str) -> date | None:
        written = said.get(name, "").strip()
        try:
            return date.fromisoformat(written) if written else None
        except ValueError:
            raise refuse(
                "date", f"/{name}", "Écrivez le jour : année, mois, jour.", "Write the day: year, month, day."
            ) from None

    return period_of(day("du"), day("au"), _today())


def _row(connection: Connection, id: str) -> AnyRow:
    row = card_row(connection, id)
    if row is None:
        abort(404)
    return row


def _today() -> date:
    return house().now().astimezone(house().services.installation.zone).date()

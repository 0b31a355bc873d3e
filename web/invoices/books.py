"""Comptabilité: what a period comes to, and its invoices, payments and journal as files for the bookkeeper."""

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, abort, render_template, request

from houblon.engine.core.problem import Invalid, Problem, Text, refuse
from houblon.orders.bookkeeping.accounts import NAMES
from houblon.orders.bookkeeping.files import TYPES, written
from houblon.orders.bookkeeping.journal import journal_of
from houblon.orders.bookkeeping.period import Period, following, last_month, period_of
from houblon.orders.bookkeeping.tables import TABLES, Books, table_of
from houblon.orders.bookkeeping.totals import totals_of
from houblon.web.foundation.composition import House
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current

blueprint = Blueprint("books", __name__, url_prefix="/comptabilite")


@blueprint.get("")
def show() -> Any:
    """The totals of a period, last month's unless days are asked for, and its files."""
    problems: tuple[Problem, ...] = ()
    try:
        period = _asked()
    except Invalid as invalid:
        period, problems = last_month(_today()), invalid.problems
    page = render_template(
        "books.html",
        period=period,
        problems=problems,
        typed={
            "du": request.args.get("du") or period.first.isoformat(),
            "au": request.args.get("au") or period.last.isoformat(),
        },
        periods=_periods(_today()),
        totals=totals_of(journal_of(house().services.ledger, period)),
        accounts=house().profile.accounts,
        labels=NAMES,
        tables=TABLES,
        kinds=tuple(TYPES),
    )
    return (page, 422) if problems else page


@blueprint.get("/<table>.<kind>")
def download(table: str, kind: str) -> Response:
    """A table of a period as a file, in the reader's language. 404 for a table or a kind that there is not."""
    if table not in TABLES or kind not in TYPES:
        abort(404)
    return exported(house(), table, kind, _asked(), current())


def exported(place: House, table: str, kind: str, period: Period, language: str) -> Response:
    """The file, under a name that says what it is of."""
    services = place.services
    books = Books(services.ledger, place.profile.accounts, services.installation.zone, language, period)
    name = f"{table}-{period.first.isoformat()}-{period.last.isoformat()}.{kind}"
    return Response(
        written(table_of(books, table), kind, language, place.now()),
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
        content_type=TYPES[kind],
    )


def _asked() -> Period:
    """The days that the address names, both of them in the period. Raises Invalid."""
    last = _day("au")
    return period_of(_day("du"), last and following(last), _today(), ("du", "au"))


def _day(name: str) -> date | None:
    text = request.args.get(name, "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise refuse("date", f"/{name}", "Une date, comme 2021-05-12.", "A date, such as 2021-05-12.") from None


def _periods(today: date) -> tuple[tuple[Text, Period], ...]:
    """What is asked for most."""
    month = today.replace(day=1)
    quarter = date(today.year, 3 * ((today.month - 1) // 3) + 1, 1)
    before = last_month(last_month(last_month(quarter).first).first).first
    return (
        (Text("Mois dernier", "Last month"), last_month(today)),
        (Text("Ce mois-ci", "This month"), Period(month, today + timedelta(days=1))),
        (Text("Trimestre dernier", "Last quarter"), Period(before, quarter)),
        (Text("Année dernière", "Last year"), Period(date(today.year - 1, 1, 1), date(today.year, 1, 1))),
    )


def _today() -> date:
    return house().now().astimezone(house().services.installation.zone).date()

"""`/retailers/{id}/statement`: what a retailer was invoiced and paid in a period, as JSON and as a PDF."""

from typing import Any

import msgspec
from flask import Response
from sqlalchemy import Connection

from houblon.orders.db.statements import AnyRow
from houblon.orders.invoicing.languages import languages_to
from houblon.orders.queries.retailers import card_row
from houblon.orders.receivables.sheet import pdf, sheet
from houblon.orders.receivables.statement import Statement, period_of, statement_of
from houblon.orders.retailers.joins import root_of
from houblon.web.api.blueprint import not_found, operation
from houblon.web.api.bodies import Query, day
from houblon.web.api.spec.types import Day, Key, Money
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import json_response
from houblon.web.retailers.statement_document import statement_document


class StatementPeriod(Query):
    """Both days are in the period: `until` is today unless it is said, `since` the first day of the month before last."""

    since = day()
    until = day()


class StatementEntry(msgspec.Struct, frozen=True):
    """What changed the balance, above zero where more is owed; `number` is a paper's own, `invoice_number` what it is of."""

    on: Day
    kind: str
    number: str | None
    invoice_key: Key
    invoice_number: str
    amount: Money
    balance: Money
    due_date: Day | None
    means: str | None
    reference: str


class Ages(msgspec.Struct, frozen=True):
    """What is owed by the days since each invoice was due."""

    not_due: Money
    from_0_to_30: Money = msgspec.field(name="0_30")
    from_31_to_60: Money = msgspec.field(name="31_60")
    from_61_to_90: Money = msgspec.field(name="61_90")
    over_90: Money


class OwedInvoice(msgspec.Struct, frozen=True):
    invoice_number: str
    balance: Money
    due_date: Day | None
    disputed: bool


class AccountStatement(msgspec.Struct, frozen=True):
    """An account over a period: `opening` and `entries` come to `closing`; so do `ages` without `credit`, which is what
    was paid or credited beyond what was owed. Of `ages`, `disputed` is what the retailer contests on the last day."""

    retailer: str
    since: Day
    until: Day
    opening: Money
    entries: tuple[StatementEntry, ...]
    closing: Money
    ages: Ages
    credit: Money
    disputed: Money
    owed: tuple[OwedInvoice, ...]


@operation(
    "GET",
    "/retailers/<path:id>/statement",
    scope="read",
    room="Retailers",
    answer="AccountStatement",
    query=StatementPeriod,
    faults=(404,),
)
def get_statement(asked: dict[str, Any], id: str) -> Response:
    """The statement of a retailer's account over a period"""
    with house().services.ledger.reading() as connection:
        _, made = _made(connection, id, asked)
    return json_response(statement_document(made))


@operation(
    "GET",
    "/retailers/<path:id>/statement.pdf",
    scope="read",
    room="Retailers",
    answer="Pdf",
    query=StatementPeriod,
    faults=(404,),
    media="application/pdf",
)
def get_statement_pdf(asked: dict[str, Any], id: str) -> Response:
    """The same as a PDF, in the languages of the retailer's invoices"""
    with house().services.ledger.reading() as connection:
        row, made = _made(connection, id, asked)
        languages = languages_to(connection, house().services, row)
    content = pdf(sheet(made, row, house().services.seller, languages), house().now())
    return Response(content, mimetype="application/pdf")


def _made(connection: Connection, id: str, asked: dict[str, Any]) -> tuple[AnyRow, Statement]:
    zone = house().services.installation.zone
    row = card_row(connection, root_of(connection, id)) or not_found()
    since, until = period_of(asked.get("since"), asked.get("until"), house().now().astimezone(zone).date())
    return row, statement_of(connection, row.id, since, until, zone)

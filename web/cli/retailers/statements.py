"""`houblon retailer statement`: a retailer's account over a period, printed, as PDF, or by mail."""

import os
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from houblon.engine.core.moments import read_day
from houblon.engine.core.problem import Invalid, refuse
from houblon.orders.invoicing.languages import languages_to
from houblon.orders.queries.retailers import card_row
from houblon.orders.receivables import mail
from houblon.orders.receivables.sheet import pdf, sheet
from houblon.orders.receivables.statement import Statement, period_of, statement_of
from houblon.orders.retailers.joins import root_of
from houblon.web.access.audit import CLI, by, noted
from houblon.web.cli.privacy import retailer
from houblon.web.cli.shell import data_option, json_option, opened, print_result, retailer_argument, speaks_problems
from houblon.web.retailers.statement_document import statement_document


@retailer.command("statement")
@data_option
@json_option
@retailer_argument
@click.option("--since", help="The first day, 2026-11-01; without it, the first of the month before last.")
@click.option("--until", help="The last day; without it, today.")
@click.option("--pdf", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write it to this file.")
@click.option("--mail", "is_mailed", is_flag=True, help="Have a running server write to the retailer.")
@speaks_problems
def statement(
    data: Path | None, id: str, since: str | None, until: str | None, file: Path | None, is_mailed: bool, as_json: bool
) -> None:
    """What a retailer was invoiced, credited and paid in a period, and what they owe."""
    first, last = (_day(text, name) for text, name in ((since, "/since"), (until, "/until")))
    with opened(data) as house:
        services, acting = house.services, by(house, CLI)
        zone = services.installation.zone
        start, end = period_of(first, last, house.now().astimezone(zone).date())

        def read(connection: Connection) -> tuple[Any, Statement]:
            row = card_row(connection, root_of(connection, id))
            if row is None:
                raise refuse(
                    "unknown_retailer", "/id", f"Il n’y a pas de détaillant {id}.", f"There is no retailer {id}."
                )
            return row, statement_of(connection, row.id, start, end, zone)

        def send(connection: Connection) -> str | None:
            row, made = read(connection)
            address = mail.queue(connection, services, made, row, acting.at)
            noted(connection, acting, "retailer.statement_sent", row.id, None, [start.isoformat(), end.isoformat()])
            return address

        with services.ledger.reading() as connection:
            row, made = read(connection)
            languages = languages_to(connection, services, row)
        if file is not None:
            _write(file, pdf(sheet(made, row, services.seller, languages), house.now()))
        sent = {"to": services.ledger.write(send)} if is_mailed else {}
    document = statement_document(made) | sent
    print_result(document, as_json, _text(document))


def _day(text: str | None, pointer: str) -> Any:
    try:
        return None if text is None else read_day(text)
    except Invalid as invalid:
        raise Invalid(each.under(pointer) for each in invalid.problems) from None


def _write(file: Path, content: bytes) -> None:
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
            written.write(content)
    except FileExistsError:
        raise refuse("exists", "/file", f"{file} existe déjà.", f"{file} exists already.") from None


def _text(document: dict[str, Any]) -> str:
    lines = [
        f"{each['on']}  {each['kind']:12} {each['number'] or each['invoice_number']:20} {each['amount']:>12} "
        f"{each['balance']:>12}"
        for each in document["entries"]
    ]
    opening = f"{document['since']}  {'opening balance':33} {'':12} {document['opening']:>12}"
    return "\n".join(
        [opening, *lines, f"{document['until']}  {'closing balance':33} {'':12} {document['closing']:>12}"]
    )

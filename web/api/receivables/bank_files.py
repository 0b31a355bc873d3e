"""`/bank-files`: what a bank says came in, tried, recorded as payments once, taken back."""

from typing import Any

from flask import Response

from houblon.orders.bank import record
from houblon.orders.bank.columns import Columns
from houblon.orders.bank.known import Said, matches_of
from houblon.orders.bank.record import record_lines
from houblon.orders.bank.statement_file import Asked, BankFile, read_file
from houblon.web.access.audit import by as acting
from houblon.web.api.blueprint import not_found, operation
from houblon.web.api.bodies import ByKey, Reversal
from houblon.web.api.keys import caller
from houblon.web.api.receivables.bank_shapes import BankFileAsked, NewBankFile
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import json_response
from houblon.web.foundation.paging import linked, page
from houblon.web.invoices.bank_document import import_document, imported_document, preview_document, undone_document
from houblon.web.invoices.bank_entries import imported, undone


@operation("GET", "/bank-files", scope="read", room="Payments", answer="BankFiles", query=ByKey)
def list_bank_files(asked: dict[str, Any]) -> Response:
    """Files of banks that were recorded, the newest first"""
    with house().services.ledger.reading() as connection:
        found = record.imports(connection, asked.get("after"), asked["limit"] + 1)
    shown, after = page(found, asked["limit"], lambda row: row.key)
    return linked(json_response({"items": [import_document(row) for row in shown]}), after)


@operation("POST", "/bank-files/preview", scope="write", room="Payments", answer="BankPreview", body=BankFileAsked)
def preview_bank_file(asked: dict[str, Any]) -> Response:
    """What each line of a bank's file would pay; nothing is recorded"""
    file, said = _file(asked), _said(asked)
    with house().services.ledger.reading() as connection:
        matches = matches_of(connection, house().services, file.lines, said)
    return json_response(preview_document(file, matches))


@operation(
    "POST", "/bank-files", scope="write", room="Payments", answer="BankFileRecorded", status=201, body=NewBankFile
)
def record_bank_file(asked: dict[str, Any]) -> Response:
    """Record what a bank's file says came in: the lines that are sure, or those that are named"""
    by, file = acting(house(), caller()), _file(asked)
    done = record_lines(
        house().services,
        asked["name"].strip(),
        file.lines,
        _said(asked),
        asked.get("lines"),
        seen=asked.get("seen"),
        by=by.who,
        at=by.at,
        entries_of=imported(by),
    )
    return json_response(imported_document(done), 201)


@operation(
    "POST",
    "/bank-files/<int:key>/undo",
    scope="write",
    room="Payments",
    answer="BankFileUndone",
    body=Reversal,
    faults=(404,),
)
def undo_bank_file(asked: dict[str, Any], key: int) -> Response:
    """Take back all payments of a file, each by an entry of its own"""
    by, why = acting(house(), caller()), asked["why"].strip()
    try:
        done = record.undo(house().services, key, by=by.who, at=by.at, why=why, entries_of=undone(by, why))
    except LookupError:
        not_found()
    return json_response(undone_document(done))


def _file(asked: dict[str, Any]) -> BankFile:
    columns = asked.get("columns")
    said = Columns(**{**columns, "texts": tuple(columns["texts"])}) if columns else None
    installation = house().services.installation
    today = house().now().astimezone(installation.zone).date()
    return read_file(asked["csv"], Asked(said, asked.get("days"), asked.get("decimal")), today, installation.currency)


def _said(asked: dict[str, Any]) -> Said:
    return {each["line"]: tuple(each["invoices"]) for each in asked["choices"]}

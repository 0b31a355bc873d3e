"""Factures: the list, each invoice, and the buyer's own page by a signed link."""

from typing import Any

from flask import Blueprint, abort, render_template, request

from orders import queries
from orders.links import read_token
from orders.queries import PAGE
from web.open import house

blueprint = Blueprint("invoices", __name__)


@blueprint.get("/factures")
def index() -> str:
    before = request.args.get("avant", type=int)
    with house().desk.ledger.reading() as connection:
        found = queries.list_invoices(connection, before)
    more = found[-1].key if len(found) == PAGE else None
    return render_template("invoices.html", invoices=found, more=more)


@blueprint.get("/factures/<int:key>")
def show(key: int) -> str:
    return _page(key, shared=False)


@blueprint.get("/f/<token>")
def shared(token: str) -> str:
    """The buyer's view: the link's signature is the permission."""
    key = read_token(house().desk.secret, token)
    if key is None:
        abort(404)
    return _page(key, shared=True)


def _page(key: int, *, shared: bool) -> Any:
    with house().desk.ledger.reading() as connection:
        row = queries.invoice_row(connection, key)
    if row is None:
        abort(404)
    return render_template("invoice.html", invoice=row, document=row.document, shared=shared)

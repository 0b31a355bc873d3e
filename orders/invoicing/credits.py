"""Credit notes: an invoice taken back, whole or line by line, never more of it than was invoiced."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select, update

from houblon.engine.core.money import dollars
from houblon.orders.db.tables import invoices
from houblon.orders.invoicing.invoice import Issued, issue_document
from houblon.orders.invoicing.languages import languages_of, languages_on, languages_printed
from houblon.orders.invoicing.owing import left_of, owe
from houblon.orders.invoicing.shares import difference, quantities_of
from houblon.orders.invoicing.transitions import follow
from houblon.orders.records.redecisions import CREDIT, decide_retailers_again
from houblon.orders.services import Conflict, OrderContext, Services

# What an invoice says of itself alone.
_NOT_COPIED = ("payment", "number", "language", "languages", "replaces")


class Words(msgspec.Struct, frozen=True):
    """What goes with a credit note: `reason` for the house, `note` for the buyer, `why` printed as its reason."""

    reason: str = ""
    note: str = ""
    why: str = ""


def credit(
    connection: Connection,
    services: Services,
    context: OrderContext,
    invoice: Row[Any],
    by: str,
    words: Words,
    wanted: Mapping[int, int] | None = None,
) -> Issued:
    """Issue a credit note in the running transaction, of so many of each line by its number; of all that is left
    unless it is said. The caller has locked the invoice's row.

    Raises Conflict where less is left than is asked for, and where the lines asked for come to no part of the invoice.
    """
    invoiced, before = quantities_of(invoice.document), credited_quantities(connection, invoice.key)
    if wanted is None:
        after = invoiced
    else:
        _check_left(invoice, invoiced, before, wanted)
        after = {number: before.get(number, 0) + wanted.get(number, 0) for number in invoiced}
    part = difference(invoice.document, before, after)
    if after != invoiced and not _is_a_part(invoice, -part["cents"]["total"]):
        raise _only_whole(invoice)
    local = context.at.astimezone(services.installation.zone)
    document = {
        **{name: value for name, value in invoice.document.items() if name not in _NOT_COPIED},
        **part,
        **_languages(services, context, invoice.document),
        "kind": "credit_note",
        "credits": invoice.number,
        "is_whole": not before and after == invoiced,
        "why": words.why,
        "reason": words.reason,
        "buyer_note": words.note,
        "note": None,
        "order_note": None,
        "issued_at": context.at.isoformat(),
        "issued_on": local.date().isoformat(),
        "due_date": None,
    }
    issued = issue_document(connection, services, context, document, by, credits=invoice.key)
    taken = -document["cents"]["total"]
    connection.execute(
        update(invoices).where(invoices.c.key == invoice.key).values(credited=invoices.c.credited + taken)
    )
    owe(connection, invoice.retailer_id, left_of(invoice, credited=taken) - left_of(invoice))
    follow(
        connection,
        invoice.key,
        who=by,
        at=context.at,
        on=local.date(),
        why=issued.number,
        credited_by=_said(issued, taken)
        if after == invoiced or 0 < invoice.total <= invoice.credited + taken
        else None,
    )
    decide_retailers_again(connection, (invoice.retailer_id,), CREDIT, by=by, at=context.at, subject=issued.number)
    return issued


def _languages(services: Services, context: OrderContext, document: dict[str, Any]) -> dict[str, Any]:
    """Those of its invoice, but for one that was in English alone: French stands beside it where it has to now."""
    if "languages" in document or document["language"] == "fr":
        return languages_printed(languages_on(document))
    return languages_printed(languages_of(services, context.order, context.buyer))


def left_to_credit(connection: Connection, invoice: Row[Any]) -> dict[int, int]:
    """How much of each line, by its number, can still be credited."""
    before = credited_quantities(connection, invoice.key)
    return {number: whole - before.get(number, 0) for number, whole in quantities_of(invoice.document).items()}


def credited_quantities(connection: Connection, invoice_key: int) -> dict[int, int]:
    """How much of each line was credited so far, by its number; nothing where nothing was."""
    found: dict[int, int] = {}
    for note in credit_notes_of(connection, invoice_key):
        for number, quantity in quantities_of(note.document).items():
            found[number] = found.get(number, 0) + quantity
    return found


def credit_notes_of(connection: Connection, invoice_key: int) -> list[Row[Any]]:
    """The credit notes that take from an invoice, the first one first."""
    query = select(invoices).where(invoices.c.credits == invoice_key)
    return list(connection.execute(query.order_by(invoices.c.key)))


def _said(note: Issued, taken: int) -> dict[str, Any]:
    return {"amount": dollars(taken), "credit_note_key": note.key, "credit_note_number": note.number}


def _is_a_part(invoice: Row[Any], taken: int) -> bool:
    """Whether so many cents more can be credited: what is taken back of an invoice never charges its buyer, nor is more
    than the invoice. Lines come to such where the discounts on the whole order are more than they are worth."""
    whole, sign = abs(invoice.total), -1 if invoice.total < 0 else 1
    return taken * sign >= 0 and (invoice.credited + taken) * sign <= whole


def _only_whole(invoice: Row[Any]) -> Conflict:
    return Conflict(
        "only_whole",
        f"Les rabais de la facture {invoice.number} dépassent ce que valent ces lignes : créditez tout ce qui en reste.",
        f"The discounts of invoice {invoice.number} are more than these lines are worth: credit all that is left of it.",
    )


def _check_left(
    invoice: Row[Any], invoiced: Mapping[int, int], before: Mapping[int, int], wanted: Mapping[int, int]
) -> None:
    for number, quantity in wanted.items():
        left = invoiced.get(number, 0) - before.get(number, 0)
        if quantity > left:
            raise Conflict(
                "already_credited",
                f"De la ligne {number} de la facture {invoice.number}, il reste {left} à créditer, pas {quantity}.",
                f"Of line {number} of invoice {invoice.number}, {left} can still be credited, not {quantity}.",
            )

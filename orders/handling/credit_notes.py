"""A part of an invoice is credited: goods that were broken, short or brought back."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from houblon.engine.core.problem import Faults
from houblon.orders.handling.receive import effective_policy
from houblon.orders.handling.review import buyer_of, order_at
from houblon.orders.invoicing import credits
from houblon.orders.invoicing.credits import Words
from houblon.orders.invoicing.invoice import Issued
from houblon.orders.invoicing.shares import quantities_of
from houblon.orders.invoicing.transitions import Seen, check_seen, invoice_row, locked_invoice
from houblon.orders.mail import credit_note
from houblon.orders.records.audit import EntryOf, audited
from houblon.orders.services import Conflict, OrderContext, Services


class Asked(msgspec.Struct, frozen=True):
    """So many of a line of the invoice, by its number."""

    line: int
    quantity: int


class Credited(msgspec.Struct, frozen=True):
    """The credit note that was issued, and whether its buyer is told of it."""

    note: Issued
    invoice: str
    is_buyer_notified: bool


def credit(
    services: Services,
    invoice_key: int,
    asked: tuple[Asked, ...],
    words: Words,
    *,
    by: str,
    at: datetime,
    seen: Seen | None = None,
    entry_of: EntryOf[Credited] | None = None,
) -> Credited:
    """Credit lines of an invoice.

    Raises Invalid for lines that it has not, or more of one than it has; Conflict where less is left of it than is
    asked for, for a credit note, and where the invoice was changed since it was `seen`; LookupError when there is no such invoice.
    """
    return services.ledger.write(
        audited(lambda connection: _credit(connection, services, invoice_key, asked, words, by, at, seen), entry_of)
    )


def issue_and_tell(
    connection: Connection,
    services: Services,
    context: OrderContext,
    invoice_key: int,
    by: str,
    words: Words,
    wanted: Mapping[int, int],
) -> Credited:
    """Credit so many of each line in the running transaction, and put the buyer's message in the outbox."""
    invoice = locked_invoice(connection, invoice_key)
    note = credits.credit(connection, services, context, invoice, by, words, wanted)
    is_notified = "invoice.issued" in context.policy.settings["notifications.buyer"].value
    if is_notified:
        credit_note.queue(connection, services, context, note)
    return Credited(note, invoice.number, is_notified)


def _credit(
    connection: Connection,
    services: Services,
    invoice_key: int,
    asked: tuple[Asked, ...],
    words: Words,
    by: str,
    at: datetime,
    seen: Seen | None,
) -> Credited:
    # The order first, as whoever delivers or cancels it: it may be another retailer's once its row is had.
    row, order = order_at(connection, invoice_row(connection, invoice_key).order_key, is_locked=True)
    invoice = locked_invoice(connection, invoice_key)
    check_seen(invoice, seen)
    if invoice.kind != "invoice":
        raise Conflict(
            "credit_note",
            f"{invoice.number} est une note de crédit : elle ne se crédite pas.",
            f"{invoice.number} is a credit note: it can't be credited.",
        )
    wanted = _checked(asked, quantities_of(invoice.document))
    policy = effective_policy(connection, services, order, at).policy
    context = OrderContext(row.key, order, buyer_of(connection, row), policy, max(at, invoice.issued_at))
    return issue_and_tell(connection, services, context, invoice_key, by, words, wanted)


def _checked(asked: tuple[Asked, ...], invoiced: Mapping[int, int]) -> dict[int, int]:
    """What is asked for, by the line's number. Raises Invalid with every fault."""
    faults, wanted = Faults(), dict[int, int]()
    for place, each in enumerate(asked):
        if each.line not in invoiced:
            faults.add(
                "unknown_line",
                f"/lines/{place}/line",
                "La facture n’a pas de ligne de ce numéro.",
                "The invoice has no line of this number.",
            )
        elif each.line in wanted:
            faults.add(
                "duplicate", f"/lines/{place}/line", "Cette ligne est déjà nommée.", "This line is named already."
            )
        elif not 0 <= each.quantity <= invoiced[each.line]:
            faults.add(
                "too_many",
                f"/lines/{place}/quantity",
                f"La facture n’en a que {invoiced[each.line]}.",
                f"The invoice has only {invoiced[each.line]}.",
            )
        else:
            wanted[each.line] = each.quantity
    if not faults and not any(wanted.values()):
        faults.add(
            "nothing", "/lines", "Dites combien de chaque ligne est crédité.", "Say how much of each line is credited."
        )
    faults.raise_if_any()
    return wanted

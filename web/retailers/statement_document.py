"""A statement of account as JSON: the same by key and from a shell."""

from typing import Any

from houblon.engine.core.money import dollars
from houblon.orders.receivables.statement import Statement


def statement_document(made: Statement) -> dict[str, Any]:
    """The statement; `owed` is what is left of each invoice, the oldest first."""
    return {
        "retailer": made.retailer,
        "since": made.since.isoformat(),
        "until": made.until.isoformat(),
        "opening": dollars(made.opening),
        "entries": [
            {
                "on": each.entry.on.isoformat(),
                "kind": each.entry.kind,
                "number": each.entry.number,
                "invoice_key": each.entry.invoice_key,
                "invoice_number": each.entry.invoice,
                "amount": dollars(each.entry.amount),
                "balance": dollars(each.balance),
                "due_date": None if each.entry.due is None else each.entry.due.isoformat(),
                "means": each.entry.means,
                "reference": each.entry.reference,
            }
            for each in made.entries
        ],
        "closing": dollars(made.closing),
        "ages": {name: dollars(amount) for name, amount in made.ages.items()},
        "credit": dollars(made.credit),
        "disputed": dollars(sum(amount for _, amount in made.contested)),
        "owed": [
            {
                "invoice_number": number,
                "balance": dollars(amount),
                "due_date": None if due is None else due.isoformat(),
                "disputed": number in made.disputed,
            }
            for number, amount, due in made.owed
        ],
    }

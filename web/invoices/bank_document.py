"""What a bank's file would pay, and what was recorded of it, as JSON: the same by key and from a shell."""

from collections.abc import Sequence
from typing import Any

from houblon.engine.core.money import dollars
from houblon.orders.bank.matching import Match
from houblon.orders.bank.record import Imported, Undone, digest_of
from houblon.orders.bank.statement_file import BankFile
from houblon.orders.invoicing.payments import Entered


def preview_document(file: BankFile, matches: Sequence[Match]) -> dict[str, Any]:
    """A file as it was read, with what each line would pay; `seen` names exactly this preview."""
    return {
        "seen": digest_of(matches),
        "header": list(file.header),
        "columns": {**{name: getattr(file.columns, name) for name in _PLACES}, "texts": list(file.columns.texts)},
        "days": file.days,
        "decimal": file.decimal,
        "out": file.out,
        "lines": [_line(each) for each in matches],
        "faults": [{"line": each.line, **_problem(each.problem)} for each in file.faults],
    }


def imported_document(done: Imported) -> dict[str, Any]:
    """What was recorded of a file."""
    return {
        "key": done.key,
        "name": done.name,
        "lines": done.lines,
        "amount": dollars(done.amount),
        "payments": [{"line": each.line, **_entered(each.entered)} for each in done.noted],
    }


def undone_document(done: Undone) -> dict[str, Any]:
    """What was taken back of a file; `before` of its payments were taken back one by one before."""
    payments = [{"reverses": each.reverses, **_entered(each)} for each in done.entered]
    return {"key": done.key, "name": done.name, "payments": payments, "before": done.before}


def import_document(row: Any) -> dict[str, Any]:
    """A file that was recorded, as lists have it."""
    return {
        "key": row.key,
        "name": row.name,
        "at": row.at,
        "who": row.who,
        "lines": row.lines,
        "amount": dollars(int(row.amount)),
        "undone_at": row.undone_at,
        "undone_by": row.undone_by,
    }


_PLACES = ("date", "signed", "paid_in", "paid_out", "kind", "currency")


def _line(match: Match) -> dict[str, Any]:
    return {
        "line": match.line.line,
        "on": match.line.on.isoformat(),
        "amount": dollars(match.line.amount),
        "text": match.line.text,
        "state": match.state,
        "how": match.how or None,
        "retailer": match.retailer,
        "invoices": [
            {
                "invoice_key": each.key,
                "invoice_number": each.number,
                "amount": dollars(each.amount),
                "balance": dollars(each.balance),
            }
            for each in match.parts
        ],
        "over": dollars(match.over),
        "recorded": list(match.recorded),
        "note": None if match.note is None else _problem(match.note),
    }


def _problem(problem: Any) -> dict[str, Any]:
    return {"code": problem.code, "message": {"fr": problem.message.fr, "en": problem.message.en}}


def _entered(entered: Entered) -> dict[str, Any]:
    return {
        "id": entered.key,
        "invoice_key": entered.invoice_key,
        "invoice_number": entered.number,
        "amount": dollars(entered.amount),
        "state": entered.state,
        "balance": dollars(entered.balance),
    }

"""Lines of a bank recorded as payments, all of a file or none, each line once; and taken back together."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, Row, cast, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from houblon.engine.core.problem import Invalid, problem, refuse
from houblon.orders.bank.known import IS_UNREVERSED, Said, matches_of
from houblon.orders.bank.matching import MATCHED, RECORDED, Match
from houblon.orders.bank.statement_file import BankLine
from houblon.orders.csv_text import folded
from houblon.orders.db.tables import bank_imports, bank_lines, bank_payments, payments
from houblon.orders.invoicing.payments import Entered, Payment, enter, take_back
from houblon.orders.records.audit import record
from houblon.orders.services import Conflict, Services
from houblon.rules.model.entry import Entry

_REFERENCE = 200  # characters
# What a line says of how it was paid, in the words of banks; where it says nothing, nothing is known.
_TRANSFERS = ("interac", "virement", "transfer", "depot direct", "direct deposit", "tef", "eft")
_CHEQUES = ("cheque", "chq", "check")


class Noted(msgspec.Struct, frozen=True):
    """One payment that a line made."""

    line: int
    payment: Payment
    entered: Entered


class Imported(msgspec.Struct, frozen=True):
    """A file that was recorded: its payments, and how many lines they are of."""

    key: int
    name: str
    lines: int
    noted: tuple[Noted, ...]

    @property
    def amount(self) -> int:
        return sum(each.payment.amount for each in self.noted)


class Undone(msgspec.Struct, frozen=True):
    """A file that was taken back: the entries that do so, and how many payments were taken back before."""

    key: int
    name: str
    entered: tuple[Entered, ...]
    before: int


def digest_of(matches: Iterable[Match]) -> str:
    """Names what a preview shows: by it a person records what they saw, and nothing else."""
    seen = [(each.line.hash, each.state, each.numbers, [part.amount for part in each.parts]) for each in matches]
    return hashlib.sha256(msgspec.json.encode(seen)).hexdigest()


def record_lines(
    services: Services,
    name: str,
    lines: Sequence[BankLine],
    said: Said,
    taken: Collection[int] | None,
    *,
    seen: str | None,
    by: str,
    at: datetime,
    entries_of: Callable[[Imported], Iterable[Entry]],
) -> Imported:
    """Enter the payments of the lines in `taken`, of all that are sure without it, with their entries in the audit log.

    Raises Conflict where the ledger is not any more as it was `seen` (a `digest_of`), or where somebody records the
    same lines at the same time; Invalid where nothing is left to record, or a line in `taken` pays nothing.
    """

    def work(connection: Connection) -> Imported:
        matches = matches_of(connection, services, lines, said)
        if seen is not None and seen != digest_of(matches):
            raise _changed()
        chosen = _chosen(matches, taken)
        done = _record(connection, services, name, chosen, by, at)
        for entry in entries_of(done):
            record(connection, entry)
        return done

    try:
        return services.ledger.write(work)
    except IntegrityError:  # the same line, by somebody else who records at this instant
        raise _changed() from None


def undo(
    services: Services,
    key: int,
    *,
    by: str,
    at: datetime,
    why: str,
    entries_of: Callable[[Undone], Iterable[Entry]],
) -> Undone:
    """Take back what is left of the payments of a file, each by an entry of its own; its lines may be recorded again.

    Raises Conflict where that was done before, LookupError where there is no such file.
    """

    def work(connection: Connection) -> Undone:
        query = select(bank_imports).where(bank_imports.c.key == key).with_for_update()
        row = connection.execute(query).one_or_none()
        if row is None:
            raise LookupError(f"there is no import {key}")
        if row.undone_at is not None:
            raise Conflict("already_undone", "Ce relevé est déjà défait.", "This file is undone already.")
        ours = bank_lines.c.import_key == key
        unreversed = connection.execute(_payments_of(key).where(IS_UNREVERSED).order_by(payments.c.key)).all()
        count = connection.execute(select(func.count()).select_from(_payments_of(key).subquery())).scalar_one()
        entered = [
            take_back(connection, services, each.invoice_key, each.key, by, at, why or "relevé défait")
            for each in unreversed
        ]
        connection.execute(update(bank_lines).where(ours, bank_lines.c.undone_at.is_(None)).values(undone_at=at))
        connection.execute(update(bank_imports).where(bank_imports.c.key == key).values(undone_at=at, undone_by=by))
        done = Undone(key, row.name, tuple(entered), count - len(entered))
        for entry in entries_of(done):
            record(connection, entry)
        return done

    return services.ledger.write(work)


# PostgreSQL sums whole numbers to a decimal.
_AMOUNT = cast(func.sum(bank_lines.c.amount), BigInteger)


def imports(connection: Connection, before: int | None = None, limit: int = 20) -> Sequence[Row[Any]]:
    """Files that were recorded, the newest first, with how many lines of each and what they come to."""
    query = (
        select(bank_imports, func.count(bank_lines.c.key).label("lines"), _AMOUNT.label("amount"))
        .join(bank_lines, bank_lines.c.import_key == bank_imports.c.key)
        .group_by(bank_imports.c.key)
        .order_by(bank_imports.c.key.desc())
        .limit(limit)
    )
    return connection.execute(query if before is None else query.where(bank_imports.c.key < before)).all()


_UNREVERSED = (
    select(payments.c.key)
    .join(bank_payments, bank_payments.c.payment_key == payments.c.key)
    .where(bank_payments.c.line_key == bank_lines.c.key, IS_UNREVERSED)
    .exists()
)


def _payments_of(key: int) -> Any:
    return (
        select(payments.c.key, payments.c.invoice_key)
        .join(bank_payments, bank_payments.c.payment_key == payments.c.key)
        .join(bank_lines, bank_lines.c.key == bank_payments.c.line_key)
        .where(bank_lines.c.import_key == key)
    )


def _chosen(matches: Sequence[Match], taken: Collection[int] | None) -> list[Match]:
    if taken is None:
        chosen = [each for each in matches if each.state == MATCHED]
    else:
        chosen = [each for each in matches if each.line.line in taken]
        lines = {each.line.line for each in chosen}
        faults = [*(line for line in taken if line not in lines), *(m.line.line for m in chosen if not m.parts)]
        recorded = {each.line.line for each in chosen if each.state == RECORDED}
        if faults:
            raise Invalid([_pays_nothing(line, line in recorded) for line in sorted(faults)])
    if not chosen:
        raise refuse(
            "nothing",
            "/lines",
            "Aucune ligne à noter : rien n’est sûr, ou tout est noté déjà.",
            "No line to record: nothing is sure, or everything is recorded already.",
        )
    return chosen


def _record(
    connection: Connection, services: Services, name: str, chosen: Sequence[Match], by: str, at: datetime
) -> Imported:
    values = {"at": at, "who": by, "name": name}
    key: int = connection.execute(insert(bank_imports).values(**values).returning(bank_imports.c.key)).scalar_one()
    noted = []
    # A row whose payments were all taken back by hand makes room for the next one.
    hashes = [each.line.hash for each in chosen]
    for start in range(0, len(hashes), 500):
        same = bank_lines.c.hash.in_(hashes[start : start + 500]) & bank_lines.c.undone_at.is_(None)
        connection.execute(update(bank_lines).where(same, ~_UNREVERSED).values(undone_at=at))
    for each in chosen:
        row = {"import_key": key, "line": each.line.line, "hash": each.line.hash, "amount": each.line.amount}
        line_key = connection.execute(insert(bank_lines).values(**row).returning(bank_lines.c.key)).scalar_one()
        for part in each.parts:
            payment = Payment(part.amount, each.line.on, each.line.text[:_REFERENCE], means_of(each.line.text))
            entered = enter(connection, services, part.key, payment, by, at)
            connection.execute(insert(bank_payments).values(payment_key=entered.key, line_key=line_key))
            noted.append(Noted(each.line.line, payment, entered))
    return Imported(key, name, len(chosen), tuple(noted))


def means_of(text: str) -> str | None:
    """How a line was paid, where it says so."""
    said = folded(text)
    if any(each in said for each in _CHEQUES):
        return "cheque"
    return "transfer" if any(each in said for each in _TRANSFERS) else None


def _pays_nothing(line: int, is_recorded: bool) -> Any:
    if is_recorded:
        return problem(
            "already_recorded",
            f"/lines/{line}",
            f"La ligne {line} est notée déjà.",
            f"Line {line} is recorded already.",
        )
    return problem(
        "not_matched",
        f"/lines/{line}",
        f"La ligne {line} ne paie aucune facture : dites laquelle.",
        f"Line {line} pays no invoice: say which one.",
    )


def _changed() -> Conflict:
    return Conflict(
        "plan_changed",
        "Ce qui serait noté n’est plus ce que montrait l’aperçu : relisez-le.",
        "What would be recorded is not what the preview showed any more: read it again.",
    )

"""The statement of a retailer's account: what was invoiced, credited, paid and taken back in a period, with what was owed
before each and after it; the sums are the ledger's."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, select

from houblon.engine.core.problem import refuse
from houblon.orders.db.tables import disputes, invoices, orders, payments
from houblon.orders.invoicing.payments import APPLIED
from houblon.orders.queries.receivables import AGES, NOT_DUE, age_of

MAX_ENTRIES = 2_000
INVOICE, CREDIT_NOTE, PAYMENT, REVERSAL, CREDIT = "invoice", "credit_note", "payment", "reversal", "credit"
_MONTHS_BEFORE = 2


class Entry(msgspec.Struct, frozen=True):
    """One thing that changed what is owed: by `amount` cents, above zero where more is. `invoice` is what it is of, by key
    and number; `number` its own, where it has one."""

    on: date
    kind: str
    invoice_key: int
    invoice: str
    amount: int
    number: str | None = None
    due: date | None = None
    means: str | None = None
    reference: str = ""


class Listed(msgspec.Struct, frozen=True):
    """An entry, and what is owed after it."""

    entry: Entry
    balance: int


class Statement(msgspec.Struct, frozen=True):
    """An account from `since` to `until`, both included: what was owed before, what changed it, what is owed then.

    `ages` share what is owed on invoices by how long ago each was due on the last day, `credit` is what is over on
    others: together they are `closing`. `disputed` are those of `owed` that the retailer contests on that day.
    """

    retailer: str
    since: date
    until: date
    opening: int
    entries: tuple[Listed, ...]
    closing: int
    ages: Mapping[str, int]
    credit: int
    owed: tuple[tuple[str, int, date | None], ...]
    disputed: frozenset[str] = frozenset()

    @property
    def contested(self) -> tuple[tuple[str, int], ...]:
        """What is left of each invoice that is disputed."""
        return tuple((number, amount) for number, amount, _ in self.owed if number in self.disputed)

    def sum_of(self, *kinds: str) -> int:
        """What the entries of these kinds come to."""
        return sum(each.entry.amount for each in self.entries if each.entry.kind in kinds)


def period_of(since: date | None, until: date | None, today: date) -> tuple[date, date]:
    """From when to when a statement goes: without an end to today, without a beginning from the month before last.

    Raises Invalid for an end before the beginning, or after today.
    """
    last = until or today
    first = since
    if first is None:
        first = last.replace(day=1)
        for _ in range(_MONTHS_BEFORE):
            first = (first - timedelta(days=1)).replace(day=1)
    if not first <= last <= today:
        raise refuse(
            "range",
            "/until",
            "La période va d’un jour à un autre qui ne le précède pas, au plus tard aujourd’hui.",
            "The period goes from a day to one that is not before it, today at the latest.",
        )
    return first, last


def statement_of(connection: Connection, retailer: str, since: date, until: date, zone: ZoneInfo) -> Statement:
    """The statement of a retailer's account. Raises Invalid where more happened than a statement holds."""
    made = add_up(retailer, entries_of(connection, retailer, zone), since, until)
    made = msgspec.structs.replace(made, disputed=_disputed(connection, retailer, until, zone))
    if len(made.entries) > MAX_ENTRIES:
        raise refuse(
            "too_many",
            "/since",
            f"Plus de {MAX_ENTRIES} écritures : choisissez une période plus courte.",
            f"More than {MAX_ENTRIES} entries: choose a shorter period.",
        )
    return made


def add_up(retailer: str, entries: Sequence[Entry], since: date, until: date) -> Statement:
    """The statement of the entries of an account, which are in their order."""
    balance = opening = sum(each.amount for each in entries if each.on < since)
    listed = []
    for each in entries:
        if since <= each.on <= until:
            balance += each.amount
            listed.append(Listed(each, balance))
    left = _left(each for each in entries if each.on <= until)
    ages = dict.fromkeys((NOT_DUE, *AGES), 0)
    for amount, invoice in left:
        if amount > 0:
            ages[age_of(invoice.due, until)] += amount
    credit = -sum(amount for amount, _ in left if amount < 0)
    owed = tuple((invoice.invoice, amount, invoice.due) for amount, invoice in left if amount > 0)
    return Statement(retailer, since, until, opening, tuple(listed), balance, ages, credit, owed)


def entries_of(connection: Connection, retailer: str, zone: ZoneInfo) -> list[Entry]:
    """All that ever changed what a retailer owes, by day, and by instant on each: a paper before what is paid of it."""
    found = []
    papers = {row.key: row for row in connection.execute(_PAPERS.where(orders.c.retailer_id == retailer))}
    for row in papers.values():
        of = papers.get(row.credits, row)
        due = None if row.due_date is None else date.fromisoformat(row.due_date)
        on = row.issued_at.astimezone(zone).date()
        found.append(
            (on, row.issued_at, 0, row.key, Entry(on, row.kind, of.key, of.number, row.total, row.number, due))
        )
    for row in connection.execute(_PAYMENTS.where(orders.c.retailer_id == retailer)):
        kind = REVERSAL if row.reverses is not None else CREDIT if row.means == APPLIED else PAYMENT
        entry = Entry(
            date.fromisoformat(row.paid_on),
            kind,
            row.invoice_key,
            row.number,
            -row.amount,
            means=row.means,
            reference=row.why if kind == REVERSAL else row.reference,
        )
        found.append((entry.on, row.at, 1, row.key, entry))
    return [entry for *_, entry in sorted(found, key=lambda each: each[:4])]


def _disputed(connection: Connection, retailer: str, until: date, zone: ZoneInfo) -> frozenset[str]:
    """The numbers of the invoices whose dispute was open at the end of a day."""
    query = select(invoices.c.number, disputes.c.at, disputes.c.ended_at)
    query = query.join(invoices, invoices.c.key == disputes.c.invoice_key)
    query = query.join(orders, orders.c.key == disputes.c.order_key).where(orders.c.retailer_id == retailer)
    return frozenset(
        row.number
        for row in connection.execute(query)
        if row.at.astimezone(zone).date() <= until
        and (row.ended_at is None or row.ended_at.astimezone(zone).date() > until)
    )


_PAPERS = select(
    invoices.c.key,
    invoices.c.kind,
    invoices.c.credits,
    invoices.c.number,
    invoices.c.issued_at,
    invoices.c.due_date,
    invoices.c.total,
).join(orders, orders.c.key == invoices.c.order_key)
_PAYMENTS = (
    select(payments, invoices.c.number)
    .join(invoices, invoices.c.key == payments.c.invoice_key)
    .join(orders, orders.c.key == invoices.c.order_key)
)


def _left(entries: Iterable[Entry]) -> list[tuple[int, Entry]]:
    """What is left of each invoice, with the entry that it is itself, the oldest first.

    What is paid of an invoice before it is there, by the day that a person says, is over until then.
    """
    sums: dict[int, int] = {}
    own: dict[int, Entry] = {}
    for each in entries:
        sums[each.invoice_key] = sums.get(each.invoice_key, 0) + each.amount
        if each.kind == INVOICE or each.invoice_key not in own:
            own[each.invoice_key] = each
    return [(sums[key], own[key]) for key in own]

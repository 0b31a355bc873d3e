"""What a period comes to: how many entries of each kind, and what each account is debited and credited."""

from collections.abc import Iterable

import msgspec

from houblon.orders.bookkeeping.accounts import NAMES, Account
from houblon.orders.bookkeeping.journal import KINDS, JournalEntry
from houblon.orders.bookkeeping.postings import is_balanced

_RECEIVABLES = Account("receivables")


class Count(msgspec.Struct, frozen=True):
    """How many entries, and what buyers owe by them, in cents: less, where it is below zero."""

    entries: int = 0
    amount: int = 0


class Balance(msgspec.Struct, frozen=True):
    """What an account is debited and credited, in cents."""

    debit: int = 0
    credit: int = 0


class Totals(msgspec.Struct, frozen=True):
    """Of one currency; `unbalanced` are the numbers of entries whose debits and credits differ, which none should."""

    currency: str
    kinds: dict[str, Count]
    accounts: dict[Account, Balance]
    unbalanced: tuple[str, ...] = ()

    @property
    def debit(self) -> int:
        return sum(each.debit for each in self.accounts.values())

    @property
    def credit(self) -> int:
        return sum(each.credit for each in self.accounts.values())


def totals_of(journal: Iterable[JournalEntry]) -> tuple[Totals, ...]:
    """The totals of each currency, by its code; none of an empty journal."""
    found: dict[str, _Sums] = {}
    for entry in journal:
        found.setdefault(entry.currency, _Sums()).add(entry)
    return tuple(sums.totals(currency) for currency, sums in sorted(found.items()))


class _Sums:
    """What is summed up so far."""

    def __init__(self) -> None:
        self.kinds = {kind: [0, 0] for kind in KINDS}
        self.accounts = {account: [0, 0] for account in NAMES}
        self.unbalanced: list[str] = []

    def add(self, entry: JournalEntry) -> None:
        kind = self.kinds[entry.kind]
        kind[0] += 1
        for posting in entry.postings:
            sides = self.accounts[posting.account]
            sides[posting.amount < 0] += abs(posting.amount)
            if posting.account == _RECEIVABLES:
                kind[1] += posting.amount
        if not is_balanced(entry.postings):
            self.unbalanced.append(entry.number)

    def totals(self, currency: str) -> Totals:
        return Totals(
            currency,
            {kind: Count(*sums) for kind, sums in self.kinds.items()},
            {account: Balance(*sides) for account, sides in self.accounts.items()},
            tuple(self.unbalanced),
        )

"""An invoice, a credit note or a payment as an entry of the journal: amounts on accounts, which come to nothing together."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from houblon.engine.core.money import cents_written
from houblon.orders.bookkeeping.accounts import Account
from houblon.orders.invoicing.payments import APPLIED

_RECEIVABLES, _BANK, _CREDITS = Account("receivables"), Account("bank"), Account("credits")
_TAXES = {"TPS": Account("gst"), "TVQ": Account("qst"), "TVH": Account("hst")}


class Posting(msgspec.Struct, frozen=True):
    """Cents on an account: above zero a debit, below zero a credit."""

    account: Account
    amount: int


def postings_of(document: Mapping[str, Any]) -> tuple[Posting, ...]:
    """An invoice's document, or a credit note's, whose amounts are below zero and go the other way.

    One of nothing at all has one posting, of nothing: it is in the journal like every other.
    """
    found = tuple(each for each in _parts(document) if each.amount)
    return found or (Posting(_RECEIVABLES, 0),)


def postings_of_payment(amount: int, means: str | None) -> tuple[Posting, ...]:
    """A payment; its reversal is of the opposite amount.

    What one invoice has too much and another takes is two payments of one day, one below zero. No bank sees them: they
    meet on an account of their own, which comes to nothing, so that what is owed of each invoice is still right.
    """
    return Posting(_CREDITS if means == APPLIED else _BANK, amount), Posting(_RECEIVABLES, -amount)


def is_balanced(postings: tuple[Posting, ...]) -> bool:
    """Whether debits and credits are the same, to the cent."""
    return sum(posting.amount for posting in postings) == 0


def _parts(document: Mapping[str, Any]) -> Iterator[Posting]:
    cents = document["cents"]
    discounts = sum(cents_written(each["amount"]) for each in _charges(document) if each["kind"] == "discount")
    yield Posting(_RECEIVABLES, cents["total"])
    yield Posting(Account("revenue"), -cents["subtotal"])
    yield Posting(Account("discounts"), cents["discount"] - discounts)
    yield Posting(Account("charges"), discounts - cents.get("charges", 0))
    yield Posting(Account("deposits"), -cents["deposits"])
    yield Posting(Account("taxed_deposits"), -cents.get("taxed_deposits", 0))
    for tax in document["taxes"]:
        yield Posting(_TAXES[tax["tax"]], -tax["amount"])


def _charges(document: Mapping[str, Any]) -> Any:
    return document.get("charges", ())

"""Which payment would let an order go that its buyer's debts hold: one invoice where one is enough, the oldest first."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date

import msgspec

from houblon.engine.conditions.figures import NBSP, money_text
from houblon.engine.core.account import Account
from houblon.engine.core.problem import Text

MOST = 50  # invoices that are looked at


class OpenInvoice(msgspec.Struct, frozen=True):
    """An invoice of which so many cents are left to pay; `due` is None where it has no due date."""

    number: str
    due: date | None
    left: int


def freeing_payment(
    account: Account, invoices: Sequence[OpenInvoice], today: date, passes: Callable[[Account], bool]
) -> tuple[OpenInvoice, ...]:
    """The fewest of the invoices, the first due first, after whose payment an order `passes`; empty where none do."""
    known = invoices[:MOST]
    for paid in _choices(known):
        left = [each for each in invoices if each not in paid]
        if passes(_without(account, paid, left, today)):
            return paid
    return ()


def payment_sentence(paid: Sequence[OpenInvoice]) -> Text | None:
    """« Rien ne retiendrait la commande après le paiement de la facture MF-2026-00012 (412,00 $). »"""
    if not paid:
        return None
    *others, last = [each.number for each in paid]
    amount = money_text(sum(each.left for each in paid))
    if not others:
        return Text(
            f"Rien ne retiendrait la commande après le paiement de la facture {last} ({amount.fr}).",
            f"Nothing would hold the order once invoice {last} is paid ({amount.en}).",
        )
    return Text(
        f"Rien ne retiendrait la commande après le paiement des factures {', '.join(others)} et {last} "
        f"({amount.fr} en{NBSP}tout).",
        f"Nothing would hold the order once invoices {', '.join(others)} and {last} are paid ({amount.en} in all).",
    )


def _choices(invoices: Sequence[OpenInvoice]) -> Iterator[tuple[OpenInvoice, ...]]:
    for each in invoices:
        yield (each,)
    for count in range(2, len(invoices) + 1):
        yield tuple(invoices[:count])


def _without(account: Account, paid: Sequence[OpenInvoice], left: Sequence[OpenInvoice], today: date) -> Account:
    late = [each for each in left if each.due is not None and each.due < today]
    return msgspec.structs.replace(
        account,
        outstanding_balance=max(0, account.outstanding_balance - sum(each.left for each in paid)),
        overdue_balance=sum(each.left for each in late),
        days_overdue=max(((today - each.due).days for each in late if each.due is not None), default=0),
    )

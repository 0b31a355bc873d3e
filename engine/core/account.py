"""A retailer's account: what the house itself knows of what they owe, whatever an order says of it."""

import msgspec

LEDGER, SETTING = "ledger", "setting"


class Account(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of a buyer when their order is decided; money in cents.

    `outstanding_balance` is what they have to pay and what they ordered that is still to be invoiced;
    `days_overdue` are those of the oldest invoice that is late. `credit_limit` is their own, None where they have none.
    """

    outstanding_balance: int = 0
    overdue_balance: int = 0
    days_overdue: int = 0
    is_first_order: bool = False
    credit_limit: int | None = None


def has_own_limit(account: Account | None) -> bool:
    """Whether the buyer has a credit limit of their own, which holds their orders where the policy gives none too."""
    return account is not None and account.credit_limit is not None


def origins(account: Account | None, setting_limit: int | None, said_limit: int | None) -> dict[str, str] | None:
    """Where each fact that the order does not say itself comes from: `ledger` or `setting`; None where it says all.

    `setting_limit` is that of the policy in force, `said_limit` the one that the order says.
    """
    if account is None:
        return _LIMIT_SET if setting_limit is not None and said_limit is None else None
    if account.credit_limit is not None:
        return _OWN_LIMIT
    return _KNOWN if setting_limit is None else _SET_LIMIT


_KNOWN = dict.fromkeys(("outstanding_balance", "overdue_balance", "days_overdue", "is_first_order"), LEDGER)
_OWN_LIMIT = {**_KNOWN, "credit_limit": LEDGER, "credit_available": LEDGER}
_SET_LIMIT = {**_KNOWN, "credit_limit": SETTING, "credit_available": LEDGER}
_LIMIT_SET = {"credit_limit": SETTING}

"""The accounts of the journal, as the page Installation and a shell's options type them: `account_revenue`, …"""

from collections.abc import Mapping
from typing import Any

import msgspec

from houblon.engine.core.problem import Faults, Text
from houblon.orders.bookkeeping.accounts import LONGEST, NAMES, Accounts

# What a form or an option calls each account, and what people do.
PREFIX = "account_"
FIELDS: dict[str, Text] = {f"{PREFIX}{account}": label for account, label in NAMES.items()}


def typed_of_accounts(accounts: Accounts) -> dict[str, str]:
    """The form as the accounts fill it in."""
    return {f"{PREFIX}{name}": value for name, value in msgspec.to_builtins(accounts).items()}


def read_accounts(typed: Mapping[str, Any], now: Accounts, faults: Faults, prefix: str = PREFIX) -> Accounts:
    """The accounts that are asked for, each under its name behind the prefix; one that is not stays. Faults are added
    to `faults`."""
    found = {}
    for account in NAMES:
        name = f"{prefix}{account}"
        if name not in typed:
            continue
        said = " ".join(typed[name].split())
        if 1 <= len(said) <= LONGEST and said.isprintable():
            found[account] = said
        else:
            faults.add(
                "account",
                f"/{name}",
                f"Un compte : son numéro, son nom ou les deux, au plus {LONGEST} caractères.",
                f"An account: its number, its name or both, at most {LONGEST} characters.",
            )
    return msgspec.structs.replace(now, **found)

"""The accounts of the journal, as the page Installation and a shell's options type them: `account_revenue`, …"""

from collections.abc import Mapping
from typing import Any

import msgspec

from houblon.engine.core.problem import Faults, Text
from houblon.orders.bookkeeping.accounts import LONGEST, NAMES, Accounts

# What a form or an option calls each account, and what people do.
FIELDS: dict[str, Text] = {f"account_{account}": label for account, label in NAMES.items()}


def typed_of_accounts(accounts: Accounts) -> dict[str, str]:
    """The form as the accounts fill it in."""
    return {f"account_{name}": value for name, value in msgspec.to_builtins(accounts).items()}


def read_accounts(typed: Mapping[str, Any], now: Accounts, faults: Faults) -> Accounts:
    """The accounts that a form asks for; one that it does not have stays. Faults are added to `faults`."""
    found = {}
    for account in NAMES:
        name = f"account_{account}"
        if name not in typed:
            continue
        said = " ".join(typed[name].split())
        if 1 <= len(said) <= LONGEST and said.isprintable():
            found[account] = said
        else:
            faults.add(
                name,
                f"/{name}",
                f"Un compte : son numéro, son nom ou les deux, au plus {LONGEST} caractères.",
                f"An account: its number, its name or both, at most {LONGEST} characters.",
            )
    return msgspec.structs.replace(now, **found)

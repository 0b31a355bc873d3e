"""An entry of the audit log: who did what when, from where, with before and after.

It is written with its act, in the same file or the same transaction: neither is ever there without the other.
"""

from datetime import datetime
from typing import Any

import msgspec


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One act: `who` did it, from `source` (an address, `shell`, or empty when nobody stood there).

    `act` is such as `proposal.approved`, `subject` what it was done to. The same `reference` is
    written once: an entry that waits in the rules, or beside the profile, has one of its own.
    """

    at: datetime
    who: str
    source: str
    act: str
    subject: str
    before: Any = None
    after: Any = None
    reference: str | None = None

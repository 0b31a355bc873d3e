"""The services: what deciding and acting on orders needs, put together once by the composition root."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row

from houblon.engine.conditions.figures import NBSP
from houblon.engine.core.account import Account
from houblon.engine.core.order import Order
from houblon.engine.core.problem import Problem, Text
from houblon.engine.decide.evaluate import Installation
from houblon.engine.policy.policy import Policy
from houblon.engine.schedule.cadence import day_text
from houblon.orders.db.ledger import Ledger
from houblon.rules.policies import Policies


class Seller(msgspec.Struct, frozen=True):
    """Who invoices: printed on every invoice. `prefix` starts its numbers, `credit_prefix` its credit notes'."""

    name: str
    address: str = ""
    email: str = ""
    gst_number: str = ""
    qst_number: str = ""
    prefix: str = "F"
    credit_prefix: str = "NC"


class FormerSecret(msgspec.Struct, frozen=True):
    """A secret that was in use until an instant: it opens what is of before, and signs nothing."""

    key: str
    until: datetime


@dataclass(frozen=True)
class Services:
    """`base_url` is where buyers reach Houblon; `secret` signs their links, `former` ones (the last first) still open
    those of their time.

    With `follow_delivery`, the due date of what is not paid yet follows a delivery that is rescheduled. With
    `knows_accounts`, what buyers owe is what the ledger knows, whatever an order says of it.
    `french` is what buyers in Québec who read English get: `both` languages, French `only`, or the `buyer`'s own.
    """

    ledger: Ledger
    policies: Policies
    installation: Installation
    seller: Seller
    base_url: str
    secret: str
    follow_delivery: bool = False
    former: tuple[FormerSecret, ...] = ()
    knows_accounts: bool = False
    french: str = "both"

    def moment_text(self, at: datetime) -> Text:
        """An instant on the installation's clocks: « 12 mai 2021 à 10 h 05 », “May 12, 2021 at 10:05”."""
        local = at.astimezone(self.installation.zone)
        day = day_text(local.date())
        return Text(
            f"{day.fr} à {local.hour}{NBSP}h{NBSP}{local.minute:02d}", f"{day.en} at {local.hour}:{local.minute:02d}"
        )


class OrderContext(msgspec.Struct, frozen=True):
    """An order and what it is handled with: its key in the ledger, its buyer's row, the policy, the instant, and what
    the ledger knows of what the buyer owes, where that counts."""

    key: int
    order: Order
    buyer: Row[Any]
    policy: Policy
    at: datetime
    account: Account | None = None


class Conflict(Exception):
    """The request came too late or contradicts what is done; the sentence says what was done."""

    def __init__(self, code: str, fr: str, en: str):
        self.code, self.fr, self.en = code, fr, en
        super().__init__(en)

    @property
    def problem(self) -> Problem:
        """What is told of it; no place of an input is at fault."""
        return Problem(self.code, "", Text(self.fr, self.en))

    def in_(self, language: str) -> str:
        """The sentence in `fr` or `en`."""
        return self.problem.message.in_(language)

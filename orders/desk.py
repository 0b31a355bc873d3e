"""The desk: what deciding and acting on orders needs, put together once by the composition root."""

from dataclasses import dataclass

import msgspec

from engine.evaluate import Installation
from orders.ledger import Ledger
from rules.policies import Policies


class Seller(msgspec.Struct, frozen=True):
    """Who invoices: printed on every invoice. `prefix` starts its numbers."""

    name: str
    address: str = ""
    email: str = ""
    gst_number: str = ""
    qst_number: str = ""
    prefix: str = "F"


@dataclass(frozen=True)
class Desk:
    """`base_url` is where buyers reach Houblon; `secret` signs their links."""

    ledger: Ledger
    policies: Policies
    installation: Installation
    seller: Seller
    base_url: str
    secret: str


class Conflict(Exception):
    """The request came too late or contradicts what is done; the sentence says what was done."""

    def __init__(self, code: str, fr: str, en: str):
        self.code, self.fr, self.en = code, fr, en
        super().__init__(en)

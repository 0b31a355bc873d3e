"""An order's bytes to an Order: decoded at speed, explained in full when they don't decode."""

import hashlib

import msgspec

from engine.order import Order, decode_order
from engine.problem import Faults, refuse, step
from orders.order_schema import ORDER
from rules.faults import load

MAX_BODY = 1_000_000
# What the ledger's columns and a page can hold; sums stay exact in any reader of JSON as well.
MAX_VALUE = 10**15
LENGTHS = {"name": 300, "email": 320, "language": 35, "province": 100}


def read_order(body: bytes) -> Order:
    """The order in `body`. Raises Invalid with every fault, each at its pointer."""
    # All of it is parsed first: members that no rule reads are kept too, and must be readable later.
    document = parse_json(body)
    try:
        order = decode_order(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as fault:
        load(ORDER, document)
        # The schema finds nothing wrong only if it and the decoder differ, which a test rules out.
        raise refuse("order", "", "Cette commande ne se lit pas.", "This order can't be read.") from fault
    faults = Faults()
    _check_sizes(order, faults)
    # PostgreSQL keeps no null character, no screen shows one; JSON writes it in this one way.
    if b"\\u0000" in body:
        _check_texts(document, "", faults)
    faults.raise_if_any()
    return order


def parse_json(body: bytes) -> object:
    """The JSON value of a body. Raises Invalid where it is none."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise refuse("json", "", "Le corps n’est pas du JSON valide.", "The body is not valid JSON.") from None


def content_hash(body: bytes) -> str:
    """The hash of what a JSON body says, whatever its spaces and the order of its members."""
    canonical = msgspec.json.encode(msgspec.json.decode(body), order="deterministic")
    return hashlib.sha256(canonical).hexdigest()


def _check_sizes(order: Order, faults: Faults) -> None:
    for name, most in LENGTHS.items():
        if len(getattr(order.buyer, name) or "") > most:
            faults.add(
                "text", step("/buyer", name), f"Un texte d’au plus {most} caractères.", f"At most {most} characters."
            )
    if sum([line.quantity * (line.unit_price + (line.deposit or 0)) for line in order.lines]) > MAX_VALUE or (
        sum([line.discount or 0 for line in order.lines]) > MAX_VALUE
    ):
        faults.add(
            "too_large",
            "/lines",
            "La valeur de cette commande dépasse ce qui se compte.",
            "The value of this order is beyond what can be counted.",
        )


def _check_texts(value: object, pointer: str, faults: Faults) -> None:
    if isinstance(value, str) and "\0" in value:
        faults.add("text", pointer, "Un texte sans caractère nul.", "A text without a null character.")
    elif isinstance(value, dict):
        for name, member in value.items():
            _check_texts(name, step(pointer, name), faults)
            _check_texts(member, step(pointer, name), faults)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            _check_texts(member, step(pointer, index), faults)

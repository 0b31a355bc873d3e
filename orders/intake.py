"""An order's bytes to an Order: decoded at speed, explained in full when they don't decode."""

import hashlib

import msgspec

from engine.order import Order, decode_order
from engine.problem import refuse
from orders.order_schema import ORDER
from rules.faults import load

MAX_BODY = 1_000_000


def read_order(body: bytes) -> Order:
    """The order in `body`. Raises Invalid with every fault, each at its pointer."""
    try:
        return decode_order(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as fault:
        document = parse_json(body)
        load(ORDER, document)
        # The schema finds nothing wrong only if it and the decoder differ, which a test rules out.
        raise refuse("order", "", "Cette commande ne se lit pas.", "This order can't be read.") from fault


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

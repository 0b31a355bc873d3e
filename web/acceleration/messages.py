"""What the server and the writer process say to each other, as msgpack: a decoded order there, what came of a group back.

There: `[number, incoming order]`, with the order as the server decoded it; it is not read a second time. Back:
`[[number, result], …]`, nil where an order is refused.
"""

from collections.abc import Iterator, Sequence

import msgspec

from houblon.engine.core.order import Buyer, Line, Order
from houblon.orders.handling.order_writer import IngestResult
from houblon.orders.intake.incoming import IncomingOrder

# The longest message, in bytes. How long a socket's may be is the system's to say; a longer one would be cut.
LONGEST = 1 << 18
# So many bytes of answers go out together, one answer at least.
_TOGETHER = 1 << 16

Asked = tuple[int, IncomingOrder]
Answer = tuple[int, IngestResult | None]

# The same structs with money as the whole numbers that it is: a type of its own would be asked for value by value,
# which takes four times as long as all the rest; what few orders have (charges, payments, totals) is asked for so. A
# moment comes through as the same instant, in UTC.
_CENTS = int | None
_LINE = msgspec.defstruct(
    "CarriedLine",
    [("unit_price", int), ("discount", _CENTS, None), ("deposit", _CENTS, None)],
    bases=(Line,),
    frozen=True,
    kw_only=True,
)
_BUYER = msgspec.defstruct(
    "CarriedBuyer",
    [(name, _CENTS, None) for name in ("overdue_balance", "outstanding_balance", "credit_limit")],
    bases=(Buyer,),
    frozen=True,
    kw_only=True,
)
_ORDER = msgspec.defstruct(
    "CarriedOrder",
    [("buyer", _BUYER), ("lines", tuple[_LINE, ...])],  # type: ignore[valid-type]  # a type that was just made
    bases=(Order,),
    frozen=True,
    kw_only=True,
)
_INCOMING = msgspec.defstruct(
    "CarriedIncomingOrder", [("order", _ORDER)], bases=(IncomingOrder,), frozen=True, array_like=True
)
_encode_asked = msgspec.msgpack.Encoder(enc_hook=int).encode
_encode_answers = msgspec.msgpack.Encoder().encode
_decode_asked = msgspec.msgpack.Decoder(
    tuple[int, _INCOMING],  # type: ignore[valid-type]
    dec_hook=lambda kind, value: kind(value),
).decode
_decode_answers = msgspec.msgpack.Decoder(list[Answer]).decode


def asked_message(number: int, incoming: IncomingOrder) -> bytes:
    return _encode_asked((number, incoming))


def read_asked(message: bytes | memoryview) -> Asked:
    asked: Asked = _decode_asked(message)
    return asked


def answer_messages(answers: Sequence[Answer]) -> Iterator[bytes]:
    """The answers in as few messages as hold them."""
    message = _encode_answers(answers)
    if len(message) <= _TOGETHER:
        yield message
    elif len(answers) == 1:
        # Too long to be told: the server finds what was recorded.
        yield _encode_answers([(answers[0][0], None)])
    else:
        half = len(answers) // 2
        yield from answer_messages(answers[:half])
        yield from answer_messages(answers[half:])


def read_answers(message: bytes | memoryview) -> list[Answer]:
    return _decode_answers(message)

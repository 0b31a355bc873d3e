"""What the API answers about files of banks, and what it takes of them."""

from typing import Any, Literal

import msgspec
from marshmallow import fields

from houblon.engine.core.order import Moment
from houblon.engine.core.problem import Text
from houblon.orders.bank.statement_file import MAX_BYTES, MAX_COLUMNS
from houblon.orders.cell_values import COMMA, DAY_FIRST, MONTH_FIRST, POINT
from houblon.rules.model.faults import MESSAGES
from houblon.web.api.bodies import Body, choice, text, whole
from houblon.web.api.spec.types import Day, Key, Money

_MESSAGES: dict[str, Any] = MESSAGES
_LINES_OF_A_FILE = 10 * MAX_BYTES  # a quoted cell may hold many


def _place(**options: Any) -> Any:
    return whole(0, MAX_COLUMNS - 1, allow_none=True, load_default=None, **options)


class BankColumns(Body):
    """Which column holds what, from 0: the date, and what came in (`paid_in`), or `signed`, the amount that is below
    zero for what goes out."""

    date = whole(0, MAX_COLUMNS - 1, required=True)
    signed = _place()
    paid_in = _place()
    paid_out = _place()
    kind = _place()
    currency = _place()
    texts = fields.List(whole(0, MAX_COLUMNS - 1), load_default=list, error_messages=_MESSAGES)


class BankChoice(Body):
    """The numbers of the invoices that a line pays, in their order; none: it pays nothing."""

    line = whole(1, _LINES_OF_A_FILE, required=True)
    invoices = fields.List(text(100, 1), required=True, error_messages=_MESSAGES)


class BankFileAsked(Body):
    """A bank's CSV as text. `days` and `decimal` are said where the file does not prove them, `columns` where its form is
    not known; `choices` correct what lines pay."""

    csv = text(MAX_BYTES, 1, required=True)
    name = text(200, load_default="")
    days = choice(DAY_FIRST, MONTH_FIRST)
    decimal = choice(COMMA, POINT)
    columns = fields.Nested(BankColumns, error_messages=_MESSAGES)
    choices = fields.List(
        fields.Nested(BankChoice, error_messages=_MESSAGES), load_default=list, error_messages=_MESSAGES
    )


class NewBankFile(BankFileAsked):
    """The same, and which lines are recorded: without `lines`, those that are sure. `seen` is that of a preview: what is
    not so any more is refused."""

    lines = fields.List(whole(1, _LINES_OF_A_FILE), error_messages=_MESSAGES)
    seen = text(64, 64)


class BankPart(msgspec.Struct, frozen=True):
    """What of a line goes to an invoice, of what is left to pay of it then."""

    invoice_key: Key
    invoice_number: str
    amount: Money
    balance: Money


class BankNote(msgspec.Struct, frozen=True):
    code: str
    message: Text


class BankMatch(msgspec.Struct, frozen=True):
    """A line that came in: `matched` is sure, `suggested` is for a person to confirm; `over` is what the invoices get
    beyond what they ask; `recorded` are the invoices that it pays already."""

    line: Key
    on: Day
    amount: Money
    text: str
    state: Literal["matched", "suggested", "unmatched", "recorded"]
    how: Literal["number", "name", "amount", "hand"] | None
    retailer: str | None
    invoices: tuple[BankPart, ...]
    over: Money
    recorded: tuple[str, ...]
    note: BankNote | None


class BankFault(BankNote, frozen=True, kw_only=True):
    line: Key


class BankPlaces(msgspec.Struct, frozen=True):
    date: int | None
    signed: int | None
    paid_in: int | None
    paid_out: int | None
    kind: int | None
    currency: int | None
    texts: tuple[int, ...]


class BankPreview(msgspec.Struct, frozen=True):
    """A file as it was read, and what each line would pay; `out` lines tell of what went out."""

    seen: str
    header: tuple[str, ...]
    columns: BankPlaces
    days: str
    decimal: str
    out: int
    lines: tuple[BankMatch, ...]
    faults: tuple[BankFault, ...]


class BankPayment(msgspec.Struct, frozen=True):
    """A payment that a line made, and what its invoice comes to with it."""

    line: Key
    id: Key
    invoice_key: Key
    invoice_number: str
    amount: Money
    state: str
    balance: Money


class BankFileRecorded(msgspec.Struct, frozen=True):
    key: Key
    name: str
    lines: int
    amount: Money
    payments: tuple[BankPayment, ...]


class BankReversal(msgspec.Struct, frozen=True):
    reverses: Key
    id: Key
    invoice_key: Key
    invoice_number: str
    amount: Money
    state: str
    balance: Money


class BankFileUndone(msgspec.Struct, frozen=True):
    """The entries that take a file's payments back; `before` of them were taken back before."""

    key: Key
    name: str
    payments: tuple[BankReversal, ...]
    before: int


class BankFileHead(msgspec.Struct, frozen=True):
    key: Key
    name: str
    at: Moment
    who: str
    lines: int
    amount: Money
    undone_at: Moment | None
    undone_by: str | None


class BankFiles(msgspec.Struct, frozen=True):
    items: tuple[BankFileHead, ...]


ANSWERS: tuple[Any, ...] = (BankPreview, BankFileRecorded, BankFileUndone, BankFiles)

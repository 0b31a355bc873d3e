"""An order as it comes in, and the facts that conditions can read of it."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from houblon.engine.core.account import Account
from houblon.engine.core.money import Cents, Price, cents, price
from houblon.engine.core.places import country_code, province_of, region
from houblon.engine.core.texts import MAX_ID, clean_id, composed

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_ID)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Quantity = Annotated[int, msgspec.Meta(gt=0, le=1_000_000)]
Days = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
MOST_LINES, MOST_CHARGES = 5_000, 200
ChargeKind = Literal["shipping", "fee", "discount", "tip", "gift_card"]
PaymentState = Literal["unpaid", "partial", "paid"]
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Line(msgspec.Struct, frozen=True):
    """One product of an order. `unit_price` and `deposit` are per unit, `discount` is for the line."""

    sku: Id
    quantity: Quantity
    unit_price: Price
    name: str | None = None
    category: str | None = None
    discount: Price | None = None
    deposit: Price | None = None
    taxable: bool | None = None
    available: bool | None = None
    # Of containers that come back but are not the consumer's, such as kegs; others are not taxed.
    deposit_taxable: bool | None = None
    # The goods would be taxed, but not for this buyer.
    tax_exempt: bool | None = None

    @property
    def value(self) -> int:
        """quantity × unit price − line discount, in cents."""
        return self.quantity * self.unit_price - (self.discount or 0)

    @property
    def is_taxed(self) -> bool:
        return self.taxable is not False and self.tax_exempt is not True


class Charge(msgspec.Struct, frozen=True):
    """What an order costs beside its lines, signed: on the invoice, never an item, never in the order's value."""

    kind: ChargeKind
    amount: Cents
    name: str | None = None
    taxable: bool | None = None

    @property
    def is_taxed(self) -> bool:
        return self.taxable is not False


class Payment(msgspec.Struct, frozen=True):
    """What the sender has been paid, and by what it finds that again."""

    state: PaymentState
    amount: Price | None = None
    reference: str | None = None


class StatedTotal(msgspec.Struct, frozen=True):
    """What the sender says that the order comes to, with taxes or before them."""

    amount: Cents
    taxes_included: bool | None = None


class Buyer(msgspec.Struct, frozen=True):
    """The retailer who orders, as the sender of the order knows them."""

    id: Id
    name: str | None = None
    email: str | None = None
    language: str | None = None
    province: str | None = None
    groups: tuple[str, ...] | None = None
    is_first_order: bool | None = None
    overdue_balance: Cents | None = None
    days_overdue: Days | None = None
    outstanding_balance: Cents | None = None
    credit_limit: Price | None = None
    country: str | None = None
    company: str | None = None
    po_number: str | None = None


class Order(msgspec.Struct, frozen=True):
    """One order. What is absent or null is None and stays unknown; nothing is guessed."""

    id: Id
    placed_at: Moment
    buyer: Buyer
    lines: Annotated[tuple[Line, ...], msgspec.Meta(min_length=1, max_length=MOST_LINES)]
    currency: str | None = None
    distributor: str | None = None
    delivery_method: str | None = None
    planned_delivery: date | None = None
    source: str | None = None
    note: str | None = None
    charges: Annotated[tuple[Charge, ...], msgspec.Meta(max_length=MOST_CHARGES)] | None = None
    tax_exempt: bool | None = None
    tax_exempt_reason: str | None = None
    payment: Payment | None = None
    stated_total: StatedTotal | None = None
    # What the sender calls the state of the order, and the terms of payment.
    status: str | None = None
    payment_terms: str | None = None


def _decode_money(type_: type, value: Any) -> object:
    """Money is all that msgspec does not know by itself."""
    return price(value) if type_ is Price else cents(value)


_decoder: msgspec.json.Decoder[Order] = msgspec.json.Decoder(Order, dec_hook=_decode_money)


def decode_order(body: bytes) -> Order:
    """Decode an order's JSON. Raises msgspec.ValidationError or DecodeError at the first fault."""
    return settled(_decoder.decode(body))


def decoder_of(type_: Any) -> msgspec.json.Decoder[Any]:
    """A decoder of JSON to a type that holds orders; each is to be `settled`."""
    return msgspec.json.Decoder(type_, dec_hook=_decode_money)


def _without_unknown(kind: Any, **parts: Any) -> Any:
    """A kind of struct whose decoder refuses members that nobody knows, with its `parts` likewise."""
    fields = [
        (each.name, parts[each.name], *(() if each.required else (None,)))
        for each in msgspec.structs.fields(kind)
        if each.name in parts
    ]
    return msgspec.defstruct(
        kind.__name__, fields, bases=(kind,), frozen=True, kw_only=True, forbid_unknown_fields=True
    )


_Line, _Buyer, _Charge, _Payment, _StatedTotal = map(_without_unknown, (Line, Buyer, Charge, Payment, StatedTotal))
# An order that says nothing that nobody knows: at no cost, where most are of that kind.
KNOWN_ORDER: Any = _without_unknown(
    Order,
    lines=Annotated[tuple[_Line, ...], msgspec.Meta(min_length=1, max_length=MOST_LINES)],  # type: ignore[valid-type]
    buyer=_Buyer,
    charges=Annotated[tuple[_Charge, ...], msgspec.Meta(max_length=MOST_CHARGES)] | None,  # type: ignore[valid-type]
    payment=_Payment | None,
    stated_total=_StatedTotal | None,
)


def order_of(document: object) -> Order:
    """The same from a parsed JSON document."""
    return settled(convert(document, Order))


def convert(document: object, type_: Any) -> Any:
    """One member of an order from its JSON value, as the decoder reads it. Raises msgspec.ValidationError."""
    return msgspec.convert(document, type_, dec_hook=_decode_money)


# Texts that were found to be in their one form, bounded: names of products and buyers come again and again.
_KNOWN: set[str | None] = {None}
_MOST_KNOWN = 1 << 16
_known = _KNOWN.__contains__


def settled(order: Order) -> Order:
    """The order with its ids and names of choices in their one form, whichever door it came by.

    Ids are clean, a province of Canada is its code, and what is empty is absent. An id of which nothing
    would be left stays as it is, for the door to refuse.
    """
    buyer = order.buyer
    texts = [
        *(buyer.id, buyer.name, buyer.email, buyer.language, *(buyer.groups or ())),
        *(order.currency, order.distributor, order.delivery_method, order.source),
        *[line.sku for line in order.lines],
        *[line.category for line in order.lines],
    ]
    # By what was seen before, for this runs for every order; one by one where something is new.
    plain = all(map(_known, texts)) or all(_known(text) or _is_plain(text) for text in texts)
    if not plain or not _is_clean(order.id):
        return _cleaned(order)
    if buyer.province is not None and province_of(buyer.province) != (buyer.province or None):
        return _cleaned(order)
    return order if order.note is None or order.note.isascii() else replace(order, note=composed(order.note))


def _is_plain(text: str | None) -> bool:
    if text is None or not _is_clean(text):
        return text is None
    if len(_KNOWN) >= _MOST_KNOWN:
        _KNOWN.clear()
        _KNOWN.add(None)
    _KNOWN.add(text)
    return True


def _is_clean(text: str) -> bool:
    # What is too long is cleaned each time, and never known: `clean_id` leaves it as it is.
    return 0 < len(text) <= MAX_ID and clean_id(text) == text


def _cleaned(order: Order) -> Order:
    buyer = order.buyer
    groups = None if buyer.groups is None else tuple(dict.fromkeys(filter(None, map(clean_id, buyer.groups))))
    return replace(
        order,
        id=clean_id(order.id) or order.id,
        buyer=replace(
            buyer,
            id=clean_id(buyer.id) or buyer.id,
            name=_said(buyer.name, _trimmed),
            email=_said(buyer.email, _trimmed),
            language=_said(buyer.language, clean_id),
            province=_said(buyer.province, province_of),
            groups=groups,
        ),
        lines=tuple(
            replace(line, sku=clean_id(line.sku) or line.sku, category=_said(line.category, clean_id))
            for line in order.lines
        ),
        **{
            name: _said(getattr(order, name), clean_id)
            for name in ("currency", "distributor", "delivery_method", "source")
        },
        note=None if order.note is None else composed(order.note),
    )


def _said(text: str | None, clean: Callable[[str], str]) -> str | None:
    return None if text is None else clean(text) or None


def _trimmed(text: str) -> str:
    return composed(text).strip()


class Facts(msgspec.Struct, frozen=True):
    """What conditions read: money in cents, None where the order does not say."""

    order_value: int
    item_count: int
    line_count: int
    largest_line_value: int
    overdue_balance: int | None
    days_overdue: int | None
    outstanding_balance: int | None
    credit_limit: int | None
    credit_available: int | None
    lead_days: int | None
    placed_hour: int
    is_first_order: bool | None
    all_available: bool
    has_planned_delivery: bool
    buyer_id: str
    note: str
    province: str | None
    distributor: str | None
    delivery_method: str | None
    source: str | None
    placed_weekday: str
    buyer_groups: tuple[str, ...]
    categories: tuple[str, ...] | None
    skus: tuple[str, ...]
    charges_value: int | None
    is_paid: bool | None
    country: str | None


def with_limit(facts: Facts, limit: int | None) -> Facts:
    """The facts of an order that were read without the credit that its buyer's policy gives."""
    if limit is None or facts.credit_limit is not None:
        return facts
    outstanding = facts.outstanding_balance
    left = None if outstanding is None else limit - outstanding - facts.order_value
    return replace(facts, credit_limit=limit, credit_available=left)


# How orders are read. What was decided by an earlier reading is decided by it again (orders/handling/replay.py):
# the first knew no charges, and took a province as it was written; the second accepted what charges bring below zero.
FIRST_READING, SECOND_READING, READING = 1, 2, 3


def read_facts(
    order: Order,
    groups: tuple[str, ...],
    zone: ZoneInfo,
    reading: int = READING,
    account: Account | None = None,
    limit: int | None = None,
) -> Facts:
    """The facts of `order`; `groups` are the buyer's, and so is `account`, which counts where the order says otherwise.

    `zone` is the installation's, `limit` the credit of whoever has none of their own, in cents."""
    buyer = order.buyer
    item_count, all_available = 0, True
    values: list[int] = []
    categories: list[str | None] = []
    skus: list[str] = []
    # One pass: this runs for every order, and five passes cost twice as much.
    for line in order.lines:
        quantity, discount = line.quantity, line.discount
        value = quantity * line.unit_price
        values.append(value - discount if discount else value)
        item_count += quantity
        categories.append(line.category)
        skus.append(line.sku)
        if line.available is False:
            all_available = False
    order_value = sum(values)
    placed, planned = order.placed_at.astimezone(zone), order.planned_delivery
    known: Account | Buyer = buyer if account is None else account
    outstanding, limit = known.outstanding_balance, limit if known.credit_limit is None else known.credit_limit
    return Facts(
        order_value,
        item_count,
        len(values),
        max(values),
        known.overdue_balance,
        known.days_overdue,
        outstanding,
        limit,
        None if limit is None or outstanding is None else limit - outstanding - order_value,
        None if planned is None else (planned - placed.date()).days,
        placed.hour,
        known.is_first_order,
        all_available,
        planned is not None,
        buyer.id,
        order.note or "",
        buyer.province if reading == FIRST_READING else region(buyer.province, buyer.country),
        order.distributor,
        order.delivery_method,
        order.source,
        WEEKDAYS[placed.weekday()],
        groups,
        None if None in categories else tuple(categories),  # type: ignore[arg-type]
        tuple(skus),
        sum([charge.amount for charge in order.charges]) if order.charges else 0,
        None if order.payment is None else order.payment.state == "paid",
        country_code(buyer.country),
    )

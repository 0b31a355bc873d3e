"""What a part of an invoice comes to: the amounts of so many of each line, out of its frozen document.

Amounts are reckoned for all that was ever credited, and a credit note has the difference to what was credited before
it: whatever the parts and their order, all of them together are the invoice, to the cent. A line's discount and
deposit go by quantity, the group's discount and the taxes by their percent, a discount on the whole order by the value
of the lines; what is charged beside the lines (shipping, fees) goes with the last of them.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from houblon.engine.core.money import cents_written, dollars
from houblon.engine.core.taxes import percent_of

Quantities = Mapping[int, int]
_SUMS = ("subtotal", "discount", "charges", "taxable", "untaxed", "deposits", "taxed_deposits", "total")


class Part(msgspec.Struct, frozen=True):
    """So much of an invoice, in cents: each line's quantity, discount, value and deposit, in the document's order."""

    lines: tuple[tuple[int, int, int, int], ...]
    charges: tuple[int, ...]
    taxes: tuple[int, ...]
    sums: dict[str, int]


def number_of(line: Mapping[str, Any], place: int) -> int:
    """The number of a document's line, which is that of the order's: its place, from 1, where it says no other."""
    return int(line.get("line", place + 1))


def quantities_of(document: Mapping[str, Any]) -> dict[int, int]:
    """How much of each line a document has, by the line's number."""
    return {number_of(line, place): abs(line["quantity"]) for place, line in enumerate(document["lines"])}


def difference(document: dict[str, Any], before: Quantities, after: Quantities) -> dict[str, Any]:
    """What a credit note prints that takes an invoice from `before` to `after` credited, every amount below zero."""
    less, more = part_of(document, before), part_of(document, after)
    lines = []
    for place, (line, old, new) in enumerate(zip(document["lines"], less.lines, more.lines, strict=True)):
        quantity, *amounts = (then - now for then, now in zip(old, new, strict=True))
        if quantity:
            named = zip(("discount", "value", "deposit"), map(dollars, amounts), strict=True)
            lines.append({**line, "line": number_of(line, place), "quantity": quantity, **dict(named)})
    charges = [
        {**charge, "amount": dollars(old - new)}
        for charge, old, new in zip(document.get("charges", ()), less.charges, more.charges, strict=True)
        if old != new
    ]
    return {
        "lines": lines,
        **({"charges": charges} if charges else {}),
        "taxes": [
            {**tax, "amount": old - new}
            for tax, old, new in zip(document["taxes"], less.taxes, more.taxes, strict=True)
        ],
        "cents": {name: less.sums[name] - more.sums[name] for name in document["cents"]},
    }


def part_of(document: Mapping[str, Any], quantities: Quantities) -> Part:
    """What so many of each line (by its number) come to; of all of them, what the document says, to the cent."""
    if all(quantities.get(number, 0) == whole for number, whole in quantities_of(document).items()):
        return _whole(document)
    lines = tuple(
        _line(line, quantities.get(number_of(line, place), 0)) for place, line in enumerate(document["lines"])
    )
    values = sum(value for _, _, value, _ in lines)
    charges = tuple(_charge(charge, values, document) for charge in document.get("charges", ()))
    sums = _sums(document, lines, charges)
    taxes = tuple(percent_of(sums["taxable"], Decimal(tax["percent"])) for tax in document["taxes"])
    before_taxes = sums["taxable"] + sums["untaxed"] + sums["deposits"]
    return Part(lines, charges, taxes, {**sums, "total": before_taxes + sum(taxes)})


def share(amount: int, part: int, whole: int) -> int:
    """`part` out of `whole` of an amount, half a cent away from zero; nothing of nothing."""
    if whole <= 0:
        return 0
    sharing = (2 * abs(amount) * part + whole) // (2 * whole)
    return -sharing if amount < 0 else sharing


def _whole(document: Mapping[str, Any]) -> Part:
    lines = tuple(
        (line["quantity"], *(cents_written(line[name]) for name in ("discount", "value", "deposit")))
        for line in document["lines"]
    )
    charges = tuple(cents_written(charge["amount"]) for charge in document.get("charges", ()))
    sums = {name: document["cents"].get(name, 0) for name in _SUMS}
    return Part(lines, charges, tuple(tax["amount"] for tax in document["taxes"]), sums)


def _line(line: Mapping[str, Any], quantity: int) -> tuple[int, int, int, int]:
    discount = share(cents_written(line["discount"]), quantity, line["quantity"])
    value = quantity * cents_written(line["unit_price"]) - discount
    return quantity, discount, value, share(cents_written(line["deposit"]), quantity, line["quantity"])


def _charge(charge: Mapping[str, Any], values: int, document: Mapping[str, Any]) -> int:
    amount = cents_written(charge["amount"])
    return share(amount, values, document["cents"]["subtotal"]) if amount < 0 else 0


def _sums(
    document: Mapping[str, Any], lines: tuple[tuple[int, int, int, int], ...], charges: tuple[int, ...]
) -> dict[str, int]:
    """As `totals_of` sums an order: the group's discount comes off taxable lines, before taxes."""
    paired = list(zip(document["lines"], lines, strict=True))
    subtotal = sum(value for _, (_, _, value, _) in paired)
    taxed = sum(value for line, (_, _, value, _) in paired if line["taxable"])
    deposits = sum(deposit for _, (*_, deposit) in paired)
    taxed_deposits = sum(
        deposit for line, (*_, deposit) in paired if line.get("deposit_taxable") and not line.get("tax_exempt")
    )
    percent = document["discount_percent"]
    discount = percent_of(taxed, Decimal(percent)) if percent else 0
    shared = list(zip(document.get("charges", ()), charges, strict=True))
    taxed_charges = sum(amount for charge, amount in shared if charge["taxable"])
    return {
        "subtotal": subtotal,
        "discount": discount,
        "charges": sum(charges),
        "taxable": taxed - discount + taxed_charges + taxed_deposits,
        "untaxed": subtotal - taxed + sum(charges) - taxed_charges,
        "deposits": deposits - taxed_deposits,
        "taxed_deposits": taxed_deposits,
    }

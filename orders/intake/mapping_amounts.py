"""The rules of a mapping that count: sums, shares of what is left, prices of one unit."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from houblon.orders.intake.mapping_rules import NOTHING, Path, Scope, found_by
from houblon.orders.intake.shop_values import (
    Unfit,
    amount_of,
    as_whole,
    half_up,
    money,
    per_unit,
    rate_of,
)


class Sum(msgspec.Struct, frozen=True):
    """Amounts added up, less others; nothing where neither is said."""

    rules: tuple[Any, ...]
    minus: tuple[Any, ...] = ()

    def find(self, scope: Scope) -> Any:
        more, less = ([amount_of(value) for value in found_by(rules, scope)] for rules in (self.rules, self.minus))
        return money(sum(more, Decimal()) - sum(less, Decimal())) if more or less else NOTHING


class Product(msgspec.Struct, frozen=True):
    """An amount, so many times."""

    amount: Any
    quantity: Any

    def find(self, scope: Scope) -> Any:
        amount, quantity = self.amount.find(scope), self.quantity.find(scope)
        return NOTHING if NOTHING in (amount, quantity) else money(amount_of(amount) * as_whole(quantity))


class Percent(msgspec.Struct, frozen=True):
    """So many per cent of an amount, half a cent up."""

    rate: Any
    amount: Any

    def find(self, scope: Scope) -> Any:
        rate, amount = self.rate.find(scope), self.amount.find(scope)
        return NOTHING if NOTHING in (rate, amount) else money(half_up(amount_of(amount) * rate_of(rate) / 100))


class Share(msgspec.Struct, frozen=True):
    """The share of an amount that is of what is left: of a discount on 60 units, half where 30 are left."""

    amount: Any
    left: Any
    whole: Any

    def find(self, scope: Scope) -> Any:
        amount = self.amount.find(scope)
        if amount is NOTHING:
            return NOTHING
        left, whole = self.left.find(scope), self.whole.find(scope)
        if NOTHING in (left, whole) or left == whole:
            return money(amount_of(amount))
        if as_whole(whole) <= 0:
            raise Unfit("Une quantité positive est attendue.", "A positive quantity is expected.")
        return money(half_up(amount_of(amount) * as_whole(left) / as_whole(whole)))


class Nonzero(msgspec.Struct, frozen=True):
    """Whether an amount is another than 0."""

    rule: Any

    def find(self, scope: Scope) -> Any:
        value = self.rule.find(scope)
        return NOTHING if value is NOTHING else amount_of(value) != 0


class UnitPrice(msgspec.Struct, frozen=True):
    amount: Any
    quantity: Any

    def find(self, scope: Scope) -> Any:
        amount, quantity = self.amount.find(scope), self.quantity.find(scope)
        return NOTHING if NOTHING in (amount, quantity) else money(per_unit(amount, quantity))


class DiscountTo(msgspec.Struct, frozen=True):
    target: Any
    amount: Any
    quantity: Any

    def find(self, scope: Scope) -> Any:
        target, amount, quantity = (each.find(scope) for each in (self.target, self.amount, self.quantity))
        if NOTHING in (target, amount, quantity):
            return NOTHING
        return money(per_unit(amount, quantity) * as_whole(quantity) - amount_of(target))


class Remaining(msgspec.Struct, frozen=True):
    quantity: Any
    refunds: Any
    id: Any

    def find(self, scope: Scope) -> Any:
        quantity, id = self.quantity.find(scope), self.id.find(scope)
        if quantity is NOTHING:
            return NOTHING
        return max(as_whole(quantity) - sum(as_whole(each) for each in self._given_back(scope).get(_key(id), ())), 0)

    def _given_back(self, scope: Scope) -> Mapping[Any, list[Any]]:
        """The quantities that were refunded, by line: sorted once a payload where they are the same for every line."""
        is_same = isinstance(self.refunds, Path) and self.refunds.from_top
        known: Mapping[Any, list[Any]] | None = scope.kept.get(self.refunds) if is_same else None
        if known is not None:
            return known
        refunds, found = self.refunds.find(scope), defaultdict[Any, list[Any]](list)
        for each in refunds if isinstance(refunds, list) else ():
            if isinstance(each, dict):
                found[_key(scope.member(each, "line_item_id"))].append(scope.member(each, "quantity") or 0)
        if is_same:
            scope.kept[self.refunds] = found
        return found


def _key(id: Any) -> Any:
    """The id, where it can be looked up; what a shop writes in no other place than its own tests can't."""
    return id if isinstance(id, str | int | float) else repr(id)

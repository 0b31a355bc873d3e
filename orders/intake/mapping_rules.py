"""The rules of a mapping as values: each finds something in a payload, or nothing."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any, Protocol

import msgspec

from houblon.engine.core.problem import refuse
from houblon.orders.intake.shop_values import amount_of, as_day, as_text, as_whole, money, per_unit
from houblon.rules.model.names import id_of

MAX_STEPS = 3_000_000  # values that all rules of a mapping may look at in one payload: about a second
_LOOKED_AT = object()


class Nothing:
    """Stands for what a payload does not say."""

    def __repr__(self) -> str:
        return "NOTHING"


NOTHING: Any = Nothing()


class Scope(msgspec.Struct, frozen=True):
    """What a rule looks at: where it stands, the payload's top, the house's zone, and the ids of the groups there are."""

    here: Any
    top: Any
    zone: tzinfo
    groups: frozenset[str] = frozenset()
    kept: dict[Any, Any] = {}  # what rules found out once about the whole payload, and how much they have looked at

    def spend(self, steps: int) -> None:
        """Count what is looked at, of the whole payload by all rules. Raises Invalid."""
        self.kept[_LOOKED_AT] = spent = self.kept.get(_LOOKED_AT, 0) + steps
        if spent > MAX_STEPS:
            raise refuse(
                "too_large", "", "Cette commande est trop longue à lire.", "This order takes too long to read."
            )


class Rule(Protocol):
    """Finds a value in a scope, or NOTHING. Raises Unfit."""

    def find(self, scope: Scope) -> Any: ...


class Path(msgspec.Struct, frozen=True):
    steps: tuple[str, ...]
    from_top: bool

    def find(self, scope: Scope) -> Any:
        found = [scope.top if self.from_top else scope.here]
        is_list = False
        for each in self.steps:
            name = each.removesuffix("[]")
            scope.spend(len(found))
            found = [value.get(name) for value in found if isinstance(value, dict)]
            if each.endswith("[]"):
                is_list = True
                found = [member for value in found if isinstance(value, list) for member in value]
        said = [value for value in found if _says(value)]
        if is_list:
            return said or NOTHING
        return said[0] if said else NOTHING


class Entry(msgspec.Struct, frozen=True):
    """The value of the entry so called, in a list of `{"name" or "key", "value"}` as shops keep attributes."""

    name: str
    entries: Any

    def find(self, scope: Scope) -> Any:
        entries = self.entries.find(scope)
        for each in entries if isinstance(entries, list) else ():
            if isinstance(each, dict) and self.name in (each.get("name"), each.get("key")) and _says(each.get("value")):
                return each["value"]
        return NOTHING


class Read(msgspec.Struct, frozen=True):
    rule: Any
    reader: Callable[[Any], Any]

    def find(self, scope: Scope) -> Any:
        value = self.rule.find(scope)
        return NOTHING if value is NOTHING else self.reader(value)


class Day(msgspec.Struct, frozen=True):
    """A day on the calendar of the house."""

    rule: Any

    def find(self, scope: Scope) -> Any:
        value = self.rule.find(scope)
        return NOTHING if value is NOTHING else as_day(value, scope.zone)


class Constant(msgspec.Struct, frozen=True):
    value: Any

    def find(self, scope: Scope) -> Any:
        return self.value


class First(msgspec.Struct, frozen=True):
    rules: tuple[Any, ...]

    def find(self, scope: Scope) -> Any:
        return next((value for rule in self.rules if (value := rule.find(scope)) is not NOTHING), NOTHING)


class Join(msgspec.Struct, frozen=True):
    rules: tuple[Any, ...]
    separator: str

    def find(self, scope: Scope) -> Any:
        said = [as_text(value) for value in _all(self.rules, scope)]
        return self.separator.join(said) or NOTHING


class Sum(msgspec.Struct, frozen=True):
    rules: tuple[Any, ...]

    def find(self, scope: Scope) -> Any:
        amounts = [amount_of(value) for value in _all(self.rules, scope)]
        return money(sum(amounts)) if amounts else NOTHING


class When(msgspec.Struct, frozen=True):
    condition: Any
    wanted: Any
    then: Any
    otherwise: Any

    def find(self, scope: Scope) -> Any:
        value = self.condition.find(scope)
        # Without a value to compare with: anything said, but `false`.
        holds = value is not NOTHING and value is not False if self.wanted is NOTHING else _same(value, self.wanted)
        return (self.then if holds else self.otherwise).find(scope)


class Options(msgspec.Struct, frozen=True):
    rule: Any
    options: Mapping[str, Any]

    def find(self, scope: Scope) -> Any:
        value = self.rule.find(scope)
        return NOTHING if value is NOTHING else self.options.get(as_text(value), NOTHING)


class Groups(msgspec.Struct, frozen=True):
    """Tags to group ids: those that name a group, and those that start with `prefix`, known or not.

    Shops use tags for many things, so a tag that names no group is nobody's business here; one
    that says by its prefix that it is meant for Houblon is a claim, and an unknown one holds the order.
    """

    rules: tuple[Any, ...]
    prefix: str

    def find(self, scope: Scope) -> Any:
        named: dict[str, None] = {}
        for value in _all(self.rules, scope):
            for tag in _tags(value):
                is_claim = bool(self.prefix) and tag.lower().startswith(self.prefix.lower())
                id = id_of(tag[len(self.prefix) :].strip() if is_claim else tag)
                if is_claim or id in scope.groups:
                    named[id] = None
        return list(named) or NOTHING


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
                found[_key(each.get("line_item_id"))].append(each.get("quantity") or 0)
        if is_same:
            scope.kept[self.refunds] = found
        return found


def _key(id: Any) -> Any:
    """The id, where it can be looked up; what a shop writes in no other place than its own tests can't."""
    return id if isinstance(id, str | int | float) else repr(id)


def _says(value: Any) -> bool:
    return value is not None and value != "" and value != []


def _all(rules: tuple[Any, ...], scope: Scope) -> list[Any]:
    """What the rules find, lists unfolded."""
    found: list[Any] = []
    for rule in rules:
        value = rule.find(scope)
        if value is not NOTHING:
            found += value if isinstance(value, list) else [value]
    return found


def _tags(value: Any) -> list[str]:
    """The tags in one text, as Shopify writes them (separated by commas), or one tag."""
    return [tag.strip() for tag in as_text(value).split(",") if tag.strip()]


def _same(value: Any, wanted: Any) -> bool:
    """Equal, where 0 and false are two things."""
    return isinstance(value, bool) is isinstance(wanted, bool) and value == wanted

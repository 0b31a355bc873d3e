"""Thresholds: the numbers that orders are held against, and contents in which one of them is another."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec

from houblon.engine.conditions.tree import AllOf, AnyOf, Comparison, Condition, comparisons_of
from houblon.engine.conditions.vocabulary import FACTS, Kind
from houblon.engine.core.money import cents, dollars
from houblon.engine.core.numbers import interval, whole_bounds
from houblon.engine.core.problem import Text
from houblon.engine.policy.lowering import BOUNDS, CREDIT_LIMIT, DAYS_OVERDUE, MINIMUMS
from houblon.engine.policy.policy import Rule
from houblon.rules.model.content import Content, Group
from houblon.rules.model.statements import RULES

# Beyond what any order says, either way; a float, for JSON holds no such whole number.
_BEYOND = 1e19
# What holds every order that a setting can hold.
_STRICTEST = {
    "acceptance.minimum_items": 1_000_000,
    "acceptance.minimum_value": "999999999999.00",
    CREDIT_LIMIT: "0.00",
    DAYS_OVERDUE: 0,
}
# An order whose buyer has a limit of their own does not turn with the policy's.
_COLUMNS = {CREDIT_LIMIT: "CASE WHEN credit_limit IS NULL THEN outstanding_balance::BIGINT + order_value END"}
_UPWARDS = ("greater_than", "greater_than_or_equal_to")
_DOWNWARDS = ("less_than", "less_than_or_equal_to")


class Threshold(msgspec.Struct, frozen=True, eq=False):
    """One number of a group: a setting's, or the value of a comparison in a rule that holds, refuses or waives.

    `path` is that of the statement; `place` counts the rule's comparisons as they are written. The
    value and what it was `before` are the content's own: None where none is stated. `eases` says
    that an order is better off when the comparison holds.
    """

    path: str
    group: str
    fact: str
    operator: str
    value: Any
    before: Any
    place: int = 0
    label: Text | None = None
    eases: bool = False

    @property
    def column(self) -> str:
        """What it is compared with, as SQL."""
        return _COLUMNS.get(self.path, self.fact)

    @property
    def scale(self) -> int:
        return FACTS[self.fact].scale

    def units(self, value: Any) -> int | None:
        """The value in stored units (cents, items, days), the whole one that compares the same; None for none."""
        if value is None or isinstance(value, str):
            return None if value is None else cents(value)
        bounds = whole_bounds(interval(self.operator, Decimal(repr(value))), self.scale)
        strict = self.operator in ("greater_than", "less_than")
        return int(bounds.high) + strict if bounds.low is None else int(bounds.low) - strict  # type: ignore[arg-type]

    def shown(self, units: int | None) -> Any:
        """Stored units as the report writes them: money as a decimal string."""
        return dollars(units) if units is not None and self.scale == 100 else units

    def meets(self, units: int) -> str:
        """The comparison against a number of stored units, as SQL."""
        bounds = whole_bounds(interval(self.operator, Decimal(units) / self.scale), self.scale)
        return f"fact >= {bounds.low}" if bounds.low is not None else f"fact <= {bounds.high}"

    def moved(self, content: Content, *, holds: bool) -> Content:
        """The content in which the comparison holds for every order that says the fact, or for none."""
        if self.path in BOUNDS:
            return with_bound(content, self.path, _STRICTEST[self.path] if holds else None, self.group)
        value = -_BEYOND if holds is (self.operator in _UPWARDS) else _BEYOND
        group = content.groups[self.group]
        id = self.path.removeprefix(RULES)
        rule: Any = group.rules[id]
        changed = msgspec.structs.replace(rule, condition=_with_value(rule.condition, self.place, value))
        put = msgspec.structs.replace(group, rules={**group.rules, id: changed})
        return _variant(content, {**content.groups, self.group: put}, f"{self.path}.{self.place}={value}@{self.group}")


def with_bound(content: Content, path: str, value: Any, group: str | None = None) -> Content:
    """The content with one setting's number set in a group, or wherever some group states one."""
    groups = {
        id: msgspec.structs.replace(each, settings={**each.settings, path: value})
        if (id == group if group is not None else path in each.settings)
        else each
        for id, each in content.groups.items()
    }
    return _variant(content, groups, f"{path}={value}@{group}")


def thresholds_of(before: Content, after: Content, most: int) -> list[Threshold]:
    """The two minimums and the limits that some group states, then at most `most` numbers of rules: first those that
    the second content changes."""
    paths = [path for path in BOUNDS if path in MINIMUMS or is_stated(before, path) or is_stated(after, path)]
    settings = [_of_setting(before, after, path) for path in paths]
    written = [each for group in after.ranked() for each in _of_rules(before.groups.get(group.id), group)]
    return [*settings, *sorted(written, key=lambda each: each.value == each.before)[:most]]


def is_stated(content: Content, path: str) -> bool:
    """Whether some group gives the setting a value."""
    return any(group.settings.get(path) is not None for group in content.groups.values())


def _variant(content: Content, groups: dict[str, Group], what: str) -> Content:
    # Its own hash, so that policies remembered for the real one are not taken for it.
    version = msgspec.structs.replace(content.version, hash=f"{content.version.hash}+{what}")
    return msgspec.structs.replace(content, groups=groups, version=version)


def _of_setting(before: Content, after: Content, path: str) -> Threshold:
    """That of the highest group whose setting the second content changes, else of Tous."""

    def stated(content: Content, id: str) -> Any:
        return content.groups[id].settings.get(path) if id in content.groups else None

    changed = (each.id for each in after.ranked() if stated(after, each.id) != stated(before, each.id))
    group = next(changed, "tous")
    return Threshold(path, group, *BOUNDS[path], stated(after, group), stated(before, group))


def _of_rules(before: Group | None, group: Group) -> Iterator[Threshold]:
    for id, rule in group.rules.items():
        effects = {action.name for action in rule.actions} if rule is not None and rule.enabled else set()
        if rule is None or not effects & {"hold", "refuse", "waive_minimums"}:
            continue
        earlier = _values(before.rules.get(id) if before else None)
        for place, each in enumerate(comparisons_of(rule.condition)):
            if each.kind is Kind.NUMERIC and each.operator in (*_UPWARDS, *_DOWNWARDS):
                yield Threshold(
                    RULES + id,
                    group.id,
                    each.name,
                    each.operator,
                    each.value,
                    earlier.get((place, each.name, each.operator)),
                    place,
                    rule.label,
                    not effects & {"hold", "refuse"},
                )


def _values(rule: Rule | None) -> dict[tuple[int, str, str], Any]:
    """The values of a rule's comparisons, by what is compared."""
    if rule is None:
        return {}
    return {(place, each.name, each.operator): each.value for place, each in enumerate(comparisons_of(rule.condition))}


def _with_value(condition: Condition, place: int, value: float) -> Condition:
    """The tree with another value in the comparison that is written in this place."""
    return _rewritten(condition, iter(range(1_000_000)), place, value)


def _rewritten(condition: Condition, count: Iterator[int], place: int, value: float) -> Condition:
    if isinstance(condition, Comparison):
        return msgspec.structs.replace(condition, value=value) if next(count) == place else condition
    members = tuple(_rewritten(member, count, place, value) for member in condition.members)
    return AllOf(members) if isinstance(condition, AllOf) else AnyOf(members)

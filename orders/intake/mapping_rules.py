"""The rules of a mapping as values: each finds something in a payload, or nothing."""

from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any, Protocol

import msgspec

from houblon.engine.core.problem import refuse
from houblon.orders.intake.shop_values import Unfit, as_day, as_text
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
    # Where somebody asks what was read: each object, by its identity, with the member that was looked at.
    seen: set[tuple[int, str]] | None = None

    def at(self, here: Any) -> "Scope":
        return Scope(here, self.top, self.zone, self.groups, self.kept, self.seen)

    def member(self, of: dict[str, Any], name: str) -> Any:
        if self.seen is not None:
            self.seen.add((id(of), name))
        return of.get(name)

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


class Step(msgspec.Struct, frozen=True):
    """A member, each of the list that it is (`[]`), or one of it (`[0]` the first, `[-1]` the last)."""

    name: str
    each: bool = False
    place: int | None = None


class Path(msgspec.Struct, frozen=True):
    steps: tuple[Step, ...]
    from_top: bool

    def find(self, scope: Scope) -> Any:
        if not self.from_top:
            return self._found(scope, scope.here)
        # The same for every line, and a payload may have thousands: who goes through what is found spends steps again.
        known = scope.kept.get(("from top", self))
        if known is None:
            known = scope.kept[("from top", self)] = self._found(scope, scope.top)
        return known

    def _found(self, scope: Scope, start: Any) -> Any:
        found = [start]
        is_list = False
        for step in self.steps:
            scope.spend(len(found))
            found = [scope.member(value, step.name) for value in found if isinstance(value, dict)]
            if step.each:
                is_list = True
                found = [member for value in found if isinstance(value, list) for member in value]
            elif step.place is not None:
                found = [each for value in found if isinstance(value, list) for each in _one_of(value, step.place)]
        said = [value for value in found if _says(value)]
        if is_list:
            return said or NOTHING
        return said[0] if said else NOTHING


class Several(msgspec.Struct, frozen=True):
    """The members of several lists, one after the other; those that `only` asks for, without those that `but` names."""

    rules: tuple[Any, ...]
    only: Any
    but: Any

    def find(self, scope: Scope) -> Any:
        found = []
        for rule in self.rules:
            value = rule.find(scope)
            if value is not NOTHING and not isinstance(value, list | dict):
                raise Unfit("Une liste est attendue.", "A list is expected.")
            found += [] if value is NOTHING else value if isinstance(value, list) else [value]
        scope.spend(len(found))
        return [each for each in found if self._is_kept(scope.at(each))] or NOTHING

    def _is_kept(self, scope: Scope) -> bool:
        if self.only is not None and not holds(self.only.find(scope)):
            return False
        return self.but is None or not holds(self.but.find(scope))


class Entry(msgspec.Struct, frozen=True):
    """The value of the entry so called, in a list of `{"name" or "key", "value"}` as shops keep attributes."""

    name: str
    entries: Any

    def find(self, scope: Scope) -> Any:
        entries = self.entries.find(scope)
        for each in entries if isinstance(entries, list) else ():
            if isinstance(each, dict) and self.name in (each.get("name"), each.get("key")) and _says(each.get("value")):
                return scope.member(each, "value")
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
        said = [as_text(value) for value in found_by(self.rules, scope)]
        return self.separator.join(said) or NOTHING


class When(msgspec.Struct, frozen=True):
    condition: Any
    wanted: Any
    then: Any
    otherwise: Any

    def find(self, scope: Scope) -> Any:
        value = self.condition.find(scope)
        wanted = self.wanted if isinstance(self.wanted, list) else [self.wanted]
        is_so = holds(value) if self.wanted is NOTHING else any(_same(value, each) for each in wanted)
        return (self.then if is_so else self.otherwise).find(scope)


class Options(msgspec.Struct, frozen=True):
    rule: Any
    options: Mapping[str, Any]
    otherwise: Any

    def find(self, scope: Scope) -> Any:
        value = self.rule.find(scope)
        if value is NOTHING:
            return NOTHING
        text = as_text(value)
        return self.options[text] if text in self.options else self.otherwise.find(scope)


class Groups(msgspec.Struct, frozen=True):
    """Tags to group ids: those that name a group, and those that start with `prefix`, known or not.

    Shops use tags for many things, so a tag that names no group is nobody's business here; one
    that says by its prefix that it is meant for Houblon is a claim, and an unknown one holds the order.
    """

    rules: tuple[Any, ...]
    prefix: str

    def find(self, scope: Scope) -> Any:
        named: dict[str, None] = {}
        for value in found_by(self.rules, scope):
            for tag in _tags(value):
                is_claim = bool(self.prefix) and tag.lower().startswith(self.prefix.lower())
                id = id_of(tag[len(self.prefix) :].strip() if is_claim else tag)
                if is_claim or id in scope.groups:
                    named[id] = None
        return list(named) or NOTHING


def _says(value: Any) -> bool:
    return value is not None and value != "" and value != []


def holds(value: Any) -> bool:
    """Whether a condition's value says anything but `false`."""
    return value is not NOTHING and value is not False


def _one_of(values: list[Any], place: int) -> list[Any]:
    return [values[place]] if -len(values) <= place < len(values) else []


def found_by(rules: tuple[Any, ...], scope: Scope) -> list[Any]:
    """What the rules find, lists unfolded."""
    found: list[Any] = []
    for rule in rules:
        value = rule.find(scope)
        if value is not NOTHING:
            found += value if isinstance(value, list) else [value]
    scope.spend(len(found))
    return found


def _tags(value: Any) -> list[str]:
    """The tags in one text, as Shopify writes them (separated by commas), or one tag."""
    return [tag.strip() for tag in as_text(value).split(",") if tag.strip()]


def _same(value: Any, wanted: Any) -> bool:
    """Equal, where 0 and false are two things."""
    return isinstance(value, bool) is isinstance(wanted, bool) and value == wanted

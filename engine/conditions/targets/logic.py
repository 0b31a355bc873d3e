"""Conditions to formulas, for questions about every possible order (z3).

A fact is a variable, and whether an order carries it is another. A condition is two formulas: it `holds`,
and it is `possible`, which is that it holds or is unknown. No operator negates a block, so these two say all
of strong Kleene logic, as in `sql.py`.

Numbers are whole units, as facts keep them. Of a select, each value that conditions name is a flag; of a text,
each comparison is one: what these flags may be together is said by `houblon.engine.proofs.possible`, and for
texts by `houblon.engine.proofs.texts`.

z3 takes time to import and is needed only by who proves: import this module where it is used.
"""

import copy
from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from types import MappingProxyType
from typing import Any

import msgspec
import z3

from houblon.engine.conditions.targets.operators import key
from houblon.engine.conditions.tree import AllOf, Comparison, Condition
from houblon.engine.conditions.vocabulary import FACTS, Kind
from houblon.engine.core.numbers import interval, whole_bounds

Formula = Any  # z3 has no types
GROUPS = "buyer_groups"


class Kleene(msgspec.Struct, frozen=True):
    """A condition as formulas: that it holds, and that it holds or is unknown."""

    holds: Formula
    possible: Formula


class Symbols:
    """The variables of facts, shared by all that is asked together.

    `comparisons` are all that will be asked about: which values a select can be told apart by follows from them.
    """

    def __init__(self, comparisons: Iterable[Comparison]):
        self.context = z3.Context()
        self.true, self.false = z3.BoolVal(True, self.context), z3.BoolVal(False, self.context)
        self.comparisons = tuple(dict.fromkeys(comparisons))
        self.names = frozenset(each.name for each in self.comparisons)
        self.numbers = {name: self.whole(name) for name in FACTS if FACTS[name].kind is Kind.NUMERIC}
        self.flags = {name: self.flag(name) for name in FACTS if FACTS[name].kind is Kind.BOOLEAN}
        self.known = {name: self.flag(f"{name} known") for name in FACTS if not FACTS[name].known}
        self.written: dict[tuple[str, str], str] = {}  # a value by fact and lower case, as conditions write it
        self.options = self._options()
        # Of facts that hold several values: whether there is one that no condition names.
        self.others = {name: self.flag(f"{name} other") for name in FACTS if FACTS[name].kind is Kind.SELECT_MULTIPLE}
        self.texts: dict[str, dict[Comparison, Formula]] = {}
        for place, each in enumerate(self.comparisons):
            if each.kind is Kind.STRING:
                self.texts.setdefault(each.name, {})[each] = self.flag(f"{each.name} {place}")
        self._tests: dict[Comparison, Formula] = {}

    def with_credit(self, limit: int | None) -> "Symbols":
        """The same variables, as a policy reads them that gives the credit `limit` to whoever has none of their own."""
        if limit is None:
            return self
        same, own, outstanding = copy.copy(self), self.known["credit_limit"], self.known["outstanding_balance"]
        most = z3.If(own, self.numbers["credit_limit"], z3.IntVal(limit, self.context))
        left = most - self.numbers["outstanding_balance"] - self.numbers["order_value"]
        same.numbers = {**self.numbers, "credit_limit": most, "credit_available": left}
        same.known = {**self.known, "credit_limit": self.true, "credit_available": outstanding}
        same._tests = {}
        return same

    def flag(self, name: str) -> Formula:
        return z3.Bool(name, self.context)

    def whole(self, name: str) -> Formula:
        return z3.Int(name, self.context)

    def _options(self) -> Mapping[str, Mapping[str, Formula]]:
        """By fact, the values in lower case that conditions name, all that there are where they are closed."""
        named: dict[str, dict[str, Formula]] = {}
        for name, fact in FACTS.items():
            if fact.kind in (Kind.SELECT, Kind.SELECT_MULTIPLE):
                values = list(fact.options) if fact.closed else []
                values += [value for each in self.comparisons if each.name == name for value in _values(each)]
                named[name] = {each: self.flag(f"{name}={each}") for each in dict.fromkeys(map(key, values))}
                self.written.update({(name, key(value)): value for value in reversed(values)})
        return MappingProxyType(named)

    def test(self, comparison: Comparison) -> Formula:
        """What the comparison says of a fact that is known."""
        if comparison not in self._tests:
            self._tests[comparison] = _TESTS[comparison.kind](self, comparison)
        return self._tests[comparison]

    def unknown(self, fact: str) -> Formula:
        return self.false if FACTS[fact].known else z3.Not(self.known[fact])


def formula(condition: Condition, symbols: Symbols, groups: tuple[str, ...] = ()) -> Kleene:
    """The condition of orders whose buyer is in `groups`, which a chain settles."""
    if isinstance(condition, Comparison):
        if condition.name == GROUPS:
            holds = symbols.true if shares(condition, groups) else symbols.false
            return Kleene(holds, holds)
        test = symbols.test(condition)
        if FACTS[condition.name].known:
            return Kleene(test, test)
        unknown = symbols.unknown(condition.name)
        return Kleene(all_of(symbols, [symbols.known[condition.name], test]), any_of(symbols, [unknown, test]))
    parts = [formula(member, symbols, groups) for member in condition.members]
    joined = all_of if isinstance(condition, AllOf) else any_of
    holds = joined(symbols, [part.holds for part in parts])
    if all(part.possible is part.holds for part in parts):
        return Kleene(holds, holds)
    return Kleene(holds, joined(symbols, [part.possible for part in parts]))


def all_of(symbols: Symbols, formulas: Iterable[Formula]) -> Formula:
    return _joined(symbols, z3.And, list(formulas), symbols.true, symbols.false)


def any_of(symbols: Symbols, formulas: Iterable[Formula]) -> Formula:
    return _joined(symbols, z3.Or, list(formulas), symbols.false, symbols.true)


def none_of(symbols: Symbols, formulas: Iterable[Formula]) -> Formula:
    return negated(symbols, any_of(symbols, formulas))


def negated(symbols: Symbols, formula: Formula) -> Formula:
    if formula is symbols.true or formula is symbols.false:
        return symbols.false if formula is symbols.true else symbols.true
    return z3.Not(formula)


def _joined(
    symbols: Symbols, join: Callable[..., Formula], parts: list[Formula], neutral: Formula, settling: Formula
) -> Formula:
    """Joined, without what changes nothing: each call into z3 costs more than asking here."""
    if any(part is settling for part in parts):
        return settling
    kept = [part for part in parts if part is not neutral]
    if not kept:
        return neutral
    return kept[0] if len(kept) == 1 else join(kept)


def _values(comparison: Comparison) -> tuple[str, ...]:
    return comparison.value if isinstance(comparison.value, tuple) else (comparison.value,)


def _numeric(symbols: Symbols, comparison: Comparison) -> Formula:
    fact, scale = symbols.numbers[comparison.name], FACTS[comparison.name].scale
    bounds = whole_bounds(interval(comparison.operator, comparison.value), scale)
    ends = []
    if bounds.low is not None:
        ends.append(fact >= int(bounds.low))
    if bounds.high is not None:
        ends.append(fact <= int(bounds.high))
    return all_of(symbols, ends)


def _boolean(symbols: Symbols, comparison: Comparison) -> Formula:
    fact = symbols.flags[comparison.name]
    return fact if comparison.operator == "is_true" else z3.Not(fact)


def _string(symbols: Symbols, comparison: Comparison) -> Formula:
    return symbols.texts[comparison.name][comparison]


def _select(symbols: Symbols, comparison: Comparison) -> Formula:
    option = symbols.options[comparison.name][key(comparison.value)]
    return option if comparison.operator == "contains" else z3.Not(option)


def _several(symbols: Symbols, comparison: Comparison) -> Formula:
    fact, keys = comparison.name, [key(value) for value in comparison.value]
    options, wanted = symbols.options[fact], dict.fromkeys(keys)
    here = [options[value] for value in wanted]
    match comparison.operator:
        case "contains_all":
            return all_of(symbols, here)
        case "is_contained_by":
            beside = [option for value, option in options.items() if value not in wanted]
            return none_of(symbols, [*beside, symbols.others[fact]])
        case "shares_at_least_one_element_with":
            return any_of(symbols, here)
        case "shares_no_elements_with":
            return none_of(symbols, here)
    # business-rules counts a repeated element of the rule's value each time it stands there.
    once = [options[value] for value in wanted if keys.count(value) == 1]
    repeated = [options[value] for value in wanted if keys.count(value) > 1]
    return all_of(symbols, [_exactly_one(symbols, once), none_of(symbols, repeated)])


def _exactly_one(symbols: Symbols, flags: list[Formula]) -> Formula:
    return z3.PbEq([(each, 1) for each in flags], 1) if flags else symbols.false


_TESTS: Mapping[Kind, Callable[[Symbols, Comparison], Formula]] = {
    Kind.NUMERIC: _numeric,
    Kind.BOOLEAN: _boolean,
    Kind.STRING: _string,
    Kind.SELECT: _select,
    Kind.SELECT_MULTIPLE: _several,
}


def shares(comparison: Comparison, values: tuple[str, ...]) -> bool:
    """What a comparison with several values says of a fact that is settled."""
    keys = [key(value) for value in comparison.value]
    wanted, held = frozenset(keys), frozenset(map(key, values))
    match comparison.operator:
        case "contains_all":
            return held >= wanted
        case "is_contained_by":
            return held <= wanted
        case "shares_at_least_one_element_with":
            return not held.isdisjoint(wanted)
        case "shares_no_elements_with":
            return held.isdisjoint(wanted)
    return sum(1 for value in keys if value in held) == 1


def sum_of(terms: Iterable[Formula]) -> Formula:
    return reduce(lambda total, each: total + each, terms)

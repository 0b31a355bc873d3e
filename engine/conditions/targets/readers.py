"""Where compiled conditions read their facts: the house's own, or any business-rules variables."""

import ast
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from houblon.engine.conditions.targets.operators import key
from houblon.engine.conditions.targets.python import Reader
from houblon.engine.conditions.targets.syntax import assign, attribute, call, compare, leave_when, name
from houblon.engine.conditions.tree import Comparison
from houblon.engine.conditions.vocabulary import FACTS, Kind
from houblon.engine.core.numbers import float_bounds, interval, whole_bounds

_MEMO = 4_096


class FactsReader(Reader):
    """Reads `houblon.engine.core.order.Facts`: types are certain, None is unknown, money is in whole cents."""

    single_select = True

    def numeric(self, test: Comparison, exact: bool) -> tuple[Any, Any, bool]:
        bounds = whole_bounds(interval(test.operator, test.value), FACTS[test.name].scale)
        return bounds.low, bounds.high, False

    def fast_reads(self, comparisons: Sequence[Comparison]) -> tuple[list[ast.stmt], dict[str, ast.expr]]:
        """Facts that are read once need no name, and are read only when a rule comes to them."""
        uses = Counter(each.name for each in comparisons)
        doubtful = {each.name for each in comparisons if not FACTS[each.name].known and not _fails_on_none(each)}
        body: list[ast.stmt] = []
        inline: dict[str, ast.expr] = {}
        for fact, count in uses.items():
            kind, read = FACTS[fact].kind, attribute(name("facts"), fact)
            if fact in doubtful:
                body += [assign(fact, read), leave_when(compare(name(fact), ast.Is(), ast.Constant(None)))]
                read = name(fact)
            if kind in (Kind.SELECT, Kind.SELECT_MULTIPLE):
                read = _keys(fact, read)
            if count == 1:
                inline[fact] = read
            elif not isinstance(read, ast.Name):
                body.append(assign(fact, read))
        return body, inline

    def fast_guard(self, body: list[ast.stmt]) -> list[ast.stmt]:
        # What is missing and doesn't compare fails where a rule needs it; checking ahead costs more.
        failures = ast.Tuple([name("TypeError"), name("AttributeError")], ast.Load())
        leave: list[ast.stmt] = [ast.Return(call(name("otherwise"), name("facts")))]
        return [ast.Try(body, [ast.ExceptHandler(failures, None, leave)], [], [])]

    def careful_reads(self, names: Mapping[str, Kind]) -> list[ast.stmt]:
        body: list[ast.stmt] = []
        for fact, kind in names.items():
            raw = f"raw_{fact}"
            body += [assign(raw, attribute(name("facts"), fact)), assign(fact, name(raw))]
            if kind in (Kind.SELECT, Kind.SELECT_MULTIPLE):
                given = compare(name(raw), ast.IsNot(), ast.Constant(None))
                body.append(ast.If(given, [assign(fact, _keys(fact, name(fact)))], []))
        return body

    def may_be_unknown(self, test: Comparison) -> bool:
        return not FACTS[test.name].known

    def constants(self) -> dict[str, Any]:
        return {"known_keys": _KnownKeys(), "TypeError": TypeError, "AttributeError": AttributeError}


def _keys(fact: str, value: ast.expr) -> ast.expr:
    """What a select compares by; closed options are lower-case as they come."""
    if FACTS[fact].kind is Kind.SELECT:
        return value if FACTS[fact].closed else call(attribute(value, "lower"))
    return ast.Subscript(name("known_keys"), value, ast.Load())


def _fails_on_none(comparison: Comparison) -> bool:
    """Whether comparing None fails in Python, instead of answering False."""
    if comparison.kind is Kind.NUMERIC:
        return comparison.operator != "equal_to"
    return comparison.kind is Kind.SELECT_MULTIPLE or (
        comparison.kind is Kind.SELECT and not FACTS[comparison.name].closed
    )


class VariablesReader(Reader):
    """Reads the methods of any `BaseVariables`, whose values are checked when they are met.

    The fast form reads each variable once, at the start, and leaves whatever is not plainly of
    its type to the careful form, which reads one when a condition first needs it, as
    business-rules does, and raises TypeError on a value of the wrong type.
    """

    def numeric(self, test: Comparison, exact: bool) -> tuple[Any, Any, bool]:
        within = interval(test.operator, test.value)
        near = None if exact else float_bounds(within)
        if near is None:
            return within.low, within.high, within.open
        return near.low, near.high, False

    def fast_reads(self, comparisons: Sequence[Comparison]) -> tuple[list[ast.stmt], dict[str, ast.expr]]:
        body: list[ast.stmt] = []
        for variable, kind in {each.name: each.kind for each in comparisons}.items():
            body.append(assign(variable, call(attribute(name("facts"), variable))))
            if kind in _PLAIN:
                body.append(leave_when(_PLAIN[kind](variable)))
            else:
                values = call(name("tuple"), name(variable))
                body.append(assign(variable, ast.Subscript(name("known_keys"), values, ast.Load())))
        return body, {}

    def careful_reads(self, names: Mapping[str, Kind]) -> list[ast.stmt]:
        return [assign(f"raw_{variable}", name("unread")) for variable in names]

    def careful_read(self, test: Comparison) -> list[ast.stmt]:
        raw = f"raw_{test.name}"
        read = [
            assign(raw, call(attribute(name("facts"), test.name))),
            assign(test.name, call(name(f"{test.kind.value}_of"), name(raw))),
        ]
        return [ast.If(compare(name(raw), ast.Is(), name("unread")), read, [])]

    def constants(self) -> dict[str, Any]:
        return {
            "int": int,
            "float": float,
            "str": str,
            "bool": bool,
            "tuple": tuple,
            "known_keys": _KnownKeys(),
            "numeric_of": numeric_of,
            "boolean_of": boolean_of,
            "string_of": string_of,
            "select_of": keys_of,
            "select_multiple_of": keys_of,
        }


class _KnownKeys(dict[tuple[Any, ...], frozenset[Any]]):
    """Values of a select → the keys they compare by; the same few come back order after order."""

    def __missing__(self, values: tuple[Any, ...]) -> frozenset[Any]:
        if len(self) >= _MEMO:
            self.clear()
        keys = self[values] = keys_of(values)
        return keys


def _not_a(type_name: str) -> Callable[[str], ast.expr]:
    return lambda variable: compare(attribute(name(variable), "__class__"), ast.IsNot(), name(type_name))


def _not_plain_number(variable: str) -> ast.expr:
    value = name(variable)
    # An infinite or undefined float minus itself is not zero.
    finite = compare(ast.BinOp(value, ast.Sub(), value), ast.NotEq(), ast.Constant(0.0))
    not_float = ast.BoolOp(ast.Or(), [_not_a("float")(variable), finite])
    return ast.BoolOp(ast.And(), [_not_a("int")(variable), not_float])


_PLAIN: Mapping[Kind, Callable[[str], ast.expr]] = {
    Kind.NUMERIC: _not_plain_number,
    Kind.BOOLEAN: _not_a("bool"),
    Kind.STRING: _not_a("str"),
}


def numeric_of(value: object) -> int | float | Decimal:
    if isinstance(value, float):
        value.as_integer_ratio()  # raises on what is not a number, as business-rules does
        return value
    if isinstance(value, int | Decimal):
        return value
    raise TypeError(f"{value!r} is not a number")


def boolean_of(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise TypeError(f"{value!r} is not a yes or no")


def string_of(value: object) -> str:
    value = value or ""
    if isinstance(value, str):
        return value
    raise TypeError(f"{value!r} is not a text")


def keys_of(value: Any) -> frozenset[Any]:
    if not hasattr(value, "__iter__"):
        raise TypeError(f"{value!r} is not a list of values")
    return frozenset([_hashable(key(item)) for item in value])


def _hashable(item: Any) -> Any:
    # What can't be a key equals no text or number of a rule: any unique object stands for it.
    return item if item.__hash__ is not None else object()

"""What each operator of business-rules is in Python: one comparison to one expression."""

import ast
from collections.abc import Callable, Iterable
from typing import Any

from houblon.engine.conditions.pattern import compile_pattern
from houblon.engine.conditions.targets.syntax import attribute, call, compare
from houblon.engine.conditions.tree import Comparison
from houblon.engine.conditions.vocabulary import Kind

Bind = Callable[[Any], ast.expr]


def test(fact: ast.expr, comparison: Comparison, bind: Bind, *, single_select: bool) -> ast.expr:
    """The comparison of a fact that is not a number. `single_select`: a select is one lower-case text."""
    if comparison.kind is Kind.BOOLEAN:
        return fact if comparison.operator == "is_true" else ast.UnaryOp(ast.Not(), fact)
    if comparison.kind is Kind.STRING:
        return _string_test(fact, comparison, bind)
    if comparison.kind is Kind.SELECT:
        return _select_test(fact, comparison, single_select)
    return _set_test(fact, comparison)


def numeric_test(fact: ast.expr, low: Any, high: Any, strict: bool, bind: Bind) -> ast.expr:
    """The fact within its bounds, which don't count themselves when `strict`."""
    if low is not None and high is not None and low > high:
        # Nothing is within; still a comparison, so that what can't be compared fails as it should.
        return ast.Compare(fact, [ast.NotEq()], [fact])
    less: ast.cmpop = ast.Lt() if strict else ast.LtE()
    more: ast.cmpop = ast.Gt() if strict else ast.GtE()
    if high is None:
        return compare(fact, more, bind(low))
    if low is None:
        return compare(fact, less, bind(high))
    if low == high:
        return compare(fact, ast.Eq(), bind(low))
    return ast.Compare(bind(low), [less, less], [fact, bind(high)])


def key(value: Any) -> Any:
    """What selects compare by: texts without regard to case, anything else as it is."""
    return value.lower() if isinstance(value, str) else value


def _string_test(fact: ast.expr, comparison: Comparison, bind: Bind) -> ast.expr:
    value = ast.Constant(comparison.value)
    match comparison.operator:
        case "equal_to":
            return compare(fact, ast.Eq(), value)
        case "equal_to_case_insensitive":
            return compare(call(attribute(fact, "lower")), ast.Eq(), ast.Constant(comparison.value.lower()))
        case "starts_with":
            return call(attribute(fact, "startswith"), value)
        case "ends_with":
            return call(attribute(fact, "endswith"), value)
        case "contains":
            return compare(value, ast.In(), fact)
        case "non_empty":
            return compare(fact, ast.NotEq(), ast.Constant(""))
    search = bind(compile_pattern(comparison.value).search)
    return compare(call(search, fact), ast.IsNot(), ast.Constant(None))


def _select_test(fact: ast.expr, comparison: Comparison, single: bool) -> ast.expr:
    wanted, value = comparison.operator == "contains", ast.Constant(key(comparison.value))
    if single:
        return compare(fact, ast.Eq() if wanted else ast.NotEq(), value)
    return compare(value, ast.In() if wanted else ast.NotIn(), fact)


def _set_test(fact: ast.expr, comparison: Comparison) -> ast.expr:
    keys = [key(value) for value in comparison.value]
    wanted = _constant(keys)
    apart = call(attribute(fact, "isdisjoint"), wanted)
    match comparison.operator:
        case "contains_all":
            return compare(fact, ast.GtE(), wanted)
        case "is_contained_by":
            return compare(fact, ast.LtE(), wanted)
        case "shares_no_elements_with":
            return apart
        case "shares_at_least_one_element_with":
            return ast.UnaryOp(ast.Not(), apart)
    # business-rules counts a repeated element of the rule's value each time it stands there.
    once = frozenset(k for k in keys if keys.count(k) == 1)
    repeated = frozenset(keys) - once
    shared = call(attribute(call(attribute(fact, "intersection"), _constant(once)), "__len__"))
    exactly = compare(shared, ast.Eq(), ast.Constant(1))
    if not repeated:
        return exactly
    return ast.BoolOp(ast.And(), [exactly, call(attribute(fact, "isdisjoint"), _constant(repeated))])


def _constant(keys: Iterable[str]) -> ast.expr:
    """A set that is made once: the compiler takes one as it takes a number, which its stubs do not say."""
    together: Any = frozenset(keys)
    return ast.Constant(together)

"""Conditions to Python functions: one order in microseconds.

Rules become an `ast` tree, compiled once. Three forms come from the one compiler:

- fast: every fact at hand and of its type; conjuncts reordered by cost; answers `answers[mask]`,
  where `mask` has a bit for each rule that fires, or leaves to another form what is missing;
- careful: in the order written, by strong Kleene logic; answers `fired | unknown << rules`;
- traced: the careful form, which answers also the result of each comparison, or UNREAD.

What people wrote reaches the code only as constants; names come only from the vocabulary.
"""

import ast
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from houblon.engine.conditions.targets import operators
from houblon.engine.conditions.targets.syntax import assign, compare, name
from houblon.engine.conditions.tree import AllOf, Comparison, Condition, comparisons_of
from houblon.engine.conditions.vocabulary import Kind

Program = Callable[..., Any]


class Reader(ABC):
    """How one source of facts is read; subclasses know the source, this class the operators.

    `single_select` says that a select is one lower-cased text, not a set of keys.
    """

    single_select = False

    @abstractmethod
    def numeric(self, test: Comparison, exact: bool) -> tuple[Any, Any, bool]:
        """Low and high bound of a numeric comparison, and whether they are open."""

    @abstractmethod
    def fast_reads(self, comparisons: Sequence[Comparison]) -> tuple[list[ast.stmt], dict[str, ast.expr]]:
        """Statements that bind facts by their names, and expressions for facts that need no name."""

    def fast_guard(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """The fast form's statements, with what must stand around them."""
        return body

    @abstractmethod
    def careful_reads(self, names: Mapping[str, Kind]) -> list[ast.stmt]:
        """Statements at the top of the careful forms."""

    def careful_read(self, test: Comparison) -> list[ast.stmt]:
        """Statements before one comparison of the careful forms."""
        return []

    def may_be_unknown(self, test: Comparison) -> bool:
        return False

    @abstractmethod
    def constants(self) -> dict[str, Any]:
        """What the statements speak of, by name."""


class Unread:
    """Stands for the result of a comparison that nothing needed."""

    def __repr__(self) -> str:
        return "UNREAD"


UNREAD = Unread()


def compile_fast(
    conditions: Sequence[Condition],
    reader: Reader,
    *,
    answers: Mapping[int, Any],
    otherwise: Callable[[Any], Any],
    stop_on_first: bool = False,
) -> Program:
    """Facts → `answers[mask]`, or `otherwise(facts)` where a fact is missing or not plainly of its type."""
    compiler = _Compiler(conditions, reader, stop_on_first)
    compiler.bound.update(answers=answers, otherwise=otherwise)
    return compiler.function("fast", compiler.fast())


def compile_careful(conditions: Sequence[Condition], reader: Reader, *, stop_on_first: bool = False) -> Program:
    """Facts → `fired | unknown << rules`."""
    compiler = _Compiler(conditions, reader, stop_on_first)
    return compiler.function("careful", compiler.careful(traced=False))


def compile_traced(conditions: Sequence[Condition], reader: Reader) -> Program:
    """Facts → `(fired | unknown << rules, results)`, a result for each comparison as written."""
    compiler = _Compiler(conditions, reader, stop_on_first=False)
    return compiler.function("traced", compiler.careful(traced=True))


class _Compiler:
    def __init__(self, conditions: Sequence[Condition], reader: Reader, stop_on_first: bool):
        self.conditions = conditions
        self.reader = reader
        self.stop_on_first = stop_on_first
        self.names = {test.name: test.kind for c in conditions for test in comparisons_of(c)}
        self.bound: dict[str, Any] = {}
        self.results: Iterator[str] = iter(())
        self.inline: dict[str, ast.expr] = {}

    def function(self, form: str, body: list[ast.stmt]) -> Program:
        arguments = ast.arguments([], [ast.arg("facts")], None, [], [], None, [])
        # Python 3.12 wants type_params and 3.11 takes it; the types are those of 3.11.
        definition = ast.FunctionDef(form, arguments, body, [], None, type_params=[])  # type: ignore[call-arg]
        module = ast.fix_missing_locations(ast.Module([definition], []))
        scope = {"__builtins__": {}, "unread": UNREAD, **self.reader.constants(), **self.bound}
        exec(compile(module, f"<{form} policy>", "exec"), scope)  # nosec B102 - names are whitelisted
        compiled: Program = scope[form]
        return compiled

    # fast: expressions, cheapest first

    def fast(self) -> list[ast.stmt]:
        body, self.inline = self.reader.fast_reads([each for c in self.conditions for each in comparisons_of(c)])
        body.append(assign("fired", ast.Constant(0)))
        for index, condition in enumerate(self.conditions):
            body.append(ast.If(self.fast_expression(condition), self.fire(index), []))
        body.append(ast.Return(ast.Subscript(name("answers"), name("fired"), ast.Load())))
        return self.reader.fast_guard(body)

    def fire(self, index: int) -> list[ast.stmt]:
        if self.stop_on_first:
            return [ast.Return(ast.Subscript(name("answers"), ast.Constant(1 << index), ast.Load()))]
        return [_add("fired", index)]

    def fast_expression(self, condition: Condition) -> ast.expr:
        if isinstance(condition, Comparison):
            return self.comparison(condition, exact=False)
        members = sorted(condition.members, key=_cost)
        if len(members) == 1:
            return self.fast_expression(members[0])
        operator = ast.And() if isinstance(condition, AllOf) else ast.Or()
        return ast.BoolOp(operator, [self.fast_expression(member) for member in members])

    # careful: statements in the order written, each block stopping where business-rules stops

    def careful(self, traced: bool) -> list[ast.stmt]:
        body = self.reader.careful_reads(self.names)
        comparisons = sum(1 for condition in self.conditions for _ in comparisons_of(condition))
        kept = [f"result_{index}" for index in range(comparisons)] if traced else []
        self.results = iter(kept)
        if kept:
            unread: list[ast.expr] = [ast.Name(result, ast.Store()) for result in kept]
            body.append(ast.Assign(unread, name("unread")))
        body += [assign("fired", ast.Constant(0)), assign("unknown", ast.Constant(0))]
        for index, condition in enumerate(self.conditions):
            body += self.careful_statements(condition, "r0", traced)
            doubt = compare(name("r0"), ast.Is(), ast.Constant(None))
            stop: list[ast.stmt] = (
                [ast.Return(ast.Constant(1 << index))] if self.stop_on_first else [_add("fired", index)]
            )
            body.append(ast.If(name("r0"), stop, [ast.If(doubt, [_add("unknown", index)], [])]))
        shifted = ast.BinOp(name("unknown"), ast.LShift(), ast.Constant(len(self.conditions)))
        mask = ast.BinOp(name("fired"), ast.BitOr(), shifted)
        results = ast.Tuple([name(result) for result in kept], ast.Load())
        return [*body, ast.Return(ast.Tuple([mask, results], ast.Load()) if traced else mask)]

    def careful_statements(self, condition: Condition, result: str, traced: bool) -> list[ast.stmt]:
        if isinstance(condition, Comparison):
            return self.careful_test(condition, result, traced)
        # Strong Kleene: a block stops at False (all) or True (any); short of that, one unknown
        # member makes it unknown.
        settled = ast.Constant(not isinstance(condition, AllOf))
        inner = f"r{int(result[1:]) + 1}"
        body = self.careful_statements(condition.members[0], result, traced)
        for member in condition.members[1:]:
            keep = ast.If(
                compare(name(inner), ast.IsNot(), ast.Constant(not settled.value)), [assign(result, name(inner))], []
            )
            body.append(
                ast.If(
                    compare(name(result), ast.IsNot(), settled),
                    [*self.careful_statements(member, inner, traced), keep],
                    [],
                )
            )
        return body

    def careful_test(self, test: Comparison, result: str, traced: bool) -> list[ast.stmt]:
        value: ast.expr = self.comparison(test, exact=True)
        if self.reader.may_be_unknown(test):
            missing = compare(name(f"raw_{test.name}"), ast.Is(), ast.Constant(None))
            value = ast.IfExp(missing, ast.Constant(None), value)
        stored: list[ast.expr] = [ast.Name(result, ast.Store())]
        if traced:
            stored.append(ast.Name(next(self.results), ast.Store()))
        return [*self.reader.careful_read(test), ast.Assign(stored, value)]

    def comparison(self, comparison: Comparison, *, exact: bool) -> ast.expr:
        """One comparison, whatever the form."""
        fact = self.inline.get(comparison.name) or name(comparison.name)
        if comparison.kind is Kind.NUMERIC:
            return operators.numeric_test(fact, *self.reader.numeric(comparison, exact), self.bind)
        return operators.test(fact, comparison, self.bind, single_select=self.reader.single_select)

    def bind(self, value: Any) -> ast.expr:
        """The value in the code: as a constant where Python has one, else by a name of its own."""
        if value is None or isinstance(value, int | float):
            return ast.Constant(value)
        identifier = f"bound_{len(self.bound)}"
        self.bound[identifier] = value
        return name(identifier)


def _add(mask: str, index: int) -> ast.stmt:
    return ast.AugAssign(ast.Name(mask, ast.Store()), ast.BitOr(), ast.Constant(1 << index))


_COSTS = {"matches_regex": 20, "equal_to_case_insensitive": 4, "starts_with": 4, "ends_with": 4}


def _cost(condition: Condition) -> int:
    """A rough price; only their order matters, and equal ones keep theirs."""
    if isinstance(condition, Comparison):
        return _COSTS.get(condition.operator, 5 if condition.kind is Kind.SELECT_MULTIPLE else 1)
    return sum(_cost(member) for member in condition.members)

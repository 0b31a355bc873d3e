"""Facts in the form of documents: one function a rule, that reads what the rule reads."""

import ast
from collections.abc import Callable, Iterable
from typing import Any

from houblon.engine.conditions.targets.syntax import attribute, call, compare, name
from houblon.engine.conditions.vocabulary import FACTS, Kind
from houblon.engine.core.money import dollars
from houblon.engine.core.order import Facts

Documented = Callable[[Facts], dict[str, Any]]
_SCOPE = {"__builtins__": {}, "dollars": dollars, "list": list}


def compile_document(facts: Iterable[str]) -> Documented:
    """A function to `{fact: value}`: money as a decimal string, several as a list, what is unknown as None.

    Every decision tells what each of its reasons read, so that this is compiled as conditions are. Raises KeyError
    for a name that is no fact.
    """
    names = list(facts)
    members = ast.Dict([ast.Constant(each) for each in names], [_in_document(each) for each in names])
    arguments = ast.arguments([], [ast.arg("facts")], None, [], [], None, [])
    expression = ast.fix_missing_locations(ast.Expression(ast.Lambda(arguments, members)))
    # Names of the vocabulary alone, and no text that anybody wrote.
    read: Documented = eval(compile(expression, "<facts read>", "eval"), _SCOPE)  # nosec B307
    return read


def fact_document(fact: str, value: Any) -> Any:
    """A fact's value as documents write it."""
    if value is None:
        return None
    return dollars(value) if FACTS[fact].unit == "cents" else list(value) if isinstance(value, tuple) else value


def _in_document(fact: str) -> ast.expr:
    value = attribute(name("facts"), fact)
    if FACTS[fact].unit == "cents":
        written = call(name("dollars"), value)
    elif FACTS[fact].kind is Kind.SELECT_MULTIPLE:
        written = call(name("list"), value)
    else:
        return value
    return ast.IfExp(compare(value, ast.Is(), ast.Constant(None)), ast.Constant(None), written)

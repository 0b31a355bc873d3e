"""Facts in the form of documents: one function a reason, that reads what its rule reads."""

import ast
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from houblon.engine.conditions.targets.syntax import attribute, call, compare, name
from houblon.engine.conditions.vocabulary import FACTS, Kind
from houblon.engine.core.money import dollars
from houblon.engine.core.order import Facts

# Takes what goes with a document, and makes what fills one in.
Maker = Callable[..., Callable[[Facts], Any]]
_SCOPE = {"__builtins__": {}, "dollars": dollars, "list": list}


@lru_cache(maxsize=4_096)
def compile_maker(given_names: tuple[str, ...], asked: frozenset[str], facts: tuple[str, ...]) -> Maker:
    """A function that takes `make` and what is named, and answers a function of facts: it calls `make` with all
    that, and last with `{fact: value}`; what is `asked` is called with the facts first, and its answer given.

    In the document, money is a decimal string, several are a list, and what is unknown is None. Every decision tells
    what each of its reasons read, so that this is compiled as conditions are. Raises KeyError for a name that is no
    fact.
    """
    document = ast.Dict([ast.Constant(each) for each in facts], [_in_document(each) for each in facts])
    given = [call(name(each), name("facts")) if each in asked else name(each) for each in given_names]
    filled = _function(("facts",), call(name("make"), *given, document))
    expression = ast.fix_missing_locations(ast.Expression(_function(("make", *given_names), filled)))
    # Names of the vocabulary and of our own alone, and no text that anybody wrote.
    maker: Maker = eval(compile(expression, "<facts read>", "eval"), _SCOPE)  # nosec B307
    return maker


def _function(arguments: tuple[str, ...], result: ast.expr) -> ast.Lambda:
    return ast.Lambda(ast.arguments([], [ast.arg(each) for each in arguments], None, [], [], None, []), result)


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

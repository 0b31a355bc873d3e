"""Patterns that people write: the syntax of Python's `re`, the linear time of RE2, one answer.

A pattern is parsed by Python's own parser and written again for RE2, construct by construct, so
that both engines mean the same. What only a backtracking engine can do is refused.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from re import _constants as sre  # type: ignore[attr-defined]  # typeshed names neither; to_re2 says why them
from re import _parser as sre_parser  # type: ignore[attr-defined]
from typing import Any

import re2

from houblon.engine.core.problem import Invalid, refuse

MAX_LENGTH = 200
MAX_REPEAT = 1_000
MAX_MEMORY = 1_048_576  # bytes that RE2 may take for one pattern
# Instructions that all patterns together compile to: `\w{20}` has 27,000, `\d{1,10}` 900; RE2 makes a million a second.
MAX_IN_A_RULE, MAX_IN_A_POLICY = 200_000, 600_000
TOO_LARGE = 60_000  # about where RE2 gives up on one

# Python's \d \w \s are Unicode-wide, RE2's are ASCII: spelled out as Unicode classes.
_CLASSES = {
    sre.CATEGORY_DIGIT: r"\p{Nd}",
    sre.CATEGORY_NOT_DIGIT: r"\P{Nd}",
    sre.CATEGORY_WORD: r"\p{L}\p{N}_",
    sre.CATEGORY_SPACE: r"\s\x0b\x1c-\x1f\x{85}\p{Z}",
}
_NEGATED = {sre.CATEGORY_NOT_WORD: sre.CATEGORY_WORD, sre.CATEGORY_NOT_SPACE: sre.CATEGORY_SPACE}
# Python's $ also stands before a final newline; \Z is the very end.
_ANCHORS = {
    sre.AT_BEGINNING: r"\A",
    sre.AT_BEGINNING_STRING: r"\A",
    sre.AT_END: r"(?:\n?\z)",
    sre.AT_END_STRING: r"\z",
}
_FLAGS = re.UNICODE.value | re.IGNORECASE.value


def compile_pattern(pattern: str) -> Any:
    """An RE2 object whose `search` answers as `re.search(pattern, …)` does. Raises Invalid."""
    return _compile(to_re2(pattern))


def to_re2(pattern: str, pointer: str = "") -> str:
    """The pattern as RE2 reads it. Raises Invalid where RE2 can't mean the same."""
    try:
        return _read(pattern)[0]
    except Invalid as invalid:
        raise Invalid(each.under(pointer) for each in invalid.problems) from None


def cost_of(pattern: str) -> int:
    """How many instructions a pattern compiles to. Raises Invalid."""
    return _read(pattern)[1]


@lru_cache(maxsize=4_096)
def _read(pattern: str) -> tuple[str, int]:
    if len(pattern) > MAX_LENGTH:
        raise refuse(
            "pattern",
            "",
            f"Un motif d’au plus {MAX_LENGTH} caractères.",
            f"A pattern of at most {MAX_LENGTH} characters.",
        )
    try:
        parsed = sre_parser.parse(pattern)
        if parsed.state.flags & ~_FLAGS:
            raise _Unsupported("flags")
        ignore_case = "(?i)" if parsed.state.flags & re.IGNORECASE else ""
        written = ignore_case + _sequence(parsed)
        size = _compile(written).programsize
    except re2.error as fault:
        if "too large" not in str(fault):
            raise _refusal(fault) from None
        raise refuse(
            "too_large",
            "",
            "Ce motif est trop grand : raccourcissez ce qu’il répète.",
            "This pattern is too large: shorten what it repeats.",
        ) from None
    except (_Unsupported, re.error, OverflowError, RecursionError) as fault:
        raise _refusal(fault) from None
    return written, size


def _refusal(fault: Exception) -> Invalid:
    return refuse(
        "pattern",
        "",
        f"Ce motif ne se lit pas ou n’est pas permis ({fault}).",
        f"This pattern can't be read or isn't allowed ({fault}).",
    )


class _Unsupported(Exception):
    pass


def _compile(written: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_MEMORY
    return re2.compile(written, options)


def _sequence(items: Iterable[tuple[Any, Any]]) -> str:
    return "".join(_item(op, argument) for op, argument in items)


def _item(op: Any, argument: Any) -> str:
    if op is sre.LITERAL:
        return _character(argument)
    if op is sre.NOT_LITERAL:
        return f"[^{_character(argument)}]"
    if op is sre.ANY:
        return r"[^\n]"
    if op is sre.IN:
        return _set(argument)
    if op is sre.AT and argument in _ANCHORS:
        return _ANCHORS[argument]
    if op is sre.BRANCH:
        return "(?:" + "|".join(_sequence(branch) for branch in argument[1]) + ")"
    if op is sre.SUBPATTERN:
        _, added, removed, inside = argument
        if (added | removed) & ~re.IGNORECASE:
            raise _Unsupported("flags")
        flags = ("i" if added else "") + ("-i" if removed else "")
        return f"(?{flags}:{_sequence(inside)})"
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        return _repeat(*argument, lazy=op is sre.MIN_REPEAT)
    raise _Unsupported(str(op).lower())


def _repeat(low: int, high: Any, inside: Any, *, lazy: bool) -> str:
    bounded = high is not sre.MAXREPEAT
    if low > MAX_REPEAT or (bounded and high > MAX_REPEAT):
        raise _Unsupported("repeat")
    return f"(?:{_sequence(inside)}){{{low},{high if bounded else ''}}}" + ("?" if lazy else "")


def _set(members: list[tuple[Any, Any]]) -> str:
    negated = members[0][0] is sre.NEGATE
    members = members[negated:]
    op, argument = members[0]
    if len(members) == 1 and op is sre.CATEGORY and argument in _NEGATED:
        return f"[{'' if negated else '^'}{_CLASSES[_NEGATED[argument]]}]"
    inside = "".join(_member(op, argument) for op, argument in members)
    return f"[{'^' if negated else ''}{inside}]"


def _member(op: Any, argument: Any) -> str:
    if op is sre.LITERAL:
        return _character(argument)
    if op is sre.RANGE:
        return f"{_character(argument[0])}-{_character(argument[1])}"
    if op is sre.CATEGORY and argument in _CLASSES:
        return _CLASSES[argument]
    raise _Unsupported(str(argument).lower())


def _character(code: int) -> str:
    if 0xD800 <= code <= 0xDFFF:
        raise _Unsupported("surrogate")
    return f"\\x{{{code:x}}}"

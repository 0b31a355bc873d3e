"""Comparisons of texts as z3 reads them, where it can be told them exactly: no more and no fewer texts answer."""

import re
from re import _constants as sre  # type: ignore[attr-defined]  # typeshed names neither, as in pattern.py
from re import _parser as sre_parser  # type: ignore[attr-defined]
from typing import Any

import z3

from houblon.engine.conditions.tree import Comparison

_LAST = 0x2FFFF  # the last character that z3 knows


class _Inexact(Exception):
    """z3 can't be told this exactly."""


def exactly(comparison: Comparison, text: Any, context: Any) -> Any:
    """The comparison as z3 reads texts; None where it can't be told exactly."""
    value = comparison.value
    if comparison.operator == "non_empty":
        return z3.Length(text) > 0
    if comparison.operator == "matches_regex":
        return _search(value, text, context)
    try:
        return _exact_test(comparison.operator, value, text, context)
    except _Inexact:
        return None


def _exact_test(operator: str, value: str, text: Any, context: Any) -> Any:
    written = z3.StringVal("".join(_escaped(each) for each in value), context)
    match operator:
        case "equal_to":
            return text == written
        case "equal_to_case_insensitive":
            return z3.InRe(text, _concat([_any_case(each, context) for each in value.lower()], context))
        case "starts_with":
            return z3.PrefixOf(written, text)
        case "ends_with":
            return z3.SuffixOf(written, text)
    return z3.Contains(text, written)


def _escaped(character: str) -> str:
    """A character as z3 reads it. Raises _Inexact for what it has no number for."""
    if ord(character) > _LAST:
        raise _Inexact
    return character if character.isascii() and character != "\\" else f"\\u{{{ord(character):x}}}"


def _any_case(letter: str, context: Any) -> Any:
    """The characters whose lower case is the letter. Raises _Inexact beyond ASCII, where cases are not one to one."""
    if not letter.isascii():
        raise _Inexact
    written = {letter, letter.upper(), *("\u212a" if letter == "k" else ())}
    return _union([z3.Re(z3.StringVal(_escaped(each), context)) for each in sorted(written)])


def _union(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else z3.Union(*parts)


def _concat(parts: list[Any], context: Any) -> Any:
    if not parts:
        return z3.Re(z3.StringVal("", context))
    return parts[0] if len(parts) == 1 else z3.Concat(*parts)


def _search(pattern: str, text: Any, context: Any) -> Any:
    """That a search for the pattern finds something."""
    words = _words(pattern)
    if words:  # z3 finds words far sooner than a pattern that says the same
        return z3.Or([z3.Contains(text, z3.StringVal("".join(map(_escaped, each)), context)) for each in words])
    read = _pattern(pattern, context)
    return None if read is None else z3.InRe(text, read)


def _words(pattern: str) -> list[str]:
    """The words of a pattern that is nothing but words to choose from."""
    parsed = sre_parser.parse(pattern)
    items, is_choice = list(parsed), len(parsed) == 1 and parsed[0][0] is sre.BRANCH
    branches = [list(each) for each in items[0][1][1]] if is_choice else [items]
    plain = not parsed.state.flags & re.IGNORECASE and all(op is sre.LITERAL for each in branches for op, _ in each)
    if not plain:
        return []
    words = ["".join(chr(argument) for _, argument in each) for each in branches]
    return words if all(max(map(ord, each), default=0) <= _LAST for each in words) else []


def _pattern(pattern: str, context: Any) -> Any:
    """The texts that a search for the pattern finds; None where it has what z3 can't be told exactly."""
    try:
        parsed = list(sre_parser.parse(pattern))
        flags = sre_parser.parse(pattern).state.flags
        if flags & re.IGNORECASE:
            return None
        starts = parsed[:1] in ([(sre.AT, sre.AT_BEGINNING)], [(sre.AT, sre.AT_BEGINNING_STRING)])
        ends = parsed[-1:] in ([(sre.AT, sre.AT_END)], [(sre.AT, sre.AT_END_STRING)])
        inside = _regular(parsed[starts : len(parsed) - ends], context)
    except _Inexact:
        return None
    anything = z3.Full(z3.ReSort(z3.StringSort(context)))
    after = anything
    if ends:  # Python's $ also stands before a final newline
        newline = z3.Re(z3.StringVal("\n", context))
        after = z3.Option(newline) if parsed[-1][1] is sre.AT_END else _concat([], context)
    return _concat([*([] if starts else [anything]), inside, after], context)


def _regular(items: Any, context: Any) -> Any:
    return _concat([_regular_of(op, argument, context) for op, argument in items], context)


def _regular_of(op: Any, argument: Any, context: Any) -> Any:
    if op is sre.LITERAL:
        return z3.Re(z3.StringVal(_escaped(chr(argument)), context))
    if op is sre.ANY:
        spans = (("\\u{0}", "\\u{9}"), ("\\u{b}", f"\\u{{{_LAST:x}}}"))
        return _union([z3.Range(*(z3.StringVal(each, context) for each in span)) for span in spans])
    if op is sre.BRANCH:
        return _union([_regular(branch, context) for branch in argument[1]])
    if op is sre.SUBPATTERN and not argument[1] and not argument[2]:
        return _regular(argument[3], context)
    if op is sre.IN:
        return _union([_regular_member(kind, value, context) for kind, value in argument])
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        low, high, inside = argument
        read = _regular(inside, context)
        if high is sre.MAXREPEAT:
            return z3.Concat(z3.Loop(read, low, low), z3.Star(read)) if low else z3.Star(read)
        return z3.Loop(read, low, high) if high else z3.Re(z3.StringVal("", context))
    raise _Inexact


def _regular_member(op: Any, argument: Any, context: Any) -> Any:
    if op is sre.LITERAL:
        return z3.Re(z3.StringVal(_escaped(chr(argument)), context))
    if op is sre.RANGE:
        low, high = (z3.StringVal(_escaped(chr(each)), context) for each in argument)
        return z3.Range(low, high)
    raise _Inexact


def text_of(value: Any) -> str:
    """A text of z3's, which writes what is not ASCII as `\\u{e9}`."""
    written: str = re.sub(r"\\u\{([0-9a-f]+)\}", lambda match: chr(int(match[1], 16)), str(value.as_string()))
    return written

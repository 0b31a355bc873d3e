"""Which text, if any, answers some comparisons as told: made and tried, else proved not to exist (z3's strings).

What is found is tried by the engine's own operators, so that it is right whatever made it. That there is none is
proved of the comparisons that z3 can be told exactly; the others are left out, which lets more through. What is
neither found nor proved is undecided.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import product
from re import _constants as sre  # type: ignore[attr-defined]  # typeshed names neither, as in pattern.py
from re import _parser as sre_parser  # type: ignore[attr-defined]
from typing import Any

import z3

from houblon.engine.conditions.pattern import compile_pattern
from houblon.engine.conditions.tree import Comparison
from houblon.engine.core.texts import MAX_ID, composed, is_id
from houblon.engine.proofs.strings import exactly, text_of

Literal = tuple[Comparison, bool]  # the comparison, and whether it holds


class Undecided:
    """Stands for a text of which nobody can say whether it exists."""


UNDECIDED = Undecided()
MAX_NOTE = 5_000  # characters of a note
_EFFORT = 100_000  # z3's own count of steps: the same on any machine
_FILLERS = ("", " ", "x", "-")
_CASES = 6  # letters at the end of a text that are tried in both cases
_MOST = 4_000  # texts that are tried
_PLAIN = {"buyer_id": ("exemple", "client-1", "x", "42"), "note": ("", "x", "42", "Merci")}


def holds_of(comparison: Comparison, text: str) -> bool:
    """What the comparison says of a text, as `houblon.engine.conditions.targets.operators` compiles it."""
    value = comparison.value
    match comparison.operator:
        case "equal_to":
            return bool(text == value)
        case "equal_to_case_insensitive":
            return bool(text.lower() == value.lower())
        case "starts_with":
            return text.startswith(value)
        case "ends_with":
            return text.endswith(value)
        case "contains":
            return value in text
        case "non_empty":
            return text != ""
    return compile_pattern(value).search(text) is not None


def find_text(fact: str, literals: Iterable[Literal]) -> str | Undecided | None:
    """A text of which each comparison is as told; None where there surely is none."""
    return _found(fact, frozenset(literals))


@lru_cache(maxsize=4_096)
def _found(fact: str, literals: frozenset[Literal]) -> str | Undecided | None:
    ordered = sorted(literals, key=lambda each: (each[0].operator, str(each[0].value), each[1]))
    for text in _texts(fact, ordered):
        if _can_stand(fact, text) and all(holds_of(comparison, text) is holds for comparison, holds in ordered):
            return text
    return _by_solver(fact, ordered)


def _can_stand(fact: str, text: str) -> bool:
    """Whether an order can carry the text as it is: its doors make ids clean and compose accents."""
    if fact == "buyer_id":
        return is_id(text)
    return composed(text) == text and len(text) <= MAX_NOTE and "\0" not in text


def _texts(fact: str, literals: list[Literal]) -> Iterator[str]:
    """Texts that are worth a try, the plainest first; at most _MOST."""
    yield from _PLAIN[fact]
    asked = [comparison for comparison, holds in literals if holds]
    by_operator: dict[str, list[str]] = {}
    for each in asked:
        if each.operator != "non_empty":
            written = _samples(each.value) if each.operator == "matches_regex" else [each.value]
            by_operator.setdefault(each.operator, []).extend(written)
    heads = _nested(by_operator.get("starts_with", []), at_start=True)
    tails = _nested(by_operator.get("ends_with", []), at_start=False)
    inner = by_operator.get("contains", [])
    matched = by_operator.get("matches_regex", [])
    whole = [*by_operator.get("equal_to", []), *by_operator.get("equal_to_case_insensitive", [])]
    for text in whole:
        yield from (text, text.lower(), text.upper(), text.capitalize())
        for cased in product(*((each.lower(), each.upper()) for each in text[-_CASES:])):
            yield text[:-_CASES] + "".join(cased)
    count = 0
    # Something else beside, for what a text must not be: a word alone is equal to itself.
    middles = ["", "x", "7", *matched, "\n".join(matched), *(f"{each}x" for each in matched)]
    for filler, middle, order in product(_FILLERS, middles, (inner, inner[::-1])):
        for head, tail in product(heads, tails):
            yield filler.join(part for part in (head, *order, middle, tail) if part)
            yield filler.join(part for part in (head, middle, *order, tail) if part)
            yield head if head.endswith(tail) else tail if tail.startswith(head) else head + tail
            count += 3
            if count > _MOST:
                return


def _nested(parts: list[str], *, at_start: bool) -> list[str]:
    """The part that all others are a beginning (or an end) of; each, where there is none."""
    longest = max(parts, key=len, default="")
    return [longest] if all((longest.startswith if at_start else longest.endswith)(each) for each in parts) else parts


@lru_cache(maxsize=512)
def _samples(pattern: str) -> list[str]:
    """A few texts that may match a pattern; each is tried before it counts."""
    parsed = sre_parser.parse(pattern)
    return list(dict.fromkeys(_sample(parsed, choice) for choice in range(4)))


def _sample(items: Any, choice: int) -> str:
    return "".join(_sample_of(op, argument, choice) for op, argument in items)


def _sample_of(op: Any, argument: Any, choice: int) -> str:
    if op is sre.LITERAL:
        return chr(argument)
    if op is sre.NOT_LITERAL:
        return "x" if chr(argument) != "x" else "y"
    if op is sre.ANY:
        return "x"
    if op is sre.IN:
        return _of_set(argument)
    if op is sre.BRANCH:
        branches = argument[1]
        return _sample(branches[choice % len(branches)], choice)
    if op is sre.SUBPATTERN:
        return _sample(argument[3], choice)
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        low, _, inside = argument
        times: int = max(low, choice % 2)
        return _sample(inside, choice) * times
    return ""


_CHARACTERS = "x0 -aA_9.é\n"


def _of_set(members: Any) -> str:
    """A character of a set, by trying the usual ones after those that it names."""
    named = [chr(each if op is sre.LITERAL else each[0]) for op, each in members if op in (sre.LITERAL, sre.RANGE)]
    negated = members[0][0] is sre.NEGATE
    usual = [each for each in _CHARACTERS if each not in named] if negated else named
    classes = {sre.CATEGORY_DIGIT: "0", sre.CATEGORY_WORD: "x", sre.CATEGORY_SPACE: " "}
    classes |= {sre.CATEGORY_NOT_DIGIT: "x", sre.CATEGORY_NOT_WORD: "-", sre.CATEGORY_NOT_SPACE: "x"}
    return next((classes[each] for op, each in members if op is sre.CATEGORY), usual[0] if usual else "x")


def _by_solver(fact: str, literals: list[Literal]) -> str | Undecided | None:
    context = z3.Context()
    text, solver = z3.String("text", context), z3.SimpleSolver(context)
    solver.set("rlimit", _EFFORT)
    if fact == "buyer_id":
        solver.add(z3.Length(text) > 0)
    solver.add(z3.Length(text) <= (MAX_ID if fact == "buyer_id" else MAX_NOTE))
    for comparison, holds in literals:
        said = exactly(comparison, text, context)
        if said is not None:
            solver.add(said if holds else z3.Not(said))
    answer = solver.check()
    if answer == z3.unsat:
        return None
    if answer == z3.sat:
        found = text_of(solver.model().eval(text, model_completion=True))
        if _can_stand(fact, found) and all(holds_of(comparison, found) is holds for comparison, holds in literals):
            return found
    return UNDECIDED

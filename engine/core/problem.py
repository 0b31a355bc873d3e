"""Problems: everything that is wrong with an input, each with a code, a place and a sentence."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

import msgspec

LANGUAGES = ("fr", "en")
MAX_FAULTS = 500  # that are told of one input: who sends more of them gains nothing by the rest


class Text(msgspec.Struct, frozen=True):
    """A sentence or label in the two languages of the house."""

    fr: str
    en: str

    def in_(self, language: str) -> str:
        return self.en if language == "en" else self.fr


class Problem(msgspec.Struct, frozen=True):
    """One fault: a stable `code`, a JSON `pointer` (RFC 6901) to its place, a sentence to act on."""

    code: str
    pointer: str
    message: Text

    def under(self, prefix: str) -> "Problem":
        """The same fault in a document that holds this one at `prefix`."""
        return Problem(self.code, prefix + self.pointer, self.message)

    def as_json(self, language: str = "en") -> dict[str, str]:
        return {"code": self.code, "pointer": self.pointer, "message": self.message.in_(language)}


class Invalid(ValueError):
    """An input was refused; `problems` lists every fault found, never none."""

    def __init__(self, problems: Iterable[Problem]):
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{p.pointer or '/'}: {p.message.en}" for p in self.problems))


def problem(code: str, pointer: str, fr: str, en: str) -> Problem:
    return Problem(code, pointer, Text(fr, en))


def refuse(code: str, pointer: str, fr: str, en: str) -> Invalid:
    """The exception for a single fault, ready to raise."""
    return Invalid([problem(code, pointer, fr, en)])


def step(pointer: str, *tokens: str | int) -> str:
    """`pointer` extended by reference tokens, escaped as RFC 6901 § 3 says."""
    for token in tokens:
        pointer += "/" + str(token).replace("~", "~0").replace("/", "~1")
    return pointer


class Faults:
    """Collects problems so that a document's faults are all told at once."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._found)

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, code: str, pointer: str, fr: str, en: str) -> None:
        if len(self._found) < MAX_FAULTS:
            self._found.append(problem(code, pointer, fr, en))

    def extend(self, problems: Iterable[Problem]) -> None:
        self._found.extend(islice(problems, max(MAX_FAULTS - len(self._found), 0)))

    @contextmanager
    def gather(self, prefix: str = "") -> Iterator[None]:
        """Keep the faults of a part that raises Invalid, and go on with the next part."""
        try:
            yield
        except Invalid as invalid:
            self.extend(p.under(prefix) for p in invalid.problems)

    def raise_if_any(self) -> None:
        if self._found:
            raise Invalid(self._found)

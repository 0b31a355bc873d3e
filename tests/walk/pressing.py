"""Every button pressed once, as a browser would send it: the example of its form filled in, what came of it looked at."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from tests.walk.houses import Running
from tests.walk.pages import Page, Press
from tests.walk.strolls import Stroll
from tests.walk.visitor import Answer, Visitor

Files = dict[str, tuple[str, bytes, str]]
Typed = dict[str, Any]


@dataclass(frozen=True)
class Example:
    """What a person types into a form, and what they see when it is sent: a pattern of words on the page they get.

    `status` is that of the answer itself, unless it only leads on. `at` is in the address of the page where the form is
    pressed, when not any that has it will do; `by` is who presses it, when it is not the first one who saw it. With both,
    the page is opened even if nobody was led there yet.
    """

    sees: str
    typed: Typed | Callable[[Page], Typed] = field(default_factory=dict)
    files: Files = field(default_factory=dict)
    status: int | None = None
    at: str | None = None
    by: str | None = None
    speaks: str = "fr"
    passing: bool = False  # a button that is there only while something goes on


@dataclass
class Pressing:
    """The presses of one run: `done` by name, to what was seen; `faults` in words."""

    running: Running
    stroll: Stroll
    examples: Mapping[str, Example]
    done: dict[str, str] = field(default_factory=dict)
    endpoints: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    _people: dict[str, Visitor] = field(default_factory=dict)
    # Buttons that came in answers: to whom, where, and on which page if it has no address.
    _shown: dict[str, list[tuple[str, str, Visitor, Page | None]]] = field(default_factory=dict)

    def press_all(self) -> None:
        """In the order of the examples: what ends something comes last."""
        for pattern, example in self.examples.items():
            for name in self._known():
                if _is(name, pattern) and name not in self.done:
                    self._press(name, example)

    def go_on(self, stroll: Stroll) -> None:
        """Press what another walk met; then say what nobody met, and what no example is for."""
        self.stroll = stroll
        self.press_all()
        for pattern, example in self.examples.items():
            if not example.passing and not any(_is(each, pattern) for each in self.done):
                self.faults.append(f"{pattern}: nobody met such a button")
        for name in self._known():
            if not any(_is(name, pattern) for pattern in self.examples):
                self.faults.append(f"{name}: no example says what a person types there")

    def _known(self) -> list[str]:
        opened = {name for name, each in self.examples.items() if each.at and each.by}
        return sorted({*self.stroll.presses, *self._shown, *opened})

    def _press(self, name: str, example: Example) -> None:
        found = self._find(name, example)
        if found is None and example.passing:
            return
        if found is None:
            self.done[name] = "not found"
            self.faults.append(f"{name}: it is on none of the pages where it was")
            return
        who, page, press = found
        where = f"{name} ({who}, on {page.address})"
        try:
            answer = _send(who, page, press, example)
            last = who.follow(answer)
        except AssertionError as fault:
            self.done[name] = str(fault)
            self.faults.append(f"{where}: {fault}")
            return
        self.endpoints.add(name.removeprefix("htmx ").partition(" ")[0])
        said = _words(last)
        self.done[name] = f"{answer.status} {last.status} {said[:300]}"
        self.faults += [f"{where}: {each}" for each in self._wrong(answer, last, said, example)]
        if last.kind == "text/html" and last.status < 500 and not press.by_htmx:
            # A page that only a press brings is kept as it came; one that has an address is opened again.
            kept = last.page if last is answer or who.role == "stranger" else None
            for each in last.page.presses:
                self._shown.setdefault(self.stroll.name_of(each), []).append((who.role, last.address, who, kept))

    def _wrong(self, answer: Answer, last: Answer, said: str, example: Example) -> Iterator[str]:
        wanted = {302, 303} if example.status is None else {example.status}
        if answer.status not in wanted:
            yield f"answered {answer.status}: {said[:400]}"
        elif last.status >= 400 and example.status is None:
            yield f"leads to {last.status} at {last.address}"
        elif not re.search(example.sees, said):
            yield f"does not say {example.sees!r}: {said[:400]}"

    def _find(self, name: str, example: Example) -> tuple[Visitor, Page, Press] | None:
        """The button before somebody: on the page that an answer was, or on one where the walk met it."""
        for who, page in self._where(name, example):
            for press in page.presses:
                if self.stroll.name_of(press) == name:
                    return who, page, press
        return None

    def _where(self, name: str, example: Example) -> Iterator[tuple[Visitor, Page]]:
        """Pages that have it, fresh ones first: what was seen before other presses may be out of date."""
        shown = self._shown.get(name, [])
        met = [(role, urlsplit(address)) for role, address in self.stroll.presses.get(name, [])]
        met += [(role, urlsplit(address)) for role, address, _, kept in reversed(shown) if kept is None]
        places = [(example.by or role, each._replace(scheme="", netloc="").geturl()) for role, each in met]
        if example.at and example.by:
            places.append((example.by, example.at))
        for role, address in places:
            if example.at is None or example.at in address:
                yield from self._opened(role, address, example.speaks)
        yield from ((who, kept) for _, _, who, kept in reversed(shown) if kept is not None)

    def _opened(self, role: str, address: str, language: str) -> Iterator[tuple[Visitor, Page]]:
        """The page at an address before one's browser; who was signed out signs in again."""
        for again in (False, True):
            who = self._person(role, language, again)
            answer = who.follow(who.get(f"{self.running.base}{address}"))
            if role == "stranger" or "/connexion" not in answer.address:
                break
        if answer.status == 200 and answer.kind == "text/html":
            yield who, answer.page

    def _person(self, role: str, language: str, again: bool) -> Visitor:
        """One browser a role for all its presses; a stranger is another one each time."""
        if role == "stranger" or again or role not in self._people:
            self._people[role] = self.running.visitor(role, language)
        return self._people[role]


def _send(who: Visitor, page: Page, press: Press, example: Example) -> Answer:
    typed = example.typed(page) if callable(example.typed) else example.typed
    typed = {name: value(page) if callable(value) else value for name, value in typed.items()}
    if not press.by_htmx:
        assert press.form is not None
        return who.send(press.form, press.button, typed, example.files)
    pairs = press.form.filled(typed) if press.form else []
    return who.post(press.address, pairs, page.address, htmx=True)


def _is(name: str, pattern: str) -> bool:
    return name == pattern or fnmatchcase(name, pattern)


def _words(answer: Answer) -> str:
    """What somebody reads first: what they are told of what they did, then the page's own words."""
    if answer.kind != "text/html":
        return answer.body[:2000].decode(errors="replace")
    page = answer.page
    body = next(page.elements("main"), page.tree)
    return " ".join(" | ".join([*page.notices, page.title, body.text_content()]).split())

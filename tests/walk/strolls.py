"""A walk: from one address over every link, partial, form that reads, file and part of a page, a sample of each shape."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, urldefrag, urlencode, urlsplit

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map

from tests.walk import files
from tests.walk.pages import Form, Page, option_value
from tests.walk.visitor import Answer, Visitor

_HTML = "text/html"
_ALIKE = ("static", "security.static")  # the same for everybody
# Buttons of one view that differ by what they do; those that differ by a day or an id do the same.
_DEEDS = {"etat", "acte", "act", "do", "voir", "langue", "confirme", "lancer"}


@dataclass(frozen=True)
class Pressable:
    """A button, or what htmx sends, as it was met: `name` is what makes it this one and no other."""

    name: str
    address: str


@dataclass
class Stroll:
    """What a walk by several people saw, and what was wrong with it."""

    base: str
    routes: Map
    faults: list[str] = field(default_factory=list)
    opened: set[str] = field(default_factory=set)
    shapes: dict[str, list[str]] = field(default_factory=dict)
    endpoints: set[str] = field(default_factory=set)
    pages: dict[str, tuple[str, str]] = field(default_factory=dict)  # whole pages: shape, to an address and a role
    # Buttons by name, to the role of who met them and where, the least role first.
    presses: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    kinds: set[str] = field(default_factory=set)
    _parts: set[str] = field(default_factory=set)

    def shape(self, address: str) -> str:
        """What addresses have in common that one view answers, asked for the same things."""
        parts = urlsplit(address)
        asked = sorted({name for name, value in parse_qsl(parts.query, keep_blank_values=True) if value})
        if (endpoint := self.endpoint(address)) is None:
            return parts.path
        which = parts.path if endpoint == "static" else parts.path.rpartition(".")[2] if "export" in endpoint else ""
        return f"{endpoint} {which}?{'&'.join(asked)}"

    def endpoint(self, address: str, method: str = "GET") -> str | None:
        try:
            return self.routes.bind("localhost").match(urlsplit(address).path, method=method)[0]
        except HTTPException:
            return None

    def walk(self, who: Visitor, starts: list[str], most: int, thorough: bool = False) -> None:
        """Everything that `who` is led to from `starts`, at most `most` addresses of a shape.

        A thorough walk takes the first that each other shape leads to as well: a list of what failed leads to what the
        list of everything has far down.
        """
        todo = deque((urldefrag(each)[0], "the start", False) for each in starts)
        seen: set[str] = set()
        counts: dict[tuple[str, ...], int] = {}
        while todo:
            address, came_from, htmx = todo.popleft()
            if address in seen or not self._is_ours(address):
                continue
            seen.add(address)
            if self.endpoint(address) in _ALIKE and not self._first(address):
                continue
            shape = self.shape(address)
            met = counts[shape,] = counts.get((shape,), 0) + 1
            way = (shape, self.shape(came_from))
            counts[way] = counts.get(way, 0) + 1
            if met > most and not (thorough and counts[way] == 1):
                continue
            answer = who.get(address, came_from if came_from.startswith("http") else None, htmx)
            self._note(answer, shape)
            for fault in self._wrong(answer, who, htmx):
                self.faults.append(f"{answer.status} {address} ({who}; from {came_from}): {fault}")
            todo.extend((each, address, via) for each, via in self._ways_on(answer, who))

    def _is_ours(self, address: str) -> bool:
        return address.startswith(f"{self.base}/")

    def _first(self, address: str) -> bool:
        new, _ = address not in self._parts, self._parts.add(address)
        return new

    def _note(self, answer: Answer, shape: str) -> None:
        self.opened.add(answer.address)
        self.shapes.setdefault(shape, []).append(answer.address)
        self.endpoints.add(self.endpoint(answer.address) or answer.address)
        self.kinds.add(files.ending(answer) or answer.kind)

    def _wrong(self, answer: Answer, who: Visitor, htmx: bool) -> Iterator[str]:
        if answer.status >= 400:
            yield "leads nowhere" if answer.status in (404, 405, 410) else "is refused to who was led there"
        elif answer.leads_to:
            if "/connexion" in answer.leads_to and who.role != "stranger":
                yield f"asks {who} to sign in"
        elif answer.kind == _HTML:
            try:
                page = answer.page
            except UnicodeDecodeError as fault:
                yield f"can't be read: {fault}"
                return
            if not htmx:
                yield from page.faults(who.language)
                self.pages.setdefault(f"{self.endpoint(answer.address)}", (answer.address, who.role))
            self._note_presses(page, who)
        else:
            yield from files.faults(answer)

    def _note_presses(self, page: Page, who: Visitor) -> None:
        for press in presses_of(page, self.name_of):
            met = self.presses.setdefault(press.name, [])
            if len(met) < 12 and (who.role, press.address) not in met:
                met.append((who.role, press.address))

    def name_of(self, action: str, pair: list[tuple[str, str]]) -> str:
        """What a press is called: the view that it reaches, and the button's own word where one view has several."""
        endpoint = self.endpoint(action, "POST") or urlsplit(action).path
        said = (f"{name}={value.partition(':')[0]}" if name in _DEEDS else name for name, value in pair)
        return " ".join([endpoint, *said])

    def _ways_on(self, answer: Answer, who: Visitor) -> Iterator[tuple[str, bool]]:
        """Addresses that an answer leads to, and whether htmx asks for them."""
        if answer.leads_to:
            yield urldefrag(answer.leads_to)[0], False
        if answer.kind != _HTML or answer.status != 200:
            return
        page = answer.page
        for each in (*page.links, *page.parts):
            yield urldefrag(each)[0], False
        for each in page.partials:
            yield urldefrag(each)[0], True
        for form in page.forms:
            if form.method == "get":
                for pairs in (form.values, [*_typed(form)]):
                    yield f"{form.action().partition('?')[0]}?{urlencode(pairs)}", False


def presses_of(page: Page, name_of: Callable[[str, list[tuple[str, str]]], str]) -> Iterator[Pressable]:
    """Every button that sends something, and every element that htmx sends for."""
    for form in page.forms:
        if form.method == "post":
            for button in form.buttons:
                yield Pressable(name_of(form.action(button), button.pair), page.address)
    for element, address in posted_by_htmx(page):
        yield Pressable(f"htmx {name_of(address, [])}", page.address)


def posted_by_htmx(page: Page) -> Iterator[tuple[Any, str]]:
    for each in page.tree.iter():
        if each.get("hx-post"):
            yield each, page.by_address(each.get("hx-post"))


def _typed(form: Form) -> Iterator[tuple[str, str]]:
    """A form that reads, filled in: a word, a number, a day, the last of what can be chosen."""
    for each in form.controls:
        name, kind = each.get("name"), each.get("type", "text")
        if not name or each.tag == "button" or kind in ("submit", "button"):
            continue
        if each.tag == "select":
            yield name, option_value(each.findall(".//option")[-1])
        elif kind == "hidden":
            yield name, each.get("value", "")
        elif kind in ("checkbox", "radio"):
            yield name, each.get("value", "on")
        elif kind == "date":
            yield name, date.today().isoformat()
        elif kind == "number" or each.get("inputmode") in ("numeric", "decimal"):
            yield name, "100"
        else:
            yield name, "bar"

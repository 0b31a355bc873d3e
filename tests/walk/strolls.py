"""A walk: from one address over every link, partial, form that reads, file and part of a page, a sample of each shape."""

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urldefrag, urlencode, urlsplit

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map

from tests.clock import day_of, real
from tests.walk import files
from tests.walk.pages import Form, Page, Press, option_value
from tests.walk.visitor import Answer, Visitor

_HTML = "text/html"
_ALIKE = ("static", "security.static")  # the same for everybody
_KINDS = {"etat", "genre"}  # what lists are asked for: each shows something else
_MET = 12  # places where a button is remembered to be
# Buttons of one view that differ by what they do; those that differ by a day or an id do the same.
_DEEDS = {"etat", "acte", "act", "do", "voir", "langue", "lancer"}


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
    _routed: dict[tuple[str, str], tuple[str | None, Mapping[str, Any]]] = field(default_factory=dict)

    def shape(self, address: str) -> str:
        """What addresses have in common that one view answers, asked for the same things."""
        parts = urlsplit(address)
        asked = sorted({f"{name}={value}" if name in _KINDS else name for name, value in parse_qsl(parts.query)})
        if (endpoint := self.endpoint(address)) is None:
            return parts.path
        which = parts.path if endpoint == "static" else parts.path.rpartition(".")[2] if "export" in endpoint else ""
        return f"{endpoint} {which}?{'&'.join(asked)}"

    def endpoint(self, address: str, method: str = "GET") -> str | None:
        return self._route(address, method)[0]

    def _route(self, address: str, method: str) -> tuple[str | None, Mapping[str, Any]]:
        path = urlsplit(address).path
        if (method, path) not in self._routed:
            try:
                self._routed[method, path] = self.routes.bind("localhost").match(path, method=method)
            except HTTPException:
                self._routed[method, path] = None, {}
        return self._routed[method, path]

    def walk(self, who: Visitor, starts: list[str], most: int, thorough: bool = False) -> None:
        """Everything that `who` is led to from `starts`, at most `most` addresses of a shape; of a view, if 0.

        A thorough walk takes the first that each other shape leads to as well: a list of what failed leads to what the
        list of everything has far down.
        """
        todo = deque((urldefrag(each)[0], "the start", False) for each in starts)
        seen: set[str] = set()
        met: Counter[tuple[str, ...]] = Counter()
        while todo:
            address, came_from, htmx = todo.popleft()
            if address in seen or not address.startswith(f"{self.base}/"):
                continue
            shape = (self.shape(address) if most else self.endpoint(address) or address,)
            way = (*shape, self.shape(came_from))
            if met[shape] >= max(most, 1) and not (thorough and not met[way]):
                continue
            seen.add(address)
            if self.endpoint(address) in _ALIKE and not self._first(address):
                continue
            met.update((shape, way))
            answer = who.get(address, came_from if came_from.startswith("http") else None, htmx)
            self._note(answer)
            for fault in self._wrong(answer, who, htmx):
                self.faults.append(f"{answer.status} {address} ({who}; from {came_from}): {fault}")
            todo.extend((each, address, via) for each, via in _ways_on(answer, thorough))

    def _first(self, address: str) -> bool:
        new, _ = address not in self._parts, self._parts.add(address)
        return new

    def _note(self, answer: Answer) -> None:
        self.opened.add(answer.address)
        self.shapes.setdefault(self.shape(answer.address), []).append(answer.address)
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
        for press in page.presses:
            met = self.presses.setdefault(self.name_of(press), [])
            if len(met) < _MET and (who.role, page.address) not in met:
                met.append((who.role, page.address))

    def name_of(self, press: Press) -> str:
        """What a press is called: the view that it reaches, and the button's own word where one view has several."""
        endpoint, named = self._route(press.address, "POST")
        which = [named[each] for each in ("path", "page") if each in named]
        deeds = [f"{name}={value.partition(':')[0]}" if name in _DEEDS else name for name, value in press.pair]
        return " ".join([*["htmx"][: press.by_htmx], endpoint or urlsplit(press.address).path, *which, *deeds])


def _ways_on(answer: Answer, thorough: bool) -> Iterator[tuple[str, bool]]:
    """Addresses that an answer leads to, and whether htmx asks for them."""
    if answer.leads_to:
        yield urldefrag(answer.leads_to)[0], False
    if answer.kind != _HTML or answer.status != 200:
        return
    page = answer.page
    yield from ((urldefrag(each)[0], False) for each in (*page.links, *page.parts))
    yield from ((urldefrag(each)[0], True) for each in page.partials)
    for form in page.forms:
        if form.method == "get":
            for pairs in (form.values, [*_typed(form)])[: 1 + thorough]:
                yield f"{form.action().partition('?')[0]}?{urlencode(pairs)}", False


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
            yield name, day_of(real()).isoformat()
        elif kind == "number" or each.get("inputmode") in ("numeric", "decimal"):
            yield name, "100"
        else:
            yield name, "bar"

"""A page as a browser reads it: where it leads, what it is made of, what its forms send, what is wrong with it."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urldefrag, urljoin

from lxml import html

_EMPTY = re.compile(r"\{\{|\{%|%\([a-z_]+\)s|\bUndefined\b|\bNaN\b")
_POINTERS = ("for", "aria-describedby", "aria-labelledby", "aria-controls", "list", "form")
_WRITTEN = ("input", "select", "textarea")
_BUTTONS = {"submit", "image"}


@dataclass(frozen=True)
class Button:
    """What sends a form: its own name and value, and where to, when it says so itself."""

    element: Any

    @property
    def pair(self) -> list[tuple[str, str]]:
        name = self.element.get("name")
        return [(name, self.element.get("value", ""))] if name else []


@dataclass(frozen=True)
class Form:
    page: "Page"
    element: Any

    @property
    def method(self) -> str:
        return (self.element.get("method") or "get").lower()

    @property
    def is_multipart(self) -> bool:
        return self.element.get("enctype") == "multipart/form-data"

    def action(self, button: Button | None = None) -> str:
        said = (button.element.get("formaction") if button else None) or self.element.get("action")
        return urldefrag(urljoin(self.page.address, said or self.page.address))[0]

    @cached_property
    def controls(self) -> list[Any]:
        """Its fields in the page's order, those that stand elsewhere and name it by `form` too."""
        return self.page.controls.get(self.element, [])

    @property
    def buttons(self) -> list[Button]:
        """All that one can press to send it."""
        found = [
            each
            for each in self.controls
            if (each.tag == "button" and each.get("type", "submit") == "submit")
            or (each.tag == "input" and each.get("type") in _BUTTONS)
        ]
        return [Button(each) for each in found if not _disabled(each)]

    @property
    def values(self) -> list[tuple[str, str]]:
        """What a browser sends when nobody changes anything, without a button."""
        return [pair for each in self.controls if not _disabled(each) for pair in _successful(each)]

    @property
    def names(self) -> set[str]:
        return {each.get("name") for each in self.controls if each.get("name")}

    def filled(self, typed: dict[str, Any]) -> list[tuple[str, str]]:
        """Its values with what a person typed in their place; None leaves a field out, as an empty box does."""
        unknown = set(typed) - self.names
        assert not unknown, f"{self.page.address} has no field {sorted(unknown)}: {sorted(self.names)}"
        kept = [pair for pair in self.values if pair[0] not in typed]
        for name, value in typed.items():
            kept += [(name, str(each)) for each in (value if isinstance(value, list) else [value]) if each is not None]
        sent = {name for name, value in kept if value}
        for each in self.controls:
            # What a browser would refuse to send, nobody types.
            required = each.get("required") is not None and each.get("type") not in ("file", "radio")
            assert not required or each.get("name") in sent, f"{self.page.address}: {each.get('name')} is required"
        return kept


@dataclass(frozen=True)
class Press:
    """Something that sends: a button of a form, or an element that htmx sends for, with the form it takes along."""

    address: str
    form: Form | None
    button: Button | None = None
    by_htmx: bool = False

    @property
    def pair(self) -> list[tuple[str, str]]:
        return self.button.pair if self.button else []


class Page:
    """An HTML page, or a part of one, that came from `address`."""

    def __init__(self, address: str, text: str):
        self.address, self.text = address, text
        self.is_whole = "<html" in text[:500].lower()
        parser = html.HTMLParser(encoding="utf-8")
        body = (text if self.is_whole else f"<html><body>{text}</body></html>").encode()
        self.tree = html.document_fromstring(body, parser=parser)
        self.every = [each for each in self.tree.iter() if isinstance(each.tag, str)]

    def elements(self, *tags: str) -> Iterator[Any]:
        return (each for each in self.every if each.tag in tags)

    @cached_property
    def forms(self) -> list[Form]:
        return [Form(self, each) for each in self.elements("form")]

    @cached_property
    def controls(self) -> dict[Any, list[Any]]:
        """Fields by the form that they belong to."""
        found: dict[Any, list[Any]] = {}
        for each in self.elements(*_WRITTEN, "button"):
            named = each.get("form")
            owner = self.by_id.get(named) if named else next(each.iterancestors("form"), None)
            found.setdefault(owner, []).append(each)
        return found

    @cached_property
    def by_id(self) -> dict[str, Any]:
        return {each.get("id"): each for each in self.every if each.get("id")}

    def by_address(self, said: str) -> str:
        """An address that the page says, whole."""
        return urldefrag(urljoin(self.address, said))[0]

    @property
    def links(self) -> list[str]:
        """Where it leads, and what is fetched into it by htmx."""
        found = [each.get("href") for each in self.elements("a", "area")]
        return [urljoin(self.address, each) for each in found if each]

    @property
    def partials(self) -> list[str]:
        return [urljoin(self.address, each.get("hx-get")) for each in self.every if each.get("hx-get")]

    @property
    def parts(self) -> list[str]:
        """What a browser fetches to show it: styles, scripts, pictures."""
        found = [
            each.get(name)
            for each in self.elements("link", "script", "img", "source", "object", "iframe", "embed", "use")
            for name in ("href", "src", "data")
        ]
        return [urljoin(self.address, each) for each in found if each and not each.startswith("data:")]

    @property
    def presses(self) -> Iterator[Press]:
        """All that sends something which may change something."""
        for form in self.forms:
            if form.method == "post":
                yield from (Press(form.action(each), form, each) for each in form.buttons)
        for each in self.every:
            if each.get("hx-post"):
                yield Press(self.by_address(each.get("hx-post")), self._taken_along(each), by_htmx=True)

    def _taken_along(self, element: Any) -> Form | None:
        """The form whose fields htmx sends with what an element sends."""
        owner = element if element.tag == "form" else next(element.iterancestors("form"), None)
        included = element.get("hx-include", "")
        if owner is None and included.startswith("#"):
            owner = self.by_id.get(included[1:])
        return next((each for each in self.forms if each.element is owner), None)

    @property
    def title(self) -> str:
        return (self.tree.findtext(".//title") or "").strip()

    @property
    def notices(self) -> list[str]:
        """What it tells somebody who just did something."""
        found = [each for each in self.every if each.get("role") in ("status", "alert")]
        return [" ".join(each.text_content().split()) for each in found if each.text_content().strip()]

    @property
    def refusals(self) -> list[str]:
        """The notices that say no."""
        found = [each for each in self.every if each.get("role") == "alert" or _says_no(each)]
        return [" ".join(each.text_content().split()) for each in found if each.text_content().strip()]

    def faults(self, language: str) -> Iterator[str]:
        """What is wrong with it, as far as reading shows."""
        if self.is_whole:
            # What programmers read, the API's own words, is in English for everybody.
            language = "en" if "/api/" in self.address else language
            if not (self.tree.get("lang") or "").startswith(language):
                yield f"is in {self.tree.get('lang')!r}, not in {language}"
            if not self.title or self.title.startswith("·"):
                yield "has no title"
        for id, count in Counter(each.get("id") for each in self.every if each.get("id")).items():
            if count > 1:
                yield f"has the id {id} {count} times"
        if self.is_whole:
            yield from self._dangling()
        words = " ".join(part for each in self.every if each.tag not in ("script", "pre") for part in _words(each))
        for found in set(_EMPTY.findall(words)):
            yield f"shows {found!r}"
        for form in self.forms:
            if form.method == "post" and "csrf_token" not in form.names:
                yield f"has a form without a token: {form.action()}"

    def _dangling(self) -> Iterator[str]:
        for each in self.every:
            for name in _POINTERS:
                for id in (each.get(name) or "").split():
                    if id not in self.by_id:
                        yield f"names by {name} what is not there: {id}"
            if (each.get("href") or "").startswith("#") and each.get("href")[1:] not in self.by_id:
                yield f"leads to a place that is not on it: {each.get('href')}"


def _words(element: Any) -> list[str]:
    return [each for each in (element.text, element.tail) if each]


def _says_no(element: Any) -> bool:
    return {"notice", "refused"} <= set((element.get("class") or "").split())


def _disabled(element: Any) -> bool:
    return element.get("disabled") is not None or any(
        each.get("disabled") is not None for each in element.iterancestors("fieldset")
    )


def _successful(control: Any) -> list[tuple[str, str]]:
    """What a field alone sends, by HTML's rules."""
    name, kind = control.get("name"), control.get("type", "text")
    if not name or control.tag == "button" or kind in ("submit", "image", "button", "reset", "file"):
        return []
    if control.tag == "textarea":
        return [(name, (control.text or "").removeprefix("\n"))]
    if control.tag == "select":
        options = control.findall(".//option")
        chosen = [each for each in options if each.get("selected") is not None]
        if not chosen and control.get("multiple") is None:
            chosen = options[:1]
        return [(name, option_value(each)) for each in chosen]
    if kind in ("checkbox", "radio"):
        return [(name, control.get("value", "on"))] if control.get("checked") is not None else []
    return [(name, control.get("value", ""))]


def option_value(option: Any) -> str:
    return option.get("value") if option.get("value") is not None else option.text_content().strip()

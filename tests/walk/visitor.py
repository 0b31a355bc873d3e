"""Somebody with a browser and no JavaScript: keeps cookies, speaks a language, sends forms as they stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from tests.walk.pages import Button, Form, Page

_PATIENCE = 60  # seconds: a busy machine is no fault
_HTMX = {"HX-Request": "true"}
SENDS = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@dataclass(frozen=True)
class Answer:
    """What came back from an address, before any redirection is followed."""

    address: str
    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def kind(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip()

    @property
    def leads_to(self) -> str | None:
        said = self.headers.get("location")
        return urljoin(self.address, said) if said else None

    @cached_property
    def page(self) -> Page:
        return Page(self.address, self.body.decode("utf-8"))


class Visitor:
    """A browser over one server. `role` is whose it is, for the record; a stranger has none."""

    def __init__(self, base: str, language: str = "fr", role: str = "stranger"):
        self.base, self.language, self.role = base, language, role
        # Nothing here is asked for over TLS: the certificates of the world need not be read for each visitor.
        self._client = httpx.Client(timeout=_PATIENCE, headers=SENDS, cookies={"langue": language}, verify=False)

    def __str__(self) -> str:
        return f"{self.role}, {self.language}"

    def close(self) -> None:
        self._client.close()

    def get(self, address: str, came_from: str | None = None, htmx: bool = False) -> Answer:
        return self._ask("GET", address, came_from, _HTMX if htmx else {})

    def open(self, address: str) -> Page:
        """The page at an address of this server, which must be there."""
        answer = self.follow(self.get(urljoin(self.base, address)))
        assert answer.status == 200, (address, answer.status)
        return answer.page

    def follow(self, answer: Answer) -> Answer:
        """Where a chain of redirections ends, as a browser goes there."""
        for _ in range(5):
            if answer.leads_to is None or answer.status // 100 != 3:
                return answer
            answer = self.get(answer.leads_to, answer.address)
        raise AssertionError(f"{answer.address} leads in circles")

    def send(
        self,
        form: Form,
        button: Button | None = None,
        typed: dict[str, Any] | None = None,
        files: dict[str, tuple[str, bytes, str]] | None = None,
        address: str | None = None,
        htmx: bool = False,
    ) -> Answer:
        """The form, pressed; redirections are not followed."""
        pairs = form.filled(typed or {}) + (button.pair if button else [])
        where = address or form.action(button)
        return self.post(where, pairs, form.page.address, files if form.is_multipart else None, htmx)

    def post(
        self,
        address: str,
        pairs: Sequence[tuple[str, str]],
        came_from: str,
        files: dict[str, tuple[str, bytes, str]] | None = None,
        htmx: bool = False,
    ) -> Answer:
        headers = {"Origin": self.base, **(_HTMX if htmx else {})}
        data: dict[str, list[str]] = {}
        for name, value in pairs:
            data.setdefault(name, []).append(value)
        return self._ask("POST", address, came_from, headers, data=data, files=files)

    def sign_in(self, email: str, password: str) -> None:
        form = next(each for each in self.open("/connexion").forms if "password" in each.names)
        answer = self.send(form, typed={"email": email, "password": password})
        assert answer.status == 302, (email, answer.status)
        self._client.cookies.set("langue", self.language, domain=urlsplit(self.base).hostname or "")

    def cookies(self) -> list[dict[str, str]]:
        """Its cookies, for a browser with JavaScript that goes on in its place."""
        return [{"name": each.name, "value": each.value or "", "url": self.base} for each in self._client.cookies.jar]

    def _ask(self, method: str, address: str, came_from: str | None, headers: dict[str, str], **more: Any) -> Answer:
        said = {**headers, **({"Referer": came_from} if came_from else {})}
        got = self._client.request(method, address.partition("#")[0], headers=said, **more)
        return Answer(address, got.status_code, got.headers, got.content)

"""Two lanes through one app: what only people's pages need is not done at the doors for machines.

A machine is known by its key or its signature. It has no session, no account and no form, so the
hooks that look for those would only cost it time, more than its decision does.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface
from werkzeug.routing import Rule

MACHINES = ("/webhooks/", "/api/v1/", "/healthz", "/readyz", "/metrics")
# Whose hooks are about sessions, accounts and forms.
_OF_PAGES = (
    "flask_principal",
    "flask_login",
    "flask_security",
    "flask_wtf",
    "houblon.web.limits.entry",
    "houblon.web.access.auth",
    "houblon.web.access.authorization",
)


class PagesOnly(SecureCookieSessionInterface):
    """Sessions for pages; at a machine's door there is none, and setting one is an error."""

    def open_session(self, app: Flask, request: Any) -> Any:
        if request.path.startswith(MACHINES):
            return self.make_null_session(app)
        return super().open_session(app, request)


def is_signed_in(app: Flask, environ: dict[str, Any]) -> bool:
    """Whether a call brings a session of somebody's, as far as its signature tells: its row is looked up later."""
    session = app.session_interface.open_session(app, app.request_class(environ))
    return session is not None and "_user_id" in session


class Address(Rule):
    """A rule of addresses that makes its builder when one is first put together by it, and not at every start.

    werkzeug compiles two functions for each rule, which took most of the time of opening the app.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            made: Callable[..., tuple[str, str]] = super(Address, self)._compile_builder(append_unknown).__get__(rule)
            setattr(rule, "_build_unknown" if append_unknown else "_build", made)
            return made(**values)

        return build


class App(Flask):
    """Flask without coroutines: no view or hook is asked, at each call, whether it is one."""

    url_rule_class = Address

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def separate(app: Flask) -> None:
    """Keep the pages' hooks, registered before this, off the doors for machines."""
    app.session_interface = PagesOnly()
    _gather(app.before_request_funcs[None], _before)
    _gather(app.after_request_funcs[None], _after)


def _gather(hooks: list[Any], one: Callable[[list[Any]], Any]) -> None:
    """One hook in the place of all that are the pages'."""
    of_pages = [
        hook for hook in hooks if hook.__module__ in _OF_PAGES or hook.__module__.partition(".")[0] in _OF_PAGES
    ]
    if of_pages:
        hooks[hooks.index(of_pages[0])] = one(of_pages)
        hooks[:] = [hook for hook in hooks if hook not in of_pages]


def _before(hooks: list[Callable[[], Any]]) -> Callable[[], Any]:
    def before_page() -> Any:
        if request.path.startswith(MACHINES):
            return None
        return next((answer for hook in hooks if (answer := hook()) is not None), None)

    return before_page


def _after(hooks: list[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    def after_page(response: Any) -> Any:
        if not request.path.startswith(MACHINES):
            for hook in reversed(hooks):
                response = hook(response)
        return response

    return after_page

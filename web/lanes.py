"""Two lanes through one app: what only people's pages need is not done at the doors for machines.

A machine is known by its key or its signature. It has no session, no account and no form, so the
hooks that look for those would only cost it time, more than its decision does.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface

MACHINES = ("/webhooks/", "/api/v1/")
# Whose hooks are about sessions, accounts and forms.
_OF_PAGES = ("flask_principal", "flask_login", "flask_security", "flask_wtf", "web.auth")


class PagesOnly(SecureCookieSessionInterface):
    """Sessions for pages; at a machine's door there is none, and setting one is an error."""

    def open_session(self, app: Flask, request: Any) -> Any:
        if request.path.startswith(MACHINES):
            return self.make_null_session(app)
        return super().open_session(app, request)


def separate(app: Flask) -> None:
    """Keep the pages' hooks, registered before this, off the doors for machines."""
    app.session_interface = PagesOnly()
    before, after = app.before_request_funcs[None], app.after_request_funcs[None]
    before[:] = [_unless_machine(each, lambda: None) if _is_of_pages(each) else each for each in before]
    after[:] = [_unless_machine(each, lambda answer: answer) if _is_of_pages(each) else each for each in after]


def _is_of_pages(hook: Any) -> bool:
    return hook.__module__.partition(".")[0] in _OF_PAGES or hook.__module__ in _OF_PAGES


def _unless_machine(hook: Callable[..., Any], otherwise: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(hook)
    def chosen(*arguments: Any) -> Any:
        return otherwise(*arguments) if request.path.startswith(MACHINES) else hook(*arguments)

    return chosen

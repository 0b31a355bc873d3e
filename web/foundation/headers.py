"""Headers that every answer carries."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from houblon.web.foundation.settings import Settings

_CSP = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


def harden(app: Flask, settings: Settings) -> None:
    """A strict policy: nothing inline, nothing from elsewhere, nothing kept by caches but assets.

    Around the app, where it costs an answer next to nothing and no answer goes by without it.
    """
    own = [
        ("Content-Security-Policy", _CSP),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    ]
    if settings.is_https:
        own.append(("Strict-Transport-Security", "max-age=31536000"))
    named = [(name.lower(), (name, value)) for name, value in own]
    inner = app.wsgi_app

    def hardened(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        is_kept = environ["PATH_INFO"].startswith("/static/")

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            said = [name.lower() for name, _ in headers]
            added = [each for name, each in named if name not in said]
            if not is_kept:
                if "cache-control" in said:
                    headers = [each for each in headers if each[0].lower() != "cache-control"]
                added.append(("Cache-Control", "no-store"))
            return start_response(status, headers + added, exc_info)

        return inner(environ, start)

    app.wsgi_app = hardened  # type: ignore[method-assign]


def trust_proxies(app: Flask, count: int) -> None:
    """Take the caller's address and scheme from what the nearest `count` proxies added, and from nobody else.

    The host is left to the request's own Host header, which proxies pass on.
    """
    if count:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count)  # type: ignore[method-assign]

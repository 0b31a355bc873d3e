"""Icons in pages: Bootstrap's, drawn in the text's colour."""

from functools import cache

from flask import Flask
from markupsafe import Markup

from houblon.web.assets import VENDOR


def register(app: Flask) -> None:
    """Let templates draw icons: `icon("house")`."""
    app.jinja_env.globals["icon"] = icon


@cache
def icon(name: str) -> Markup:
    """The icon's SVG; nothing where assets were not fetched."""
    try:
        svg = (VENDOR / "icons" / f"{name}.svg").read_text()
    except FileNotFoundError:
        return Markup()
    return Markup(svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1))  # nosec B704 - a file of ours

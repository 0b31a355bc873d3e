"""The moves of an order and of its invoice, as its history tells them."""

import re
from typing import Any

from flask import Flask
from flask_babel import gettext as _

from orders.history import who_text
from web.language import current

_ABOUT_A_LINE = re.compile(r"(line_available|line_removed) (.+)", re.DOTALL)


def register(app: Flask) -> None:
    """Let templates tell moves: `move|who` and `move|why`."""
    app.jinja_env.filters.update(who=who, why=why)


def who(move: Any) -> str:
    return who_text(move.who).in_(current())


def why(move: Any) -> str:
    """What a person wrote, or what a code says; codes of reasons stay as they are."""
    line = _ABOUT_A_LINE.fullmatch(move.why)
    if line is not None and move.invoice_key is None:
        if line[1] == "line_available":
            return _("ligne %(sku)s disponible de nouveau", sku=line[2])
        return _("ligne %(sku)s retirée", sku=line[2])
    return move.why

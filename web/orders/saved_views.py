"""Saved views of the lists: kept and forgotten by the person whose they are."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, abort, flash, redirect, request, url_for

from houblon.engine.core.problem import Invalid
from houblon.orders.queries.saved_views import forget_view, save_view, views_of
from houblon.web.access.auth import author
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.presentation.order_filters import kept

blueprint = Blueprint("views", __name__, url_prefix="/vues")
PAGES = {"orders": "orders.index", "review": "review.index"}


def saved(page: str) -> Sequence[Any]:
    """The signed-in person's views of a page."""
    with house().services.ledger.reading() as connection:
        return views_of(connection, author(), page)


@blueprint.post("/<page>")
def keep(page: str) -> Any:
    if page not in PAGES:
        abort(404)
    filters: dict[str, Any] = kept(request.form)
    who, name, now = author(), request.form.get("nom", ""), house().now()
    try:
        house().services.ledger.write(lambda c: save_view(c, who, page, name, urlencode(filters), now))
    except Invalid as invalid:
        flash(invalid.problems[0].message.in_(current()), "refused")
    return redirect(url_for(PAGES[page], **filters))


@blueprint.post("/<page>/<int:key>/oublier")
def forget(page: str, key: int) -> Any:
    if page not in PAGES:
        abort(404)
    who = author()
    house().services.ledger.write(lambda connection: forget_view(connection, who, key))
    return redirect(url_for(PAGES[page]))

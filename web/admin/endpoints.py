"""Webhooks sortants: who is told what happens, with which secret, and how that went."""

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection, Row

from houblon.engine.core.problem import Invalid
from houblon.orders.events import endpoints
from houblon.orders.events.endpoints import EVENTS, OLD_SECRET_LASTS, Wanted, destination_of
from houblon.orders.events.enqueue import enqueue_test_event
from houblon.orders.outbox.delivery import SCHEDULE
from houblon.orders.queries import lists
from houblon.web.access.audit import note
from houblon.web.access.auth import author
from houblon.web.admin.messages import reason
from houblon.web.foundation.current_app import house

blueprint = Blueprint("endpoints", __name__, url_prefix="/webhooks-sortants")
_RESULTS = 15


@blueprint.get("")
def index() -> str:
    return _list()


@blueprint.post("")
def add() -> Any:
    """Answered with the page itself: the secret is shown this once, and kept in no cookie on the way."""
    wanted, allowed = _wanted(), house().settings.private_webhooks
    try:
        id, secret = _write(lambda c, now: endpoints.add_endpoint(c, wanted, secrets.token_bytes, now, allowed))
    except Invalid as invalid:
        return _list(problems=invalid.problems, typed=wanted), 422
    note(house(), author(), "endpoint.added", id, None, {"url": wanted.url, "events": list(wanted.events)})
    return _detail(id, secret=secret), 201


@blueprint.get("/<id>")
def show(id: str) -> str:
    return _detail(id)


@blueprint.post("/<id>")
def change(id: str) -> Any:
    wanted, allowed, before = _wanted(), house().settings.private_webhooks, _known(id)
    try:
        _write(lambda c, now: endpoints.change_endpoint(c, id, wanted, now, allowed))
    except Invalid as invalid:
        return _detail(id, problems=invalid.problems, typed=wanted), 422
    told = {"url": wanted.url, "events": list(wanted.events)}
    note(house(), author(), "endpoint.changed", id, {"url": before.url, "events": before.events}, told)
    flash(_("C’est noté : la prochaine livraison en tient compte."), "accepted")
    return redirect(url_for("endpoints.show", id=id))


@blueprint.post("/<id>/suspendre")
def pause(id: str) -> Any:
    _known(id)
    if _write(lambda c, now: endpoints.pause(c, id)):
        note(house(), author(), "endpoint.paused", id)
    flash(_("Suspendu : rien ne part, et ce qui attendait attend encore."), "accepted")
    return redirect(url_for("endpoints.show", id=id))


@blueprint.post("/<id>/reprendre")
def resume(id: str) -> Any:
    _known(id)
    if _write(lambda c, now: endpoints.resume(c, id, now)):
        note(house(), author(), "endpoint.resumed", id)
    flash(_("Repris : ce qui attendait part, et les nouveaux événements aussi."), "accepted")
    return redirect(url_for("endpoints.show", id=id))


@blueprint.post("/<id>/secret")
def rotate(id: str) -> Any:
    _known(id)
    secret = _write(lambda c, now: endpoints.rotate(c, id, secrets.token_bytes, now))
    note(house(), author(), "endpoint.rotated", id)
    return _detail(id, secret=secret)


@blueprint.post("/<id>/essai")
def test(id: str) -> Any:
    if not _known(id).active:
        flash(_("Reprenez d’abord les envois : ce point de livraison est suspendu."), "refused")
    else:
        _write(lambda c, now: enqueue_test_event(c, id, now))
        flash(_("L’essai part. Rechargez la page dans un instant pour voir la réponse."), "accepted")
    return redirect(url_for("endpoints.show", id=id))


@blueprint.post("/<id>/retirer")
def remove(id: str) -> Any:
    before = _known(id)
    _write(lambda c, now: endpoints.remove(c, id))
    note(house(), author(), "endpoint.removed", id, {"url": before.url, "events": before.events}, None)
    flash(_("Le point de livraison %(url)s est retiré.", url=before.url), "accepted")
    return redirect(url_for("endpoints.index"))


def _list(**faults: Any) -> str:
    with house().services.ledger.reading() as connection:
        found = endpoints.list_endpoints(connection)
        counts = lists.count_by_destination(connection)
    rows = [
        (row, *(counts.get((destination_of(row.id), state), 0) for state in ("pending", "parked"))) for row in found
    ]
    return render_template("endpoints.html", rows=rows, events=EVENTS, **{"problems": (), "typed": None, **faults})


def _detail(id: str, **faults: Any) -> str:
    row = _known(id)
    with house().services.ledger.reading() as connection:
        results = lists.list_messages(connection, destination=destination_of(id), limit=_RESULTS)
    is_rotating = len(endpoints.secrets_at(row, house().now())) > 1
    return render_template(
        "endpoint.html",
        endpoint=row,
        results=results,
        events=EVENTS,
        old_secret_until=row.old_secret_until if is_rotating else None,
        hours=int(OLD_SECRET_LASTS.total_seconds() // 3600),
        reason=reason,
        last=len(SCHEDULE),
        **{"problems": (), "typed": None, "secret": None, **faults},
    )


def _wanted() -> Wanted:
    form = request.form
    return Wanted(form.get("url", "").strip(), tuple(form.getlist("evenement")), form.get("description", "").strip())


def _known(id: str) -> Row[Any]:
    with house().services.ledger.reading() as connection:
        row = endpoints.endpoint_row(connection, id)
    return row if row is not None else abort(404)


def _write(work: Callable[[Connection, datetime], Any]) -> Any:
    """In the ledger, at this instant; somebody may have removed the endpoint since it was looked up."""
    now = house().now()
    try:
        return house().services.ledger.write(lambda connection: work(connection, now))
    except LookupError:
        abort(404)

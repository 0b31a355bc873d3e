"""Webhooks sortants: who is told what happens, with which secret, and how that went."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Connection, Row

from houblon.engine.core.problem import Invalid
from houblon.orders.events import endpoints
from houblon.orders.events.catalogue import EVENTS
from houblon.orders.events.endpoints import OLD_SECRET_LASTS, Wanted, destination_of
from houblon.orders.events.feed import enqueue_test_event, unread_count
from houblon.orders.events.reading import place_at, removed_through
from houblon.orders.outbox.delivery import SCHEDULE
from houblon.orders.queries import lists
from houblon.web.access.account_commands import By
from houblon.web.access.audit import by as acting
from houblon.web.access.auth import author
from houblon.web.admin import acts
from houblon.web.admin.messages import reason
from houblon.web.drafts.moments import FIRST, read_local
from houblon.web.foundation.current_app import house
from houblon.web.foundation.format import number
from houblon.web.foundation.language import current

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
        id, secret = _write(lambda connection, by: acts.add_endpoint(connection, by, wanted, allowed))
    except Invalid as invalid:
        return _list(problems=invalid.problems, typed=wanted), 422
    return _detail(id, secret=secret), 201


@blueprint.get("/<id>")
def show(id: str) -> str:
    return _detail(id)


@blueprint.post("/<id>")
def change(id: str) -> Any:
    wanted, allowed = _wanted(), house().settings.private_webhooks

    try:
        _write(lambda connection, by: acts.change_endpoint(connection, by, id, wanted, allowed))
    except Invalid as invalid:
        return _detail(id, problems=invalid.problems, typed=wanted), 422
    flash(_("C’est noté : la prochaine livraison en tient compte."), "accepted")
    return redirect(url_for("endpoints.show", id=id))


@blueprint.post("/<id>/suspendre")
def pause(id: str) -> Any:
    _write(lambda connection, by: acts.pause_endpoint(connection, by, id))
    flash(_("Suspendu : rien ne part. Ce qui attend et ce qui arrive partira à la reprise."), "accepted")
    return redirect(url_for("endpoints.show", id=id))


@blueprint.post("/<id>/reprendre")
def resume(id: str) -> Any:
    _write(lambda connection, by: acts.resume_endpoint(connection, by, id))
    flash(_("Repris : ce qui attendait part, et ce qui est arrivé pendant l’arrêt."), "accepted")
    return redirect(url_for("endpoints.show", id=id))


@blueprint.post("/<id>/renvoyer")
def resend(id: str) -> Any:
    """Anew what happened from a day and hour on, by the installation's clock."""
    text, zone = request.form.get("depuis", ""), house().services.installation.zone
    try:
        # Of an hour that comes twice, the first: what was had already comes with the same id.
        since = read_local(text, zone, FIRST, "/depuis")
    except Invalid as invalid:
        return _detail(id, problems=invalid.problems, since=text), 422

    def work(connection: Connection, by: By) -> tuple[int, bool]:
        after = max(place_at(connection, since), removed_through(connection))
        acts.resend_after(connection, by, id, after)
        known = endpoints.known_endpoint(connection, id)
        return unread_count(connection, known), known.active

    count, is_active = _write(work)
    if not count:
        flash(_("Rien de ce qu’il demande n’est arrivé depuis."), "refused")
        return redirect(url_for("endpoints.show", id=id))
    said = number(count, current())
    if is_active:
        flash(ngettext("%(count)s événement repart.", "%(count)s événements repartent.", count, count=said), "accepted")
    else:
        again = ngettext(
            "%(count)s événement repartira à la reprise des envois.",
            "%(count)s événements repartiront à la reprise des envois.",
            count,
            count=said,
        )
        flash(again, "accepted")
    return redirect(url_for("endpoints.show", id=id))


@blueprint.post("/<id>/secret")
def rotate(id: str) -> Any:
    return _detail(id, secret=_write(lambda connection, by: acts.rotate_endpoint(connection, by, id)))


@blueprint.post("/<id>/essai")
def test(id: str) -> Any:
    if not _known(id).active:
        flash(_("Reprenez d’abord les envois : ce point de livraison est suspendu."), "refused")
    else:
        _write(lambda connection, by: enqueue_test_event(connection, id, by.at))
        flash(_("L’essai part. Rechargez la page dans un instant pour voir la réponse."), "accepted")
    return redirect(url_for("endpoints.show", id=id))


@blueprint.post("/<id>/retirer")
def remove(id: str) -> Any:
    removed = _write(lambda connection, by: acts.remove_endpoint(connection, by, id))
    flash(_("Le point de livraison %(url)s est retiré.", url=removed.url), "accepted")
    return redirect(url_for("endpoints.index"))


def _list(**faults: Any) -> str:
    with house().services.ledger.reading() as connection:
        found = endpoints.list_endpoints(connection)
        counts = lists.count_by_destination(connection)
        unread = {row.id: unread_count(connection, row) for row in found}
    rows = [
        (
            row,
            counts.get((destination_of(row.id), "pending"), 0) + unread[row.id],
            counts.get((destination_of(row.id), "parked"), 0),
        )
        for row in found
    ]
    return render_template("endpoints.html", rows=rows, events=EVENTS, **{"problems": (), "typed": None, **faults})


def _detail(id: str, **faults: Any) -> str:
    row = _known(id)
    with house().services.ledger.reading() as connection:
        results = lists.list_messages(connection, destination=destination_of(id), limit=_RESULTS)
        unread, lost = unread_count(connection, row), endpoints.lost_through(connection, row)
    is_rotating = len(endpoints.secrets_at(row, house().now())) > 1
    return render_template(
        "endpoint.html",
        endpoint=row,
        results=results,
        unread=unread,
        is_behind_kept=lost is not None,
        is_left_alone=row.rests_until is not None and row.rests_until > house().now(),
        keeps=house().settings.keep_events,
        events=EVENTS,
        old_secret_until=row.old_secret_until if is_rotating else None,
        hours=int(OLD_SECRET_LASTS.total_seconds() // 3600),
        reason=reason,
        last=len(SCHEDULE),
        **{"problems": (), "typed": None, "secret": None, "since": "", **faults},
    )


def _wanted() -> Wanted:
    form = request.form
    return Wanted(form.get("url", "").strip(), tuple(form.getlist("evenement")), form.get("description", "").strip())


def _known(id: str) -> Row[Any]:
    with house().services.ledger.reading() as connection:
        row = endpoints.endpoint_row(connection, id)
    return row if row is not None else abort(404)


def _write(work: Callable[[Connection, By], Any]) -> Any:
    """In the ledger, the act and its entry, by this person at this instant; it may have been removed meanwhile."""
    by = acting(house(), author())
    try:
        return house().services.ledger.write(lambda connection: work(connection, by))
    except LookupError:
        abort(404)

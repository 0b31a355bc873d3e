"""Messages: what is pending, sent, or parked with the reason, and a way to send again."""

from typing import Any

import msgspec
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Row

from houblon.engine.core.mail_address import read_address
from houblon.orders.events.endpoints import REMOVED, list_endpoints
from houblon.orders.mail.enqueue import BAD_ADDRESS, NO_ADDRESS
from houblon.orders.mail.rendered import rendered
from houblon.orders.outbox.delivery import SCHEDULE, send_again, send_all_again
from houblon.orders.outbox.encrypted import EARLIER_SECRET
from houblon.orders.outbox.held import HELD
from houblon.orders.queries import lists
from houblon.orders.queries.lists import PAGE
from houblon.rules.model.entry import Entry
from houblon.web.access.audit import by as acting
from houblon.web.access.auth import author
from houblon.web.access.authorization import require
from houblon.web.foundation.current_app import house
from houblon.web.foundation.paging import asked_before_moment, moment_cursor, page

blueprint = Blueprint("outbox", __name__, url_prefix="/messages")
STATES = ("pending", "sent", "parked")
KINDS = ("mail", "webhook")


@blueprint.get("")
def index() -> str:
    state, kind = _one_of(STATES, request.args.get("etat")), _one_of(KINDS, request.args.get("genre"))
    with house().services.ledger.reading() as connection:
        found = lists.list_messages(connection, state, kind, asked_before_moment(), limit=PAGE + 1)
        counts = lists.count_messages(connection)
        sendable = lists.count_sendable(connection, kind)
        paused = _paused(connection)
    shown, more = page(found, PAGE, lambda row: moment_cursor(row.created_at, row.id))
    return render_template(
        "messages.html",
        messages=shown,
        counts=counts,
        sendable=sendable,
        state=state,
        states=STATES,
        kind=kind,
        paused=paused,
        more=more,
        reason=reason,
        last=len(SCHEDULE),
    )


@blueprint.get("/<id>")
def show(id: str) -> str:
    return _detail(id)


@blueprint.post("/renvoyer")
def all_again() -> Any:
    """Every parked message, of one kind if it is given."""
    kind = _one_of(KINDS, request.form.get("genre"))
    by = acting(house(), author())

    def entry_of(count: int) -> Entry | None:
        return by.entry("messages.sent_again", kind or "all", None, count) if count else None

    count = send_all_again(house().services.ledger, by.at, kind, entry_of=entry_of)
    if count:
        flash(ngettext("%(num)s message repart.", "%(num)s messages repartent.", count), "accepted")
    else:
        flash(_("Aucun de ces messages n’a de quoi repartir : il leur faut d’abord une adresse."), "refused")
    return redirect(url_for("outbox.index", etat="parked", genre=kind))


@blueprint.post("/<id>/renvoyer")
def again(id: str) -> Any:
    address = request.form.get("adresse", "").strip() or None
    with house().services.ledger.reading() as connection:
        row = lists.message_row(connection, id)
    # Its link opens somebody's account: who may send it elsewhere is who may let people in.
    if row is not None and row.event.startswith("account."):
        require("users")
    read = read_address(address) if address else None
    if address and read is None:
        return _detail(
            id, typed=address, fault=_("Ce n’est pas une adresse de courriel : écrivez-la comme nom@exemple.ca.")
        ), 422
    by = acting(house(), author())

    def entry_of(is_sent: bool) -> Entry | None:
        return by.entry("message.sent_again", id) if is_sent else None

    if send_again(house().services.ledger, id, by.at, read, entry_of):
        flash(_("Le message repart."), "accepted")
        return redirect(url_for("outbox.show", id=id))
    return _detail(id, fault=_("Ce message ne peut pas repartir ainsi : son état ou son adresse a changé.")), 409


def reason(row: Row[Any]) -> str:
    """Why a message did not go, in words where the house gave the reason."""
    known = {
        NO_ADDRESS: _("Aucune adresse connue pour ce destinataire."),
        BAD_ADDRESS: _("Ce n’est pas une adresse de courriel."),
        EARLIER_SECRET: _("Son lien a été signé par une clé d’avant : il n’ouvre plus rien."),
        HELD: _("Retenu quand une copie a été restaurée : il est peut-être déjà parti."),
        REMOVED: _("Le point de livraison a été retiré."),
    }
    if row.error in known:
        return known[row.error]
    kind, _colon, said = (row.error or "").partition(": ")
    if kind == "Unreachable":
        return _("Injoignable : %(said)s", said=said)
    return said if kind == "Rejected" else row.error


def _detail(id: str, typed: str | None = None, fault: str | None = None) -> str:
    with house().services.ledger.reading() as connection:
        row = lists.message_row(connection, id)
        if row is None:
            abort(404)
        paused, known = _paused(connection), {each.id for each in list_endpoints(connection)}
    endpoint = row.destination.partition(":")[2]
    return render_template(
        "message.html",
        message=row,
        payload=_pretty(row.message) if row.kind == "webhook" else None,
        text=rendered(row.message)["text"] if row.kind == "mail" else None,
        endpoint=endpoint if endpoint in known else None,
        is_paused=row.destination in paused,
        reason=reason,
        last=len(SCHEDULE),
        typed=typed,
        fault=fault,
    )


def _paused(connection: Any) -> set[str]:
    return {f"webhook:{each.id}" for each in list_endpoints(connection) if not each.active}


def _pretty(document: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _one_of(known: tuple[str, ...], said: str | None) -> str | None:
    return said if said in known else None

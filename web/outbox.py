"""Messages: what is pending, sent, or parked with the reason, and a way to send again."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from orders import queries
from orders.outbox import send_again
from web.open import house

blueprint = Blueprint("outbox", __name__, url_prefix="/messages")
STATES = ("pending", "sent", "parked")


@blueprint.get("")
def index() -> str:
    state = request.args.get("etat") if request.args.get("etat") in STATES else None
    with house().desk.ledger.reading() as connection:
        found = queries.list_messages(connection, state)
        counts = queries.count_messages(connection)
    return render_template("messages.html", messages=found, counts=counts, state=state, states=STATES)


@blueprint.post("/<id>/renvoyer")
def again(id: str) -> Any:
    address = request.form.get("adresse", "").strip() or None
    if send_again(house().desk.ledger, id, house().now(), address):
        flash(_("Le message repart."), "accepted")
    else:
        flash(_("Ce message n’a pas d’adresse : donnez-en une pour l’envoyer."), "refused")
    return redirect(url_for("outbox.index", etat="parked"))

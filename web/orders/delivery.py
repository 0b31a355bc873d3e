"""« Livrer »: what came of each line, on one screen with its numbers filled in."""

from datetime import date
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from houblon.engine.core.order import decode_order
from houblon.engine.core.problem import Faults, Invalid
from houblon.orders.handling import deliveries
from houblon.orders.handling.deliveries import Delivered, LineDelivered
from houblon.orders.invoicing.credits import Words, credited_quantities
from houblon.orders.queries import lists
from houblon.orders.services import Conflict
from houblon.web.access.audit import by as acting
from houblon.web.access.auth import author
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.foundation.typed import numbered
from houblon.web.orders.entries import delivered
from houblon.web.presentation.typed_numbers import whole_typed

blueprint = Blueprint("delivery", __name__, url_prefix="/commandes")
_MOST = 10**7 - 1


@blueprint.get("/<int:key>/livrer")
def show(key: int) -> str:
    return _page(key, {})


@blueprint.post("/<int:key>/livrer")
def deliver(key: int) -> Any:
    """Deliver the order: whole unless quantities are in the form. Faults come back with what was typed."""
    by = acting(house(), author())
    with house().services.ledger.reading() as connection:
        row = lists.order_row(connection, key)
    if row is None:
        abort(404)
    try:
        entry_of = delivered(by, row.order_id)
        lines, day, words = _read()
        done = deliveries.deliver(
            house().services, key, by=by.who, at=by.at, on=day, lines=lines, words=words, entry_of=entry_of
        )
    except Invalid as invalid:
        return _page(key, request.form.to_dict(), invalid), 422
    except Conflict as conflict:
        flash(conflict.in_(current()), "refused")
    else:
        flash(_message(done), "accepted")
    return redirect(url_for("orders.show", key=key))


def _message(done: Delivered) -> str:
    if done.invoice:
        return _("Commande livrée ; la facture %(number)s est émise.", number=done.invoice)
    if done.credit_note:
        return _(
            "Commande livrée ; la note de crédit %(number)s, de ce qui manquait, est émise.", number=done.credit_note
        )
    return _("Commande livrée.")


def _read() -> tuple[list[LineDelivered], date | None, Words]:
    """What was typed. Raises Invalid."""
    form, faults = request.form, Faults()
    lost, returned, shown = (numbered(form, head) for head in ("perdu", "repris", "prevu"))
    lines = []
    for number, written in numbered(form, "livre").items():
        said = {"livre": written, "perdu": lost.get(number, ""), "repris": returned.get(number, "")}
        counts = {head: _count(text, f"/{head}-{number}", faults) for head, text in said.items()}
        # Whoever only says what was lost or taken back did not count the rest anew.
        is_as_shown = shown.get(number) == written.strip() and (counts["perdu"] or counts["repris"])
        delivered = None if is_as_shown else counts["livre"]
        lines.append(LineDelivered(number, delivered, counts["perdu"], counts["repris"]))
    day = None
    if written := form.get("le", "").strip():
        try:
            day = date.fromisoformat(written)
        except ValueError:
            faults.add("date", "/on", "Écrivez le jour : année, mois, jour.", "Write the day: year, month, day.")
    faults.raise_if_any()
    return lines, day, Words(note=form.get("note", "").strip()[:500])


def _count(written: str, pointer: str, faults: Faults) -> int:
    with faults.gather(pointer):
        return whole_typed(written.strip() or "0", current(), _MOST)
    return 0


def _line_of(pointer: str, typed: dict[str, str]) -> int | None:
    """The number of the line that a fault is of, as its fields carry it; None where it is of no line."""
    first, _slash, rest = pointer.removeprefix("/").partition("/")
    if first == "lines":
        sent, place = list(numbered(typed, "livre")), int(rest.partition("/")[0])
        return sent[place] if place < len(sent) else None
    number = first.partition("-")[2]
    return int(number) if number.isdecimal() else None


def _page(key: int, typed: dict[str, str], invalid: Invalid | None = None) -> str:
    services = house().services
    with services.ledger.reading() as connection:
        row = lists.order_row(connection, key)
        if row is None:
            abort(404)
        invoice = lists.invoice_of_order(connection, key)
        credited = credited_quantities(connection, invoice.key) if invoice else {}
    order = decode_order(row.body)
    return render_template(
        "delivery.html",
        row=row,
        lines=[
            (number, line, max(0, line.quantity - credited.get(number, 0)))
            for number, line in enumerate(order.lines, 1)
        ],
        invoice=invoice,
        typed=typed,
        problems=[(_line_of(each.pointer, typed), each) for each in (invalid.problems if invalid else ())],
        today=house().now().astimezone(services.installation.zone).date().isoformat(),
    )

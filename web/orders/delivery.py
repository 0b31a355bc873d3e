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
from houblon.rules.model.entry import Entry
from houblon.web.access.audit import by as acting
from houblon.web.access.auth import author
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current

blueprint = Blueprint("delivery", __name__, url_prefix="/commandes")
_COUNTS = ("livre", "perdu", "repris")
_MOST = 7  # digits


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

    def entry_of(done: Delivered) -> Entry:
        said = [f"{each.line}: {each.delivered}/{each.lost}/{each.returned}" for each in done.lines]
        return by.entry("order.delivered", row.order_id, None, {"on": done.on.isoformat(), "lines": said})

    try:
        lines, day, words = _read()
        done = deliveries.deliver(
            house().services, key, by=by.who, at=by.at, on=day, lines=lines, words=words, entry_of=entry_of
        )
    except Invalid as invalid:
        return _page(key, request.form.to_dict(), invalid), 422
    except Conflict as conflict:
        flash(conflict.en if current() == "en" else conflict.fr, "refused")
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
    lines = []
    for name in form:
        head, _dash, number = name.partition("-")
        if head == "livre" and number.isascii() and number.isdecimal() and len(number) <= _MOST:
            counts = [_count(f"{each}-{number}", faults) for each in _COUNTS]
            # Whoever only says what was lost or taken back did not count the rest anew.
            is_as_shown = form.get(f"prevu-{number}") == form[name].strip() and any(counts[1:])
            lines.append(LineDelivered(int(number), None if is_as_shown else counts[0], counts[1], counts[2]))
    day = None
    if written := form.get("le", "").strip():
        try:
            day = date.fromisoformat(written)
        except ValueError:
            faults.add("date", "/on", "Écrivez le jour : année, mois, jour.", "Write the day: year, month, day.")
    faults.raise_if_any()
    return lines, day, Words(note=form.get("note", "").strip()[:500])


def _count(name: str, faults: Faults) -> int:
    written = request.form.get(name, "").strip() or "0"
    if written.isascii() and written.isdecimal() and len(written) <= _MOST:
        return int(written)
    faults.add("number", f"/{name}", "Un nombre entier, sans signe.", "A whole number, without a sign.")
    return 0


def _line_of(pointer: str, typed: dict[str, str]) -> int | None:
    """The number of the line that a fault is of, as its fields carry it; None where it is of no line."""
    named = [name.removeprefix("livre-") for name in typed if name.startswith("livre-")]
    sent = [int(each) for each in named if each.isascii() and each.isdecimal() and len(each) <= _MOST]
    first, _slash, rest = pointer.removeprefix("/").partition("/")
    if first == "lines":
        place = int(rest.partition("/")[0])
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

"""What is paid of an invoice, and what is credited: each an entry, from the invoice's page."""

from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask_babel import gettext as _

from houblon.engine.conditions.figures import money_text
from houblon.engine.core.money import cents_written
from houblon.engine.core.problem import Invalid, refuse
from houblon.orders.handling import credit_notes
from houblon.orders.handling.credit_notes import Asked
from houblon.orders.invoicing import payments
from houblon.orders.invoicing.applied_credits import apply_credit
from houblon.orders.invoicing.credits import Words
from houblon.orders.invoicing.payments import MEANS, Entered, Payment
from houblon.orders.invoicing.transitions import Seen
from houblon.orders.services import Conflict
from houblon.web.access.audit import by as acting
from houblon.web.access.auth import author
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.foundation.paging import row_key
from houblon.web.foundation.typed import numbered
from houblon.web.invoices.entries import applied, credited, paid, reversed_payment
from houblon.web.invoices.pages import shown
from houblon.web.presentation.typed_numbers import money_typed, whole_typed

blueprint = Blueprint("settling", __name__, url_prefix="/factures")
PAY, CREDIT, APPLY = "payer", "crediter", "porter"
_LONGEST = 200


@blueprint.post("/<int:key>/paiements")
def enter(key: int) -> Any:
    """Enter a payment as it was typed: a part, all of it, or more."""
    by = acting(house(), author())

    def act() -> str:
        payment = _payment()
        entry_of = paid(by, payment.on)
        done = payments.pay(house().services, key, payment, by=by.who, at=by.at, seen=_seen(), entry_of=entry_of)
        return _paid(done)

    return done_on_page(key, PAY, act)


@blueprint.post("/<int:key>/paiements/<int:payment>/annuler")
def reverse(key: int, payment: int) -> Any:
    """Take a payment back by an entry of its own."""
    by, why = acting(house(), author()), request.form.get("raison", "").strip()[:_LONGEST]

    def act() -> str:
        entry_of = reversed_payment(by, payment, why)
        done = payments.reverse(house().services, key, payment, by=by.who, at=by.at, why=why, entry_of=entry_of)
        amount = money_text(-done.amount).in_(current())
        return _("Le paiement de %(amount)s est annulé, par une écriture contraire.", amount=amount)

    return done_on_page(key, PAY, act)


@blueprint.post("/<int:key>/porter")
def apply(key: int) -> Any:
    """Pay with what is over on another invoice of the same retailer."""
    by, form = acting(house(), author()), request.form

    def act() -> str:
        source = form.get("source", 0, type=row_key)
        amount = cents_written(money_typed(form.get("montant", ""), current()))
        entry_of = applied(by, str(source))
        done = apply_credit(house().services, key, source, amount, by=by.who, at=by.at, entry_of=entry_of)
        return _("Crédit de %(amount)s porté à cette facture.", amount=money_text(done.amount).in_(current()))

    return done_on_page(key, APPLY, act)


@blueprint.post("/<int:key>/crediter")
def credit(key: int) -> Any:
    """Credit so many of each line."""
    by, form = acting(house(), author()), request.form

    def act() -> str:
        words = Words(reason=form.get("raison", "").strip()[:500], note=form.get("note", "").strip()[:500])
        asked = _lines()
        entry_of = credited(by, asked, words.reason)
        done = credit_notes.credit(
            house().services, key, asked, words, by=by.who, at=by.at, seen=_seen(), entry_of=entry_of
        )
        amount = money_text(-done.note.document["cents"]["total"]).in_(current())
        notified = _("L’acheteur en est avisé.") if done.is_buyer_notified else _("L’acheteur n’en est pas avisé.")
        return (
            _("La note de crédit %(number)s, de %(amount)s, est émise.", number=done.note.number, amount=amount)
            + f" {notified}"
        )

    return done_on_page(key, CREDIT, act)


def done_on_page(key: int, part: str, act: Callable[[], str], anchor: str | None = None) -> Any:
    """Do it and come back to the invoice, at the anchor; what can't be is asked again, as it was typed."""
    try:
        flash(act(), "accepted")
    except Conflict as conflict:
        flash(conflict.in_(current()), "refused")
    except Invalid as invalid:
        return shown(key, part=part, typed=request.form.to_dict(), problems=invalid.problems), 422
    except LookupError:
        abort(404)
    return redirect(url_for("invoices.show", key=key, _anchor=anchor))


def _payment() -> Payment:
    form = request.form
    amount = cents_written(money_typed(form.get("montant", ""), current()))
    try:
        on = date.fromisoformat(form.get("le", "").strip())
    except ValueError:
        raise refuse(
            "date",
            "/on",
            "Écrivez le jour du paiement : année, mois, jour.",
            "Write the day of the payment: year, month, day.",
        ) from None
    means = form.get("moyen") if form.get("moyen") in MEANS else None
    return Payment(amount, on, form.get("reference", "").strip()[:_LONGEST], means)


def _lines() -> tuple[Asked, ...]:
    typed = numbered(request.form, "quantite")
    asked = (Asked(number, whole_typed(written, current())) for number, written in typed.items() if written.strip())
    return tuple(each for each in asked if each.quantity)


def _seen() -> Seen | None:
    """What the person saw paid and credited."""
    paid, _dash, credited = request.form.get("vu", "").partition(".")
    try:
        return int(paid), int(credited)
    except ValueError:
        return None


def _paid(done: Entered) -> str:
    amount = money_text(done.amount).in_(current())
    if done.balance > 0:
        rest = money_text(done.balance).in_(current())
        return _("Paiement de %(amount)s noté ; il reste %(rest)s à payer.", amount=amount, rest=rest)
    if done.balance < 0:
        over = money_text(-done.balance).in_(current())
        return _("Paiement de %(amount)s noté ; c’est %(over)s de trop.", amount=amount, over=over)
    return _("La facture %(number)s est payée.", number=done.number)

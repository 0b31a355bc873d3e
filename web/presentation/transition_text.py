"""The moves of an order and of its invoice, as its history tells them."""

import re
from collections.abc import Mapping
from typing import Any

from flask import Flask
from flask_babel import gettext as _

from houblon.orders.handling.sender_news import CALLED_OFF, PAID
from houblon.orders.handling.undo import UNDONE
from houblon.orders.records import redecisions
from houblon.orders.records.decision_log import SYSTEM, who_text
from houblon.orders.waiting.redecision import AGAIN, BY_HAND
from houblon.web.foundation.format import day, typeset
from houblon.web.foundation.language import current

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_DECIDED_AGAIN = re.compile(rf"{AGAIN} (\S+)(?: (.+))?", re.DOTALL)
_ABOUT_A_LINE = re.compile(r"(line_available|line_removed) (.+)", re.DOTALL)

_ABOUT_A_CHANGE = re.compile(r"change_(accepted|held|refused|dismissed|withdrawn)(?: (.+))?", re.DOTALL)


def register(app: Flask) -> None:
    """Let templates tell moves: `move|who` and `move|why`."""
    app.jinja_env.filters.update(who=who, why=why)


def who(move: Any) -> str:
    return who_text(move.who).in_(current())


def why(move: Any, said: Mapping[str, Mapping[str, str]]) -> str:
    """What a person wrote, or what codes say: those of reasons by the sentences of the decisions, `said`."""
    line = _ABOUT_A_LINE.fullmatch(move.why)
    if line is not None and move.invoice_key is None:
        if line[1] == "line_available":
            return _("ligne %(sku)s disponible de nouveau", sku=line[2])
        return _("ligne %(sku)s retirée", sku=line[2])
    if move.invoice_key is not None and move.after == "paid":
        if move.who == SYSTEM:
            return _paid_elsewhere(move)
        return _("payée le %(date)s", date=day(move.why, current()))
    change = _ABOUT_A_CHANGE.fullmatch(move.why) if move.invoice_key is None else None
    if change is not None:
        return _of_a_change(change[1]) + (f" · {change[2]}" if change[2] else "")
    if move.invoice_key is None and move.why == UNDONE:
        return _("défait, noté par erreur")
    again = _DECIDED_AGAIN.fullmatch(move.why)
    if again is not None and move.who == SYSTEM and move.invoice_key is None:
        return _because(again[1], again[2] or "")
    if move.who == SYSTEM:
        return " ".join(_sentence(said, code) for code in move.why.split(", "))
    written: str = move.why
    return written


def _because(cause: str, about: str) -> str:
    """What had a held order decided again."""
    because = {
        redecisions.PUBLICATION: _("la version %(about)s est publiée", about=about),
        redecisions.INSTALLATION: _("les réglages de l’installation ont changé"),
        redecisions.PAYMENT: _("un paiement de la facture %(about)s", about=about),
        redecisions.CREDIT: _("la note de crédit %(about)s", about=about),
        redecisions.DISPUTE: _("une contestation de la facture %(about)s", about=about),
        redecisions.CANCELLATION: _("la commande %(about)s est annulée", about=about),
        redecisions.DELIVERY: _("la commande %(about)s est livrée en partie", about=about),
        redecisions.CHANGE: _("la commande %(about)s a changé", about=about),
        redecisions.GROUPS: _("les groupes du détaillant ont changé"),
        redecisions.CARD: _("la fiche du détaillant a changé"),
        redecisions.LIMIT: _("la limite de crédit du détaillant a changé"),
        redecisions.JOIN: _("des détaillants ont été joints ou séparés"),
        redecisions.PRODUCT: _("la disponibilité du produit %(about)s a changé", about=about),
        BY_HAND: _("à la demande de %(about)s", about=about),
    }
    return _("décidée de nouveau : %(because)s", because=because.get(cause, f"{cause} {about}"))


def _of_a_change(what: str) -> str:
    words = {
        "accepted": _("modification acceptée"),
        "held": _("modification en attente"),
        "refused": _("modification refusée"),
        "dismissed": _("modification écartée"),
        "withdrawn": _("modification retirée par la source"),
    }
    return words[what]


def _paid_elsewhere(move: Any) -> str:
    """An invoice with nothing to pay, or one that its sender was paid for, by its reference."""
    if move.before == "issued" and _DAY.fullmatch(move.why):
        return _("rien à payer")
    return _("payée chez l’expéditeur") + ("" if _DAY.fullmatch(move.why) else f" ({move.why})")


def _sentence(said: Mapping[str, Mapping[str, str]], code: str) -> str:
    if code in (CALLED_OFF, PAID):
        return _("annulée chez l’expéditeur") if code == CALLED_OFF else _("payée chez l’expéditeur")
    sentence = said[code][current()] if code in said else code
    return typeset(sentence, current())

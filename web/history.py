"""Historique: every version, what it changed in words, and the way back to any of them."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from engine.problem import Text
from rules.changes import Change, changes, edits_to
from rules.content import Content
from rules.publish import Conflict, publish
from rules.statements import ABSENT
from rules.store import UnknownVersion
from web.auth import author
from web.open import house
from web.setting_forms import FORMS
from web.setting_text import value_text

blueprint = Blueprint("history", __name__, url_prefix="/historique")
PAGE = 20


@blueprint.get("")
def index() -> str:
    store = house().store
    newest = store.newest().number
    top = min(request.args.get("avant", newest, type=int), newest)
    versions = [store.version(number) for number in range(top, max(top - PAGE, 0), -1)]
    told = [(version, tell(version.number)) for version in versions]
    more = top - PAGE if top > PAGE else None
    return render_template("history.html", told=told, newest=newest, more=more)


@blueprint.post("/<int:number>/retablir")
def roll_back(number: int) -> Any:
    """Publish what version `number` held, as the next version; nothing in between is lost."""
    store = house().store
    try:
        wanted = store.content(number)
    except UnknownVersion:
        abort(404)
    base = request.form.get("base", type=int)
    edits = edits_to(store.content(store.newest().number), wanted)
    if not edits:
        flash(_("La version %(number)s dit déjà la même chose : rien n’a changé.", number=number), "accepted")
        return redirect(url_for("history.index"))
    note = f"retour à la version {number}"
    try:
        made = publish(store, edits, author=author(), note=note, at=house().now(), base=base)
    except Conflict as conflict:
        flash(
            _(
                "La version %(number)s vient d’être publiée : relisez avant de revenir en arrière.",
                number=conflict.newest,
            ),
            "refused",
        )
        return redirect(url_for("history.index"))
    flash(
        _("La version %(made)s reprend ce que disait la version %(number)s.", made=made.number, number=number),
        "accepted",
    )
    return redirect(url_for("history.index"))


def tell(number: int) -> list[tuple[str, Text, Text, Text]]:
    """What a version changed: the document's name, the statement, and its value before and after."""
    store = house().store
    if number == 1:
        return []
    before, after = store.content(number - 1), store.content(number)
    return [_told(change, before, after) for change in changes(before, after)]


def _told(change: Change, before: Content, after: Content) -> tuple[str, Text, Text, Text]:
    name = _name(change, before, after)
    if change.path in FORMS:
        return name, FORMS[change.path].label, _value(change.path, change.before), _value(change.path, change.after)
    if change.path == "":
        what = _WHOLE if change.kind == "group" else _KINDS[change.kind]
        made = change.before is ABSENT
        return name, what, _NOTHING if made else _THERE, _MADE if made else _REMOVED
    what = _WHAT.get(change.path) or Text(f"règle {change.path[6:]}", f"rule {change.path[6:]}")
    if change.path.startswith("rules/") or change.path == "" or change.kind != "group":
        return (
            name,
            what if change.kind == "group" else _KINDS[change.kind],
            _state(change.before),
            _state(change.after),
        )
    return name, what, Text(str(change.before), str(change.before)), Text(str(change.after), str(change.after))


def _name(change: Change, before: Content, after: Content) -> str:
    content = after if change.id in after.documents(change.kind) else before
    document = content.documents(change.kind)[change.id]
    return str(document.get("name", change.id))


def _value(path: str, value: Any) -> Text:
    return _INHERITED if value is ABSENT else value_text(path, value)


def _state(value: Any) -> Text:
    if value is ABSENT:
        return _NOT_THERE
    return Text("aucune", "none") if value is None else _STATED


_INHERITED = Text("hérité de Tous", "inherited from Tous")
_NOT_THERE = Text("absent", "absent")
_STATED = Text("énoncé", "stated")
_WHOLE = Text("le groupe", "the group")
_NOTHING, _THERE = Text("—", "—"), Text("présent", "there")
_MADE, _REMOVED = Text("créé", "made"), Text("retiré", "removed")
_WHAT = {
    "name": Text("nom", "name"),
    "colour": Text("couleur", "colour"),
    "rank": Text("rang", "rank"),
}
_KINDS = {
    "cycle": Text("cycle de livraison", "delivery cycle"),
    "scenario": Text("cas de test", "scenario"),
    "guardrail": Text("garde-fou", "guardrail"),
}

"""Groupes de détaillants: what each states itself, what it inherits, and how to change either."""

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _

from houblon.engine.core.problem import Invalid
from houblon.engine.policy.policy import BASE
from houblon.engine.policy.settings import SETTINGS, check_setting
from houblon.orders.queries import lists
from houblon.rules.checks.checks import check_names
from houblon.rules.model.content import Content, Group
from houblon.rules.model.names import clean_name, id_of
from houblon.rules.model.statements import ABSENT, Statement
from houblon.web.drafts import drafting
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.foundation.stale import Outdated
from houblon.web.groups.impact import outlooks
from houblon.web.groups.view import context
from houblon.web.presentation.change_text import COLOUR_NAMES
from houblon.web.presentation.setting_forms import FORMS, typed_value
from houblon.web.presentation.setting_text import value_text

blueprint = Blueprint("groups", __name__, url_prefix="/groupes")
COLOURS = tuple(COLOUR_NAMES)

# What the card of Tous shows of the many settings that it states.
_AT_A_GLANCE = (
    "acceptance.mode",
    "acceptance.minimum_items",
    "acceptance.minimum_value",
    "invoicing.trigger",
    "invoicing.terms",
)


@blueprint.get("")
def index() -> str:
    return _list()


@blueprint.post("")
def create() -> Any:
    """A new group, in the person's proposal."""
    content, name = drafting.shown(drafting.working_in()), request.form.get("nom", "")
    try:
        cleaned = clean_name(name, "/name")
        # Not the id of an archived group either: the memberships in that one are kept. Its rank is settled last.
        id = id_of(cleaned, content.groups.keys() | house().store.history().ids_taken("group"))
        colour = request.form.get("couleur", COLOURS[0])
        document = {"id": id, "name": cleaned, "colour": colour, "settings": {}, "rules": {}}
        check_names(content, cleaned)
        drafting.save([Statement("group", id, "", document)], request.form, _("nouveau groupe %(name)s", name=cleaned))
    except Invalid as invalid:
        return _list(problems=invalid.problems, typed=name), 422
    except Outdated:
        return _list(outdated=True, typed=name), 409
    return redirect(url_for("groups.show", id=id))


@blueprint.get("/<id>")
def show(id: str) -> str:
    return _page(id)


@blueprint.post("/<id>/parametres/<path>")
def change_setting(id: str, path: str) -> Any:
    """Override, state none, or give back to Tous, in the person's proposal; or only show how far it would go."""
    group = _group(drafting.shown(drafting.working_in()), id)
    if path not in SETTINGS:
        abort(404)
    state = request.form.get("etat", "propre")
    if state == "portee":
        return _page(id, reach=_impact(group, path), conflicted=path, typed=request.form)
    try:
        value: Any = None
        if state == "herite" and id != BASE:
            value = ABSENT
        elif state != "aucun":
            value = typed_value(path, request.form, current())
        if value is not ABSENT:
            value = check_setting(path, value)
        drafting.save([Statement("group", id, path, value)], request.form, f"{group.name} : {FORMS[path].label.fr}")
    except Invalid as invalid:
        return _page(id, problems={path: invalid.problems}, typed=request.form), 422
    except Outdated:
        return _page(id, outdated=True, typed=request.form, conflicted=path), 409
    return redirect(url_for("groups.show", id=id) + f"#{path}")


@blueprint.post("/<id>/parametres/<path>/portee")
def show_reach(id: str, path: str) -> str:
    """How far what is typed would go, while one types."""
    group = _group(drafting.shown(drafting.working_in()), id)
    if path not in SETTINGS:
        abort(404)
    return render_template("parts/group/reach.html", reach=_impact(group, path), group=group, base=BASE)


def _impact(group: Group, path: str) -> Any:
    """The outlooks, or the problems of what can't be read yet."""
    proposal = drafting.working_in()
    try:
        return {"outlooks": outlooks(group, path, request.form, drafting.shown(proposal), proposal), "problems": ()}
    except Invalid as invalid:
        return {"outlooks": (), "problems": invalid.problems}


def _list(**faults: Any) -> str:
    proposal = drafting.working_in()
    with house().services.ledger.reading() as connection:
        members, everyone = lists.count_members(connection), lists.count_retailers(connection)
    return render_template(
        "groups.html",
        content=drafting.shown(proposal),
        in_force=drafting.newest(),
        draft=proposal,
        etag=drafting.etag(proposal),
        members=members,
        everyone=everyone,
        forms=FORMS,
        colours=COLOURS,
        base=BASE,
        value_text=value_text,
        at_a_glance=_AT_A_GLANCE,
        **{"problems": (), "typed": "", "outdated": False, **faults},
    )


def _page(id: str, **faults: Any) -> str:
    proposal, in_force = drafting.working_in(), drafting.newest()
    content = drafting.shown(proposal)
    _group(content, id)
    shown = {"problems": {}, "typed": {}, "outdated": False, "conflicted": None, "reach": None, **faults}
    return render_template("group.html", **context(id, content, in_force, proposal), **shown)


def _group(content: Content, id: str) -> Group:
    found = content.groups.get(id)
    if found is None:
        abort(404)
    return found

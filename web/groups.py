"""Groupes de détaillants: what each states itself, what it inherits, and how to change either."""

from typing import Any

import msgspec
from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _

from engine.decision import Provenance
from engine.policy import BASE, rule_document, rule_of
from engine.problem import Invalid
from engine.settings import SETTINGS, check_setting
from engine.strict_json import read_json
from engine.targets.text import policy_sentences, rule_sentence
from orders import queries
from orders.retailers import all_memberships
from rules.checks import check_names
from rules.content import Content, Group
from rules.hygiene import warnings
from rules.inherit import resolve
from rules.names import clean_name, id_of
from rules.overlap import overlaps
from rules.statements import ABSENT, RULES, Statement
from web import drafting
from web.api import policy_document
from web.change_text import statement_label
from web.open import house
from web.setting_forms import EVENT_LABELS, FORMS, SECTIONS, TERMS_LABELS, typed_value
from web.setting_text import value_text

blueprint = Blueprint("groups", __name__, url_prefix="/groupes")
COLOURS = ("#2c6a3c", "#1c5d99", "#6b3fa0", "#b45309", "#a32a22", "#586055")


@blueprint.get("")
def index() -> str:
    return _list()


@blueprint.post("")
def create() -> Any:
    """A new group, in the person's proposal."""
    content, name = drafting.shown(drafting.working_in()), request.form.get("nom", "")
    try:
        cleaned = clean_name(name, "/name")
        # Not the id of an archived group either: the memberships in that one are kept.
        id = id_of(cleaned, content.groups.keys() | house().store.history().ids("group"))
        rank = max((group.rank for group in content.groups.values()), default=0) + 10
        colour = request.form.get("couleur", COLOURS[0])
        document = {"id": id, "name": cleaned, "colour": colour, "rank": rank, "settings": {}, "rules": {}}
        check_names(content, cleaned)
        drafting.save([Statement("group", id, "", document)], request.form, _("nouveau groupe %(name)s", name=cleaned))
    except Invalid as invalid:
        return _list(problems=invalid.problems, typed=name), 422
    except drafting.Outdated:
        return _list(outdated=True, typed=name), 409
    return redirect(url_for("groups.show", id=id))


@blueprint.get("/<id>")
def show(id: str) -> str:
    return _page(id)


@blueprint.post("/<id>/parametres/<path>")
def change_setting(id: str, path: str) -> Any:
    """Override, state none, or give back to Tous, in the person's proposal."""
    group = _group(drafting.shown(drafting.working_in()), id)
    if path not in SETTINGS:
        abort(404)
    state = request.form.get("etat", "propre")
    try:
        value: Any = None
        if state == "herite" and id != BASE:
            value = ABSENT
        elif state != "aucun":
            value = typed_value(path, request.form)
        if value is not ABSENT:
            value = check_setting(path, value)
        drafting.save([Statement("group", id, path, value)], request.form, f"{group.name} : {FORMS[path].label.fr}")
    except Invalid as invalid:
        return _page(id, problems={path: invalid.problems}, typed=request.form), 422
    except drafting.Outdated:
        return _page(id, outdated=True, typed=request.form, conflicted=path), 409
    return redirect(url_for("groups.show", id=id) + f"#{path}")


@blueprint.post("/<id>/regles")
def change_rule(id: str) -> Any:
    """State a rule from its JSON, or take it back, in the person's proposal."""
    group = _group(drafting.shown(drafting.working_in()), id)
    rule_id, text = request.form.get("id", "").strip(), request.form.get("json", "")
    try:
        value: Any = ABSENT
        if request.form.get("etat") == "aucune":
            value = None
        elif request.form.get("etat") != "retirer":
            value = read_json(text)
            rule_id = rule_id or id_of(_label_of(value), group.rules)
            value = rule_document(rule_of(rule_id, value, Provenance(id, 0)))
        statement = Statement("group", id, f"{RULES}{rule_id}", value)
        drafting.save([statement], request.form, f"{group.name} : {rule_id}")
    except Invalid as invalid:
        return _page(id, problems={"rules": invalid.problems}, typed=request.form), 422
    except drafting.Outdated:
        return _page(id, outdated=True, typed=request.form, conflicted="rules"), 409
    return redirect(url_for("groups.show", id=id) + "#rules")


def _label_of(rule: Any) -> str:
    """What a new rule's id is made from."""
    label = rule.get("label") if isinstance(rule, dict) else None
    return str(label.get("fr", "regle")) if isinstance(label, dict) else "regle"


def _list(**faults: Any) -> str:
    proposal = drafting.working_in()
    with house().desk.ledger.reading() as connection:
        members, everyone = queries.count_members(connection), queries.count_retailers(connection)
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
        **{"problems": (), "typed": "", "outdated": False, **faults},
    )


def _page(id: str, **faults: Any) -> str:
    proposal, in_force = drafting.working_in(), drafting.newest()
    content = drafting.shown(proposal)
    group = _group(content, id)
    chain = (BASE,) if id == BASE else (id, BASE)
    policy = resolve(content, chain)
    was = resolve(in_force, chain) if id in in_force.groups else None
    with house().desk.ledger.reading() as connection:
        members = queries.members_of(connection, id)
        count = queries.count_retailers(connection) if id == BASE else len(members)
        shared = overlaps(content, id, all_memberships(connection)) if id != BASE else ()
    return render_template(
        "group.html",
        content=content,
        in_force=in_force,
        draft=proposal,
        etag=drafting.etag(proposal),
        group=group,
        policy=policy,
        sections=SECTIONS,
        sentences=policy_sentences(policy),
        row=lambda form: _row(content, group, policy, was, form),
        rules=[_rule(rule, group) for rule in policy.rules],
        switched_off=[key for key, rule in group.rules.items() if rule is None],
        policy_json=msgspec.json.format(msgspec.json.encode(policy_document(policy)), indent=2).decode(),
        hygiene=warnings(content, [id]),
        shared=[(each, [statement_label(path) for path in each.paths]) for each in shared],
        members=members,
        count=count,
        base=BASE,
        terms_labels=TERMS_LABELS,
        event_labels=EVENT_LABELS,
        **{"problems": {}, "typed": {}, "outdated": False, "conflicted": None, **faults},
    )


def _row(content: Content, group: Group, policy: Any, was: Any, form: Any) -> dict[str, Any]:
    setting = policy.settings[form.path]
    own = form.path in group.settings
    from_base = content.groups[BASE].settings[form.path]
    return {
        "form": form,
        "value": setting.value,
        "text": value_text(form.path, setting.value),
        "own": own,
        "none": own and setting.value is None,
        "provenance": setting.provenance,
        "was": value_text(form.path, was.settings[form.path].value) if _differs(policy, was, form.path) else None,
        "tous": None if group.id == BASE else value_text(form.path, from_base),
    }


def _rule(rule: Any, group: Group) -> dict[str, Any]:
    document = msgspec.json.format(msgspec.json.encode(rule_document(rule)), indent=2).decode()
    return {"rule": rule, "sentence": rule_sentence(rule), "own": rule.id in group.rules, "json": document}


def _differs(policy: Any, was: Any, path: str) -> bool:
    """Whether the proposal gives the setting another value than the one in force."""
    return was is not None and was.settings[path].value != policy.settings[path].value


def _group(content: Content, id: str) -> Group:
    found = content.groups.get(id)
    if found is None:
        abort(404)
    return found

"""Groupes de détaillants: what each states itself, what it inherits, and how to change either."""

from typing import Any

import msgspec
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from engine.policy import BASE, rule_document
from engine.problem import Invalid
from engine.settings import SETTINGS, check_setting
from engine.strict_json import read_json
from engine.targets.text import policy_sentences, rule_sentence
from orders import queries
from rules.content import Content, Group
from rules.inherit import resolve
from rules.names import clean_name, id_of
from rules.publish import Conflict, publish
from rules.statements import Edit
from web.api import policy_document
from web.auth import author
from web.open import house
from web.setting_forms import EVENT_LABELS, FORMS, SECTIONS, TERMS_LABELS, typed_value
from web.setting_text import value_text

blueprint = Blueprint("groups", __name__, url_prefix="/groupes")
COLOURS = ("#2c6a3c", "#1c5d99", "#6b3fa0", "#b45309", "#a32a22", "#586055")


@blueprint.get("")
def index() -> str:
    content = _content()
    with house().desk.ledger.reading() as connection:
        members, everyone = queries.count_members(connection), queries.count_retailers(connection)
    return render_template(
        "groups.html", content=content, members=members, everyone=everyone, forms=FORMS, colours=COLOURS, base=BASE
    )


@blueprint.post("")
def create() -> Any:
    content, name = _content(), request.form.get("nom", "")
    try:
        cleaned = clean_name(name, "/name")
        id = id_of(cleaned, content.groups)
        rank = max((group.rank for group in content.groups.values()), default=0) + 10
        colour = request.form.get("couleur", COLOURS[0])
        document = {"id": id, "name": cleaned, "colour": colour, "rank": rank, "settings": {}, "rules": {}}
        _publish([Edit("group", id, document)], _("nouveau groupe %(name)s", name=cleaned), content.version.number)
    except Invalid as invalid:
        with house().desk.ledger.reading() as connection:
            members, everyone = queries.count_members(connection), queries.count_retailers(connection)
        page = render_template(
            "groups.html",
            content=content,
            members=members,
            everyone=everyone,
            forms=FORMS,
            colours=COLOURS,
            base=BASE,
            problems=invalid.problems,
            typed=name,
        )
        return page, 422
    flash(_("Le groupe est créé : il hérite tout de Tous tant qu’il n’énonce rien."), "accepted")
    return redirect(url_for("groups.show", id=id))


@blueprint.get("/<id>")
def show(id: str) -> str:
    return _page(_content(), id)


@blueprint.post("/<id>/parametres/<path>")
def change_setting(id: str, path: str) -> Any:
    """Override, state none, or give back to Tous; a new version at once."""
    content = _content()
    group = _group(content, id)
    if path not in SETTINGS:
        abort(404)
    state = request.form.get("etat", "propre")
    settings = dict(group.settings)
    try:
        if state == "herite" and id != BASE:
            settings.pop(path, None)
        elif state == "aucun":
            settings[path] = check_setting(path, None)
        else:
            settings[path] = check_setting(path, typed_value(path, request.form))
        document = {**group.document, "settings": settings}
        note = f"{group.name} : {FORMS[path].label.fr}"
        published = _publish([Edit("group", id, document)], note, request.form.get("base", type=int))
    except Invalid as invalid:
        return _page(content, id, problems={path: invalid.problems}, typed=request.form), 422
    except Conflict as conflict:
        return _page(_content(), id, conflict=conflict, typed=request.form, conflicted=path), 409
    flash(_("Enregistré : la version %(number)s est en vigueur.", number=published), "accepted")
    return redirect(url_for("groups.show", id=id) + f"#{path}")


@blueprint.post("/<id>/regles")
def change_rule(id: str) -> Any:
    """State a rule from its JSON, or take it back."""
    content = _content()
    group = _group(content, id)
    rule_id, text = request.form.get("id", "").strip(), request.form.get("json", "")
    rules = {key: None if rule is None else rule_document(rule) for key, rule in group.rules.items()}
    try:
        if request.form.get("etat") == "retirer":
            rules.pop(rule_id, None)
        elif request.form.get("etat") == "aucune":
            rules[rule_id] = None
        else:
            rule = read_json(text)
            rules[rule_id or id_of(_label_of(rule))] = rule
        edit = Edit("group", id, {**group.document, "rules": rules})
        published = _publish([edit], f"{group.name} : {rule_id}", request.form.get("base", type=int))
    except Invalid as invalid:
        return _page(content, id, problems={"rules": invalid.problems}, typed=request.form), 422
    except Conflict as conflict:
        return _page(_content(), id, conflict=conflict, typed=request.form, conflicted="rules"), 409
    flash(_("Enregistré : la version %(number)s est en vigueur.", number=published), "accepted")
    return redirect(url_for("groups.show", id=id) + "#rules")


def _label_of(rule: Any) -> str:
    """What a new rule's id is made from."""
    label = rule.get("label") if isinstance(rule, dict) else None
    return str(label.get("fr", "regle")) if isinstance(label, dict) else "regle"


def _publish(edits: list[Edit], note: str, base: int | None) -> int:
    now = house().now()
    return publish(house().store, edits, author=author(), note=note, at=now, base=base).number


def _page(content: Content, id: str, **faults: Any) -> str:
    group = _group(content, id)
    chain = (BASE,) if id == BASE else (id, BASE)
    policy = resolve(content, chain)
    with house().desk.ledger.reading() as connection:
        members = queries.members_of(connection, id)
        count = queries.count_retailers(connection) if id == BASE else len(members)
    return render_template(
        "group.html",
        content=content,
        group=group,
        policy=policy,
        sections=SECTIONS,
        sentences=policy_sentences(policy),
        row=lambda form: _row(content, group, policy, form),
        rules=[_rule(rule, group) for rule in policy.rules],
        switched_off=[key for key, rule in group.rules.items() if rule is None],
        policy_json=msgspec.json.format(msgspec.json.encode(policy_document(policy)), indent=2).decode(),
        members=members,
        count=count,
        base=BASE,
        terms_labels=TERMS_LABELS,
        event_labels=EVENT_LABELS,
        **{"problems": {}, "typed": {}, "conflict": None, "conflicted": None, **faults},
    )


def _row(content: Content, group: Group, policy: Any, form: Any) -> dict[str, Any]:
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
        "tous": None if group.id == BASE else value_text(form.path, from_base),
    }


def _rule(rule: Any, group: Group) -> dict[str, Any]:
    document = msgspec.json.format(msgspec.json.encode(rule_document(rule)), indent=2).decode()
    return {"rule": rule, "sentence": rule_sentence(rule), "own": rule.id in group.rules, "json": document}


def _content() -> Content:
    store = house().store
    return store.content(store.newest().number)


def _group(content: Content, id: str) -> Group:
    found = content.groups.get(id)
    if found is None:
        abort(404)
    return found

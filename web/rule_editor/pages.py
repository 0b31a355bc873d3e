"""The rule editor: conditions built without code, tried on the last orders while one writes."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from houblon.engine.conditions.vocabulary import ACTIONS, FACTS
from houblon.engine.core.problem import Invalid, Problem, Text
from houblon.engine.core.strict_json import read_json
from houblon.engine.policy.decision import Provenance
from houblon.engine.policy.policy import BASE, Rule, rule_document, rule_of
from houblon.engine.policy.sentences import rule_sentence
from houblon.orders.queries.recent_orders import concern
from houblon.rules.model.content import Content, Group
from houblon.rules.model.names import id_of
from houblon.rules.model.statements import ABSENT, RULES, Statement
from houblon.web.drafts import drafting
from houblon.web.drafts.live_preview import past_in, said_lately
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.foundation.stale import Outdated
from houblon.web.rule_editor.edits import Path, apply, node_at
from houblon.web.rule_editor.fields import Fields, name_of, read_form, read_path, unfinished
from houblon.web.rule_editor.form import EMPTY, ActionChoice, Block, Node, RuleForm, document_of, form_of
from houblon.web.rule_editor.view import (
    OTHER_LABEL,
    SHELVES,
    act_views,
    by_field,
    field_faults,
    known_values,
    node_view,
)

blueprint = Blueprint("rules", __name__, url_prefix="/groupes/<group>/regles")
NEW = "nouvelle"
_UNNAMED = "sans-nom"
_EXAMPLES = 5


class Draft(msgspec.Struct, frozen=True):
    """What the page holds: a form, or JSON where `form` is None; the rule that it says, or what is wrong."""

    form: RuleForm | None
    text: str
    rule: Rule | None
    problems: tuple[Problem, ...]


@blueprint.get("/<rule>")
def show(group: str, rule: str) -> Any:
    """The editor of a stated or inherited rule, of a new one, or of a copy (`?de=`)."""
    content = drafting.shown(drafting.working_in())
    stated = _group(content, group)
    if _is_new(stated, content, rule):
        source = request.args.get("de")
        return _page(group, rule, _copied(_found(stated, content, source)) if source else _of_form(EMPTY, rule))
    found = _found(stated, content, rule)
    return _page(group, rule, _of_rule(found))


@blueprint.post("/<rule>")
def act(group: str, rule: str) -> Any:
    """One press of a button: an edit shows the form again and keeps nothing; only `save` goes into the draft."""
    content = drafting.shown(drafting.working_in())
    typed = _read(request.form, rule)
    # What is not there any more is no reason to lose what somebody wrote.
    if group not in content.groups:
        return _gone(typed)
    stated = content.groups[group]
    what, _sep, where = request.form.get("do", "").partition(":")
    if what == "save":
        return _save(stated, content, rule, typed)
    edited, focus = _edited(typed, what, where, rule)
    checked = bool(request.form.get("checked"))
    return _page(group, rule, edited, etag=request.form.get("etag"), focus=focus, checked=checked)


@blueprint.post("/<rule>/apercu")
def preview(group: str, rule: str) -> str:
    """What the rule says so far and whom it would concern: the aside, while one types."""
    content = drafting.shown(drafting.working_in())
    _group(content, group)
    draft = _read(request.form, rule)
    return render_template("parts/rule/live.html", **_live(content, group, rule, draft))


@blueprint.post("")
def change(group: str) -> Any:
    """From the group's page: take a rule back, don't apply it, put it to rest; or state one from its JSON."""
    content = drafting.shown(drafting.working_in())
    stated, id = _group(content, group), request.form.get("id", "").strip()
    state = request.form.get("etat", "")
    if state not in _STATES:
        draft = _of_json(request.form.get("json", ""), id or NEW)
        return _save(stated, content, id or NEW, draft)
    try:
        value = _STATES[state](stated, id)
        drafting.save([Statement("group", group, f"{RULES}{id}", value)], request.form, f"{stated.name} : {id}")
    except LookupError:
        abort(404)
    except Invalid as invalid:
        flash(" ".join(each.message.in_(current()) for each in invalid.problems), "refused")
    except Outdated:
        flash(_("Quelqu’un a publié ou changé ce brouillon entre-temps : rien n’a été fait. Relisez."), "refused")
    return redirect(url_for("groups.show", id=group) + "#rules")


def _resting(group: Group, id: str, enabled: bool) -> dict[str, Any]:
    rule = group.rules[id]
    if rule is None:
        raise LookupError(id)
    return rule_document(msgspec.structs.replace(rule, enabled=enabled))


_STATES: dict[str, Callable[[Group, str], Any]] = {
    "retirer": lambda group, id: ABSENT,
    "aucune": lambda group, id: None,
    "suspendre": lambda group, id: _resting(group, id, False),
    "reprendre": lambda group, id: _resting(group, id, True),
}


# what the page holds


def _read(fields: Fields, rule: str) -> Draft:
    if fields.get("view") == "json":
        return _of_json(fields.get("json", ""), rule)
    return _of_form(read_form(fields), rule)


def _of_form(form: RuleForm, rule: str) -> Draft:
    document = document_of(form, current())
    found, problems = _judged(document, rule)
    empty = {each.pointer: each for each in unfinished(form)}
    problems = tuple(empty.get(each.pointer, each) for each in problems)
    pointers = {each.pointer for each in problems}
    problems = (*problems, *(each for pointer, each in empty.items() if pointer not in pointers))
    return Draft(form, "", None if problems else found, problems)


def _of_json(text: str, rule: str) -> Draft:
    try:
        document = read_json(text)
    except Invalid as invalid:
        return Draft(None, text, None, invalid.problems)
    found, problems = _judged(document, rule)
    return Draft(None, text, found, problems)


def _of_rule(rule: Rule) -> Draft:
    """The rule as fields, or as JSON where fields can't hold it."""
    document = rule_document(rule)
    form = form_of(document, current())
    return Draft(form, "" if form else _pretty(document), rule, ())


def _copied(rule: Rule) -> Draft:
    label = Text(f"{rule.label.fr} (copie)", f"{rule.label.en} (copy)")
    return _of_rule(msgspec.structs.replace(rule, label=label, enabled=True))


def _judged(document: Any, rule: str) -> tuple[Rule | None, tuple[Problem, ...]]:
    try:
        return rule_of(_UNNAMED if rule == NEW else rule, document, Provenance("", 0)), ()
    except Invalid as invalid:
        return None, invalid.problems


def _pretty(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)


# edits


def _edited(draft: Draft, what: str, where: str, rule: str) -> tuple[Draft, str]:
    """The page after one press, and the field where the person goes on."""
    if what == "form":
        return (_of_rule(draft.rule) if draft.rule is not None else draft), "label-fr"
    if draft.form is None:
        return draft, ""
    form = draft.form
    if what == "json":
        return Draft(None, _pretty(document_of(form, current())), draft.rule, draft.problems), "json"
    if what == "act":
        unused = next((each for each in ACTIONS if each not in {act.name for act in form.acts}), "tag")
        form = msgspec.structs.replace(form, acts=(*form.acts, ActionChoice(unused)))
        return _of_form(form, rule), f"a-{len(form.acts) - 1}-name"
    if what == "act-remove" and where.isdecimal():
        kept = tuple(act for index, act in enumerate(form.acts) if index != int(where))
        return _of_form(msgspec.structs.replace(form, acts=kept), rule), "a-add"
    if what == "refresh":
        return draft, ""
    root, path = apply(form.root, what, read_path(where))
    return _of_form(msgspec.structs.replace(form, root=root), rule), _focus(root, path, what)


def _focus(root: Node, path: Path, what: str) -> str:
    """Where the keyboard goes on: the same button of what was moved, else the fact of what was made or is next."""
    node, name = node_at(root, path), name_of(path)
    if node is None:
        return ""
    if what in ("up", "down"):
        return f"{name}-{what}"
    return f"{name}-condition" if isinstance(node, Block) else f"{name}-fact"


# saving


def _save(group: Group, content: Content, rule: str, draft: Draft) -> Any:
    if draft.rule is None:
        return _page(group.id, rule, draft, checked=True, etag=request.form.get("etag")), 422
    id = rule if not _is_new(group, content, rule) else _new_id(draft.rule, content)
    value = rule_document(draft.rule)
    if rule == NEW and value["label"]["fr"] == _UNNAMED:
        value["label"] = {"fr": id, "en": id}
    try:
        statement = Statement("group", group.id, f"{RULES}{id}", value)
        drafting.save([statement], request.form, f"{group.name} : {draft.rule.label.fr}"[:80])
    except Invalid as invalid:
        faulty = msgspec.structs.replace(draft, problems=invalid.problems)
        return _page(group.id, rule, faulty, checked=True, etag=request.form.get("etag")), 422
    except Outdated:
        return _page(group.id, rule, draft, outdated=True), 409
    return redirect(url_for("groups.show", id=group.id) + "#rules")


def _gone(draft: Draft) -> Any:
    """The group is not there any more: the rule that was written for it, in words and in full."""
    written = draft.text if draft.form is None else _pretty(document_of(draft.form, current()))
    said = rule_sentence(draft.rule) if draft.rule else None
    return render_template("gone.html", typed=[(_("La règle, en JSON"), written)], said=said), 409


def _new_id(rule: Rule, content: Content) -> str:
    """An id that no group uses or used, in any draft, so that a new rule overrides nothing by chance."""
    written = house().store.history().rule_ids_taken()
    taken = {NEW, *written, *(id for group in content.groups.values() for id in group.rules)}
    return id_of(rule.label.fr, taken)


# the page


def _page(group: str, rule: str, draft: Draft, **faults: Any) -> Any:
    """The whole page; only the form and the aside where htmx asks."""
    proposal = drafting.working_in()
    content = drafting.shown(proposal)
    stated, in_force = _group(content, group), drafting.newest()
    shown = {"outdated": False, "checked": False, "focus": "", **faults}
    etag = shown.pop("etag", None) or drafting.etag(proposal)
    live = _live(content, group, rule, draft)
    problems = draft.problems if shown["checked"] or draft.form is None else ()
    found = by_field(problems)
    known = known_values(content, live.pop("said"))
    page = {
        "group": stated,
        "rule_id": rule,
        "is_new": _is_new(stated, content, rule),
        "state": _state(stated, rule),
        "from_base": group != BASE and content.groups[BASE].rules.get(rule) is not None,
        "current": _found(stated, content, rule, missing_ok=True),
        "pretty": _pretty,
        "rule_document": rule_document,
        "rule_sentence": rule_sentence,
        "draft": proposal,
        "in_force": in_force,
        "etag": etag,
        "form": draft.form,
        "text": draft.text,
        "root": node_view(draft.form.root, known, found) if draft.form else None,
        "acts": act_views(draft.form.acts, found) if draft.form else [],
        "problems": problems,
        "told_faults": field_faults(problems, draft.form) if draft.form else [],
        "showable": draft.rule is not None and form_of(rule_document(draft.rule), current()) is not None,
        "found": found,
        "shelves": SHELVES,
        "actions": ACTIONS,
        "fact_labels": {fact.name: fact.label for fact in FACTS.values()},
        "other_label": OTHER_LABEL,
        "codes": _codes(content),
        "base": BASE,
        **live,
        **shown,
    }
    if request.headers.get("HX-Request"):
        return make_response(render_template("parts/rule/answer.html", **page))
    return render_template("rule.html", **page)


def _live(content: Content, group: str, rule: str, draft: Draft) -> dict[str, Any]:
    """What the aside tells: the sentence, and the last orders that the rule would concern."""
    past = past_in(content)
    found = None
    if draft.rule is not None:
        found = concern(past, draft.rule.condition, content, group, rule)
    ids = {each.key: each.order.id for each in past}
    return {
        "group": content.groups[group],
        "base": BASE,
        "sentence": rule_sentence(draft.rule) if draft.rule else None,
        "resting": draft.rule is not None and not draft.rule.enabled,
        "left": len(draft.problems),
        "concern": found,
        "examples": [(key, ids[key]) for key in found.holds[:_EXAMPLES]] if found else [],
        "said": said_lately(past),
    }


def _codes(content: Content) -> list[str]:
    """Codes of reasons that rules use already, so that a reason is called the same everywhere."""
    rules = [rule for group in content.groups.values() for rule in group.rules.values() if rule is not None]
    return sorted({act.params["reason"] for rule in rules for act in rule.actions if "reason" in act.params})


def _state(group: Group, rule: str) -> str:
    if rule not in group.rules:
        return "inherited"
    return "off" if group.rules[rule] is None else "own"


def _is_new(group: Group, content: Content, rule: str) -> bool:
    # A rule may be called so by its JSON; then the page is its own.
    return rule == NEW and NEW not in group.rules and NEW not in content.groups[BASE].rules


def _found(group: Group, content: Content, rule: str, missing_ok: bool = False) -> Any:
    """The rule as it applies to the group, or as Tous states it where the group doesn't apply it."""
    found = group.rules.get(rule) or content.groups[BASE].rules.get(rule)
    if found is None and not missing_ok:
        abort(404)
    return found


def _group(content: Content, id: str) -> Group:
    found = content.groups.get(id)
    if found is None:
        abort(404)
    return found

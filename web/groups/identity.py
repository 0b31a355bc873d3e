"""What a group is called and how it looks; archived, it counts for nothing until it is brought back.

All of it goes into the person's proposal. Archiving removes the group's document from what will be
published: every version that had it keeps it, and so do the memberships in the ledger.
"""

from itertools import count
from typing import Any

import msgspec
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from houblon.engine.core.problem import Invalid, Text
from houblon.engine.policy.policy import BASE
from houblon.orders.queries import lists
from houblon.orders.retailers.group_claims import LOOKED_AT, claimed_groups
from houblon.rules.checks.checks import check_names
from houblon.rules.checks.idle_rules import naming
from houblon.rules.model.content import Content, Group
from houblon.rules.model.inherit import chain_of
from houblon.rules.model.names import clean_name
from houblon.rules.model.statements import ABSENT, Statement
from houblon.web.drafts import drafting
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.foundation.stale import Outdated
from houblon.web.groups.pages import COLOURS
from houblon.web.presentation.change_text import statement_label

blueprint = Blueprint("group_identity", __name__, url_prefix="/groupes")


class ArchiveImpact(msgspec.Struct, frozen=True):
    """What archiving a group does: to its retailers, to those whom only Tous is left, to orders that claim it."""

    retailers: int
    left_to_base: int
    claimed: int
    statements: tuple[Text, ...]


class Archived(msgspec.Struct, frozen=True):
    """A group that is archived, in force or in the draft; `retailers` are still kept in it."""

    id: str
    name: str
    colour: str
    since: int | None
    retailers: int


@blueprint.get("/<id>/identite")
def show(id: str) -> str:
    return _page(_group(id))


@blueprint.post("/<id>/identite")
def change(id: str) -> Any:
    """Rename and recolour, in the person's proposal."""
    group, content = _group(id), drafting.shown(drafting.working_in())
    typed = {"nom": request.form.get("nom", ""), "couleur": request.form.get("couleur", "")}
    try:
        name = clean_name(typed["nom"], "/name")
        if name != group.name:
            check_names(_without(content, id), name)
        said = {"name": name, "colour": typed["couleur"] or group.colour}
        statements = [
            Statement("group", id, path, value) for path, value in said.items() if value != getattr(group, path)
        ]
        if not statements:
            flash(_("Le groupe s’appelle déjà ainsi, avec cette couleur."))
            return redirect(url_for("groups.show", id=id))
        drafting.save(statements, request.form, _("identité de %(name)s", name=group.name))
    except Invalid as invalid:
        return _page(group, typed=typed, problems=invalid.problems), 422
    except Outdated:
        return _page(group, typed=typed, outdated=True), 409
    return redirect(url_for("groups.show", id=id))


@blueprint.get("/<id>/archiver")
def ask(id: str) -> str:
    """What archiving would do, before it is done."""
    return _ask(_archivable(id))


@blueprint.post("/<id>/archiver")
def archive(id: str) -> Any:
    group = _archivable(id)
    try:
        statements = [Statement("group", id, "", ABSENT)]
        drafting.save(statements, request.form, _("archiver %(name)s", name=group.name))
    except Outdated:
        return _ask(group, outdated=True), 409
    return redirect(url_for("groups.index") + "#archives")


@blueprint.post("/<id>/reprendre")
def bring_back(id: str) -> Any:
    """State an archived group as it last was; where its rank is taken meanwhile, it ranks right above."""
    content, document = drafting.shown(drafting.working_in()), _last(id)
    if document is None or id in content.groups:
        abort(404)
    ranks = {group.rank for group in content.groups.values()}
    document["rank"] = next(rank for rank in count(document["rank"]) if rank not in ranks)
    try:
        check_names(content, document["name"])
        statements = [Statement("group", id, "", document)]
        drafting.save(statements, request.form, _("reprendre %(name)s", name=document["name"]))
    except Invalid as invalid:
        for each in invalid.problems:
            flash(each.message.in_(current()), "refused")
        return redirect(url_for("groups.index") + "#archives")
    except Outdated:
        flash(_("Quelqu’un a publié ou changé ce brouillon entre-temps : regardez, puis recommencez."), "refused")
        return redirect(url_for("groups.index") + "#archives")
    return redirect(url_for("groups.show", id=id))


@blueprint.app_template_global("archived_groups")
def archived_groups() -> tuple[list[Archived], str]:
    """Every group that is archived, by name, and the etag that a form must send back."""
    proposal = drafting.working_in()
    content, history = drafting.shown(proposal), house().store.history()
    with house().services.ledger.reading() as connection:
        members = lists.count_members(connection)
    found = []
    for id in history.ids("group") - content.groups.keys():
        document, row = _last(id), history.rows["group", id][-1]
        if document is not None:
            since = row["version"] if row["document"] is None else None
            found.append(Archived(id, document["name"], document["colour"], since, members.get(id, 0)))
    return sorted(found, key=lambda each: each.name), drafting.etag(proposal)


@blueprint.app_template_global("identity_of")
def identity_of(group: Group) -> dict[str, Any]:
    """What a group's page needs to rename and recolour it: the colours to choose from, and the etag."""
    return {
        "colours": tuple(dict.fromkeys((group.colour, *COLOURS))),
        "etag": drafting.etag(drafting.working_in()),
        "may_archive": group.id != BASE,
    }


def _archive_impact(group: Group) -> ArchiveImpact:
    content = drafting.newest()
    with house().services.ledger.reading() as connection:
        kept = house().everyone(connection)
        claimed = claimed_groups(connection)[group.id]
    members = [groups for groups in kept.values() if group.id in groups]
    alone = [groups for groups in members if len(chain_of(content, set(groups) - {group.id}, ())[0]) == 1]
    labels = [
        *(statement_label(path) for path in group.settings),
        *(rule.label if rule else statement_label(f"rules/{id}") for id, rule in group.rules.items()),
    ]
    return ArchiveImpact(len(members), len(alone), claimed, tuple(labels))


def _last(id: str) -> dict[str, Any] | None:
    """The group's document as it last was; the caller's own to change."""
    for row in reversed(house().store.rows_of("group", id)):
        if row["document"] is not None:
            return msgspec.json.decode(msgspec.json.encode(row["document"]), type=dict[str, Any])
    return None


def _without(content: Content, id: str) -> Content:
    """A group's own name is not taken; Tous' stays, for nobody else gets to be Tous."""
    others = {key: group for key, group in content.groups.items() if key != id or key == BASE}
    return msgspec.structs.replace(content, groups=others)


def _group(id: str) -> Group:
    return drafting.shown(drafting.working_in()).groups.get(id) or abort(404)


def _archivable(id: str) -> Group:
    return abort(404) if id == BASE else _group(id)


def _page(group: Group, **faults: Any) -> str:
    return _render("group_identity.html", group, **faults)


def _ask(group: Group, **faults: Any) -> str:
    return _render(
        "group_archive.html",
        group,
        reach=_archive_impact(group),
        naming=naming(drafting.shown(drafting.working_in()), "buyer_groups", group.id),
        looked_at=LOOKED_AT,
        is_published=group.id in drafting.newest().groups,
        **faults,
    )


def _render(template: str, group: Group, **more: Any) -> str:
    return render_template(
        template,
        group=group,
        draft=drafting.working_in(),
        in_force=drafting.newest(),
        base=BASE,
        **{"typed": {}, "problems": (), "outdated": False, **more},
    )

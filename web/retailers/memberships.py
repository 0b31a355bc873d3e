"""Who is in which group: joined and taken out at once, with what that changes, the log, and a way back."""

from typing import Any

import msgspec
from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection

from houblon.engine.core.texts import clean_id, is_id
from houblon.engine.policy.policy import BASE
from houblon.orders.queries import retailers
from houblon.orders.records.audit import record
from houblon.orders.retailers.brought import groups_of, keep_brought
from houblon.orders.retailers.joins import root_of
from houblon.orders.retailers.memberships import join, leave, memberships_of
from houblon.rules.model.content import Content
from houblon.rules.model.entry import Entry
from houblon.web.access.audit import source
from houblon.web.access.auth import author
from houblon.web.foundation.current_app import house
from houblon.web.limits.entry import way_back
from houblon.web.retailers.consequences import consequences
from houblon.web.retailers.membership_effect import Effect, content_in_force, effects

blueprint = Blueprint("memberships", __name__, url_prefix="/adhesions")
_DONE = "adhesion"
SHOWN = 12


class Done(msgspec.Struct, frozen=True):
    """The last act of the person who is signed in: whom it moved, where, and what it changed for them."""

    retailer: str
    name: str
    group: str
    group_name: str
    joined: bool
    effects: list[Effect]


@blueprint.post("/ajouter")
def add() -> Any:
    return _move(joining=True)


@blueprint.post("/retirer")
def remove() -> Any:
    return _move(joining=False)


def _move(*, joining: bool) -> Any:
    asked_for, group = clean_id(request.form.get("detaillant", "")), request.form.get("groupe", "")
    # A page that was open while somebody joined the retailer to another.
    with house().services.ledger.reading() as connection:
        retailer = root_of(connection, asked_for)
    content = content_in_force()
    if not is_id(retailer) or group == BASE or (joining and group not in content.groups):
        flash(_("Choisissez un détaillant et un groupe en vigueur."), "refused")
        return redirect(_back())
    if not request.form.get("confirmer") and (asked := _asked(content, retailer, group, joining=joining)):
        return asked
    by, at, where, history = author(), house().now(), source(), house().store.history()

    def work(connection: Connection) -> tuple[bool, bool]:
        retailer = root_of(connection, asked_for)
        if retailers.retailer_row(connection, retailer) is None:
            return False, False
        keep_brought(connection, history, at)
        before = memberships_of(connection, retailer)
        move = join if joining else leave
        done = move(connection, retailer, group, at, by)
        if done:
            after = memberships_of(connection, retailer)
            name = "membership.added" if joining else "membership.removed"
            record(connection, Entry(at, by, where, name, retailer, sorted(before), sorted(after)))
        return True, done

    known, done = house().services.ledger.write(work)
    if not known:
        abort(404)
    if done:
        session[_DONE] = [retailer, group, joining]
    else:
        flash(_("C’était déjà fait : rien n’a changé."))
    return redirect(_back())


def _asked(content: Content, retailer: str, group: str, *, joining: bool) -> str | None:
    """The page that says what else the move does, before it is made; None where it does nothing else."""
    with house().services.ledger.reading() as connection:
        row = retailers.retailer_row(connection, retailer)
        now = set(groups_of(connection, house().store.history(), retailer))
    after = now | {group} if joining else now - {group}
    found = consequences(house(), {retailer: tuple(sorted(after))}) if row is not None and after != now else None
    if not found:
        return None
    return render_template(
        "membership_confirm.html",
        found=found,
        retailer=retailer,
        name=(row and row.name) or retailer,
        group=group,
        group_name=name_of_group(content, group),
        joining=joining,
        back=_back(),
    )


def _back() -> str:
    return way_back(url_for("retailers.index"))


@blueprint.app_template_global("membership_done")
def membership_done() -> Done | None:
    """The last act, told once: on the page that follows it."""
    kept = session.pop(_DONE, None)
    if kept is None:
        return None
    retailer, group, joined = kept
    content = content_in_force()
    with house().services.ledger.reading() as connection:
        row = retailers.retailer_row(connection, retailer)
        now = groups_of(connection, house().store.history(), retailer)
    others = [each for each in now if each != group]
    with_it, without = [*others, group], others
    found = effects(content, without, with_it) if joined else effects(content, with_it, without)
    return Done(retailer, (row and row.name) or retailer, group, name_of_group(content, group), joined, found)


def name_of_group(content: Content, id: str) -> str:
    """The group's name now, or its last one if it is archived."""
    if id in content.groups:
        return content.groups[id].name
    rows = [row for row in house().store.rows_of("group", id) if row["document"] is not None]
    return rows[-1]["document"]["name"] if rows else id


@blueprint.app_template_global("group_retailers")
def group_retailers(id: str) -> Any:
    """The first retailers kept in a group, for its page."""
    with house().services.ledger.reading() as connection:
        found = retailers.list_retailers(connection, group=id, limit=SHOWN + 1)
    return found[:SHOWN], len(found) > SHOWN

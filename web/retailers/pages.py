"""Détaillants: who buys, in which groups, by which policy, and what they ordered and owe."""

import re
from typing import Any
from urllib.parse import urlencode

import msgspec
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection

from houblon.engine.conditions.vocabulary import FACTS
from houblon.engine.core.problem import Faults, Invalid
from houblon.engine.policy.policy import BASE
from houblon.engine.policy.sentences import policy_sentences
from houblon.engine.schedule.calendar import local_day
from houblon.orders.queries import lists, receivables, retailers
from houblon.orders.queries.lists import PAGE
from houblon.orders.records.audit import record
from houblon.orders.retailers.cards import Card, add_retailer, edit_retailer, read_card
from houblon.orders.retailers.joins import root_of
from houblon.rules.model.entry import Entry
from houblon.rules.model.inherit import chain_of, resolve
from houblon.web.access.audit import source
from houblon.web.access.auth import author
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.foundation.paging import page
from houblon.web.foundation.stale import Outdated, check_seen, tag_of
from houblon.web.presentation.policy_document import policy_document
from houblon.web.presentation.setting_forms import SECTIONS
from houblon.web.presentation.setting_text import value_text
from houblon.web.presentation.typed_numbers import money_typed
from houblon.web.retailers.membership_effect import content_in_force
from houblon.web.retailers.memberships import name_of_group

blueprint = Blueprint("retailers", __name__, url_prefix="/detaillants")
LANGUAGES, PROVINCES = ("fr", "en"), FACTS["province"].options
# Ids that an address holds as they are; any other one is asked for by `?id=`.
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._~-]*", re.ASCII)
_PLACES = {"fiche", "nouveau", "import", "export.csv", "joindre", "separer", "releve", "releve.pdf"}
_MEMBERS = ("id", "name", "email", "language", "province", "credit_limit")


@blueprint.get("")
def index() -> str:
    return _list()


@blueprint.get("/nouveau")
def new() -> str:
    return _new({"id": request.args.get("id", "")})


@blueprint.post("/nouveau")
def create() -> Any:
    """A retailer by hand, before their first order."""
    typed = _typed()
    by, at, where = author(), house().now(), source()
    try:
        card = _card(typed)

        def work(connection: Connection) -> None:
            add_retailer(connection, card, at)
            record(connection, Entry(at, by, where, "retailer.added", card.id, None, msgspec.to_builtins(card)))

        house().services.ledger.write(work)
    except Invalid as invalid:
        return _new(typed, problems=invalid.problems), 422
    flash(_("%(name)s est ajouté.", name=card.name or card.id), "accepted")
    return redirect(retailer_url(card.id))


@blueprint.get("/fiche")
def asked() -> Any:
    return _shown_or_led(request.args.get("id", ""))


@blueprint.get("/<id>")
def show(id: str) -> Any:
    return _shown_or_led(id)


@blueprint.post("/fiche")
def edit() -> Any:
    """Write what is known of a retailer; what somebody changed meanwhile is shown first."""
    typed = _typed()
    by, at, where = author(), house().now(), source()
    seen = request.form.get("vu", "")
    with house().services.ledger.reading() as connection:
        row = retailers.retailer_row(connection, typed["id"])
    if row is None:
        abort(404)
    try:
        card = _card(typed)
    except Invalid as invalid:
        return _page(typed["id"], typed=typed, problems=invalid.problems), 422

    def work(connection: Connection) -> None:
        now = retailers.retailer_row(connection, card.id)
        if now is None:  # nobody any more, and not to be made anew
            raise Outdated
        check_seen(seen, _stamp(now))
        before = edit_retailer(connection, card, at, by)
        after = {name: getattr(card, name) for name in _MEMBERS[1:]}
        if before != after:
            record(connection, Entry(at, by, where, "retailer.edited", card.id, before, after))

    try:
        house().services.ledger.write(work)
    except Outdated:
        return _page(typed["id"], typed=typed, outdated=True), 409
    flash(_("C’est enregistré."), "accepted")
    return redirect(retailer_url(card.id))


@blueprint.app_template_global("retailer_url")
def retailer_url(id: str) -> str:
    """Where a retailer's page is, whatever their id."""
    if is_plain(id):
        return url_for("retailers.show", id=id)
    return url_for("retailers.asked", id=id)


def is_plain(id: str) -> bool:
    """Whether an address holds the id as it is."""
    return _PLAIN.fullmatch(id) is not None and id not in _PLACES


def _shown_or_led(id: str) -> Any:
    """The retailer's page; that of whom it is joined to, where it is."""
    with house().services.ledger.reading() as connection:
        root = root_of(connection, id)
    return _page(id) if root == id else redirect(retailer_url(root))


def _typed() -> dict[str, str]:
    return {name: request.form.get(name, "").strip() for name in _MEMBERS}


def _card(typed: dict[str, str]) -> Card:
    limit, faults = typed["credit_limit"], Faults()
    if limit:
        with faults.gather("/credit_limit"):
            limit = money_typed(limit, current())
    # Every fault at once: what can't be read as money is told beside what else is wrong.
    with faults.gather():
        said = {**typed, "credit_limit": "" if faults else limit}
        card = read_card(*(said[name] for name in _MEMBERS))
    faults.raise_if_any()
    return card


def _stamp(row: Any) -> str:
    """Names what a card says, so that a save knows what it was typed over."""
    return tag_of([getattr(row, name) for name in _MEMBERS])


def _list() -> str:
    asked = {name: request.args.get(name, "").strip()[:200] for name in ("q", "groupe", "pour")}
    sort, id = request.args.get("apres"), request.args.get("apres_id")
    after = (sort, id) if sort is not None and id is not None else None
    kept = {name: value for name, value in asked.items() if value}
    content = content_in_force()
    with house().services.ledger.reading() as connection:
        found = retailers.list_retailers(connection, asked["q"], asked["groupe"] or None, after, PAGE + 1)
        shown, more = page(found, PAGE, lambda row: urlencode({**kept, "apres": row.sort, "apres_id": row.id}))
        groups = retailers.groups_of(connection, [row.id for row in shown])
        everyone = lists.count_retailers(connection)
    return render_template(
        "retailers.html",
        rows=shown,
        groups={id: _shown(content, ids) for id, ids in groups.items()},
        content=content,
        choices=[group for group in content.ranked() if group.id != BASE],
        asked=asked,
        filters=urlencode({name: value for name, value in kept.items() if name != "pour"}),
        target=content.groups.get(asked["pour"]) if asked["pour"] != BASE else None,
        no_group=retailers.NO_GROUP,
        more=more and f"?{more}",
        everyone=everyone,
    )


def _shown(content: Any, ids: list[str]) -> list[tuple[str, str, str | None]]:
    """Id, name and colour of groups, by falling rank; without a colour, one that is archived."""
    there = [group for group in content.ranked() if group.id in ids]
    gone = [id for id in ids if id not in content.groups]
    return [(each.id, each.name, each.colour) for each in there] + [
        (id, name_of_group(content, id), None) for id in gone
    ]


def _new(typed: dict[str, str], **faults: Any) -> str:
    return render_template(
        "retailer_new.html", typed=typed, languages=LANGUAGES, provinces=PROVINCES, **{"problems": (), **faults}
    )


def _page(id: str, **faults: Any) -> str:
    content, today = content_in_force(), local_day(house().now(), str(house().services.installation.zone))
    with house().services.ledger.reading() as connection:
        row = retailers.retailer_row(connection, id)
        if row is None:
            abort(404)
        ids = retailers.groups_of(connection, [id])[id]
        ordered = retailers.orders_of(connection, id)
        invoiced = retailers.invoices_of(connection, id)
        owed = retailers.owed_by(connection, id, today)
        ages = receivables.by_age(connection, today, id)
    chain = chain_of(content, ids, ())[0]
    policy = resolve(content, chain)
    return render_template(
        "retailer.html",
        row=row,
        stamp=_stamp(row),
        knows_accounts=house().services.knows_accounts,
        groups=_shown(content, ids),
        others=[group for group in content.ranked() if group.id not in ids and group.id != BASE],
        chain=[content.groups[each] for each in chain],
        sentences=policy_sentences(policy),
        settings=[
            (form.label, value_text(form.path, policy.settings[form.path].value), policy.settings[form.path].provenance)
            for _title, forms in SECTIONS
            for form in forms
        ],
        policy_json=msgspec.json.format(msgspec.json.encode(policy_document(policy)), indent=2).decode(),
        content=content,
        orders=ordered,
        invoices=invoiced,
        owed=owed,
        ages=ages,
        today=today,
        languages=LANGUAGES,
        provinces=PROVINCES,
        base=BASE,
        **{"typed": None, "problems": (), "outdated": False, **faults},
    )

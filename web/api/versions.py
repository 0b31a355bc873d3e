"""`/versions`: every published state, and the way back to any of them."""

from typing import Any

import msgspec
from flask import Response, url_for

from houblon.engine.core.problem import refuse
from houblon.orders.services import Conflict
from houblon.rules.model.content import KINDS, Version
from houblon.rules.model.moves import Move
from houblon.rules.publishing.publish import Conflict as VersionConflict
from houblon.rules.publishing.publish import roll_back
from houblon.rules.store.documents import UnknownVersion
from houblon.web.api.blueprint import not_found, operation
from houblon.web.api.bodies import ByKey, Return
from houblon.web.api.keys import caller
from houblon.web.drafts.post_publication import settle
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import json_response
from houblon.web.foundation.paging import linked, page


@operation("GET", "/versions", scope="read", room="Versions", answer="Versions", query=ByKey)
def list_versions(asked: dict[str, Any]) -> Response:
    """Every version, the newest first"""
    versions = house().store.versions()
    after = asked.get("after")
    below = [each for each in reversed(versions) if after is None or each.number < after]
    shown, after = page(below[: asked["limit"] + 1], asked["limit"], lambda each: each.number)
    return linked(json_response({"items": shown}), after)


@operation("GET", "/versions/<int:number>", scope="read", room="Versions", answer="VersionContent", faults=(404,))
def get_version(number: int) -> Response:
    """One version and all that it holds"""
    try:
        content = house().store.content(number)
    except UnknownVersion:
        not_found()
    documents = {f"{kind}s": list(content.documents(kind).values()) for kind in KINDS}
    moves = [moved_document(each) for each in house().store.history().moves.get(number, ())]
    return json_response({"version": content.version, **documents, "moves": moves})


@operation(
    "POST",
    "/versions/<int:number>/rollback",
    scope="approve",
    room="Versions",
    answer="Version",
    status=201,
    body=Return,
    faults=(404,),
)
def roll_back_to_version(asked: dict[str, Any], number: int) -> Response:
    """Publish what a version held as the next version

    Where a second person must approve, begin a proposal instead; only a person can hurry.
    """
    if house().profile.approval:
        raise refuse(
            "approval_required",
            "",
            "Une deuxième personne doit approuver : préparez un brouillon.",
            "A second person must approve: prepare a proposal.",
        )
    try:
        made = roll_back(
            house().store,
            number,
            by=caller(),
            at=house().now(),
            base=asked.get("base"),
            check_context=house().check_context,
        )
    except UnknownVersion:
        not_found()
    except VersionConflict as conflict:
        raise Conflict(
            "version_changed",
            f"La version {conflict.newest} vient d’être publiée.",
            f"Version {conflict.newest} was published meanwhile.",
        ) from None
    settle(house())
    return version_made(made)


def version_made(version: Version) -> Response:
    """201 with the version and where it is."""
    address = url_for("api.get_version", number=version.number)
    return json_response(msgspec.to_builtins(version), 201, Location=address)


def moved_document(move: Move) -> dict[str, Any]:
    return {"buyer": move.buyer, "from": list(move.before), "to": list(move.after)}

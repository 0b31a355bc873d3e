"""`/proposals`: edits that are not in force yet; whoever changes one says which state they read."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypedDict

from flask import Response, abort, url_for

from houblon.orders.retailers.bundle_names import led
from houblon.rules.exchange.bundle import read_bundle
from houblon.rules.model.merge import MergeConflict
from houblon.rules.model.proposal import OPEN, Proposal, UnknownProposal
from houblon.rules.model.statements import ABSENT, Statement, pointer_of
from houblon.rules.publishing import proposals as life
from houblon.rules.publishing.drafts import begin, resolve, revise
from houblon.rules.publishing.proposals import Stale
from houblon.rules.publishing.publish import publish_proposal
from houblon.rules.publishing.schedule import schedule, withdraw
from houblon.rules.store.documents import EntryOf
from houblon.rules.store.history import History
from houblon.web.access.audit import by as acting
from houblon.web.access.audit import copy_entries, proposal_entry
from houblon.web.api.blueprint import not_found, operation
from houblon.web.api.bodies import (
    ClashChoices,
    NewProposal,
    ProposalComment,
    ProposalListing,
    ProposalRevision,
    ProposalSchedule,
)
from houblon.web.api.etags import require_match, tagged
from houblon.web.api.keys import caller
from houblon.web.api.versions import moved_document, version_made
from houblon.web.drafts import drafting
from houblon.web.drafts.planned import beside, dropped, moves_of
from houblon.web.drafts.post_publication import settle as settle_aftermath
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import json_response, spoken
from houblon.web.foundation.paging import linked, page


class _Guard(TypedDict):
    scope: str
    room: str


_ROOM: _Guard = {"scope": "write", "room": "Proposals"}
# What agrees to a proposal, or puts it in force.
_IN_FORCE: _Guard = {"scope": "approve", "room": "Proposals"}


@operation("GET", "/proposals", scope="read", room="Proposals", answer="Proposals", query=ProposalListing)
def list_proposals(asked: dict[str, Any]) -> Response:
    """Proposals, the newest first"""
    known = house().store.history().proposals
    found = sorted(known.values(), key=_newest_first)
    after = asked.get("after")
    if after is not None:
        last = known.get(after) or not_found()
        found = [each for each in found if _newest_first(each) > _newest_first(last)]
    kept = [each for each in found if asked.get("state") in (None, each.state)]
    shown, after = page(kept[: asked["limit"] + 1], asked["limit"], lambda each: each.id)
    return linked(json_response({"items": [_head(each) for each in shown]}), after)


@operation("POST", "/proposals", **_ROOM, answer="Proposal", status=201, body=NewProposal)
def create_proposal(asked: dict[str, Any]) -> Response:
    """Begin a proposal

    Documents are as a bundle writes them: each is added, or replaces the one of its id. For `tous`,
    settings that are not named stay.
    """
    named = ("groups", "cycles", "scenarios", "guardrails", "memberships", "memberships_by_source")
    documents = {name: asked[name] for name in named}
    bundle = led(house().services.ledger, read_bundle({"houblon": 1, **documents}, drafting.newest()))
    by = acting(house(), caller())
    entry_of = proposal_entry(by, "proposal.begun", lambda made: {"name": made.name, "edits": len(made.edits)})
    with bundle.placing():
        made = begin(
            house().store,
            asked["name"],
            by=by.who,
            at=by.at,
            description=asked["description"],
            edits=bundle.edits,
            memberships=bundle.memberships,
            kept=house().check_context.memberships,
            entry_of=entry_of,
        )
    copy_entries(house())
    response = _shown(made)
    response.status_code = 201
    response.headers["Location"] = url_for("api.get_proposal", id=made.id)
    return response


@operation("GET", "/proposals/<id>", scope="read", room="Proposals", answer="Proposal", faults=(404,), etag=True)
def get_proposal(id: str) -> Response:
    """One proposal, what it changes, and what the checks say of it"""
    return _shown(_proposal(id))


def _act(name: str) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """A change of one proposal: 428, 412, and an entry in the audit log."""

    def decorate(work: Callable[..., Any]) -> Callable[..., Response]:
        @wraps(work)
        def view(*asked: dict[str, Any], id: str) -> Response:
            proposal = _proposal(id)
            require_match(str(proposal.revision))
            entry_of = proposal_entry(acting(house(), caller()), f"proposal.{name}", _state_of)
            try:
                answered = work(*asked, proposal=proposal, entry_of=entry_of)
            except Stale:
                abort(412)
            finally:
                copy_entries(house())
            return answered or _shown(_proposal(id))

        return view

    return decorate


@operation(
    "PATCH",
    "/proposals/<id>",
    **_ROOM,
    answer="Proposal",
    body=ProposalRevision,
    faults=(404,),
    etag=True,
    if_match=True,
)
@_act("revised")
def revise_proposal(asked: dict[str, Any], proposal: Proposal, entry_of: EntryOf) -> None:
    """Change a proposal's name, its description, or what it states

    Statements are made all or none, and void any approval.
    """
    now, seen = house().now(), proposal.revision
    if asked["statements"]:
        said = [
            Statement(each["kind"], each["id"], each["path"], ABSENT if each["remove"] else each.get("value"))
            for each in asked["statements"]
        ]
        kept = house().check_context.memberships
        revised = revise(house().store, proposal.id, said, by=caller(), at=now, seen=seen, kept=kept, entry_of=entry_of)
        seen = revised.revision
    if "name" in asked or "description" in asked:
        name, description = asked.get("name", proposal.name), asked.get("description", proposal.description)
        life.rename(house().store, proposal.id, name, description, at=now, seen=seen, entry_of=entry_of)


@operation(
    "POST",
    "/proposals/<id>/settle",
    **_ROOM,
    answer="Proposal",
    body=ClashChoices,
    faults=(404,),
    etag=True,
    if_match=True,
)
@_act("settled")
def settle_proposal(asked: dict[str, Any], proposal: Proposal, entry_of: EntryOf) -> None:
    """Choose one side of every statement that clashes with what was published meanwhile"""
    choices = {(each["kind"], each["id"], each["path"]): each["choose"] for each in asked["choices"]}
    kept = house().check_context.memberships
    resolve(
        house().store,
        proposal.id,
        choices,
        by=caller(),
        at=house().now(),
        seen=proposal.revision,
        kept=kept,
        entry_of=entry_of,
    )


@operation("POST", "/proposals/<id>/approve", **_IN_FORCE, answer="Proposal", faults=(404,), etag=True, if_match=True)
@_act("approved")
def approve_proposal(proposal: Proposal, entry_of: EntryOf) -> None:
    """Agree to a proposal as it is; a key that wrote in it can't"""
    life.approve(house().store, proposal.id, by=caller(), at=house().now(), seen=proposal.revision, entry_of=entry_of)


@operation("POST", "/proposals/<id>/publish", **_IN_FORCE, answer="Version", status=201, faults=(404,), if_match=True)
@_act("published")
def publish_a_proposal(proposal: Proposal, entry_of: EntryOf) -> Response:
    """Make the next version of a proposal, in force at once"""
    made = publish_proposal(
        house().store,
        proposal.id,
        by=caller(),
        at=house().now(),
        seen=proposal.revision,
        check_context=house().check_context,
        entry_of=entry_of,
    )
    settle_aftermath(house())
    return version_made(made)


@operation(
    "POST",
    "/proposals/<id>/schedule",
    **_IN_FORCE,
    answer="Proposal",
    body=ProposalSchedule,
    faults=(404,),
    etag=True,
    if_match=True,
)
@_act("scheduled")
def schedule_proposal(asked: dict[str, Any], proposal: Proposal, entry_of: EntryOf) -> Response:
    """Let a proposal become a version at a moment to come, or at another one than it was to

    It is judged on top of what will be in force then, as publishing judges. With `until`, a proposal of its own puts
    back then what this one changes.
    """
    before = house().store.history()
    schedule(
        house().store,
        proposal.id,
        effective_from=asked["effective_from"],
        until=asked.get("until"),
        by=caller(),
        at=house().now(),
        seen=proposal.revision,
        check_context=house().check_context,
        entry_of=entry_of,
    )
    return _shown_after(before, proposal.id)


@operation("POST", "/proposals/<id>/withdraw", **_IN_FORCE, answer="Proposal", faults=(404,), etag=True, if_match=True)
@_act("withdrawn")
def withdraw_proposal(proposal: Proposal, entry_of: EntryOf) -> Response:
    """Take a scheduled proposal's date back, and its end's with it

    What is planned behind it is judged anew.
    """
    before = house().store.history()
    withdraw(
        house().store,
        proposal.id,
        at=house().now(),
        seen=proposal.revision,
        check_context=house().check_context,
        entry_of=entry_of,
    )
    return _shown_after(before, proposal.id)


@operation("POST", "/proposals/<id>/discard", **_ROOM, answer="Proposal", faults=(404,), etag=True, if_match=True)
@_act("discarded")
def discard_proposal(proposal: Proposal, entry_of: EntryOf) -> None:
    """Put a proposal aside; it can be taken up again"""
    life.discard(house().store, proposal.id, at=house().now(), seen=proposal.revision, entry_of=entry_of)


@operation("POST", "/proposals/<id>/take-up", **_ROOM, answer="Proposal", faults=(404,), etag=True, if_match=True)
@_act("taken_up")
def take_up_proposal(proposal: Proposal, entry_of: EntryOf) -> None:
    """Make a discarded proposal a draft again"""
    life.take_up(house().store, proposal.id, at=house().now(), seen=proposal.revision, entry_of=entry_of)


@operation(
    "POST",
    "/proposals/<id>/comments",
    **_ROOM,
    answer="Proposal",
    status=201,
    body=ProposalComment,
    faults=(404,),
    etag=True,
)
def comment_on_proposal(asked: dict[str, Any], id: str) -> Response:
    """Say something of a proposal; nobody's edit gets stale by it"""
    proposal, by = _proposal(id), acting(house(), caller())
    entry_of = proposal_entry(by, "proposal.commented", lambda made: {"comments": len(made.comments)})
    life.comment(house().store, proposal.id, asked["comment"], by=by.who, at=by.at, entry_of=entry_of)
    copy_entries(house())
    response = _shown(_proposal(id))
    response.status_code = 201
    return response


def _state_of(proposal: Proposal) -> dict[str, Any]:
    """The proposal's state, for the audit log."""
    return {"state": proposal.state, "revision": proposal.revision, "version": proposal.version}


def _newest_first(proposal: Proposal) -> tuple[float, str]:
    return -proposal.created_at.timestamp(), proposal.id


def _proposal(id: str) -> Proposal:
    try:
        return house().store.history().proposal(id)
    except UnknownProposal:
        return not_found()


def _shown(proposal: Proposal) -> Response:
    return tagged(json_response(_document(proposal)), str(proposal.revision))


def _shown_after(before: History, id: str) -> Response:
    """The proposal after an act that moves what is planned, with what is planned no more."""
    settle_aftermath(house())
    after = house().store.history()
    document = _document(after.proposal(id)) | {"dropped": [each.id for each in dropped(before, after, id)]}
    return tagged(json_response(document), str(after.proposal(id).revision))


def _head(proposal: Proposal) -> dict[str, Any]:
    agreed = proposal.approval
    return {
        "id": proposal.id,
        "name": proposal.name,
        "description": proposal.description,
        "state": proposal.state,
        "author": proposal.author,
        "editors": proposal.editors,
        "base": proposal.base,
        "revision": proposal.revision,
        "created_at": proposal.created_at,
        "changed_at": proposal.changed_at,
        "approval": agreed and {"by": agreed.by, "at": agreed.at, "hash": agreed.hash},
        "effective_from": proposal.effective_from,
        "ends": proposal.ends,
        "version": proposal.version,
        "notices": [{"code": each.code, "version": each.version, "at": each.at} for each in proposal.notices],
    }


def _document(proposal: Proposal) -> dict[str, Any]:
    history, language, comparison = house().store.history(), spoken(), drafting.compared(proposal)
    outlook, rebased, changed = comparison.outlook, comparison.rebased, comparison.changes
    places = {(each.kind, each.id, each.path) for each in changed}
    planned = beside(proposal.id) if outlook else {}
    return {
        **_head(proposal),
        "changes": [statement_document(each, before=each.before, after=each.after) for each in changed],
        "clashes": [_clash(each) for each in rebased.conflicts if proposal.state == OPEN],
        "memberships": dict(proposal.memberships),
        "moves": [moved_document(each) for each in moves_of(history, proposal, rebased)],
        "planned": [
            {"pointer": pointer_of(*place), "effective_from": each.at, "proposal": each.proposal.id}
            for place, found in planned.items()
            if place in places
            for each in found
        ],
        "dropped": [],
        "comments": [{"by": each.by, "at": each.at, "text": each.text} for each in proposal.comments],
        "faults": [each.as_json(language) for each in (outlook.faults if outlook else ())],
        "warnings": [each.as_json(language) for each in (outlook.warnings if outlook else ())],
    }


def _clash(each: MergeConflict) -> dict[str, Any]:
    found = statement_document(each, mine=each.mine, theirs=each.theirs) | {"both": each.twice}
    return found if each.met is None else found | {"met": each.met}


def statement_document(each: Any, **sides: Any) -> dict[str, Any]:
    """Where a statement stands, with each side that states something."""
    where = {"pointer": pointer_of(each.kind, each.id, each.path), "kind": each.kind, "id": each.id, "path": each.path}
    return where | {name: value for name, value in sides.items() if value is not ABSENT}

"""`houblon proposal` and `houblon version`: drafts on their way into force, and the way back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec

from houblon.engine.core.problem import refuse
from houblon.rules.model.moves import MEMBERSHIP
from houblon.rules.model.proposal import OPEN, Proposal, Rebased, UnknownProposal, changes_in, rebase
from houblon.rules.model.statements import ABSENT, pointer_of
from houblon.rules.publishing import proposals
from houblon.rules.publishing import schedule as scheduling
from houblon.rules.publishing.publish import publish_proposal, roll_back
from houblon.rules.store.documents import EntryOf, UnknownVersion
from houblon.web.access.audit import CLI, by, copy_entries, proposal_entry
from houblon.web.cli.shell import data_option, json_option, moment, opened, print_result, speaks_problems
from houblon.web.drafts.post_publication import settle
from houblon.web.foundation.composition import House

id_argument = click.argument("id")
STATES = ("open", "scheduled", "published", "discarded")


@click.group()
def proposal() -> None:
    """Drafts: edits to groups that are not in force yet."""


@proposal.command("list")
@data_option
@json_option
@click.option("--state", type=click.Choice(STATES), help="Those in this state.")
@speaks_problems
def list_(data: Path | None, state: str | None, as_json: bool) -> None:
    """Proposals, the one changed last first."""
    with opened(data) as house:
        every = house.store.history().proposals.values()
        found = [
            _head(each)
            for each in sorted(every, key=lambda each: each.changed_at, reverse=True)
            if state in (None, each.state)
        ]
    lines = [f"{each['id']:24} {each['state']:10} {each['effective_from'] or '-'}  {each['name']}" for each in found]
    print_result({"proposals": found}, as_json, "\n".join(lines) or "no proposals")


@proposal.command("show")
@data_option
@json_option
@id_argument
@speaks_problems
def show(data: Path | None, id: str, as_json: bool) -> None:
    """One proposal and what it changes."""
    with opened(data) as house:
        found = proposal_of(house, id)
        conflicts = rebased_of(house, found).conflicts if found.state == OPEN else ()
        places = places_of(house, found)
    clashes = [
        {
            "pointer": pointer_of(each.kind, each.id, each.path),
            **{side: value for side, value in (("mine", each.mine), ("theirs", each.theirs)) if value is not ABSENT},
        }
        for each in conflicts
    ]
    document = {
        **_head(found),
        "description": found.description,
        "edits": [msgspec.to_builtins(each) for each in found.edits],
        "memberships": msgspec.to_builtins(found.memberships),
        "statements": list(places),
        "clashes": clashes,
        "comments": [msgspec.to_builtins(each) for each in found.comments],
    }
    lines = [f"{found.id}: {found.name}, {found.state}", *(f"- {each}" for each in places)]
    lines += [f"clashes: {each['pointer']}" for each in clashes]
    print_result(document, as_json, "\n".join(lines))


@proposal.command("comment")
@data_option
@json_option
@id_argument
@click.argument("text")
@speaks_problems
def comment(data: Path | None, id: str, text: str, as_json: bool) -> None:
    """Say something about a proposal, for those who read it."""
    act_on(
        data,
        id,
        "commented",
        lambda house, id, _, entry_of: proposals.comment(
            house.store, id, text, by=CLI, at=house.now(), entry_of=entry_of
        ),
        as_json,
    )


@proposal.command("ask-approval")
@data_option
@json_option
@id_argument
@speaks_problems
def ask_approval(data: Path | None, id: str, as_json: bool) -> None:
    """Ask those who may to approve a proposal as it is; they are told by mail."""
    act_on(data, id, "approval_asked", _by_somebody(proposals.ask_approval), as_json)


@proposal.command("approve")
@data_option
@json_option
@id_argument
@speaks_problems
def approve(data: Path | None, id: str, as_json: bool) -> None:
    """Agree to a proposal as it is; to one that was begun in a shell, somebody else does."""
    act_on(data, id, "approved", _by_somebody(proposals.approve), as_json)


@proposal.command("publish")
@data_option
@json_option
@id_argument
@speaks_problems
def publish(data: Path | None, id: str, as_json: bool) -> None:
    """Make the next version of a proposal, in force at once; approved, where that is required."""

    def work(house: House, id: str, seen: int, entry_of: EntryOf) -> Any:
        return publish_proposal(
            house.store,
            id,
            by=CLI,
            at=house.now(),
            seen=seen,
            check_context=house.check_context,
            entry_of=entry_of,
        )

    act_on(data, id, "published", work, as_json)


@proposal.command("schedule")
@data_option
@json_option
@id_argument
@click.argument("begin", metavar="MOMENT")
@click.option("--until", help="The moment at which what it changes is put back.")
@speaks_problems
def schedule(data: Path | None, id: str, begin: str, until: str | None, as_json: bool) -> None:
    """Let a proposal become a version at MOMENT (ISO 8601 with a zone)."""
    begins, ends = moment(begin, "/moment"), moment(until or None, "/until")

    def work(house: House, id: str, seen: int, entry_of: EntryOf) -> Any:
        return scheduling.schedule(
            house.store,
            id,
            effective_from=begins,
            until=ends,
            by=CLI,
            at=house.now(),
            seen=seen,
            check_context=house.check_context,
            entry_of=entry_of,
        )

    act_on(data, id, "scheduled", work, as_json)


@proposal.command("withdraw")
@data_option
@json_option
@id_argument
@speaks_problems
def withdraw(data: Path | None, id: str, as_json: bool) -> None:
    """Take a scheduled proposal's date back."""

    def work(house: House, id: str, seen: int, entry_of: EntryOf) -> Any:
        context = house.check_context
        return scheduling.withdraw(house.store, id, at=house.now(), seen=seen, check_context=context, entry_of=entry_of)

    act_on(data, id, "withdrawn", work, as_json)


@proposal.command("discard")
@data_option
@json_option
@id_argument
@speaks_problems
def discard(data: Path | None, id: str, as_json: bool) -> None:
    """Put a proposal aside; it can be taken up again."""
    act_on(data, id, "discarded", _by_nobody(proposals.discard), as_json)


@proposal.command("take-up")
@data_option
@json_option
@id_argument
@speaks_problems
def take_up(data: Path | None, id: str, as_json: bool) -> None:
    """Make a discarded proposal a draft again."""
    act_on(data, id, "taken_up", _by_nobody(proposals.take_up), as_json)


@click.group()
def version() -> None:
    """Every published state of the rules."""


@version.command("list")
@data_option
@json_option
@speaks_problems
def list_versions(data: Path | None, as_json: bool) -> None:
    """Every version, the newest first."""
    with opened(data) as house:
        found = [msgspec.to_builtins(each) for each in reversed(house.store.versions())]
    lines = [f"{each['number']:>5}  {each['effective_from']}  {each['author']}  {each['note']}" for each in found]
    print_result({"versions": found}, as_json, "\n".join(lines))


@version.command("restore")
@data_option
@json_option
@click.argument("number", type=click.IntRange(min=1))
@speaks_problems
def restore(data: Path | None, number: int, as_json: bool) -> None:
    """Publish what version NUMBER held as the next version, where nobody has to approve."""
    with opened(data) as house:
        if house.profile.approval:
            raise refuse(
                "approval_required",
                "",
                "Une deuxième personne doit approuver : préparez le retour sur la page Historique.",
                "A second person must approve: prepare the return on the page « Historique ».",
            )
        try:
            made = roll_back(house.store, number, by=CLI, at=house.now(), check_context=house.check_context)
        except UnknownVersion:
            raise refuse(
                "unknown_version", "/number", f"Il n’y a pas de version {number}.", f"There is no version {number}."
            ) from None
        settle(house, "shell")
    text = f"Version {made.number} says what version {number} said."
    print_result({"version": made.number, "restored": number}, as_json, text)


# Where a statement stands: the kind of its document, the document's id, the path in it.
Place = tuple[str, str, str]
# What changes the proposal of an id as it was seen, at a revision.
Work = Callable[[House, str, int, EntryOf], Any]


def act_on(data: Path | None, id: str, name: str, work: Work, as_json: bool) -> None:
    """Change one proposal as it is now, with its entry in the audit log, and print what it is then."""
    with opened(data) as house:
        seen = proposal_of(house, id).revision
        try:
            work(house, id, seen, proposal_entry(by(house, CLI), f"proposal.{name}", _state_of))
        except proposals.Stale:
            raise refuse(
                "stale",
                "/id",
                "Quelqu’un vient de changer ce brouillon : relisez-le d’abord.",
                "Somebody changed this proposal just now: read it again first.",
            ) from None
        finally:
            copy_entries(house)
        settle(house, "shell")
        found = _head(proposal_of(house, id))
    made = f", version {found['version']}" if found["version"] else ""
    print_result(found, as_json, f"{id}: {found['state']}{made}")


def rebased_of(house: House, found: Proposal) -> Rebased:
    """The proposal on top of the newest version, with what clashes."""
    history = house.store.history()
    return rebase(found, history.content(found.base), history.content(history.number), house.check_context.memberships)


def places_of(house: House, found: Proposal) -> dict[str, Place]:
    """Everything that the proposal states, by its pointer."""
    changed = changes_in(found.edits, house.store.history().content(found.base))
    places: list[Place] = [(each.kind, each.id, each.path) for each in changed]
    places += [(MEMBERSHIP, buyer, "") for buyer in found.memberships]
    return {pointer_of(*each): each for each in places}


def _by_somebody(change: Callable[..., Any]) -> Work:
    return lambda house, id, seen, entry_of: change(
        house.store, id, by=CLI, at=house.now(), seen=seen, entry_of=entry_of
    )


def _by_nobody(change: Callable[..., Any]) -> Work:
    """Of an act whose author only the audit log names."""
    return lambda house, id, seen, entry_of: change(house.store, id, at=house.now(), seen=seen, entry_of=entry_of)


def _state_of(proposal: Proposal) -> dict[str, Any]:
    return {"state": proposal.state, "revision": proposal.revision, "version": proposal.version}


def proposal_of(house: House, id: str) -> Proposal:
    try:
        return house.store.history().proposal(id)
    except UnknownProposal:
        raise refuse(
            "unknown_proposal", "/id", f"Il n’y a pas de brouillon {id}.", f"There is no proposal {id}."
        ) from None


def _head(proposal: Proposal) -> dict[str, Any]:
    agreed = proposal.approval
    return {
        "id": proposal.id,
        "name": proposal.name,
        "state": proposal.state,
        "author": proposal.author,
        "base": proposal.base,
        "revision": proposal.revision,
        "changed_at": proposal.changed_at,
        "effective_from": proposal.effective_from,
        "approved_by": agreed and agreed.by,
        "version": proposal.version,
    }

"""A proposal's life: named, agreed to, put aside; every change counts its revision up, a stale one is refused."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from houblon.engine.core.problem import Faults, Text, refuse
from houblon.rules.model.names import clean_name
from houblon.rules.model.proposal import (
    DISCARDED,
    OPEN,
    PUBLISHED,
    SCHEDULED,
    Approval,
    Comment,
    Notice,
    Proposal,
    Request,
    hash_of,
    is_agreed,
)
from houblon.rules.store.documents import EntryOf, Store
from houblon.rules.store.history import History

ASKED = "asked"
MAX_DESCRIPTION = 2_000
MAX_COMMENTS = 500


class Stale(Exception):
    """Somebody changed the proposal since the revision that was looked at; `proposal` is as it is now."""

    def __init__(self, proposal: Proposal, seen: int):
        self.proposal, self.seen = proposal, seen
        super().__init__(f"proposal {proposal.id} is at revision {proposal.revision}, not {seen} any more")


def rename(
    store: Store,
    id: str,
    name: str,
    description: str,
    *,
    at: datetime,
    seen: int | None = None,
    entry_of: EntryOf | None = None,
) -> Proposal:
    """Give the proposal another name and description. Any approval is void: its person read others."""

    def work(history: History, proposal: Proposal) -> Proposal:
        faults = Faults()
        title, text = "", ""
        with faults.gather():
            title = clean_name(name, "/name")
        with faults.gather():
            text = read_description(description)
        faults.raise_if_any()
        if (title, text) == (proposal.name, proposal.description):
            return msgspec.structs.replace(proposal, is_named=True)
        return msgspec.structs.replace(proposal, name=title, description=text, approval=None, is_named=True)

    return change(store, id, seen, work, None, at, entry_of=entry_of)


def approve(
    store: Store,
    id: str,
    *,
    by: str,
    at: datetime,
    seen: int | None = None,
    report: str | None = None,
    entry_of: EntryOf | None = None,
) -> Proposal:
    """Agree to the proposal's content as it is, planned or not; whoever wrote in it can't.

    Raises Invalid (`own_proposal`; `ends` where it ends a campaign to come, with which it is agreed to). `report` is the hash of the report that was looked at.
    """

    def work(history: History, proposal: Proposal) -> Proposal:
        if by in proposal.editors:
            raise refuse(
                "own_proposal",
                "",
                "Une autre personne que ses auteurs doit approuver ce brouillon.",
                "Somebody other than its authors must approve this proposal.",
            )
        _check_its_own(proposal)
        agreed = Approval(by, at, hash_of(proposal, history.content(proposal.base)), report)
        return msgspec.structs.replace(proposal, approval=agreed)

    return change(store, id, seen, work, None, at, (OPEN, SCHEDULED), entry_of)


def _check_its_own(proposal: Proposal) -> None:
    if proposal.ends is not None:
        raise refuse(
            "ends",
            "",
            "La fin d’une campagne est approuvée avec elle.",
            "The end of a campaign is approved with it.",
        )


def ask_approval(
    store: Store, id: str, *, by: str, at: datetime, seen: int | None = None, entry_of: EntryOf | None = None
) -> Proposal:
    """Ask those who may to approve the proposal as it is; they are told. Raises Invalid `empty`, `agreed`, `asked`."""

    def work(history: History, proposal: Proposal) -> Proposal:
        _check_its_own(proposal)
        base = history.content(proposal.base)
        hash = hash_of(proposal, base)
        if not proposal.edits and not proposal.memberships:
            raise refuse("empty", "", "Ce brouillon ne change rien.", "This proposal changes nothing.")
        if is_agreed(proposal, base):
            raise refuse("agreed", "", "Ce brouillon est déjà approuvé.", "This proposal is approved already.")
        if proposal.asked is not None and proposal.asked.hash == hash:
            raise refuse(
                "asked",
                "",
                "L’approbation de ce contenu est déjà demandée.",
                "Approval of this content has been asked for already.",
            )
        notices = (*proposal.notices, Notice(ASKED, history.number, at))
        return msgspec.structs.replace(proposal, asked=Request(by, at, hash), notices=notices)

    return change(store, id, seen, work, None, at, (OPEN, SCHEDULED), entry_of)


def discard(
    store: Store, id: str, *, at: datetime, seen: int | None = None, entry_of: EntryOf | None = None
) -> Proposal:
    """Put the proposal aside; it can be taken up again."""
    return change(store, id, seen, _into(DISCARDED), None, at, entry_of=entry_of)


def take_up(
    store: Store, id: str, *, at: datetime, seen: int | None = None, entry_of: EntryOf | None = None
) -> Proposal:
    """A discarded proposal is a draft again."""
    return change(store, id, seen, _into(OPEN), None, at, (DISCARDED,), entry_of)


def _into(state: str) -> Callable[[History, Proposal], Proposal]:
    return lambda _, proposal: msgspec.structs.replace(proposal, state=state, asked=None)


def comment(store: Store, id: str, text: str, *, by: str, at: datetime, entry_of: EntryOf | None = None) -> Proposal:
    """Say something about the proposal, in whatever state it is. Raises Invalid, UnknownProposal.

    Nobody's edit gets stale by it, and no approval falls: what the proposal says stays the same.
    """
    said = read_description(text, "/comment")
    if not said:
        raise refuse("required", "/comment", "Écrivez d’abord quelque chose.", "Write something first.")
    with store.writing() as writer:
        proposal = writer.history.proposal(id)
        if len(proposal.comments) >= MAX_COMMENTS:
            raise refuse(
                "too_many",
                "/comment",
                f"Ce brouillon a déjà {MAX_COMMENTS} commentaires.",
                f"This proposal has {MAX_COMMENTS} comments already.",
            )
        commented = msgspec.structs.replace(proposal, comments=(*proposal.comments, Comment(by, at, said)))
        writer.keep(commented, entry_of)
    return commented


def mark_notified(store: Store, id: str) -> None:
    """Mark that the proposal's people were written to about all its notices."""
    with store.writing() as writer:
        proposal = writer.history.proposal(id)
        notices = tuple(msgspec.structs.replace(notice, is_sent=True) for notice in proposal.notices)
        writer.keep(msgspec.structs.replace(proposal, notices=notices))


def current(history: History, id: str, seen: int | None, *states: str) -> Proposal:
    """The proposal as it may be changed. Raises UnknownProposal, Stale, and Invalid when it is in another state."""
    proposal = history.proposal(id)
    if seen is not None and seen != proposal.revision:
        raise Stale(proposal, seen)
    if proposal.state not in states:
        said = _STATES[proposal.state]
        raise refuse("state", "", f"Ce brouillon est {said.fr}.", f"This proposal is {said.en}.")
    return proposal


def change(
    store: Store,
    id: str,
    seen: int | None,
    work: Callable[[History, Proposal], Proposal],
    by: str | None,
    at: datetime,
    states: tuple[str, ...] = (OPEN,),
    entry_of: EntryOf | None = None,
) -> Proposal:
    """One change under the lock, with its audit entry; `by` is who wrote in it, None where nothing was written."""
    # Revisions only grow: what is stale before the lock is stale under it, and need not wait for it.
    current(store.history(), id, seen, *states)
    with store.writing() as writer:
        proposal = current(writer.history, id, seen, *states)
        changed = work(writer.history, proposal)
        editors = proposal.editors if by is None else tuple(dict.fromkeys((*proposal.editors, by)))
        changed = msgspec.structs.replace(changed, revision=proposal.revision + 1, changed_at=at, editors=editors)
        writer.keep(changed, entry_of)
    return changed


def read_description(text: str, pointer: str = "/description") -> str:
    """The text without spaces around it. Raises Invalid when it is too long."""
    if not isinstance(text, str) or len(text) > MAX_DESCRIPTION:
        raise refuse(
            "text",
            pointer,
            f"Un texte d’au plus {MAX_DESCRIPTION} caractères.",
            f"A text of at most {MAX_DESCRIPTION} characters.",
        )
    return text.strip()


_STATES = {
    OPEN: Text("encore un brouillon", "a draft still"),
    SCHEDULED: Text("planifié : retirez d’abord sa date", "scheduled: take its date back first"),
    PUBLISHED: Text("publié : commencez-en un autre", "published: begin another"),
    DISCARDED: Text("écarté : reprenez-le d’abord", "discarded: take it up again first"),
}

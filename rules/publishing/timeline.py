"""What is planned, judged by its moments: each proposal on top of what will be in force then."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from houblon.engine.core.problem import Invalid, Problem, problem
from houblon.rules.checks.checks import CheckContext, Touched, check_structure, scenario_faults
from houblon.rules.model.changes import edits_to
from houblon.rules.model.content import KINDS, Content
from houblon.rules.model.merge import MergeConflict
from houblon.rules.model.moves import Memberships, Move, moved
from houblon.rules.model.proposal import Ground, Proposal, Rebased, is_agreed, rebase
from houblon.rules.model.statements import Edit, pointer_of
from houblon.rules.store.history import History
from houblon.rules.store.next_version import NextVersion, next_version, version_header

Key = tuple[str, str]


class Step(msgspec.Struct, frozen=True, eq=False):
    """One planned proposal: what is in force just before it, and what it makes of that (the same where it can't).

    `code` says why it can't become a version, as notices say it; `kept` are the memberships before it, as far as
    they are known; `made` is the version that it would be. `lacks_approval`: it can, once somebody agrees to it.
    """

    proposal: Proposal
    before: Content
    after: Content
    rebased: Rebased
    kept: Memberships
    code: str | None = None
    problems: tuple[Problem, ...] = ()
    made: NextVersion | None = None
    lacks_approval: bool = False

    @property
    def ground(self) -> Ground:
        """What the proposal finds of what it changes."""
        edits = tuple(
            Edit(each.kind, each.id, self.before.document(each.kind, each.id)) for each in self.proposal.edits
        )
        return Ground(edits, {buyer: self.kept.get(buyer, ()) for buyer in self.proposal.memberships})


class Timeline:
    """Walks through planned proposals from a content on: what is in force, or (`start`) what is about to be."""

    def __init__(
        self,
        history: History,
        check_context: CheckContext | None = None,
        start: NextVersion | None = None,
        edits: Iterable[Edit] = (),
    ):
        self._history, self._check_context = history, check_context
        self._start = start
        self._content = start.content if start else history.content(history.number)
        self._edits: dict[Key, Edit] = {(each.kind, each.id): each for each in edits}
        self._kept = check_context.memberships if check_context else {}
        self._moved: dict[str, tuple[str, ...]] = {}
        if start:
            self._move(start.moves)
        self._first, self._kept_first = self._content, self._kept
        self._done: dict[str, Step] = {}

    def walk(self, proposals: Iterable[Proposal]) -> list[Step]:
        """A step for each proposal, in the order of their moments."""
        ordered = sorted(proposals, key=lambda each: (_moment(each), each.id))
        return [self._step(each, ends={other.id for other in ordered}) for each in ordered]

    @property
    def content(self) -> Content:
        """What is in force after the last step, with the memberships that all of them brought."""
        return msgspec.structs.replace(self._content, moved=dict(self._moved))

    def _step(self, planned: Proposal, ends: set[str]) -> Step:
        """What the proposal makes of what is in force by then; `ends` are all that are planned."""
        before, kept = self._content, self._kept
        proposal, base = planned, before
        is_ending = planned.ends in ends
        if is_ending:
            campaign = self._done.get(planned.ends or "")
            if campaign is None:
                return Step(planned, before, before, Rebased((), ()), kept, "ended")
            base = campaign.after
            ending = ending_of(planned, campaign.before, campaign.after, campaign.rebased.moves)
            proposal = msgspec.structs.replace(ending, base=planned.base)
        else:
            base = self._content_of(planned.base)
        rebased = rebase(proposal, base, before, kept if self._check_context else None)
        unplanned = [] if is_ending else self._conflicts_now(proposal, base)
        conflicts = tuple(each for each in rebased.conflicts if each.is_by_chance or _place(each) in unplanned)
        rebased = msgspec.structs.replace(rebased, conflicts=conflicts)
        step = Step(proposal, before, before, rebased, kept)
        if rebased.conflicts:
            return _failed(step, "conflict", [conflict_problem(each) for each in rebased.conflicts])
        if rebased.is_empty:
            return _failed(step, "nothing")
        try:
            made = self._made(proposal, rebased)
        except Invalid as invalid:
            return _failed(step, "invalid", invalid.problems)
        self._content = made.content
        self._edits.update({(each.kind, each.id): each for each in rebased.edits})
        self._move(made.moves)
        lacks_approval = not is_ending and self._lacks_approval(proposal, base)
        step = msgspec.structs.replace(step, after=self._content, made=made, lacks_approval=lacks_approval)
        self._done[proposal.id] = step
        return step

    def _conflicts_now(self, proposal: Proposal, base: Content) -> list[tuple[str, str, str]]:
        """Where the proposal conflicts with what is published: what is planned only comes before it, as people see."""
        kept = self._kept_first if self._check_context else None
        return [_place(each) for each in rebase(proposal, base, self._first, kept).conflicts]

    def _content_of(self, number: int) -> Content:
        if self._start is not None and number == self._start.version.number:
            return self._start.content
        return self._history.content(number)

    def _lacks_approval(self, proposal: Proposal, base: Content) -> bool:
        is_asked = self._check_context is not None and self._check_context.approval
        return is_asked and not is_agreed(proposal, base)

    def _made(self, proposal: Proposal, rebased: Rebased) -> NextVersion:
        """The version that it would be. Raises Invalid."""
        together = {**self._edits, **{(each.kind, each.id): each for each in rebased.edits}}
        header = version_header(self._history, proposal.author, proposal.name, _moment(proposal))
        number = max(self._content.version.number + 1, header.number)
        header = msgspec.structs.replace(header, number=number)
        made = next_version(self._history, together.values(), header, rebased.moves)
        if self._check_context is not None:
            given = msgspec.structs.replace(self._check_context, memberships=self._kept)
            touched = touched_by(rebased)
            check_structure(made.content, touched.groups, given)
            faults = tuple(scenario_faults(made.content, given, touched))
            if faults:
                raise Invalid(faults)
        return made

    def _move(self, moves: Sequence[Move]) -> None:
        self._kept = moved(self._kept, moves)
        self._moved = moved(self._moved, moves)


def _place(conflict: MergeConflict) -> tuple[str, str, str]:
    return conflict.kind, conflict.id, conflict.path


def _failed(step: Step, code: str, problems: Iterable[Problem] = ()) -> Step:
    return msgspec.structs.replace(step, code=code, problems=tuple(problems))


def ending_of(proposal: Proposal, before: Content, after: Content, moves: Iterable[Move]) -> Proposal:
    """A proposal that puts back what led from `before` to `after`, and whom that moved; `after` is its base."""
    back = [Move(move.buyer, move.after, move.before) for move in moves]
    return msgspec.structs.replace(
        proposal,
        base=after.version.number,
        edits=tuple(edits_to(after, before)),
        memberships={move.buyer: move.after for move in back},
        stood={move.buyer: move.before for move in back},
    )


def touched_by(rebased: Rebased) -> Touched:
    """What a proposal changes, as checks ask."""
    ids = {kind: frozenset(each.id for each in rebased.edits if each.kind == kind) for kind in KINDS}
    buyers = frozenset(move.buyer for move in rebased.moves)
    return Touched(ids["group"], ids["cycle"], ids["scenario"], buyers, ids["guardrail"])


def _moment(proposal: Proposal) -> datetime:
    if proposal.effective_from is None:
        raise ValueError(f"proposal {proposal.id} is not planned")
    return proposal.effective_from


def conflict_problem(conflict: MergeConflict) -> Problem:
    """The conflict as a fault at its statement."""
    pointer = pointer_of(conflict.kind, conflict.id, conflict.path)
    if conflict.met is not None:
        return problem(
            "conflict",
            pointer,
            f"Une règle publiée depuis porte le même identifiant dans un autre groupe (« {conflict.met} ») : "
            "l’une remplacerait l’autre. Gardez les deux, ou choisissez.",
            f"A rule published since has the same id in another group (“{conflict.met}”): "
            "one would override the other. Keep both, or choose.",
        )
    if conflict.kind == "membership":
        return problem(
            "conflict",
            pointer,
            f"Le détaillant « {conflict.id} » a changé de groupes depuis que ce brouillon a été écrit : choisissez.",
            f"The retailer “{conflict.id}” was moved since this proposal was written: choose.",
        )
    return problem(
        "conflict",
        pointer,
        "Une version publiée depuis dit ici autre chose que ce brouillon : choisissez.",
        "A version published since says something else here than this proposal: choose.",
    )


def planned_content(history: History, until: datetime) -> Content:
    """What will be in force at a future moment, as far as it is planned; nothing is checked or written."""
    timeline = Timeline(history)
    timeline.walk(history.scheduled(until))
    return timeline.content


def lacking_approval(history: History) -> list[Proposal]:
    """What is planned and could not come into force if a second person had to agree to it, the earliest first."""
    planned = {each.id: each for each in history.scheduled()}

    def asked(proposal: Proposal) -> Proposal:
        """Whose approval counts: the end of a campaign to come was agreed to with the campaign."""
        return planned.get(proposal.ends or "", proposal)

    found = [(each, asked(each)) for each in planned.values()]
    return [each for each, whose in found if not is_agreed(whose, history.content(whose.base))]

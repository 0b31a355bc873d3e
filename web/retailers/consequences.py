"""What a move of retailers does beside their next orders: scenarios that break, and planned drafts that it touches."""

from collections.abc import Mapping

import msgspec

from houblon.engine.core.problem import Problem
from houblon.rules.checks.checks import Touched, scenario_faults
from houblon.rules.model.moves import Move, moved
from houblon.rules.model.proposal import Proposal
from houblon.rules.publishing.timeline import Timeline
from houblon.web.foundation.composition import House
from houblon.web.retailers.membership_effect import content_of


class Consequences(msgspec.Struct, frozen=True):
    """Scenarios that would not get their decision any more; planned drafts that move the same retailers, or that
    could not come into force any more."""

    broken: tuple[Problem, ...] = ()
    planned: tuple[Proposal, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.broken or self.planned)


def consequences(house: House, after: Mapping[str, tuple[str, ...]]) -> Consequences:
    """What putting retailers into exactly these groups does now."""
    content, given = content_of(house), house.check_context
    kept = moved(given.memberships, [Move(buyer, (), groups) for buyer, groups in after.items()])
    then = msgspec.structs.replace(given, memberships=kept)
    touched = Touched(buyers=frozenset(after))
    known = {each.pointer for each in scenario_faults(content, given, touched)}
    broken = tuple(each for each in scenario_faults(content, then, touched) if each.pointer not in known)
    history = house.store.history()
    planned = history.scheduled()
    if not planned:
        return Consequences(broken)
    codes = {step.proposal.id: step.code for step in Timeline(history, given).walk(planned)}
    steps = Timeline(history, then).walk(planned)
    moving = [
        step.proposal
        for step in steps
        if step.code != codes[step.proposal.id] or not after.keys().isdisjoint(step.proposal.memberships)
    ]
    return Consequences(broken, tuple(moving))

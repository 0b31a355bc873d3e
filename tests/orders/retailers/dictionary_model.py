"""What drafts, plans and moves amount to, kept in plain dictionaries: statements by place, and nothing else.

A place is `("minimum", group)`, `("rule", group, reason)` or `("member", buyer)`. A draft says of each place what was
there when it was written, and what shall be.
"""

from datetime import datetime
from typing import Any

Place = tuple[str, ...]
Changes = dict[Place, tuple[Any, Any]]
RANKS = {"cafes": 20, "bars": 10}


class Draft:
    """A proposal: its changes, its state, and what has been said to its people."""

    def __init__(self, id: str, changes: Changes, ends: str | None = None):
        self.id, self.changes, self.ends = id, changes, ends
        self.state, self.moment = "open", None
        self.ground: dict[Place, Any] = {}
        self.notices: list[str] = []

    def conflicts(self, state: dict[Place, Any]) -> set[Place]:
        return {
            place
            for place, (before, mine) in self.changes.items()
            if state.get(place) not in (before, mine)
            and mine != before
            and (place not in self.ground or self.ground[place] != state.get(place))
        }

    def applied(self, state: dict[Place, Any]) -> Changes:
        """What it changes of a state, from what to what."""
        return {
            place: (state.get(place), mine)
            for place, (before, mine) in self.changes.items()
            if mine not in (before, state.get(place))
        }


class Model:
    """The state in force, all drafts, and how they come into force."""

    def __init__(self) -> None:
        self.state: dict[Place, Any] = {("minimum", "tous"): 24}
        self.drafts: dict[str, Draft] = {}

    def planned(self) -> list[Draft]:
        found = [each for each in self.drafts.values() if each.state == "scheduled"]
        return sorted(found, key=lambda each: (each.moment, each.id))

    def begin(self, id: str, wanted: dict[Place, Any]) -> None:
        changes = {place: (self.state.get(place), mine) for place, mine in wanted.items()}
        self.drafts[id] = Draft(id, {place: pair for place, pair in changes.items() if pair[0] != pair[1]})

    def refusal(self, draft: Draft) -> set[Place] | str | None:
        """Why it can't be published: the places of its conflicts, `empty`, or nothing."""
        return draft.conflicts(self.state) or (None if draft.applied(self.state) else "empty")

    def release(self, draft: Draft) -> None:
        done = draft.applied(self.state)
        self.state = {**self.state, **{place: after for place, (_, after) in done.items()}}
        draft.state, draft.moment = "published", draft.moment
        for end in self.planned():
            if end.ends == draft.id:
                end.ends, end.changes = None, {place: (after, before) for place, (before, after) in done.items()}
        self.judge()

    def settle(self, draft: Draft, mine: set[Place]) -> None:
        conflicts, applied = draft.conflicts(self.state), draft.applied(self.state)
        draft.changes = {place: pair for place, pair in applied.items() if place not in conflicts or place in mine}

    def walk(self, planned: list[Draft]) -> list[tuple[Draft, str | None, dict[Place, Any]]]:
        """Each planned draft, why it can't come to be, and what is in force before it."""
        state, done, found = dict(self.state), {}, []
        ids = {each.id for each in planned}
        for each in sorted(planned, key=lambda each: (each.moment, each.id)):
            before, code = dict(state), None
            if each.ends in ids:
                if each.ends not in done:
                    found.append((each, "ended", before))
                    continue
                each.changes = {place: (after, was) for place, (was, after) in done[each.ends].items()}
            elif each.conflicts(self.state) & each.conflicts(state):
                code = "conflict"
            applied = each.applied(state)
            code = code or (None if applied else "nothing")
            if code is None:
                done[each.id] = applied
                state.update({place: after for place, (_, after) in applied.items()})
            found.append((each, code, before))
        return found

    def judge(self) -> None:
        for draft, code, before in self.walk(self.planned()):
            if code is None:
                draft.ground = {place: before.get(place) for place in draft.changes}
            else:
                self.put_back(draft, code)

    def put_back(self, draft: Draft, code: str) -> None:
        draft.state = "discarded" if draft.ends else "open"
        draft.moment, draft.ends, draft.ground = None, None, {}
        draft.notices.append(code)

    def schedule(self, draft: Draft, moment: datetime, until: datetime | None) -> bool:
        """Whether it can be planned."""
        if self.refusal(draft):
            return False
        others = self.planned()
        new = [draft]
        if until is not None:
            new.append(Draft(f"fin-de-{draft.id}", {}, draft.id))
            new[1].moment = until
        draft.moment = moment
        if any(code for each, code, _ in self.walk([*others, *new]) if each in new):
            draft.moment = None
            return False
        for each in new:
            each.state = "scheduled"
            self.drafts[each.id] = each
        self.judge()
        return True

    def withdraw(self, draft: Draft) -> None:
        for each in [draft, *(end for end in self.planned() if end.ends == draft.id)]:
            each.state = "discarded" if each.ends else "open"
            each.moment, each.ground = None, {}
        self.judge()

    def promote(self, now: datetime) -> None:
        while (due := self.planned()) and due[0].moment <= now:
            draft = due[0]
            refusal = self.refusal(draft)
            if refusal is None:
                self.release(draft)
                continue
            self.put_back(draft, "nothing" if refusal == "empty" else "conflict")
            for end in due[1:]:
                if end.ends == draft.id:
                    self.put_back(end, "ended")
            self.judge()

    def expected(self, buyer: str, items: int) -> set[str]:
        """What holds an order of so many items back."""
        groups = self.state.get(("member", buyer)) or ()
        chain = [*sorted(groups, key=lambda id: -RANKS[id]), "tous"]
        minimum = next(self.state[key] for id in chain if self.state.get(key := ("minimum", id)) is not None)
        rules = {
            place[2] for place, stated in self.state.items() if place[0] == "rule" and stated and place[1] in chain
        }
        return rules | ({"minimum_items"} if items < minimum else set())

"""Memberships that come with a version: who leaves which groups for which, and where somebody moved them meanwhile."""

from collections.abc import Collection, Iterable, Mapping

import msgspec

from houblon.rules.model.merge import MergeConflict

MEMBERSHIP = "membership"

Memberships = Mapping[str, tuple[str, ...]]


class Move(msgspec.Struct, frozen=True):
    """One buyer's groups, sorted, before and after."""

    buyer: str
    before: tuple[str, ...]
    after: tuple[str, ...]


class MergedMoves(msgspec.Struct, frozen=True):
    """What would move whom, and who was moved otherwise meanwhile; there, mine."""

    moves: tuple[Move, ...]
    conflicts: tuple[MergeConflict, ...]


def groups_sorted(memberships: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    return {buyer: tuple(sorted(set(groups))) for buyer, groups in memberships.items()}


def with_archived(said: Memberships, kept: Memberships, there: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The memberships that somebody says, and those `kept` in groups that are not `there` any more.

    Files can't speak of those, so that they would be lost by what does not mean them; they count again once the
    group is taken up.
    """
    return groups_sorted(
        {buyer: (*groups, *(id for id in kept.get(buyer, ()) if id not in there)) for buyer, groups in said.items()}
    )


def merge_moves(wanted: Memberships, stood: Memberships, kept: Memberships | None) -> MergedMoves:
    """What `wanted` changes of the memberships `kept`, where `stood` is how those buyers stood when it was written.

    A buyer of whom `stood` says nothing is moved whatever was kept; with `kept` None, nothing changed since.
    """
    moves: list[Move] = []
    conflicts: list[MergeConflict] = []
    for buyer, mine in groups_sorted(wanted).items():
        before = tuple(sorted(stood[buyer])) if buyer in stood else None
        theirs = (before or ()) if kept is None else tuple(sorted(kept.get(buyer, ())))
        if mine in (before, theirs):
            continue
        moves.append(Move(buyer, theirs, mine))
        if before is not None and theirs != before:
            conflicts.append(MergeConflict(MEMBERSHIP, buyer, "", list(before), list(mine), list(theirs)))
    return MergedMoves(tuple(moves), tuple(conflicts))


def moved(kept: Memberships, moves: Iterable[Move]) -> dict[str, tuple[str, ...]]:
    """The memberships after the moves."""
    return {**kept, **{move.buyer: move.after for move in moves}}

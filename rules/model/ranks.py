"""Ranks that nobody asked for: a new group without one comes below every other, from its publication on."""

from collections.abc import Mapping

from houblon.engine.policy.policy import BASE
from houblon.rules.model.statements import Document

_APART = 10


def ranked(groups: Mapping[str, Document]) -> dict[str, Document]:
    """The groups, those without a rank below all that have one, in the order of their ids.

    Where there is no room below, the others move up and stay in their order.
    """
    unranked = sorted(id for id, group in groups.items() if id != BASE and "rank" not in group)
    if not unranked:
        return dict(groups)
    given = {id: group["rank"] for id, group in groups.items() if "rank" in group}
    lowest = min(given.values(), default=_APART * (len(unranked) + 1))
    apart = min(_APART, (lowest - 1) // len(unranked))
    if apart:
        ranks = {id: lowest - apart * place for place, id in enumerate(unranked, 1)}
    else:
        upward = [*reversed(unranked), *sorted(given, key=lambda id: (given[id], id))]
        ranks = {id: _APART * place for place, id in enumerate(upward, 1)}
    return {id: {**group, "rank": ranks[id]} if id in ranks else group for id, group in groups.items()}

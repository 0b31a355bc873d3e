"""Two contents compared over every possible order, chain by chain; a pair of policies is looked into once."""

from collections.abc import Iterable
from threading import Lock

import msgspec

from houblon.engine.policy.policy import Policy
from houblon.engine.proofs.questions import EQUAL, UNKNOWN, Difference, Stock
from houblon.rules.checks.check_context import Chain, CheckContext
from houblon.rules.model.content import Content
from houblon.rules.model.inherit import resolve

MOST_KEPT = 4_096


class ChainDifference(msgspec.Struct, frozen=True):
    """How one chain differs; `fault` where the prover and the engine said different things, which is an error of ours."""

    chain: Chain
    difference: Difference
    fault: str = ""


_KEPT: dict[tuple[str, str, str, str | None], Difference] = {}
_LOCK = Lock()


def compare_contents(
    before: Content, after: Content, check_context: CheckContext, stock: Stock | None = None
) -> list[ChainDifference]:
    """Each chain of a real buyer and each group alone, of those whose groups are in both."""
    chains = dict.fromkeys(_chains(before, check_context) + _chains(after, check_context))
    there = [chain for chain in chains if all(id in before.groups and id in after.groups for id in chain)]
    stock = msgspec.structs.replace(stock or Stock(), kept={**check_context.memberships, **after.moved})
    return [_compared(resolve(before, chain), resolve(after, chain), check_context, stock) for chain in there]


def _chains(content: Content, check_context: CheckContext) -> list[Chain]:
    ranked: Iterable[str] = content.groups
    return check_context.chains(content, ranked)


def _compared(before: Policy, after: Policy, check_context: CheckContext, stock: Stock) -> ChainDifference:
    if before.hash == after.hash:
        return ChainDifference(after.chain, Difference(EQUAL, (), False))
    place = check_context.installation
    key = (before.hash, after.hash, f"{place.zone} {place.currency}", place.province)
    found = _KEPT.get(key)
    if found is None:
        from houblon.engine.proofs.compare import difference
        from houblon.engine.proofs.prove import Disagreement

        try:
            found = difference(before, after, place, stock)
        except Disagreement as disagreement:
            return ChainDifference(after.chain, Difference(UNKNOWN, (), False), str(disagreement))
        with _LOCK:
            while len(_KEPT) >= MOST_KEPT:
                _KEPT.pop(next(iter(_KEPT)))
            _KEPT[key] = found
    return ChainDifference(after.chain, found)

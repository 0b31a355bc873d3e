"""The ledger's last orders, remembered once read: what a rule or a draft is tried on while one writes it."""

import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import msgspec
from sqlalchemy import Connection, select

from houblon.engine.conditions.targets.python import compile_careful
from houblon.engine.conditions.targets.readers import FactsReader
from houblon.engine.conditions.tree import Condition, comparisons_of
from houblon.engine.conditions.vocabulary import FACTS
from houblon.engine.core.order import Facts, Order, read_facts, with_limit
from houblon.engine.decide.bars import barred_for, contradictions, counting
from houblon.engine.decide.evaluate import Installation, judge_of
from houblon.engine.decide.precedence import settled
from houblon.engine.decide.verdict import Verdict
from houblon.engine.policy.decision import Outcome, Reason
from houblon.engine.policy.lowering import BOUNDS, CREDIT_LIMIT
from houblon.engine.policy.policy import Policy, Rule
from houblon.orders.db.tables import orders
from houblon.orders.retailers.memberships import kept_provinces, memberships_among
from houblon.orders.retailers.names import stored_order
from houblon.rules.model.content import Content
from houblon.rules.model.inherit import buyer_chain, resolve

LAST = 500
NEAR_PERCENT = 10

Chain = tuple[str, ...]
Memberships = Mapping[str, Chain]
# An order's key, its content's hash and its retailer.
_Name = tuple[int, str, str]
_NOBODY: Memberships = MappingProxyType({})


class Past(msgspec.Struct, frozen=True, eq=False):
    """An order of the ledger as it would stand in a content: its buyer's chain there, its facts, what it contradicts."""

    key: int
    order: Order
    chain: Chain
    unknown: Chain
    facts: Facts
    contradictions: tuple[Reason, ...]


class Recent:
    """The last orders of one ledger; each is decoded once for what it says and whose it is."""

    def __init__(self, last: int = LAST):
        self.last = last
        self._lock = threading.Lock()
        self._orders: dict[_Name, Order] = {}
        self._facts: dict[_Name, tuple[Chain, Facts]] = {}
        self._contradictions: dict[_Name, tuple[Installation, str | None, tuple[Reason, ...]]] = {}

    def recall(
        self, connection: Connection, content: Content, installation: Installation, brought: Memberships = _NOBODY
    ) -> list[Past]:
        """The last orders as they would stand in `content`, newest first.

        `brought` are memberships that a version brought and that the ledger does not keep yet.
        """
        with self._lock:
            remembered = self._remembered(connection)
            kept = {**memberships_among(connection, {order.buyer.id for _, order in remembered}), **brought}
            provinces = kept_provinces(
                connection, {order.buyer.id for _, order in remembered if not order.buyer.province}
            )
            return [
                self._past(key, order, content, kept, installation, provinces.get(order.buyer.id))
                for key, order in remembered
            ]

    def _remembered(self, connection: Connection) -> list[tuple[_Name, Order]]:
        newest = (
            select(orders.c.key, orders.c.content_hash, orders.c.retailer_id)
            .order_by(orders.c.key.desc())
            .limit(self.last)
        )
        wanted = [(row.key, row.content_hash, row.retailer_id) for row in connection.execute(newest)]
        missing = [key for key in wanted if key not in self._orders]
        if missing:
            bodies = select(orders.c.key, orders.c.content_hash, orders.c.retailer_id, orders.c.body)
            for row in connection.execute(bodies.where(orders.c.key.in_([key for key, _, _ in missing]))):
                self._orders[row.key, row.content_hash, row.retailer_id] = stored_order(row)
            for gone in self._orders.keys() - set(wanted):
                self._orders.pop(gone)
                self._facts.pop(gone, None)
                self._contradictions.pop(gone, None)
        # One that changed between the two questions is left out this time.
        return [(key, self._orders[key]) for key in wanted if key in self._orders]

    def _past(
        self,
        key: _Name,
        order: Order,
        content: Content,
        memberships: Memberships,
        installation: Installation,
        province: str | None,
    ) -> Past:
        chain, unknown = buyer_chain(content, order.buyer, memberships.get(order.buyer.id, ()))
        known = self._facts.get(key)
        if known is None or known[0] != chain:
            known = self._facts[key] = (chain, read_facts(order, chain[:-1], installation.zone))
        return Past(key[0], order, chain, unknown, known[1], self._contradicted(key, order, installation, province))

    def _contradicted(
        self, key: _Name, order: Order, installation: Installation, province: str | None
    ) -> tuple[Reason, ...]:
        known = self._contradictions.get(key)
        if known is None or known[:2] != (installation, province):
            found = contradictions(order, installation, province)
            known = self._contradictions[key] = (installation, province, found)
        return known[2]


class Concern(msgspec.Struct, frozen=True):
    """How many of `total` orders a condition concerns: the keys of those for which it holds, newest first.

    `reached` are the orders of buyers that the rule applies to at all; `unknown` of them don't say
    enough to tell.
    """

    total: int
    reached: int
    holds: tuple[int, ...]
    unknown: int


def concern(past: Sequence[Past], condition: Condition, content: Content, group: str, rule: str) -> Concern:
    """Which orders the condition of `rule` would concern, stated by `group`: a higher rank's own rule shields."""
    evaluate = compile_careful([condition], FactsReader())
    reached = [each for each in past if _states_it(content, each.chain, group, rule)]
    masks = [evaluate(each.facts) for each in reached]
    return Concern(
        len(past),
        len(reached),
        tuple(each.key for each, mask in zip(reached, masks, strict=True) if mask & 1),
        sum(1 for mask in masks if mask & 2),
    )


def _states_it(content: Content, chain: Chain, group: str, rule: str) -> bool:
    return group in chain and not any(rule in content.groups[id].rules for id in chain[: chain.index(group)])


class DecidedOrder(msgspec.Struct, frozen=True, eq=False):
    """What one past order would get: the outcome, and the verdict that it comes from."""

    past: Past
    outcome: Outcome
    verdict: Verdict

    @property
    def invoiced(self) -> tuple[object, ...] | None:
        """How it would be invoiced; None for what isn't accepted by itself."""
        verdict = self.verdict
        return (verdict.issue, verdict.trigger, verdict.terms) if self.outcome is Outcome.ACCEPTED else None


def decide_all(past: Iterable[Past], content: Content, installation: Installation) -> list[DecidedOrder]:
    """Each order decided by the policy of its chain in `content`; dates are left aside."""
    policies: dict[Chain, Policy] = {}
    found = []
    for each in past:
        policy = policies.get(each.chain)
        if policy is None:
            policy = policies[each.chain] = resolve(content, each.chain)
        judge = judge_of(policy)
        facts = with_limit(each.facts, judge.credit_limit)
        verdict = judge.verdict(facts)
        own = counting(each.contradictions, policy)
        barred = (*barred_for(each.order.currency, installation, each.unknown), *own)
        each = each if facts is each.facts else msgspec.structs.replace(each, facts=facts)
        found.append(DecidedOrder(each, settled(verdict.outcome, barred), verdict))
    return found


class Changed(msgspec.Struct, frozen=True):
    """An order that would be decided otherwise."""

    key: int
    order_id: str
    before: Outcome
    after: Outcome


class Shift(msgspec.Struct, frozen=True):
    """What a content changes in `total` orders: how many more of each outcome, which ones would be decided otherwise.

    `reinvoiced` are accepted either way and would be invoiced otherwise.
    """

    total: int
    gained: Mapping[Outcome, int]
    changed: tuple[Changed, ...]
    reinvoiced: int


def shift(before: Sequence[DecidedOrder], after: Sequence[DecidedOrder]) -> Shift:
    """The same orders, in the same order, by two contents."""
    pairs = list(zip(before, after, strict=True))
    gained = Counter(new.outcome for _, new in pairs)
    gained.subtract(old.outcome for old, _ in pairs)
    changed = tuple(
        Changed(new.past.key, new.past.order.id, old.outcome, new.outcome)
        for old, new in pairs
        if old.outcome is not new.outcome
    )
    reinvoiced = sum(1 for old, new in pairs if old.outcome is new.outcome and old.invoiced != new.invoiced)
    return Shift(len(pairs), {outcome: gained[outcome] for outcome in Outcome}, changed, reinvoiced)


class Near(msgspec.Struct, frozen=True):
    """Orders that one number of a setting alone holds back, and that miss it by little: `most` is the largest gap.

    `path` is the setting; gaps are in stored units, cents for money.
    """

    path: str
    orders: int
    most: int


def near_misses(found: Iterable[DecidedOrder]) -> tuple[Near, ...]:
    """Of each setting's number, the orders that miss it by at most a tenth of it."""
    gaps: dict[str, list[int]] = {}
    for each in found:
        missed = _missed(each)
        if missed is not None:
            gaps.setdefault(missed[0], []).append(missed[1])
    return tuple(Near(path, len(gaps[path]), max(gaps[path])) for path in BOUNDS if path in gaps)


def _missed(decided: DecidedOrder) -> tuple[str, int] | None:
    """The one setting's number that holds the order, and how much is missing, where that is little."""
    holding = [cause.rule for cause in decided.verdict.causes if cause.effect == "hold"]
    if decided.outcome is not Outcome.HELD or decided.verdict.doubts or len(holding) != 1:
        return None
    path = holding[0].id
    if path not in BOUNDS:
        return None
    bound, gap = _gap(holding[0], decided.past.facts)
    return (path, gap) if gap * 100 <= bound * NEAR_PERCENT else None


def _gap(rule: Rule, facts: Facts) -> tuple[int, int]:
    """The number that a setting's rule holds an order for, and how far the order is from it; in stored units."""
    if rule.id == CREDIT_LIMIT:
        return facts.credit_limit or 0, -(facts.credit_available or 0)
    # Each of these is one comparison.
    (comparison,) = comparisons_of(rule.condition)
    bound = round(comparison.value * FACTS[comparison.name].scale)
    return bound, abs(bound - getattr(facts, comparison.name))

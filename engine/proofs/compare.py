"""Two policies of one chain, over every possible order: equal, stricter, looser or mixed, and where they differ.

A region is a set of conditions under which every order gets the one outcome before and the other after; it is told
in words and shown by an order that was decided both ways by the engine.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any

import z3

from houblon.engine.conditions.targets.logic import GROUPS, Formula, Symbols, all_of, none_of
from houblon.engine.conditions.tree import Comparison, comparisons_of
from houblon.engine.decide.installation import Installation
from houblon.engine.decide.precedence import OUTCOMES
from houblon.engine.policy.decision import Outcome
from houblon.engine.policy.lowering import credit_limit_of, lowered_rules
from houblon.engine.policy.policy import Policy
from houblon.engine.proofs.possible import within
from houblon.engine.proofs.prove import decided
from houblon.engine.proofs.questions import EQUAL, LOOSER, MIXED, STRICTER, UNKNOWN, Difference, Region, Stock
from houblon.engine.proofs.region_text import Said, region_sentence
from houblon.engine.proofs.search import Imagined, Search, Unsettled
from houblon.engine.proofs.verdict import Reading
from houblon.engine.proofs.witness import Disagreement, differing, made

CREDIT = ("credit_limit", "credit_available")
MOST_REGIONS = 12  # that are told of one pair of outcomes


def difference(before: Policy, after: Policy, installation: Installation, stock: Stock) -> Difference:
    """How `after` differs from `before` in what happens to orders. Raises Disagreement."""
    return _Comparing(before, after, installation, stock).difference()


class _Comparing:
    def __init__(self, before: Policy, after: Policy, installation: Installation, stock: Stock):
        self.before, self.after, self.installation, self.stock = before, after, installation, stock
        rules = [rule for policy in (before, after) for rule in lowered_rules(policy)]
        self.symbols = Symbols(test for rule in rules for test in comparisons_of(rule.condition))
        self.reading = Reading(self.symbols)
        given = within(self.symbols, after.chain, stock.kept)
        self.search = Search(self.symbols, self.reading.barred, given)
        self.verdicts = tuple(self.reading.verdict(policy) for policy in (before, after))
        self.is_unsettled = False

    def difference(self) -> Difference:
        regions: list[Region] = []
        for old, new in product(OUTCOMES, OUTCOMES):
            if old is not new:
                regions += self.regions(old, new)
        stricter = any(_rank(each.after) < _rank(each.before) for each in regions)
        looser = any(_rank(each.after) > _rank(each.before) for each in regions)
        if stricter and looser:
            return Difference(MIXED, tuple(regions), self.is_invoiced_otherwise())
        if self.is_unsettled:
            return Difference(UNKNOWN, tuple(regions), self.is_invoiced_otherwise())
        verdict = STRICTER if stricter else LOOSER if looser else EQUAL
        return Difference(verdict, tuple(regions), self.is_invoiced_otherwise())

    def is_invoiced_otherwise(self) -> bool:
        """Whether an order that both accept may have other terms, or an invoice by itself from one alone."""
        first, second = self.verdicts
        second_terms = dict(second.terms)
        same = [
            all_of(self.symbols, [holds, second_terms.get(terms, self.symbols.false)]) for terms, holds in first.terms
        ]
        both = [verdict.outcomes[Outcome.ACCEPTED] for verdict in self.verdicts]
        otherwise = z3.Or(none_of(self.symbols, same), first.owed != second.owed)
        return self.search.holds([*both, otherwise]) is not True

    def regions(self, old: Outcome, new: Outcome) -> Iterator[Region]:
        """The regions in which an order had the outcome `old` and would have `new`."""
        pair = [self.verdicts[0].outcomes[old], self.verdicts[1].outcomes[new]]
        seen: list[Formula] = []
        wishes = [z3.Not(verdict.doubt) for verdict in self.verdicts]
        for _ in range(MOST_REGIONS):
            found = self.search.find([*pair, *seen], wishes)
            if not isinstance(found, Imagined):
                self.is_unsettled |= isinstance(found, Unsettled)
                return
            said = self.reduced(list(self.said_of(found)), pair)
            seen.append(none_of(self.symbols, [all_of(self.symbols, [each.formula for each in said])]))
            witness = self.witness(found, old, new)
            if witness is None:
                self.is_unsettled = True
                continue
            sentence = region_sentence([each for each in said if each.comparison], new, old)
            yield Region(old, new, sentence, witness)

    def said_of(self, imagined: Imagined) -> Iterator[Said]:
        """All that can be said of the order in the words of the two policies."""
        barred = self.reading.barred
        yield Said(None, None, barred if imagined.barred else z3.Not(barred))
        limits = dict.fromkeys(map(credit_limit_of, (self.before, self.after)))
        views = [self.symbols.with_credit(limit) for limit in limits]
        for comparison in self.symbols.comparisons:
            if comparison.name != GROUPS:
                # Of the credit, each policy may read another one.
                yield from (self.said(comparison, view) for view in (views if comparison.name in CREDIT else views[:1]))

    def said(self, comparison: Comparison, symbols: Symbols) -> Said:
        """The comparison of the order that was found, as a policy reads it."""
        known, test = symbols.known.get(comparison.name), symbols.test(comparison)
        if known is not None and not self.is_true(known):
            return Said(comparison, None, z3.Not(known))
        holds = self.is_true(test)
        here = [*([known] if known is not None else []), test if holds else z3.Not(test)]
        return Said(comparison, holds, all_of(symbols, here))

    def is_true(self, formula: Formula) -> bool:
        return bool(z3.is_true(self.search.last.eval(formula, model_completion=True)))

    def reduced(self, said: list[Said], pair: list[Formula]) -> list[Said]:
        """As little of what is said as still settles both outcomes."""
        solver = z3.SimpleSolver(self.symbols.context)
        solver.add(*self.search.given, none_of(self.symbols, [all_of(self.symbols, pair)]))
        flags = [self.symbols.flag(f"said {place}") for place in range(len(said))]
        solver.add(*(z3.Implies(flag, each.formula) for flag, each in zip(flags, said, strict=True)))
        kept = list(range(len(said)))
        if solver.check(*flags) == z3.unsat:
            named = {str(each) for each in solver.unsat_core()}
            kept = [place for place in kept if str(flags[place]) in named]
        for place in list(kept):
            fewer = [flags[other] for other in kept if other != place]
            if solver.check(*fewer) == z3.unsat:
                kept.remove(place)
        return [said[place] for place in kept]

    def witness(self, imagined: Imagined, old: Outcome, new: Outcome) -> Any:
        """The order, decided as it was said; None where no order could be given what was imagined."""
        chain = self.after.chain
        document, order, facts = made(imagined, chain, self.stock, self.installation)
        if differing(imagined, facts):
            return None
        outcomes = tuple(decided(order, policy, self.installation).outcome for policy in (self.before, self.after))
        if outcomes != (old, new):
            raise Disagreement(f"this order is {outcomes}, not {(old, new)}", document)
        return document


def _rank(outcome: Outcome) -> int:
    return OUTCOMES.index(outcome)

"""The verdict of a policy as formulas: what `houblon.engine.decide.verdict` judges of one order, of all of them.

Outcomes come from the same table, `houblon.engine.decide.precedence`, read for rules that fire, or are unknown, in
some orders and not in others.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from houblon.engine.conditions.targets.logic import (
    Formula,
    Kleene,
    Symbols,
    all_of,
    any_of,
    formula,
    negated,
    none_of,
)
from houblon.engine.decide.precedence import (
    BARRED,
    BY_RULES,
    IN_DOUBT,
    OTHERWISE,
    OUTCOMES,
    WAIVABLE,
    Rank,
    claim_of,
    doing,
    settled,
)
from houblon.engine.policy.decision import Outcome
from houblon.engine.policy.lowering import credit_limit_of, lowered_rules
from houblon.engine.policy.policy import Policy, Rule
from houblon.engine.policy.terms import Terms, parse_terms


class PossibleVerdict(msgspec.Struct, frozen=True):
    """When a policy comes to what. `outcomes` are what `decide` answers, `judged` what the rules alone come to.

    `terms` are in force each when its formula holds, one of them always. `owed`: an invoice follows by itself
    once the order is accepted. `doubt`: something unknown could have changed the answer.
    """

    judged: dict[Outcome, Formula]
    outcomes: dict[Outcome, Formula]
    doubt: Formula
    terms: tuple[tuple[Terms, Formula], ...]
    owed: Formula
    fired: tuple[Formula, ...]
    unknown: tuple[Formula, ...]


class Reading:
    """Rules read into formulas over the same symbols; a rule that several chains have is read once.

    `barred` holds of orders that are held whatever their policy says: their currency, their sender's state.
    """

    def __init__(self, symbols: Symbols):
        self.symbols = symbols
        self.barred = symbols.flag(BARRED)
        self._read: dict[Any, tuple[Formula, Formula]] = {}

    def rule(self, rule: Rule, groups: tuple[str, ...], limit: int | None = None) -> tuple[Formula, Formula]:
        """When the rule fires, and when it is unknown whether it does; `limit` is the credit that its policy gives."""
        read = self._read.get((rule.condition, groups, limit))
        if read is None:
            said: Kleene = formula(rule.condition, self.symbols.with_credit(limit), groups)
            unknown = all_of(self.symbols, [said.possible, negated(self.symbols, said.holds)])
            if said.possible is said.holds:
                unknown = self.symbols.false
            read = self._read[rule.condition, groups, limit] = said.holds, unknown
        return read

    def verdict(self, policy: Policy, rules: tuple[Rule, ...] | None = None) -> PossibleVerdict:
        """The policy's verdict, or what it would be with other `rules` than its lowered ones."""
        rules = lowered_rules(policy) if rules is None else rules
        limit = credit_limit_of(policy)
        read = [self.rule(rule, policy.chain[:-1], limit) for rule in rules]
        judging = _Judging(self.symbols, rules, [each[0] for each in read], [each[1] for each in read])
        return judging.verdict(policy, self.barred)


class _Judging:
    """`Judge`, with a formula for each rule instead of a bit."""

    def __init__(self, symbols: Symbols, rules: tuple[Rule, ...], fired: list[Formula], unknown: list[Formula]):
        self.symbols, self.rules = symbols, rules
        self.fired, self.unknown = fired, unknown

    def verdict(self, policy: Policy, barred: Formula) -> PossibleVerdict:
        symbols, trigger = self.symbols, policy.settings["invoicing.trigger"].value
        by_rules, doubts = self.outcomes()
        terms, terms_doubt = self.terms(policy)
        withheld = self.any(self.fired, self.doing("withhold_invoice"))
        invoice_doubt = symbols.false
        if trigger != "manual":
            doubtful = self.any(self.unknown, self.doing("withhold_invoice"))
            invoice_doubt = all_of(symbols, [negated(symbols, withheld), doubtful])
        refused = by_rules[OUTCOMES[0]]
        doubt = all_of(symbols, [negated(symbols, refused), any_of(symbols, [doubts, terms_doubt, invoice_doubt])])
        judged = {OUTCOMES[0]: refused}
        for outcome in OUTCOMES[1:]:
            certain = all_of(symbols, [by_rules[outcome], negated(symbols, doubt)])
            judged[outcome] = any_of(symbols, [certain, doubt]) if outcome is IN_DOUBT else certain
        owed = symbols.false
        if trigger != "manual":
            dated = [holds for each, holds in terms if each.kind != "other"]
            owed = all_of(symbols, [any_of(symbols, dated), none_of(symbols, [withheld, terms_doubt, invoice_doubt])])
        return PossibleVerdict(
            judged, self.barred(judged, barred), doubt, terms, owed, tuple(self.fired), tuple(self.unknown)
        )

    def barred(self, judged: dict[Outcome, Formula], barred: Formula) -> dict[Outcome, Formula]:
        """What `settled` makes of each outcome where something bars the order, and where nothing does."""
        symbols, free = self.symbols, negated(self.symbols, barred)
        return {
            outcome: any_of(
                symbols,
                [
                    all_of(symbols, [judged[outcome], free]),
                    all_of(symbols, [barred, any_of(symbols, self.ending(judged, outcome))]),
                ],
            )
            for outcome in OUTCOMES
        }

    def ending(self, judged: dict[Outcome, Formula], outcome: Outcome) -> list[Formula]:
        return [judged[each] for each in OUTCOMES if settled(each, True) is outcome]

    def outcomes(self) -> tuple[dict[Outcome, Formula], Formula]:
        """When each outcome is certain rank by rank, and when an unknown rule could have made it another."""
        symbols = self.symbols
        by_rules: dict[Outcome, list[Formula]] = {outcome: [] for outcome in OUTCOMES}
        doubts: list[Formula] = []
        before: list[Formula] = []  # that no rank so far acts for certain
        possible: list[tuple[Outcome, Formula]] = []
        for rank in BY_RULES:
            certain, doubtful = self.acting(rank)
            here = all_of(symbols, [*before, certain])
            by_rules[rank.outcome].append(here)
            doubts.append(all_of(symbols, [here, self.others(possible, rank.outcome)]))
            before.append(negated(symbols, certain))
            possible.append((rank.outcome, doubtful))
        here = all_of(symbols, before)
        by_rules[OTHERWISE].append(here)
        doubts.append(all_of(symbols, [here, self.others(possible, OTHERWISE)]))
        return {outcome: any_of(symbols, parts) for outcome, parts in by_rules.items()}, any_of(symbols, doubts)

    def others(self, possible: list[tuple[Outcome, Formula]], outcome: Outcome) -> Formula:
        return any_of(self.symbols, [doubtful for other, doubtful in possible if other is not outcome])

    def acting(self, rank: Rank) -> tuple[Formula, Formula]:
        """When a rule acts by the rank for certain, and when an unknown one decides whether any does."""
        symbols = self.symbols
        unwaivable = [rule for rule in self.doing(rank.effect) if rule.id not in WAIVABLE]
        waivable = [rule for rule in self.doing(rank.effect) if rule.id in WAIVABLE]
        certain, doubtful = self.any(self.fired, unwaivable), self.any(self.unknown, unwaivable)
        if rank.waived_by is None:
            return certain, doubtful
        stopped = self.any(self.fired, waivable)
        waivers = self.doing(rank.waived_by)
        # A rule that waives and holds at once lets nothing through, whichever way it turns out.
        unsure = self.any(self.unknown, [rule for rule in waivers if rule not in unwaivable])
        active = all_of(symbols, [stopped, negated(symbols, self.any(self.fired, waivers))])
        return (
            any_of(symbols, [certain, all_of(symbols, [active, negated(symbols, unsure)])]),
            any_of(symbols, [doubtful, all_of(symbols, [active, unsure])]),
        )

    def terms(self, policy: Policy) -> tuple[tuple[tuple[Terms, Formula], ...], Formula]:
        """When which terms are in force, and when unknown rules could have set others."""
        symbols, stated = self.symbols, parse_terms(policy.settings["invoicing.terms"].value)
        claims: dict[tuple[int, int], list[Rule]] = {}
        for rule in self.rules:
            claim = claim_of(rule, policy.chain)
            if claim is not None:
                claims.setdefault(claim, []).append(rule)
        found: dict[Terms, list[Formula]] = {}
        doubts: list[Formula] = []
        before: list[Formula] = []
        ahead: list[tuple[Terms, Formula]] = []
        for (_, days), rules in sorted(claims.items()):
            terms, fires = Terms("net", days), self.any(self.fired, rules)
            here = all_of(symbols, [*before, fires])
            found.setdefault(terms, []).append(here)
            doubts.append(all_of(symbols, [here, self.differing(ahead, terms)]))
            before.append(negated(symbols, fires))
            ahead.append((terms, self.any(self.unknown, rules)))
        here = all_of(symbols, before)
        found.setdefault(stated, []).append(here)
        doubts.append(all_of(symbols, [here, self.differing(ahead, stated)]))
        return tuple((each, any_of(symbols, parts)) for each, parts in found.items()), any_of(symbols, doubts)

    def differing(self, ahead: list[tuple[Terms, Formula]], terms: Terms) -> Formula:
        return any_of(self.symbols, [unknown for other, unknown in ahead if other != terms])

    def doing(self, action: str) -> list[Rule]:
        return doing(self.rules, action)

    def any(self, formulas: list[Formula], rules: Iterable[Rule]) -> Formula:
        """That one of the formulas of the rules holds."""
        chosen = {id(rule) for rule in rules}
        return any_of(
            self.symbols, [each for rule, each in zip(self.rules, formulas, strict=True) if id(rule) in chosen]
        )

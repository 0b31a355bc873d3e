"""What the rules that fired amount to: outcome, terms, invoicing. Remembered by bitmask."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import msgspec

from houblon.engine.conditions.targets.python import compile_careful, compile_fast, compile_traced
from houblon.engine.conditions.targets.readers import FactsReader
from houblon.engine.core.order import Facts
from houblon.engine.decide.causes import Cause, cause_of
from houblon.engine.decide.obligations import obligations
from houblon.engine.decide.precedence import (
    BY_RULES,
    IN_DOUBT,
    OTHERWISE,
    OUTCOMES,
    WAIVABLE,
    WAIVERS,
    Rank,
    claim_of,
    doing,
    effects_of,
)
from houblon.engine.policy.decision import Obligation, Outcome
from houblon.engine.policy.lowering import credit_limit_of, lowered_rules
from houblon.engine.policy.policy import Policy, Rule
from houblon.engine.policy.terms import Terms, parse_terms

_MEMO = 8_192


class Verdict(msgspec.Struct, frozen=True):
    """The sum of a bitmask. `doubts` are rules whose unknown result could have changed it.

    `duties` must follow the outcome, `asked` among them, which rules ask for whatever the outcome.

    `terms` and `issue` hold for an accepted order and for one that a person accepts; nothing is
    issued on a doubt. `owed`: the invoice goes out by itself, at once or at the delivery.
    """

    outcome: Outcome
    causes: tuple[Cause, ...]
    doubts: tuple[Rule, ...]
    trigger: str
    terms: Terms
    issue: bool
    asked: tuple[Obligation, ...]
    owed: bool
    duties: tuple[Obligation, ...]
    is_held_by_rule: bool


class _Verdicts(dict[int, Verdict]):
    """Bitmask → verdict; the few that come back are judged once."""

    def __init__(self, judge: Callable[[int], Verdict]):
        self._judge = judge

    def __missing__(self, mask: int) -> Verdict:
        verdict = self._judge(mask)
        if len(self) < _MEMO:
            self[mask] = verdict
        return verdict


class Judge:
    """A policy compiled: `verdict` takes facts and answers what they amount to."""

    def __init__(self, policy: Policy):
        self.policy = policy
        self.rules = lowered_rules(policy)
        self.credit_limit = credit_limit_of(policy)
        self._trigger: str = policy.settings["invoicing.trigger"].value
        self._terms = parse_terms(policy.settings["invoicing.terms"].value)
        self._conditions = [rule.condition for rule in self.rules]
        self._verdicts = _Verdicts(self._judge)
        # An instance attribute, not a method: the fast path is this one call.
        self.verdict: Callable[[Facts], Verdict] = compile_fast(
            self._conditions, FactsReader(), answers=self._verdicts, otherwise=self._verdict_in_doubt
        )

    # Most policies never need these two; they are compiled when one does.
    @cached_property
    def careful(self) -> Callable[[Facts], int]:
        return compile_careful(self._conditions, FactsReader())

    @cached_property
    def traced(self) -> Callable[[Facts], tuple[int, tuple[Any, ...]]]:
        return compile_traced(self._conditions, FactsReader())

    def _verdict_in_doubt(self, facts: Facts) -> Verdict:
        return self._verdicts[self.careful(facts)]

    def of_mask(self, mask: int) -> Verdict:
        """The verdict for `fired | unknown << rules`."""
        return self._verdicts[mask]

    def _judge(self, mask: int) -> Verdict:
        count = len(self.rules)
        fired = _Rules(rule for bit, rule in enumerate(self.rules) if mask >> bit & 1)
        unknown = _Rules(rule for bit, rule in enumerate(self.rules) if mask >> (count + bit) & 1)
        terms, terms_doubts = self._settle_terms(fired, unknown)
        withheld = fired.doing("withhold_invoice")
        invoice_doubts = [] if withheld or self._trigger == "manual" else unknown.doing("withhold_invoice")
        outcome, doubts = _settle_outcome(fired, unknown)
        if outcome is not OUTCOMES[0]:
            doubts += [*terms_doubts, *invoice_doubts]
            if doubts:
                outcome = IN_DOUBT
        causes = [cause for effect in effects_of(outcome) for cause in fired.causes(effect)]
        owed = (
            self._trigger != "manual"
            and not withheld
            and not terms_doubts
            and not invoice_doubts
            and terms.kind != "other"
        )
        kept = tuple(rule for rule in self.rules if rule in doubts)
        issue = owed and self._trigger == "on_acceptance"
        asked = fired.asked()
        duties = (*obligations(self.policy, outcome, outcome is Outcome.ACCEPTED and issue), *asked)
        is_held_by_rule = any(cause.effect == "hold" for cause in causes)
        return Verdict(outcome, tuple(causes), kept, self._trigger, terms, issue, asked, owed, duties, is_held_by_rule)

    def _settle_terms(self, fired: "_Rules", unknown: "_Rules") -> tuple[Terms, list[Rule]]:
        """The terms in force, and the unknown rules that could have set others."""
        claims = sorted(
            (claim, rule in unknown.rules, rule.id)
            for rule in (*fired.rules, *unknown.rules)
            if (claim := claim_of(rule, self.policy.chain)) is not None
        )
        first = next((days for (_, days), doubtful, _ in claims if not doubtful), None)
        terms = self._terms if first is None else Terms("net", first)
        ahead = []
        for (_, days), doubtful, id in claims:
            if not doubtful:
                break
            if Terms("net", days) != terms:
                ahead.append(id)
        return terms, [rule for rule in unknown.rules if rule.id in ahead]


class _Rules:
    """Some rules of a policy, asked by what they do."""

    def __init__(self, rules: Iterable[Rule]):
        self.rules = tuple(rules)

    def doing(self, action: str) -> list[Rule]:
        return doing(self.rules, action)

    def waivable(self) -> list[Rule]:
        return [rule for rule in self.rules if rule.id in WAIVABLE]

    def unwaivable(self, action: str) -> list[Rule]:
        """What has the action whether or not something is waived."""
        return [rule for rule in self.doing(action) if rule.id not in WAIVABLE]

    def asked(self) -> tuple[Obligation, ...]:
        return tuple(
            Obligation(action.name, **action.params)
            for rule in self.rules
            for action in rule.actions
            if action.name in ("notify_team", "tag")
        )

    def causes(self, effect: str) -> list[Cause]:
        """What in these rules had this effect; a waived minimum is told as waived, not as a hold."""
        waived = any(self.doing(waiver) for waiver in WAIVERS)
        rules = self.unwaivable(effect)
        if not waived:
            rules += [rule for rule in self.doing(effect) if rule.id in WAIVABLE]
        causes = [cause for rule in rules for cause in _causes(rule, effect)]
        if effect in WAIVERS and waived:
            causes += [cause_of(rule, effect, "minimums_waived") for rule in self.waivable()]
        return causes


_CODES = {"accept": "automatic", "set_terms": "set_terms"}


def _causes(rule: Rule, effect: str) -> list[Cause]:
    return [
        cause_of(rule, effect, _CODES.get(effect) or action.params["reason"])
        for action in rule.actions
        if action.name == effect
    ]


def _settle_outcome(fired: _Rules, unknown: _Rules) -> tuple[Outcome, list[Rule]]:
    """The outcome of the first rank that acts, and the unknown rules that could have made it another."""
    outcome, possible = OTHERWISE, []
    for rank in BY_RULES:
        certain, doubtful = _acting(rank, fired, unknown)
        if certain:
            outcome = rank.outcome
            break
        possible.append((rank.outcome, doubtful))
    return outcome, [rule for other, rules in possible if other is not outcome for rule in rules]


def _acting(rank: Rank, fired: _Rules, unknown: _Rules) -> tuple[list[Rule], list[Rule]]:
    """The rules that act by the rank for certain, and those whose unknown result decides whether any does."""
    certain, doubtful = fired.unwaivable(rank.effect), unknown.unwaivable(rank.effect)
    waivable = [rule for rule in fired.doing(rank.effect) if rule.id in WAIVABLE]
    if rank.waived_by is None or not waivable or fired.doing(rank.waived_by):
        return certain, doubtful
    # A rule that waives and holds at once lets nothing through, whichever way it turns out.
    waivers = [rule for rule in unknown.doing(rank.waived_by) if rule not in doubtful]
    return (certain, [*doubtful, *waivers]) if waivers else ([*certain, *waivable], doubtful)

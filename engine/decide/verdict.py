"""What the rules that fired amount to: outcome, terms, invoicing. Remembered by bitmask."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import msgspec

from houblon.engine.conditions.targets.python import compile_careful, compile_fast, compile_traced
from houblon.engine.conditions.targets.readers import FactsReader
from houblon.engine.core.order import Facts
from houblon.engine.decide.causes import Cause, cause_of
from houblon.engine.policy.decision import Obligation, Outcome
from houblon.engine.policy.lowering import MINIMUMS, lowered_rules
from houblon.engine.policy.policy import Policy, Rule
from houblon.engine.policy.terms import Terms, parse_terms

_MEMO = 8_192


class Verdict(msgspec.Struct, frozen=True):
    """The sum of a bitmask. `doubts` are rules whose unknown result could have changed it.

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
        if outcome is not Outcome.REFUSED:
            doubts += [*terms_doubts, *invoice_doubts]
            if doubts:
                outcome = Outcome.HELD
        causes = [cause for effect in _EFFECTS[outcome] for cause in fired.causes(effect)]
        owed = (
            self._trigger != "manual"
            and not withheld
            and not terms_doubts
            and not invoice_doubts
            and terms.kind != "other"
        )
        kept = tuple(rule for rule in self.rules if rule in doubts)
        issue = owed and self._trigger == "on_acceptance"
        return Verdict(outcome, tuple(causes), kept, self._trigger, terms, issue, fired.asked(), owed)

    def _settle_terms(self, fired: "_Rules", unknown: "_Rules") -> tuple[Terms, list[Rule]]:
        """The terms in force, and the unknown rules that could have set others."""
        claims = sorted(
            (self.policy.chain.index(rule.provenance.group), action.params["days"], rule in unknown.rules, rule.id)
            for rule in (*fired.rules, *unknown.rules)
            for action in rule.actions
            if action.name == "set_terms" and rule.provenance is not None
        )
        settled = next((days for _, days, doubtful, _ in claims if not doubtful), None)
        terms = self._terms if settled is None else Terms("net", settled)
        ahead = []
        for _, days, doubtful, id in claims:
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
        return [rule for rule in self.rules if any(each.name == action for each in rule.actions)]

    def minimums(self) -> list[Rule]:
        return [rule for rule in self.rules if rule.id in MINIMUMS]

    def holds(self) -> list[Rule]:
        """What holds whether or not minimums are waived."""
        return [rule for rule in self.doing("hold") if rule.id not in MINIMUMS]

    def asked(self) -> tuple[Obligation, ...]:
        return tuple(
            Obligation(action.name, **action.params)
            for rule in self.rules
            for action in rule.actions
            if action.name in ("notify_team", "tag")
        )

    def causes(self, effect: str) -> list[Cause]:
        """What in these rules had this effect; a waived minimum is told as waived, not as a hold."""
        waived = bool(self.doing("waive_minimums"))
        rules = [*self.holds(), *([] if waived else self.minimums())] if effect == "hold" else self.doing(effect)
        causes = [cause for rule in rules for cause in _causes(rule, effect)]
        if effect == "waive_minimums" and waived:
            causes += [cause_of(rule, effect, "minimums_waived") for rule in self.minimums()]
        return causes


_CODES = {"accept": "automatic", "set_terms": "set_terms"}
_ADJUSTMENTS = ("waive_minimums", "set_terms", "withhold_invoice")
_EFFECTS = {
    Outcome.ACCEPTED: ("accept", *_ADJUSTMENTS),
    Outcome.HELD: ("hold", *_ADJUSTMENTS),
    Outcome.REFUSED: ("refuse",),
}


def _causes(rule: Rule, effect: str) -> list[Cause]:
    return [
        cause_of(rule, effect, _CODES.get(effect) or action.params["reason"])
        for action in rule.actions
        if action.name == effect
    ]


def _settle_outcome(fired: _Rules, unknown: _Rules) -> tuple[Outcome, list[Rule]]:
    """The outcome, and the unknown rules that could have made it another."""
    if fired.doing("refuse"):
        return Outcome.REFUSED, []
    doubts = unknown.doing("refuse")
    below = fired.minimums() if not fired.doing("waive_minimums") else []
    # A rule that waives and holds at once lets nothing through, whichever way it turns out.
    waivers = [rule for rule in unknown.doing("waive_minimums") if rule not in unknown.holds()] if below else []
    if fired.holds() or (below and not waivers) or not fired.doing("accept"):
        return Outcome.HELD, doubts
    # What minimums and the mode read is known of every order; only people's rules can be unknown.
    doubts += [*unknown.holds(), *waivers]
    return Outcome.HELD if below else Outcome.ACCEPTED, doubts

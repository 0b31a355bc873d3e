"""Reasons: each cause of a verdict as a code, a sentence in two languages and the facts read."""

from collections.abc import Iterable

from houblon.engine.conditions.tree import comparisons_of
from houblon.engine.conditions.vocabulary import FACTS
from houblon.engine.core.order import Facts
from houblon.engine.core.problem import Text
from houblon.engine.decide.verdict import Verdict
from houblon.engine.policy.decision import Outcome, Reason
from houblon.engine.policy.policy import Rule


def reasons(verdict: Verdict, outcome: Outcome, barred: tuple[Reason, ...], facts: Facts) -> tuple[Reason, ...]:
    """Why the outcome is what it is; `barred` are reasons that hold whatever the policy says."""
    causes = verdict.causes
    if barred and outcome is not verdict.outcome:
        causes = tuple(cause for cause in causes if cause.effect != "accept")
    found = [cause.reason(facts) for cause in causes]
    if outcome is Outcome.HELD:
        if barred or verdict.doubts:
            found = [*barred, *_missing_facts(verdict.doubts, facts), *found]
        if not verdict.is_held_by_rule and "hold" not in [reason.effect for reason in found]:
            found.append(Reason("no_rule_accepts", "hold", "acceptance.mode", _NOTHING_ACCEPTS, (), {}))
    return tuple(found)


_NOTHING_ACCEPTS = Text("Aucune règle n’accepte cette commande.", "No rule accepts this order.")


def _missing_facts(doubts: Iterable[Rule], facts: Facts) -> list[Reason]:
    """One reason for each fact that the order lacks and that could have changed the decision."""
    wanting: dict[str, list[Rule]] = {}
    for rule in doubts:
        for name in dict.fromkeys(comparison.name for comparison in comparisons_of(rule.condition)):
            if getattr(facts, name) is None:
                wanting.setdefault(name, []).append(rule)
    return [_missing_fact(name, rules) for name, rules in wanting.items()]


def _missing_fact(name: str, rules: list[Rule]) -> Reason:
    label = FACTS[name].label
    text = Text(
        f"La commande ne dit pas : {label.fr}. La règle « {rules[0].label.fr} » en dépend.",
        f"The order does not say: {label.en}. The rule “{rules[0].label.en}” depends on it.",
    )
    provenance = tuple(dict.fromkeys(rule.provenance for rule in rules if rule.provenance is not None))
    return Reason("missing_fact", "hold", rules[0].id, text, provenance, {name: None})

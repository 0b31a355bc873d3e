"""Each rule of a decision as a line that people read: the actual figure against what was asked."""

import msgspec

from houblon.engine.conditions.figures import NBSP, money_text, number_text
from houblon.engine.conditions.tree import comparisons_of
from houblon.engine.conditions.vocabulary import FACTS
from houblon.engine.core.numbers import interval, whole_bounds
from houblon.engine.core.order import Facts
from houblon.engine.core.problem import Text
from houblon.engine.policy.decision import RuleTrace
from houblon.engine.policy.lowering import AVAILABLE, CREDIT_LIMIT, DAYS_OVERDUE
from houblon.engine.policy.policy import Rule
from houblon.engine.policy.sentences import rule_sentence

_STOPS = ("hold", "refuse")


class Line(msgspec.Struct, frozen=True):
    """`mark`: ✓ passed, ✕ stopped the order, – said nothing; `detail` is what is short, or why unknown."""

    mark: str
    sentence: Text
    detail: Text | None = None


def line_of(rule: Rule, trace: RuleTrace, facts: Facts) -> Line:
    """The line of one rule that was traced on `facts`."""
    stops = any(action.name in _STOPS for action in rule.actions)
    if rule.id == "acceptance.mode":
        return Line("✕" if stops else "✓" if trace.result else "–", rule.label)
    if rule.id == AVAILABLE:
        return _available(bool(trace.result))
    if rule.id in _MINIMUMS:
        return _minimum(rule, facts, bool(trace.result))
    if rule.id in _LIMITS:
        return _UNKNOWN_LIMIT[rule.id] if trace.result is None else _LIMITS[rule.id](rule, facts, trace.result)
    return _written(rule, trace.result, stops)


def _available(missing: bool) -> Line:
    if missing:
        return Line("✕", Text("Un produit n’est pas disponible", "A product is not available"))
    return Line("✓", Text("Tous les produits sont disponibles", "Every product is available"))


_MINIMUMS = {
    "acceptance.minimum_items": (Text("Articles", "Items"), number_text),
    "acceptance.minimum_value": (Text("Valeur", "Value"), money_text),
}


def _minimum(rule: Rule, facts: Facts, below: bool) -> Line:
    what, written = _MINIMUMS[rule.id]
    comparison = next(comparisons_of(rule.condition))
    highest_below = whole_bounds(interval(comparison.operator, comparison.value), FACTS[comparison.name].scale).high
    minimum, actual = int(highest_below or 0) + 1, getattr(facts, comparison.name)
    has, wants, short = written(actual), written(minimum), written(max(minimum - actual, 0))
    said = Text(f"{what.fr}{NBSP}: {has.fr}, minimum {wants.fr}", f"{what.en}: {has.en}, minimum {wants.en}")
    return Line("✕", said, Text(f"(il manque {short.fr})", f"({short.en} short)")) if below else Line("✓", said)


def _credit(rule: Rule, facts: Facts, above: bool) -> Line:
    limit, left = facts.credit_limit or 0, facts.credit_available or 0
    whole, most, short = money_text(limit - left), money_text(limit), money_text(-left)
    said = Text(
        f"Crédit{NBSP}: {whole.fr} dus avec cette commande, limite {most.fr}",
        f"Credit: {whole.en} owed with this order, limit {most.en}",
    )
    return Line("✕", said, Text(f"(il manque {short.fr})", f"({short.en} short)")) if above else Line("✓", said)


def _overdue(rule: Rule, facts: Facts, late: bool) -> Line:
    most, days = number_text(next(comparisons_of(rule.condition)).value), number_text(facts.days_overdue or 0)
    said = Text(f"Jours de retard{NBSP}: {days.fr}, au plus {most.fr}", f"Days overdue: {days.en}, at most {most.en}")
    return Line("✕" if late else "✓", said)


_LIMITS = {CREDIT_LIMIT: _credit, DAYS_OVERDUE: _overdue}
_MISSING = Text("(inconnu : un fait manque)", "(unknown: a fact is missing)")
_UNKNOWN_LIMIT = {
    CREDIT_LIMIT: Line("–", Text("Crédit", "Credit"), _MISSING),
    DAYS_OVERDUE: Line("–", Text("Jours de retard", "Days overdue"), _MISSING),
}


def _written(rule: Rule, result: bool | None, stops: bool) -> Line:
    sentence = rule_sentence(rule)
    if result is None:
        return Line("–", sentence, _MISSING)
    if not result:
        return Line("–", sentence, Text("(ne s’applique pas)", "(does not apply)"))
    return Line("✕" if stops else "✓", sentence, Text("(s’applique)", "(applies)"))

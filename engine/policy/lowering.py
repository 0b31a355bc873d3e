"""Settings lowered to rules, so that a whole policy is one list that business-rules can run."""

from collections.abc import Mapping
from typing import Any

from houblon.engine.conditions.tree import AllOf, Comparison
from houblon.engine.conditions.vocabulary import FACTS, Kind
from houblon.engine.core.money import cents
from houblon.engine.core.problem import Text
from houblon.engine.policy.policy import Action, Policy, Rule, Setting, rule_document

MINIMUMS = {"acceptance.minimum_items": "item_count", "acceptance.minimum_value": "order_value"}
CREDIT_LIMIT, DAYS_OVERDUE = "acceptance.credit_limit", "acceptance.maximum_days_overdue"
# Every setting that holds an order for a number: the fact that tells its unit, and the comparison that holds. What a
# credit limit is compared with is the outstanding balance and the order together.
BOUNDS = {
    **{path: (fact, "less_than") for path, fact in MINIMUMS.items()},
    CREDIT_LIMIT: ("outstanding_balance", "greater_than"),
    DAYS_OVERDUE: ("days_overdue", "greater_than"),
}
AVAILABLE = "order.available"


def lowered_rules(policy: Policy) -> tuple[Rule, ...]:
    """The whole policy as one list: what its settings say, what is built in, what people wrote."""
    enabled = [rule for rule in policy.rules if rule.enabled]
    return (*_of_settings(policy.settings), *enabled)


def _of_settings(settings: Mapping[str, Setting]) -> list[Rule]:
    mode = settings["acceptance.mode"]
    rules = [_accept(mode) if mode.value == "automatic" else _hold_all(mode)]
    for path, fact in MINIMUMS.items():
        if settings[path].value is not None:
            rules.append(_minimum(path, fact, settings[path]))
    if settings[CREDIT_LIMIT].value is not None:
        rules.append(_over_limit(settings[CREDIT_LIMIT]))
    if settings[DAYS_OVERDUE].value is not None:
        rules.append(_overdue(settings[DAYS_OVERDUE]))
    return [*rules, _unavailable()]


def credit_limit_of(policy: Policy) -> int | None:
    """The credit of buyers who have no limit of their own, in cents; None for none."""
    limit = policy.settings[CREDIT_LIMIT].value
    return None if limit is None else cents(limit)


# A rule needs a condition: these hold for every order that can decode, but for one whose
# discounts exceed its lines, which nothing accepts.
_SOMETHING = Comparison("item_count", Kind.NUMERIC, "greater_than_or_equal_to", 1)
_NOT_NEGATIVE = Comparison("order_value", Kind.NUMERIC, "greater_than_or_equal_to", 0)


def _accept(mode: Setting) -> Rule:
    label = Text("Acceptation automatique", "Automatic acceptance")
    return Rule("acceptance.mode", label, AllOf((_NOT_NEGATIVE, _SOMETHING)), (Action("accept", {}),), mode.provenance)


def _hold_all(mode: Setting) -> Rule:
    label = Text("Acceptation manuelle", "Manual acceptance")
    return Rule("acceptance.mode", label, AllOf((_SOMETHING,)), _hold("manual"), mode.provenance)


def _minimum(path: str, fact: str, minimum: Setting) -> Rule:
    # Reaching the minimum exactly is enough.
    below = Comparison(fact, Kind.NUMERIC, "less_than", _number(minimum.value))
    label = Text(f"Minimum : {FACTS[fact].label.fr}", f"Minimum: {FACTS[fact].label.en}")
    return Rule(path, label, AllOf((below,)), _hold(path.partition(".")[2]), minimum.provenance)


def _over_limit(limit: Setting) -> Rule:
    # The limit is in the facts (`credit_limit_of`), for a buyer's own comes before it. Reaching it exactly is fine.
    above = Comparison("credit_available", Kind.NUMERIC, "less_than", 0)
    label = Text("Limite de crédit", "Credit limit")
    return Rule(CREDIT_LIMIT, label, AllOf((above,)), _hold("credit_limit"), limit.provenance)


def _overdue(most: Setting) -> Rule:
    late = Comparison("days_overdue", Kind.NUMERIC, "greater_than", most.value)
    label = Text("Jours de retard", "Days overdue")
    return Rule(DAYS_OVERDUE, label, AllOf((late,)), _hold("overdue"), most.provenance)


def _unavailable() -> Rule:
    missing = Comparison("all_available", Kind.BOOLEAN, "is_false")
    return Rule(
        AVAILABLE, Text("Produits disponibles", "Products available"), AllOf((missing,)), _hold("unavailable"), None
    )


def _hold(reason: str) -> tuple[Action, ...]:
    return (Action("hold", {"reason": reason}),)


def _number(value: int | str) -> int | float:
    """A minimum as JSON writes numbers; a float's error is far below what comparisons count as equal."""
    if isinstance(value, int):
        return value
    amount = cents(value)
    return amount / 100 if amount % 100 else amount // 100


def rule_list(policy: Policy) -> list[dict[str, Any]]:
    """The policy as a plain rule list that `business_rules.run_all` can run."""
    return [
        {k: v for k, v in rule_document(rule).items() if k in ("conditions", "actions")}
        for rule in lowered_rules(policy)
    ]

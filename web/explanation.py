"""A decision as a page tells it: what would change it, and each rule with what it read."""

from typing import Any

from engine.decision import Outcome
from engine.evaluate import Installation, facts_of, judge_of
from engine.explain import counterfactual, counterfactual_sentence
from engine.order import Order
from engine.telling import line_of
from orders.whatif import WhatIf


def explain(found: WhatIf, order: Order, installation: Installation) -> dict[str, Any]:
    """The parts of a decision that people read, in the order of an argument."""
    decision, judge = found.decision, judge_of(found.policy)
    facts = facts_of(order, found.policy, installation)
    changed = None
    if decision.outcome is not Outcome.ACCEPTED and decision.reasons:
        changed = counterfactual_sentence(counterfactual(judge, facts), decision.reasons[0].message)
    by_id = {rule.id: rule for rule in judge.rules}
    rows = []
    for each in decision.trace or ():
        line = line_of(by_id[each.rule], each, facts)
        rows.append({"rule": by_id[each.rule], "mark": line.mark, "sentence": line.sentence, "detail": line.detail})
    return {"decision": decision, "counterfactual": changed, "rules": rows}

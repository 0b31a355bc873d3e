"""A decision as a page tells it: what would change it, and each rule with what it read."""

from typing import Any

from engine.branches import branch_of
from engine.decision import Outcome
from engine.evaluate import Installation, facts_of, judge_of
from engine.explain import counterfactual, counterfactual_sentence
from engine.order import Order
from engine.settings import SETTINGS
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
        rule = by_id[each.rule]
        tree = branch_of(rule, each) if rule.provenance and rule.id not in SETTINGS else None
        rows.append({"rule": rule, "mark": line.mark, "sentence": line.sentence, "detail": line.detail, "tree": tree})
    return {"decision": decision, "counterfactual": changed, "rules": rows}

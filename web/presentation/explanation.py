"""A decision as a page tells it: what would change it, and each rule with what it read."""

from typing import Any

from houblon.engine.core.order import Order
from houblon.engine.decide.branches import branch_of
from houblon.engine.decide.evaluate import Installation, facts_of, judge_of
from houblon.engine.decide.explain import Counterfactual, counterfactual, counterfactual_sentence
from houblon.engine.decide.rendered_rules import line_of
from houblon.engine.policy.decision import Outcome
from houblon.engine.policy.settings import SETTINGS
from houblon.orders.handling.whatif import WhatIf


def explain(found: WhatIf, order: Order, installation: Installation) -> dict[str, Any]:
    """The parts of a decision that people read, in the order of an argument."""
    decision, judge = found.decision, judge_of(found.policy)
    facts = facts_of(order, found.policy, installation, account=found.account)
    changed = None
    if decision.outcome is not Outcome.ACCEPTED and decision.reasons:
        own = [reason for reason in decision.reasons if reason.rule.startswith("order.")]
        # What holds an order for what it says itself goes with no other fact.
        found_changes = Counterfactual((), ()) if own else counterfactual(judge, facts)
        changed = counterfactual_sentence(found_changes, (own or decision.reasons)[0].message)
    by_id = {rule.id: rule for rule in judge.rules}
    rows = []
    for each in decision.trace or ():
        line = line_of(by_id[each.rule], each, facts)
        rule = by_id[each.rule]
        tree = branch_of(rule, each) if rule.provenance and rule.id not in SETTINGS else None
        rows.append({"rule": rule, "mark": line.mark, "sentence": line.sentence, "detail": line.detail, "tree": tree})
    return {"decision": decision, "counterfactual": changed, "rules": rows}

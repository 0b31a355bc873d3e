"""A decision as a page tells it: what would change it, and each rule with what it read."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from houblon.engine.conditions.targets.documents import fact_document
from houblon.engine.conditions.vocabulary import FACTS
from houblon.engine.core.account import LEDGER, SETTING, Account, has_own_limit
from houblon.engine.core.order import Facts, Order
from houblon.engine.core.problem import Text
from houblon.engine.decide.bars import over_own_limit
from houblon.engine.decide.branches import branch_of, fact_text
from houblon.engine.decide.evaluate import Installation, facts_of, judge_of
from houblon.engine.decide.explain import Counterfactual, counterfactual, counterfactual_sentence
from houblon.engine.decide.rendered_rules import line_of
from houblon.engine.decide.settling import OpenInvoice, freeing_payment, payment_sentence
from houblon.engine.policy.decision import Outcome
from houblon.engine.policy.lowering import credit_limit_of
from houblon.engine.policy.settings import SETTINGS
from houblon.orders.handling.whatif import WhatIf
from houblon.orders.records.decision_log import account_then
from houblon.rules.policies import Policies


def explain(
    found: WhatIf,
    installation: Installation,
    invoices: Sequence[OpenInvoice] = (),
    today: date = date.min,
) -> dict[str, Any]:
    """The parts of a decision that people read, in the order of an argument.

    `invoices` are those that the buyer still has to pay `today`, where the ledger counts.
    """
    decision, judge, order = found.decision, judge_of(found.policy), found.order
    facts = facts_of(order, found.policy, installation, account=found.account)
    changed, payment = None, None
    if decision.outcome is not Outcome.ACCEPTED and decision.reasons:
        own = [reason for reason in decision.reasons if reason.rule.startswith("order.")]
        payment = _payment(found, order, installation, invoices, today)
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
    return {
        "decision": decision,
        "counterfactual": changed,
        "payment": payment,
        "rules": rows,
        "known": known_facts(facts, decision.facts_from),
    }


def known_facts(facts: Facts, facts_from: Mapping[str, str] | None) -> list[tuple[Text, Text, Text]]:
    """The facts that the order did not say itself: what each is, its value, and where it comes from."""
    return [
        (FACTS[name].label, fact_text(FACTS[name], value), _ORIGINS[origin])
        for name, origin in (facts_from or {}).items()
        if (value := fact_document(name, getattr(facts, name))) is not None
    ]


def known_then(decision: Any, policies: Policies) -> list[tuple[Text, Text, Text]]:
    """`known_facts` as a decision that was recorded read them."""
    account, origins = account_then(decision.reading), decision.document.get("facts_from")
    if account is None or not origins:
        return []
    values = msgspec.structs.asdict(account)
    if values["credit_limit"] is None and "credit_limit" in origins:
        values["credit_limit"] = credit_limit_of(policies.policy(tuple(decision.chain), decision.version))
    return [
        (FACTS[name].label, fact_text(FACTS[name], fact_document(name, values[name])), _ORIGINS[origin])
        for name, origin in origins.items()
        if values.get(name) is not None
    ]


_ORIGINS = {
    LEDGER: Text("d’après les comptes de la maison", "from the house's own accounts"),
    SETTING: Text("d’après un paramètre du groupe", "from a setting of the group"),
}


def _payment(
    found: WhatIf, order: Order, installation: Installation, invoices: Sequence[OpenInvoice], today: date
) -> Text | None:
    """Which payment would let an order go that waits for what its buyer owes; None where none would."""
    decision, account = found.decision, found.account
    owing = [each for each in decision.reasons if each.code in ("credit_limit", "overdue")]
    # What else the order itself gives to hold it is there whatever is paid.
    if (
        account is None
        or not owing
        or any(each.rule.startswith("order.") for each in decision.reasons if each not in owing)
    ):
        return None
    judge = judge_of(found.policy)

    def passes(account: Account) -> bool:
        facts = facts_of(order, found.policy, installation, account=account)
        is_over = has_own_limit(account) and over_own_limit(found.policy, facts)
        return judge.verdict(facts).outcome is Outcome.ACCEPTED and not is_over

    return payment_sentence(freeing_payment(account, invoices, today, passes))

"""decide: what happens to an order, and what can never happen."""

import msgspec
from business_rules.engine import run_all
from hypothesis import assume, given
from hypothesis import strategies as st

from houblon.engine.conditions.vocabulary import OrderActions, OrderVariables
from houblon.engine.core.order import Facts
from houblon.engine.decide.evaluate import decide, invoicing, judge_of
from houblon.engine.policy.decision import Outcome, Provenance, decision_document
from houblon.engine.policy.lowering import rule_list
from houblon.engine.policy.policy import BASE, rule_document, rule_of
from houblon.engine.policy.terms import terms_document
from tests.clock import NOW
from tests.engine.oracle import reference
from tests.engine.policy.policies import (
    CHAIN,
    INSTALLATION,
    facts_of,
    order,
    orders,
    policies,
    policy,
    rule,
    rule_tables,
)


def decided(order, policy, **more):
    return decide(order, policy, accepted_at=NOW, cycle=None, installation=INSTALLATION, **more)


def codes(decision):
    return [reason.code for reason in decision.reasons]


IN_ONTARIO = {"all": [{"name": "province", "operator": "contains", "value": "ON"}]}
LARGE = {"all": [{"name": "order_value", "operator": "greater_than", "value": 1000}]}


def test_an_order_that_reaches_the_minimums_exactly_is_accepted_and_invoiced():
    decision = decided(order(items=24, price="8.34"), policy())
    assert (decision.outcome, codes(decision)) == (Outcome.ACCEPTED, ["automatic"])
    reason = decision_document(decision)["reasons"][0]
    assert reason["facts"] == {"order_value": "200.16", "item_count": 24}
    assert reason["provenance"] == [{"group": "tous", "version": 3}]
    assert decision.invoice.issue and terms_document(decision.invoice.terms) == {"kind": "net", "days": 30}
    assert [each.kind for each in decision.obligations] == ["issue_invoice", "notify_buyer", "notify_buyer"]


def test_an_order_below_both_minimums_is_held_for_both():
    decision = decided(order(items=12, price="1.00"), policy())
    assert (decision.outcome, codes(decision)) == (Outcome.HELD, ["minimum_items", "minimum_value"])
    assert decision.invoice is None
    assert decision.reasons[0].message.fr == "12 articles, il en faut 24."
    assert decision.reasons[1].message.en == "The value, $12.00, is below the minimum of $200.00."


def test_manual_mode_holds_whatever_the_order():
    assert codes(decided(order(), policy(acceptance_mode="manual"))) == ["manual"]


def test_an_unavailable_product_holds():
    lines = [{"sku": "x", "quantity": 24, "unit_price": "54.00", "available": False}]
    assert codes(decided(order(lines=lines), policy())) == ["unavailable"]


def test_refusing_beats_holding_beats_accepting():
    rules = {"non": (BASE, rule(LARGE, ("refuse", {"reason": "too_large"})))}
    refused = decided(order(items=1, price="2000.00"), policy(rules))
    assert (refused.outcome, codes(refused), refused.invoice) == (Outcome.REFUSED, ["too_large"], None)


def test_waived_minimums_let_a_small_order_through_and_say_so():
    rules = {
        "ami": (
            BASE,
            rule({"name": "note", "operator": "contains", "value": "ami"}, ("waive_minimums", {"reason": "vip"})),
        )
    }
    decision = decided(order(items=1, note="un ami"), policy(rules))
    assert (decision.outcome, codes(decision)) == (
        Outcome.ACCEPTED,
        ["automatic", "vip", "minimums_waived", "minimums_waived"],
    )


def test_a_fact_that_the_order_lacks_holds_only_where_it_could_matter():
    refusing = policy({"ontario": (BASE, rule(IN_ONTARIO, ("refuse", {"reason": "too_far"})))})
    assert codes(decided(order(), refusing)) == ["missing_fact"]
    assert decided(order(), refusing).reasons[0].facts == {"province": None}
    tagging = policy({"ontario": (BASE, rule(IN_ONTARIO, ("tag", {"label": "loin"})))})
    assert decided(order(), tagging).outcome is Outcome.ACCEPTED
    same_terms = policy({"ontario": (BASE, rule(IN_ONTARIO, ("set_terms", {"days": 30})))})
    assert decided(order(), same_terms).outcome is Outcome.ACCEPTED
    other_terms = policy({"ontario": (BASE, rule(IN_ONTARIO, ("set_terms", {"days": 15})))})
    assert codes(decided(order(), other_terms)) == ["missing_fact"]


def test_nothing_is_invoiced_on_a_guess_when_a_person_accepts():
    rules = {"ontario": (BASE, rule(IN_ONTARIO, ("withhold_invoice", {"reason": "customs"})))}
    follows = invoicing(order(), policy(rules), accepted_at=NOW, cycle=None, installation=INSTALLATION)
    assert follows.issue is False


def test_the_highest_group_sets_the_terms_and_within_it_the_shortest():
    def terms(*claims):
        rules = {
            f"r{index}": (group, rule(LARGE, ("set_terms", {"days": days})))
            for index, (group, days) in enumerate(claims)
        }
        return decided(order(price="100.00"), policy(rules, CHAIN)).invoice.terms.days

    assert terms(("bars", 60), (BASE, 5)) == 60
    assert terms(("bars", 60), ("bars", 45), (BASE, 5)) == 45
    assert terms(("risque", 90), ("bars", 45)) == 90


def test_an_unknown_group_and_a_foreign_currency_hold():
    foreign = decided(order(currency="USD"), policy(), unknown_groups=("fantome",))
    assert (foreign.outcome, codes(foreign)) == (Outcome.HELD, ["unknown_group", "currency"])
    assert decided(order(currency="cad"), policy()).outcome is Outcome.ACCEPTED


def test_an_order_whose_discounts_exceed_its_lines_is_accepted_by_nothing():
    lines = [{"sku": "x", "quantity": 24, "unit_price": "1.00", "discount": "30.00"}]
    decision = decided(order(lines=lines), policy(acceptance_minimum_value=None))
    assert (decision.outcome, codes(decision)) == (Outcome.HELD, ["no_rule_accepts"])


def test_a_rule_switched_off_is_kept_but_never_runs():
    rules = {"non": (BASE, {**rule(LARGE, ("refuse", {"reason": "no"})), "enabled": False})}
    assert decided(order(), policy(rules)).outcome is Outcome.ACCEPTED


def test_the_trace_tells_every_reading_in_the_order_written():
    conditions = {"any": [{"name": "note", "operator": "contains", "value": "x"}, *LARGE["all"], *IN_ONTARIO["all"]]}
    traced = decided(order(), policy({"r": (BASE, rule(conditions, ("tag", {"label": "t"})))}), trace=True)
    readings = traced.trace[-1].readings
    assert [(each.fact, each.actual, each.result) for each in readings] == [
        ("note", "", False),
        ("order_value", "1296.00", True),
    ]
    document = decision_document(traced)
    assert document["trace"][-1]["readings"][1]["actual"] == "1296.00" and document["invoice"]["terms"]["days"] == 30
    held = decision_document(decided(order(items=1), policy()))
    assert held["invoice"] is None and "trace" not in held


@given(policies(), orders())
def test_the_compiled_forms_agree_with_the_plain_reading(policy, order):
    facts = facts_of(order, limit=judge_of(policy).credit_limit)
    documents = [(rule.provenance.group, rule_document(rule)) for rule in policy.rules]
    values = {path: setting.value for path, setting in policy.settings.items()}
    outcome, terms, issue, missing = reference.decide(values, documents, policy.chain, facts)
    verdict = judge_of(policy).verdict(facts)
    assert verdict.outcome == outcome
    assert bool(verdict.doubts) == missing
    if not missing and outcome != "refused":
        assert (verdict.terms.kind, verdict.terms.days) == terms
        assert verdict.issue == issue[0]
    traced = decided(order, policy, trace=True)
    assert traced == msgspec.structs.replace(decided(order, policy), trace=traced.trace)


@given(policies(), orders(complete=True))
def test_the_lowered_policy_run_by_business_rules_fires_the_same_rules(policy, order):
    judge = judge_of(policy)
    facts = facts_of(order, limit=judge.credit_limit)
    fired = []
    for index, each in enumerate(rule_list(policy)):
        if run_all([each], OrderVariables(facts), OrderActions()):
            fired.append(index)
    mask = sum(1 << index for index in fired)
    assert judge.careful(facts) == mask
    assert judge.verdict(facts) == judge.of_mask(mask)


@given(policies(), orders(), st.data())
def test_filling_in_a_missing_fact_never_changes_what_was_accepted(policy, order, data):
    judge = judge_of(policy)
    facts = facts_of(order, limit=judge.credit_limit)
    before = judge.verdict(facts)
    if before.outcome is not Outcome.ACCEPTED:
        return
    complete = facts_of(data.draw(orders(complete=True)))
    filled = msgspec.structs.replace(
        facts, **{name: getattr(complete, name) for name in Facts.__struct_fields__ if getattr(facts, name) is None}
    )
    after = judge.verdict(filled)
    assert (after.outcome, after.terms, after.issue) == (before.outcome, before.terms, before.issue)


@given(policies(), orders(), st.randoms(use_true_random=False))
def test_the_order_of_rules_never_matters(policy, order, shuffler):
    facts = facts_of(order)
    shuffled = list(policy.rules)
    shuffler.shuffle(shuffled)
    again = judge_of(msgspec.structs.replace(policy, rules=tuple(shuffled), hash="other")).verdict(facts)
    verdict = judge_of(policy).verdict(facts)
    assert (again.outcome, again.terms, again.issue) == (verdict.outcome, verdict.terms, verdict.issue)
    assert {rule.id for rule in again.doubts} == {rule.id for rule in verdict.doubts}


@given(policies(), rule_tables(), orders(complete=True))
def test_adding_a_rule_never_lets_a_held_order_through_unless_it_waives_minimums(policy, more, order):
    added = tuple(
        rule_of(f"plus-{id}", document, Provenance(group, 9))
        for id, (group, document) in more.items()
        if all(action["name"] != "waive_minimums" for action in document["actions"])
    )
    facts = facts_of(order)
    assume(judge_of(policy).verdict(facts).outcome is not Outcome.ACCEPTED)
    stricter = msgspec.structs.replace(policy, rules=(*policy.rules, *added), hash="stricter")
    assert judge_of(stricter).verdict(facts).outcome is not Outcome.ACCEPTED

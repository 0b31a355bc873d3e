"""What a buyer owes holds their order: the credit limit and the days overdue, by setting or of their own."""

import pytest

from houblon.engine.core.account import Account
from houblon.engine.decide.evaluate import decide, facts_of, judge_of
from houblon.engine.decide.explain import counterfactual, counterfactual_sentence
from houblon.engine.decide.rendered_rules import line_of
from houblon.engine.decide.trace import traced
from houblon.engine.oracle.reference import difference
from houblon.engine.policy.decision import Outcome, decision_document
from houblon.engine.policy.policy import policy_of
from houblon.engine.policy.sentences import policy_sentences
from tests.clock import NOW
from tests.engine.policy.policies import INSTALLATION, order, policy, rule

LIMITED = {"acceptance_credit_limit": "5000.00"}
LATE = {"acceptance_maximum_days_overdue": 30}


def decided(order, policy, account=None, **more):
    return decide(order, policy, accepted_at=NOW, cycle=None, installation=INSTALLATION, account=account, **more)


def held_for(decision):
    return [(each.code, each.rule) for each in decision.reasons if each.effect == "hold"]


@pytest.mark.parametrize(("owed", "holds"), [("3704.00", False), ("3704.01", True)])
def test_an_order_may_reach_the_credit_limit_and_not_exceed_it(owed, holds):
    found = decided(order(buyer={"outstanding_balance": owed}), policy(**LIMITED))  # of 1296.00
    assert held_for(found) == ([("credit_limit", "acceptance.credit_limit")] if holds else [])
    assert found.facts_from == {"credit_limit": "setting"}


def test_the_reason_says_how_much_credit_is_missing():
    found = decided(order(buyer={"outstanding_balance": "4116.00"}), policy(**LIMITED))
    [reason] = [each for each in found.reasons if each.effect == "hold"]
    assert reason.message.fr.replace("\u00a0", " ") == (
        "Il manque 412,00 $ de crédit : le solde dû et cette commande font 5 412,00 $, la limite est de 5 000,00 $."
    )
    assert reason.facts == {
        "credit_available": "-412.00",
        "outstanding_balance": "4116.00",
        "credit_limit": "5000.00",
        "order_value": "1296.00",
    }


@pytest.mark.parametrize(("days", "holds"), [(30, False), (31, True)])
def test_an_invoice_may_be_so_many_days_late_and_no_more(days, holds):
    found = decided(order(buyer={"days_overdue": days}), policy(**LATE))
    assert held_for(found) == ([("overdue", "acceptance.maximum_days_overdue")] if holds else [])


def test_a_maximum_of_no_days_holds_from_the_first_one_on():
    strict = policy(acceptance_maximum_days_overdue=0)
    assert [decided(order(buyer={"days_overdue": days}), strict).outcome for days in (0, 1)] == ["accepted", "held"]


@pytest.mark.parametrize("settings", [LIMITED, LATE])
def test_what_an_order_does_not_say_and_nobody_knows_is_not_guessed(settings):
    found = decided(order(), policy(**settings))
    assert found.outcome is Outcome.HELD and "missing_fact" in [each.code for each in found.reasons]


def test_a_limit_of_the_buyer_s_own_comes_before_the_setting_s():
    wide = decided(order(buyer={"outstanding_balance": "6000.00", "credit_limit": "9000.00"}), policy(**LIMITED))
    narrow = decided(order(buyer={"outstanding_balance": "0.00", "credit_limit": "1000.00"}), policy(**LIMITED))
    assert (wide.outcome, narrow.outcome) == ("accepted", "held") and wide.facts_from is None


def test_a_waiver_of_minimums_waives_no_limit():
    waive = rule(
        {"all": [{"name": "item_count", "operator": "greater_than", "value": 0}]},
        ("waive_minimums", {"reason": "confiance"}),
    )
    found = decided(
        order(items=1), policy({"confiance": ("tous", waive)}, **LIMITED), Account(outstanding_balance=500_000)
    )
    assert held_for(found) == [("credit_limit", "acceptance.credit_limit")]


def test_what_the_ledger_knows_counts_whatever_the_order_says():
    said = order(
        buyer={
            "outstanding_balance": "0.00",
            "overdue_balance": "0.00",
            "days_overdue": 0,
            "is_first_order": True,
            "credit_limit": "99999.00",
        }
    )
    account = Account(420_000, 100_000, 52, False)
    facts = facts_of(said, policy(**LIMITED, **LATE), INSTALLATION, account=account)
    assert (facts.outstanding_balance, facts.overdue_balance, facts.days_overdue) == (420_000, 100_000, 52)
    assert (facts.is_first_order, facts.credit_limit, facts.credit_available) == (False, 500_000, -49_600)
    found = decided(said, policy(**LIMITED, **LATE), account)
    assert {code for code, _ in held_for(found)} == {"credit_limit", "overdue"}
    assert decision_document(found)["facts_from"] == {
        **dict.fromkeys(("outstanding_balance", "overdue_balance", "days_overdue", "is_first_order"), "ledger"),
        "credit_limit": "setting",
        "credit_available": "ledger",
    }


def test_a_limit_of_the_retailer_s_own_holds_where_the_policy_has_none():
    own = Account(outstanding_balance=80_000, credit_limit=200_000)
    found = decided(order(), policy(), own)
    assert held_for(found) == [("credit_limit", "order.credit_limit")]
    assert found.facts_from["credit_limit"] == "ledger" and found.reasons[0].facts["credit_available"] == "-96.00"
    assert decided(order(items=22), policy(acceptance_minimum_items=None), own).outcome is Outcome.ACCEPTED
    assert held_for(decided(order(), policy(**LIMITED), own)) == [("credit_limit", "acceptance.credit_limit")]


def test_business_rules_runs_the_limits_too():
    assert difference(policy(**LIMITED, **LATE)) is None


def test_the_limits_are_told_in_lines_and_in_sentences():
    limited = policy(**LIMITED, **LATE)
    late = order(buyer={"outstanding_balance": "4116.00", "days_overdue": 52})
    judge, facts = judge_of(limited), facts_of(late, limited, INSTALLATION)
    _, readings = traced(judge, facts)
    lines = {each.id: line_of(each, trace, facts) for each, trace in zip(judge.rules, readings, strict=True)}
    credit, days = lines["acceptance.credit_limit"], lines["acceptance.maximum_days_overdue"]
    assert (credit.mark, credit.sentence.en) == ("✕", "Credit: $5,412.00 owed with this order, limit $5,000.00")
    assert credit.detail.en == "($412.00 short)"
    assert (days.mark, days.sentence.en) == ("✕", "Days overdue: 52, at most 30")
    said = policy_sentences(limited)[0].en
    assert said.endswith(
        "It waits if the retailer would owe more than $5,000 with it. It waits if an invoice is more than 30 days late."
    )
    unknown = line_of(judge.rules[3], traced(judge, facts_of(order(), limited, INSTALLATION))[1][3], facts)
    assert unknown.mark == "–"


def test_less_owed_would_let_it_pass():
    limited = policy(**LIMITED)
    facts = facts_of(order(buyer={"outstanding_balance": "4116.00"}), limited, INSTALLATION)
    found = counterfactual_sentence(counterfactual(judge_of(limited), facts), policy_sentences(limited)[0])
    assert "412 $ de moins pour le solde dû" in found.fr.replace("\u00a0", " ")


def test_a_policy_of_before_there_were_limits_keeps_its_hash():
    whole = policy()
    settings = {path: each for path, each in whole.settings.items() if not path.endswith(("credit_limit", "overdue"))}
    assert policy_of(whole.chain, whole.version, settings, ()).hash == whole.hash
    assert policy(**LIMITED).hash != whole.hash

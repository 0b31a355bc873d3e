"""The five kinds of claim: one that is proved, one that is broken by an order, one that nobody can tell."""

import pytest

from houblon.engine.core.order import order_of
from houblon.engine.core.problem import Invalid
from houblon.engine.decide.evaluate import decide
from houblon.engine.policy.decision import Outcome
from houblon.engine.proofs.claims import KINDS, claim_document, claim_text, read_claim, read_when
from houblon.engine.proofs.prove import Disagreement, Prover, answer_all, prove
from houblon.engine.proofs.questions import BROKEN, NO_STOCK, PROVED, UNKNOWN, Question, Stock
from tests.engine.policy.policies import INSTALLATION, policy, rule

BARS = ("bars", "tous")


def said(name, operator, value=""):
    return {"name": name, "operator": operator, "value": value}


def below(amount):
    return {"all": [said("order_value", "less_than", amount)]}


# A pattern that z3 is not told exactly, and a text that no pattern of ours makes one for: nobody can tell.
HARD = {"all": [said("note", "matches_regex", r"\d"), said("note", "equal_to_case_insensitive", "ÉTÉ")]}
WITHHOLD = ("withhold_invoice", {"reason": "x"})


def asked(claim, rules=None, when=None, other=None, chain=("tous",), **settings):
    return Question(read_claim(claim), policy(rules, chain, **settings), read_when(when), other)


def rules_of(conditions, *actions, group="tous"):
    return {"regle": (group, rule(conditions, *actions))}


NEVER, TERMS, INVOICED, LOOSER = (
    {"never": "accepted"},
    {"terms_at_most_days": 60},
    {"accepted_is_invoiced": True},
    {"not_looser_than": "tous"},
)
ALWAYS = {"always": ["held", "refused"]}
LONG = ("set_terms", {"days": 90})
WAIVE = ("waive_minimums", {"reason": "x"})

PROVEN = [
    asked(NEVER, when=below(200)),
    asked(ALWAYS, acceptance_mode="manual"),
    # What charges bring below zero is held, whatever a policy says.
    asked(NEVER, when={"all": [said("order_value", "less_than", 500), said("charges_value", "less_than", -500)]}),
    asked(INVOICED),
    asked(TERMS, invoicing_terms={"kind": "end_of_month", "days": 30}),
    asked(LOOSER, acceptance_minimum_items=30, chain=BARS, other=policy()),
    asked({"never": "held"}, rules_of({"all": [said("item_count", "greater_than", 0)]}, ("refuse", {"reason": "x"}))),
]
BROKEN_ONES = [
    (asked(NEVER, when=below(201)), Outcome.ACCEPTED),
    (
        asked(NEVER, when={"all": [said("order_value", "less_than", 501), said("charges_value", "less_than", -499)]}),
        Outcome.ACCEPTED,
    ),
    (asked(ALWAYS), Outcome.ACCEPTED),
    (asked(INVOICED, rules_of(below(500), WITHHOLD)), Outcome.ACCEPTED),
    (asked(TERMS, rules_of({"all": [said("is_first_order", "is_false")]}, LONG)), Outcome.ACCEPTED),
    (asked(TERMS, acceptance_mode="manual", invoicing_terms={"kind": "net", "days": 61}), Outcome.HELD),
    (asked(TERMS, invoicing_terms={"kind": "end_of_month", "days": 31}), Outcome.ACCEPTED),
    (asked(LOOSER, rules_of(HARD["all"][1], WAIVE, group="bars"), chain=BARS, other=policy()), Outcome.ACCEPTED),
    (asked({"never": "held"}, acceptance_minimum_items=None, acceptance_minimum_value=None), Outcome.HELD),
]
UNTOLD = [
    asked({"never": "refused"}, rules_of(HARD, ("refuse", {"reason": "x"}))),
    asked({"always": ["held", "accepted"]}, rules_of(HARD, ("refuse", {"reason": "x"}))),
    asked(INVOICED, rules_of(HARD, WITHHOLD)),
    asked(TERMS, rules_of(HARD, LONG)),
    asked(LOOSER, rules_of(HARD, WAIVE, group="bars"), chain=BARS, other=policy()),
]


@pytest.mark.parametrize("question", PROVEN)
def test_what_no_order_breaks_is_proved(question):
    proof = prove(question, INSTALLATION)
    assert (proof.result, proof.order) == (PROVED, None)


@pytest.mark.parametrize(("question", "outcome"), BROKEN_ONES)
def test_what_is_broken_is_shown_by_an_order_that_decide_answers_so(question, outcome):
    proof = prove(question, INSTALLATION)
    assert proof.result == BROKEN
    order = order_of(proof.order)
    told = decide(order, question.policy, accepted_at=order.placed_at, cycle=None, installation=INSTALLATION)
    assert told == proof.decision
    assert told.outcome is outcome


@pytest.mark.parametrize("question", UNTOLD)
def test_what_nobody_can_tell_is_unknown_and_names_the_condition(question):
    proof = prove(question, INSTALLATION)
    assert (proof.result, proof.order) == (UNKNOWN, None)
    assert r"\d" in proof.because.fr and "ÉTÉ" in proof.because.en


def test_every_kind_of_claim_is_proved_broken_and_unknown_here():
    for questions in (PROVEN, [question for question, _ in BROKEN_ONES], UNTOLD):
        assert {question.claim.kind for question in questions} == set(KINDS)


def test_the_order_that_is_shown_is_the_smallest_and_its_amounts_are_round():
    proof = prove(asked(NEVER, when={"all": [said("order_value", "greater_than", 2500)]}), INSTALLATION)
    assert proof.order["lines"] == [{"sku": "PRODUIT-1", "quantity": 24, "unit_price": "110.00"}]
    assert set(proof.order) == {"id", "placed_at", "currency", "buyer", "lines"}


def test_an_order_is_made_of_what_the_house_sells_where_the_question_leaves_it_open():
    conditions = {
        "all": [said("skus", "contains_all", ["IPA-24"]), said("skus", "shares_at_least_one_element_with", ["B", "C"])]
    }
    proof = prove(asked(NEVER, when=conditions), INSTALLATION, Stock(skus=("IPA-24", "PILS-12")))
    assert sorted(line["sku"] for line in proof.order["lines"]) in (["B", "IPA-24"], ["C", "IPA-24"])
    alone = prove(asked(NEVER), INSTALLATION, Stock(skus=("PILS-12",)))
    assert [line["sku"] for line in alone.order["lines"]] == ["PILS-12"]


def test_an_order_is_none_of_somebody_whose_groups_give_another_chain():
    when = {"any": [said("buyer_id", "equal_to", "risque-1"), said("buyer_id", "equal_to", "bar-7")]}
    kept = {"risque-1": ("risque",), "bar-7": ()}
    proof = prove(asked(NEVER, when=when), INSTALLATION, Stock(kept=kept))
    assert proof.order["buyer"]["id"] == "bar-7"
    only = prove(asked(NEVER, when=when["any"][0]), INSTALLATION, Stock(kept=kept))
    assert only.result == PROVED


def test_a_prover_that_differs_from_the_engine_is_an_error_that_proves_nothing(monkeypatch):
    question = asked({"never": "refused"})
    monkeypatch.setattr(Prover, "broken_by", lambda self, question: [self.symbols.true])
    with pytest.raises(Disagreement):
        prove(question, INSTALLATION)
    [proof] = answer_all([question], INSTALLATION, NO_STOCK)
    assert proof.result == UNKNOWN and "keeps never" in proof.fault and proof.order["lines"]


def test_the_same_question_has_the_same_answer():
    question = BROKEN_ONES[3][0]
    assert prove(question, INSTALLATION) == prove(question, INSTALLATION)


def test_where_no_province_may_be_taken_an_order_can_be_accepted_all_the_same():
    from msgspec.structs import replace

    proof = prove(asked(NEVER), replace(INSTALLATION, province=None))
    assert proof.result == BROKEN and proof.decision.outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(
    ("claim", "pointer"),
    [
        (7, ""),
        ({}, ""),
        ({"never": "accepted", "always": ["held"]}, ""),
        ({"sometimes": "accepted"}, ""),
        ({"never": "lost"}, "/never"),
        ({"always": []}, "/always"),
        ({"always": ["held", "refused", "accepted"]}, "/always"),
        ({"always": ["held", 7]}, "/always/1"),
        ({"accepted_is_invoiced": False}, "/accepted_is_invoiced"),
        ({"terms_at_most_days": True}, "/terms_at_most_days"),
        ({"terms_at_most_days": -1}, "/terms_at_most_days"),
        ({"not_looser_than": ""}, "/not_looser_than"),
    ],
)
def test_a_claim_that_says_nothing_is_refused_with_its_place(claim, pointer):
    with pytest.raises(Invalid) as invalid:
        read_claim(claim)
    assert [problem.pointer for problem in invalid.value.problems] == [pointer]


@pytest.mark.parametrize("document", [NEVER, ALWAYS, TERMS, INVOICED, LOOSER])
def test_a_claim_is_written_as_it_was_read_and_said_in_both_languages(document):
    claim = read_claim(document)
    assert claim_document(claim) == document
    assert claim_text(claim).fr != claim_text(claim).en


def test_a_limit_that_a_policy_gives_counts_for_who_has_none_of_their_own():
    """Nobody says a limit: the policy's own counts. Whoever has one of theirs is held by that one."""
    over = {"all": [said("credit_available", "less_than", 0)]}
    limited = {"acceptance_credit_limit": "500.00"}
    assert prove(asked(NEVER, when=over, **limited), INSTALLATION).result == PROVED
    above = {"all": [said("outstanding_balance", "greater_than", 600)]}
    shown = prove(asked(NEVER, when=above, **limited), INSTALLATION)
    assert shown.result == BROKEN and float(shown.order["buyer"]["credit_limit"]) > 600
    no_own = {"all": [said("credit_limit", "equal_to", 500), said("outstanding_balance", "greater_than", 450)]}
    below = prove(asked(NEVER, when=no_own, **limited), INSTALLATION)
    assert below.result == PROVED  # the minimum of an order is 200 $
    looser = asked(LOOSER, chain=BARS, other=policy(acceptance_credit_limit="400.00"), **limited)
    shown = prove(looser, INSTALLATION)
    assert shown.result == BROKEN and "credit_limit" not in shown.order["buyer"]

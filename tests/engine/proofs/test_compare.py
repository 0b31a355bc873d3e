"""Two policies over every order: the verdict and the pairs of outcomes that trying every kind of order gives, in words."""

import random

import pytest

from houblon.engine.core.order import order_of
from houblon.engine.decide.evaluate import decide, judge_of
from houblon.engine.decide.precedence import OUTCOMES, settled
from houblon.engine.policy.decision import Outcome
from houblon.engine.proofs.compare import difference
from houblon.engine.proofs.questions import EQUAL, LOOSER, MIXED, NO_STOCK, STRICTER, UNKNOWN, Stock
from tests.engine.policy.policies import INSTALLATION, policy, rule
from tests.engine.proofs import small
from tests.engine.proofs.test_claims import HARD
from tests.engine.proofs.test_enumeration import all_facts, small_policy

NET_45 = {"kind": "net", "days": 45}


def compared(before, after, stock=NO_STOCK):
    return difference(before, after, INSTALLATION, stock)


def sentences(before, after):
    return [(region.sentence.fr, region.sentence.en) for region in compared(before, after).regions]


def tried_pairs(before, after, orders):
    return {
        (settled(one.outcome, barred), settled(other.outcome, barred))
        for facts in orders
        for one, other in [(judge_of(before).verdict(facts), judge_of(after).verdict(facts))]
        for barred in (False, True)
        if settled(one.outcome, barred) is not settled(other.outcome, barred)
    }


def verdict_of(pairs):
    stricter = any(OUTCOMES.index(after) < OUTCOMES.index(before) for before, after in pairs)
    looser = any(OUTCOMES.index(after) > OUTCOMES.index(before) for before, after in pairs)
    return MIXED if stricter and looser else STRICTER if stricter else LOOSER if looser else EQUAL


@pytest.mark.parametrize("name", small.NAMES)
def test_the_verdict_and_the_regions_are_those_that_trying_every_order_finds(name):
    chance = random.Random(f"{name} compared")
    verdicts = set()
    for _ in range(6):
        before, after = small_policy(chance, name), small_policy(chance, name)
        found, pairs = compared(before, after), tried_pairs(before, after, all_facts(name))
        assert found.verdict == verdict_of(pairs)
        assert {(each.before, each.after) for each in found.regions} == pairs
        for each in found.regions:
            order = order_of(each.witness)
            told = [
                decide(order, side, accepted_at=order.placed_at, cycle=None, installation=INSTALLATION).outcome
                for side in (before, after)
            ]
            assert told == [each.before, each.after]
        verdicts.add(found.verdict)
    assert verdicts - {EQUAL}


def test_the_same_policy_is_equal_and_another_time_to_pay_changes_invoicing_alone():
    assert compared(policy(), policy()) == compared(policy(), policy(notifications_buyer=[]))
    assert (compared(policy(), policy()).verdict, compared(policy(), policy()).invoicing) == (EQUAL, False)
    longer = compared(policy(), policy(invoicing_terms=NET_45))
    assert (longer.verdict, longer.invoicing, longer.regions) == (EQUAL, True, ())
    assert compared(policy(), policy(invoicing_trigger="manual")).invoicing


def test_a_region_is_told_in_amounts_and_items():
    assert sentences(policy(), policy(acceptance_minimum_value="250")) == [
        (
            "Les commandes de 200\u00a0$ à 249,99\u00a0$, d’au moins 24\u00a0articles et dont « tous les produits sont "
            "disponibles » seraient en attente ; elles sont acceptées.",
            "Orders of $200 to $249.99, of at least 24 items and of which “every product is available” would be held; "
            "they are accepted.",
        )
    ]


def test_a_looser_policy_is_called_so_and_its_order_is_the_smallest():
    found = compared(policy(), policy(acceptance_minimum_items=None))
    assert found.verdict == LOOSER
    [region] = found.regions
    assert (region.before, region.after) == (Outcome.HELD, Outcome.ACCEPTED)
    assert [line["quantity"] for line in region.witness["lines"]] == [1]


def test_what_an_order_does_not_say_is_a_region_of_its_own():
    first = rule({"all": [{"name": "is_first_order", "operator": "is_true", "value": ""}]}, ("hold", {"reason": "x"}))
    said = sentences(policy(), policy({"premiere": ("tous", first)}))
    assert any("ne disent pas" in fr and "do not say" in en for fr, en in said)


def test_who_is_kept_in_a_group_beside_the_chain_makes_no_difference_to_it():
    somebody = {"name": "buyer_id", "operator": "equal_to", "value": "risque-1"}
    after = policy({"un": ("tous", rule({"all": [somebody]}, ("hold", {"reason": "x"})))})
    assert compared(policy(), after, Stock(kept={"risque-1": ("risque",)})).verdict == EQUAL
    assert compared(policy(), after, Stock(kept={"risque-1": ()})).verdict == STRICTER


def test_what_nobody_can_tell_is_never_called_equal():
    refuse = rule(HARD, ("refuse", {"reason": "x"}))
    assert compared(policy(), policy({"dur": ("tous", refuse)})).verdict == UNKNOWN

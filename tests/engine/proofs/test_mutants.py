"""Each way in which the formulas could be wrong, made on purpose: some comparison with the engine must notice it.

A mutant is named for what it gets wrong; the orders and policies that it meets are those of `test_logic` (each order asked of
both) and `test_enumeration` (each kind of order tried), and one of the two fails for every mutant.
"""

import random
from functools import cache, partial

import pytest
import z3

from houblon.engine.conditions.targets import logic
from houblon.engine.conditions.targets.logic import Kleene
from houblon.engine.core.numbers import Bounds
from houblon.engine.proofs import breaking, possible, search, verdict
from houblon.engine.proofs.prove import Disagreement
from houblon.engine.proofs.questions import BROKEN, PROVED
from tests.engine.oracle.generated import random_order, random_policy
from tests.engine.policy.policies import CHAIN, facts_of, policy, rule
from tests.engine.proofs import small
from tests.engine.proofs.test_enumeration import all_facts, is_broken_by_any, small_policy
from tests.engine.proofs.test_logic import agree, prover_of

# By fact, the operators of its kind, the small world whose orders are on all sides of each, and what it is compared with.
_NUMERIC = ("equal_to", "greater_than", "greater_than_or_equal_to", "less_than", "less_than_or_equal_to")
_SEVERAL = (
    "contains_all",
    "is_contained_by",
    "shares_at_least_one_element_with",
    "shares_exactly_one_element_with",
    "shares_no_elements_with",
)
_TEXT = ("equal_to", "equal_to_case_insensitive", "starts_with", "ends_with", "contains", "non_empty")
OF_ONE = {
    "order_value": (_NUMERIC, "amounts", 2),
    "skus": (_SEVERAL, "things", ["A", "b"]),
    "is_first_order": (("is_true", "is_false"), "people", ""),
    "province": (("contains", "does_not_contain"), "people", "QC"),
    "note": (_TEXT, "texts", "ab"),
}
NO_MINIMUMS = {"acceptance_minimum_items": None, "acceptance_minimum_value": None}
MOST = 16  # policies that a mutant may survive, of each sort


@cache
def alone(operator, fact):
    """A policy of one comparison, with orders on all sides of it."""
    _, name, value = OF_ONE[fact]
    every = all_facts(name)
    test = _is(fact, operator, "" if operator == "non_empty" else value)
    rules = {"regle": ("tous", rule(test, ("hold", {"reason": "x"})))}
    return policy(rules, CHAIN, **NO_MINIMUMS), [*every[:: max(1, len(every) // 10)], every[-1]]


@cache
def generated():
    """A policy of groups and terms, then generated ones with a few orders."""
    everything = _is("item_count", "greater_than", 0)
    said = {
        "risque": ("tous", rule(_is("buyer_groups", "contains_all", ["RISQUE"]), ("hold", {"reason": "x"}))),
        "court": ("bars", rule(everything, ("set_terms", {"days": 10}))),
        "long": ("bars", rule(everything, ("set_terms", {"days": 60}))),
    }
    found = [(policy(said, CHAIN, **NO_MINIMUMS), all_facts("amounts")[:1])]
    for seed in range(MOST):
        chance = random.Random(seed)
        found.append((random_policy(chance), [facts_of(random_order(chance, chance.random() < 0.5)) for _ in range(6)]))
    return found


def _is(name, operator, value=""):
    return {"name": name, "operator": operator, "value": value}


# What no order answers, by the mutant that lets it through; first the world in which all of its comparisons are tried.
IMPOSSIBLE = {
    "fewer items than lines": (
        "amounts",
        _is("line_count", "greater_than", 1),
        _is("item_count", "less_than", 2),
    ),
    "lines come to any amount": (
        "largest",
        _is("order_value", "greater_than", 2),
        _is("largest_line_value", "less_than", 1),
        _is("line_count", "less_than", 3),
    ),
    "two provinces at once": ("people", _is("province", "contains", "QC"), _is("province", "contains", "US-NY")),
    "a province of any country": ("people", _is("province", "contains", "QC"), _is("country", "contains", "US")),
    "credit is not counted": (
        "credit",
        _is("credit_limit", "less_than", 2),
        _is("credit_available", "greater_than", 2),
        _is("outstanding_balance", "greater_than", 0),
        _is("order_value", "greater_than", 0),
    ),
    "more kinds of things than lines": (
        "things",
        _is("skus", "contains_all", ["a", "b"]),
        _is("line_count", "less_than", 2),
    ),
    "lines without a thing": ("things", _is("skus", "is_contained_by", [])),
    "a delivery has no days": (
        "moments",
        _is("has_planned_delivery", "is_false"),
        _is("lead_days", "greater_than_or_equal_to", 3),
    ),
    "texts that contradict each other": ("texts", _is("note", "starts_with", "ab"), _is("note", "equal_to", "a")),
}


@cache
def small_ones():
    """Small policies, and the world in which each is tried; by name those that refuse what no order answers."""
    found = {}
    for mutant, (name, *tests) in IMPOSSIBLE.items():
        rules = {"refus": ("tous", rule({"all": tests}, ("refuse", {"reason": "x"})))}
        found[mutant] = policy(rules, CHAIN, **NO_MINIMUMS), name
    # Of these, only what is barred is held.
    odd = {"any": [_is("all_available", "is_false"), _is("order_value", "less_than", 0)]}
    refuse = {"refus": ("tous", rule(odd, ("refuse", {"reason": "x"})))}
    found["nothing bars an order"] = policy(refuse, CHAIN, **NO_MINIMUMS), "amounts"
    return found | {name: (small_policy(random.Random(f"{name} 0"), name), name) for name in small.NAMES}


@cache
def tried(small_one):
    """A small policy, and for each claim whether some order of all kinds breaks it."""
    asked, name = small_ones()[small_one]
    return asked, [is_broken_by_any(each.claim, asked, all_facts(name)) for each in prover_of(asked).questions]


def each_order_asked(first=None):
    """The orders of each policy, those of one comparison `first`: what is wrong with it is noticed there."""
    ones = [(operator, fact) for fact, (operators, *_) in OF_ONE.items() for operator in operators]
    policies = [*generated(), *(alone(*one) for one in ones)]
    for asked, orders in [alone(*first), *policies] if first else policies:
        prover = prover_of(asked)
        for facts in orders:
            agree(prover, facts)


def each_kind_tried(first=None):
    """Every kind of order tried on each small policy, the one that is named `first` before the others."""
    for each in sorted(small_ones(), key=lambda name: name != first):
        asked, expected = tried(each)
        results = [proof.result for proof in prover_of(asked).answers()]
        assert results == [BROKEN if broken else PROVED for broken in expected]


def survives(first=each_order_asked, then=each_kind_tried):
    """Whether nobody notices that the prover is as it is now."""
    try:
        first()
        then()
    except (AssertionError, ArithmeticError, Disagreement, z3.Z3Exception):
        return False
    return True


def bounds_moved(low=0, high=0, drop=""):
    def moved(within, scale):
        found = _BOUNDS(within, scale)
        low_end = None if found.low is None or drop == "low" else found.low + low
        high_end = None if found.high is None or drop == "high" else found.high + high
        return Bounds(low_end, high_end)

    return moved


def taken_for(of, other):
    """A numeric operator taken for another."""
    return lambda operator, value: _INTERVAL(other if operator == of else operator, value)


def read_as(kind, operator, other):
    """An operator of a kind taken for another, or for its contrary."""

    def test(symbols, comparison):
        if comparison.operator != operator:
            return _TESTS[kind](symbols, comparison)
        if other is None:
            return logic.negated(symbols, _TESTS[kind](symbols, comparison))
        return _TESTS[kind](symbols, logic.Comparison(comparison.name, comparison.kind, other, comparison.value))

    return {**_TESTS, kind: test}


def kleene(of):
    """The reading of a condition, with what it says changed by `of(condition, symbols, said)`."""

    def formula(condition, symbols, groups=()):
        return of(condition, symbols, _FORMULA(condition, symbols, groups))

    return formula


def forgetting_that_it_is_known(condition, symbols, said):
    return Kleene(symbols.test(condition), said.possible) if _may_lack(condition) else said


def forgetting_that_it_may_be_unknown(condition, symbols, said):
    return Kleene(said.holds, said.holds)


def taking_unknown_for_true(condition, symbols, said):
    return Kleene(said.possible, said.possible)


def _may_lack(condition):
    return isinstance(condition, logic.Comparison) and not logic.FACTS[condition.name].known


def without(word):
    """The facts of orders, without what is said of one of them."""

    def let_through(symbols):
        return [each for each in _POSSIBLE(symbols) if word not in str(each)]

    return let_through


def judging(**methods):
    return [(verdict._Judging, name, method) for name, method in methods.items()]


def no(self, *_):
    return self.symbols.false


_BOUNDS, _INTERVAL, _TESTS, _FORMULA, _POSSIBLE = (
    logic.whole_bounds,
    logic.interval,
    dict(logic._TESTS),
    logic.formula,
    possible.possible,
)
_JUDGING = verdict._Judging


def _acting(rank_waived=True, unsure=True):
    def acting(self, rank):
        certain, doubtful = _JUDGING_ACTING(self, rank)
        if not rank_waived and rank.waived_by:
            certain = self.any(self.fired, self.doing(rank.effect))
        if not unsure and rank.waived_by:
            doubtful = self.any(self.unknown, [r for r in self.doing(rank.effect) if r.id not in verdict.WAIVABLE])
        return certain, doubtful

    return acting


_JUDGING_ACTING, _JUDGING_TERMS, _JUDGING_BARRED = _JUDGING.acting, _JUDGING.terms, _JUDGING.barred


def _shortest_last(self, policy):
    """Terms, the longest of a group's first."""
    claim = verdict.claim_of
    verdict.claim_of = lambda rule, chain: (found := claim(rule, chain)) and (found[0], -found[1])
    try:
        terms, doubt = _JUDGING_TERMS(self, policy)
    finally:
        verdict.claim_of = claim
    return tuple((verdict.Terms(each.kind, abs(each.days), each.label), holds) for each, holds in terms), doubt


# A fact, one of its operators, and which other one it is taken for: None for its own contrary.
OPERATORS = [
    (fact, operator, other)
    for fact, (operators, *_) in OF_ONE.items()
    for operator in operators
    for other in {"order_value": operators, "skus": (None, *operators)}.get(fact, (None,))
    if operator != other
]
MUTANTS = {
    "a low bound is one more": [(logic, "whole_bounds", bounds_moved(low=1))],
    "a low bound is one less": [(logic, "whole_bounds", bounds_moved(low=-1))],
    "a high bound is one more": [(logic, "whole_bounds", bounds_moved(high=1))],
    "a high bound is one less": [(logic, "whole_bounds", bounds_moved(high=-1))],
    "no low bound": [(logic, "whole_bounds", bounds_moved(drop="low"))],
    "no high bound": [(logic, "whole_bounds", bounds_moved(drop="high"))],
    "money counts in dollars": [(logic, "whole_bounds", lambda within, scale: _BOUNDS(within, 1))],
    "a fact that is missing may satisfy": [(logic, "formula", kleene(forgetting_that_it_is_known))],
    "a fact is never missing": [
        (logic, "formula", kleene(forgetting_that_it_may_be_unknown)),
        (verdict, "formula", kleene(forgetting_that_it_may_be_unknown)),
    ],
    "what is unknown holds": [(verdict, "formula", kleene(taking_unknown_for_true))],
    "all is any": [(logic, "all_of", logic.any_of)],
    "any is all": [(logic, "any_of", logic.all_of)],
    "groups of the chain are never there": [(logic, "shares", lambda comparison, values: _SHARES(comparison, ()))],
    "minimums are never waived": judging(acting=_acting(rank_waived=False)),
    "an unknown waiver is of no account": judging(acting=_acting(unsure=False)),
    "no unknown rule is of any account": judging(others=no, differing=no),
    "unknown terms are of no account": judging(differing=no),
    "the longest terms of a group win": judging(terms=_shortest_last),
    "nothing bars an order": judging(barred=lambda self, judged, barred: judged),
    "the credit that a policy gives is of no account": [(verdict, "credit_limit_of", lambda policy: None)],
    "refuse comes last": [(verdict, "BY_RULES", tuple(reversed(verdict.BY_RULES)))],
    "hold comes before refuse": [
        (verdict, "BY_RULES", (verdict.BY_RULES[1], verdict.BY_RULES[0], *verdict.BY_RULES[2:]))
    ],
    "what nothing accepts is accepted": [(verdict, "OTHERWISE", verdict.Outcome.ACCEPTED)],
    "what is in doubt is refused": [(verdict, "IN_DOUBT", verdict.Outcome.REFUSED)],
    "terms are a day too long": [(breaking, "is_longer", lambda terms, days: _LONGER(terms, days + 16))],
    "credit is not counted": [(search, "possible", without("credit_available =="))],
    "a delivery has no days": [(search, "possible", without("lead_days known"))],
    "lines come to any amount": [(search, "possible", without("largest_line_value"))],
    "more kinds of things than lines": [(search, "possible", without("If("))],
    "lines without a thing": [(search, "possible", without("skus other"))],
    "two provinces at once": [(search, "possible", without("AtMost"))],
    "a province of any country": [(search, "possible", without("province="))],
    "fewer items than lines": [(search, "possible", without("item_count >= line_count"))],
    "texts that contradict each other": [(search, "find_text", lambda fact, literals: "")],
}
_SHARES, _LONGER = logic.shares, breaking.is_longer


def test_what_is_right_is_noticed_by_nobody():
    assert survives()


@pytest.mark.parametrize(("fact", "operator", "other"), OPERATORS)
def test_an_operator_that_is_taken_for_another_is_noticed(fact, operator, other, monkeypatch):
    if logic.FACTS[fact].kind is logic.Kind.NUMERIC:
        monkeypatch.setattr(logic, "interval", taken_for(operator, other))
    else:
        monkeypatch.setattr(logic, "_TESTS", read_as(logic.FACTS[fact].kind, operator, other))
    assert not survives(partial(each_order_asked, (operator, fact)))


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_noticed(name, monkeypatch):
    for module, attribute, wrong in MUTANTS[name]:
        monkeypatch.setattr(module, attribute, wrong)
    # What lets through orders that can't be, or says something else of a claim, is noticed where all kinds were tried.
    if name in small_ones() or MUTANTS[name][0][0] is breaking:
        assert not survives(partial(each_kind_tried, name), each_order_asked)
    else:
        assert not survives()

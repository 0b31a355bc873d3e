"""What most orders meet is asked first, and the rest of those only that are left."""

import random

import msgspec
import pytest

from houblon.engine.conditions.parsing import parse_conditions
from houblon.engine.core.order import read_facts
from houblon.engine.policy.policy import VOCABULARY
from houblon.simulation.compare.selectivity import decide_few, in_turn
from tests.engine.oracle.generated import random_order
from tests.engine.policy.policies import ZONE


def condition(*leaves):
    written = {"any": [dict(zip(("name", "operator", "value"), leaf, strict=True)) for leaf in leaves]}
    return parse_conditions(written, VOCABULARY)


@pytest.fixture(scope="module")
def sample():
    chance = random.Random(3)
    return [read_facts(random_order(chance, complete=True), (), ZONE) for _ in range(60)]


RARE = ("note", "contains", "jamais"), ("order_value", "greater_than", 9_000_000)
COMMON = ("item_count", "greater_than", 0)


def test_what_most_orders_meet_is_asked_first(sample):
    first, rest = in_turn(condition(*RARE, COMMON), sample)
    assert first == condition(COMMON)
    assert set(rest.members) == set(condition(*RARE).members)


def test_nothing_is_parted_where_it_settles_few_orders_or_spares_nothing(sample):
    for leaves in (RARE, (COMMON, RARE[1])):
        assert in_turn(condition(*leaves), sample) == [condition(*leaves)]
    assert in_turn(condition(*RARE, COMMON), []) == [condition(*RARE, COMMON)]


def test_what_is_unknown_counts_as_met(sample):
    unsaid = [msgspec.structs.replace(facts, lead_days=None) for facts in sample]
    unknown = ("lead_days", "greater_than", 3)
    assert in_turn(condition(*RARE, unknown), unsaid)[0] == condition(unknown)


def test_what_few_orders_meet_is_not_worth_a_question_of_its_own(sample):
    assert decide_few(condition(*RARE).members, sample)
    assert not decide_few(condition(*RARE, COMMON).members, sample)
    assert not decide_few([], sample) and not decide_few(condition(*RARE).members, [])

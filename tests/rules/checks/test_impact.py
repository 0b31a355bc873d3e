"""How far a statement reaches: who follows it, whom another one shields, and where two groups share buyers."""

import pytest

from houblon.rules.checks.impact import Impact, ImpactCount, impact, impact_count
from houblon.rules.checks.overlap import Overlap, overlaps
from houblon.rules.model.changes import Change
from houblon.rules.store.documents import open_store
from tests.rules.documents import content, group, hold, published, tous

ITEMS, GROS = "acceptance.minimum_items", "rules/gros"
# Bars rank above grocers, and VIP above both.
MEMBERSHIPS = {"b-1": ("bars",), "b-2": ("bars", "vip"), "b-3": ("epiceries", "bars"), "b-4": ("vip",)}


@pytest.fixture
def there(tmp_path):
    store = open_store(tmp_path)
    published(
        store,
        tous({"gros": hold("large")}, acceptance_minimum_items=24),
        group("epiceries", 5, {"gros": None}, acceptance_minimum_items=36),
        group("bars", 6, {"gros": hold("larger", over=500)}, acceptance_minimum_items=12),
        group("vip", 9, acceptance_minimum_items=None),
    )
    return content(store)


def test_a_change_of_tous_reaches_the_groups_that_do_not_state_it_themselves(there):
    def change(kind, id, path):
        return Change(kind, id, path, 1, 2)

    changes = [
        change("group", "tous", ITEMS),
        change("group", "tous", GROS),
        change("group", "tous", "invoicing.terms"),
        change("group", "tous", "name"),  # nobody inherits a name
        change("group", "bars", ITEMS),
        change("cycle", "tous", "rrule"),
        change("group", "tous", ""),
    ]
    assert impact(changes, there) == (
        Impact(ITEMS, (), ("vip", "bars", "epiceries")),
        Impact(GROS, ("vip",), ("bars", "epiceries")),
        Impact("invoicing.terms", ("vip", "bars", "epiceries"), ()),
    )


@pytest.mark.parametrize(
    ("group", "path", "reached"),
    [
        ("bars", ITEMS, ImpactCount(2, 1)),  # VIP says none, which is a word of its own
        ("bars", GROS, ImpactCount(3, 0)),
        ("epiceries", ITEMS, ImpactCount(0, 1)),
        ("vip", ITEMS, ImpactCount(2, 0)),
        ("tous", ITEMS, ImpactCount(100, 4)),
        ("tous", GROS, ImpactCount(101, 3)),
        ("tous", "invoicing.terms", ImpactCount(104, 0)),
    ],
)
def test_a_statement_speaks_to_the_retailers_whom_no_higher_rank_tells_otherwise(there, group, path, reached):
    assert impact_count(there, group, path, MEMBERSHIPS, others=100) == reached


def test_groups_that_share_buyers_are_told_with_what_they_say_differently(there):
    assert overlaps(there, "bars", MEMBERSHIPS) == (
        Overlap("vip", 1, False, (ITEMS,)),
        Overlap("epiceries", 1, True, (ITEMS, GROS)),
    )
    assert overlaps(there, "vip", {"b-1": ("vip", "tous", "gone"), "b-2": ("vip", "vip")}) == ()


def test_the_same_rule_in_two_groups_is_no_difference(tmp_path):
    store = open_store(tmp_path)
    published(store, tous(), group("a", 1, {"gros": hold("x")}), group("b", 2, {"gros": hold("x")}))
    assert overlaps(content(store), "a", {"r": ("a", "b")}) == (Overlap("b", 1, False, ()),)

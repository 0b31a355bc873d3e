"""What a version must pass before it is published: scenarios, the reference, and what is only warned of."""

from datetime import timedelta

import msgspec
import pytest

from houblon.engine.core.problem import Invalid
from houblon.engine.decide.evaluate import Installation
from houblon.engine.oracle.reference import Difference
from houblon.rules.checks import checks
from houblon.rules.checks.checks import CheckContext, Touched, reference_faults, scenario_faults
from houblon.rules.checks.lint import warnings
from houblon.rules.model.inherit import resolve
from houblon.rules.model.statements import Edit
from houblon.rules.publishing.publish import publish
from houblon.rules.store.documents import open_store
from tests.clock import START
from tests.engine.policy.policies import ZONE
from tests.rules.documents import TRANSBROUE, content, edits, faults, group, hold, published, tous

ORDER = {
    "id": "PO-1",
    "placed_at": "2021-05-12T09:30:00-04:00",
    "buyer": {"id": "depanneur-42"},
    "distributor": "transbroue",
    "lines": [{"sku": "IPA-24", "quantity": 24, "unit_price": "54.00"}],
}
OTHER_TERMS = {"kind": "other", "label": {"fr": "Consigne", "en": "Consignment"}}


def scenario(id="depanneur", order=None, **expect):
    return Edit("scenario", id, {"id": id, "name": f"Cas {id}", "order": {**ORDER, **(order or {})}, "expect": expect})


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path)
    automatic = tous(
        acceptance_mode="automatic",
        acceptance_minimum_items=24,
        invoicing_trigger="on_acceptance",
    )
    publish(
        store,
        [*edits(automatic), Edit("cycle", "transbroue", TRANSBROUE)],
        author="anne",
        note="",
        at=START,
    )
    return store


def put(store, *changes, **options):
    return publish(store, changes, author="anne", note="", at=START + timedelta(days=1), **options)


def refused(store, *changes, **options):
    versions = store.versions()
    with pytest.raises(Invalid) as invalid:
        put(store, *changes, **options)
    assert store.versions() == versions
    return faults(invalid.value)


def test_a_scenario_that_gets_its_decision_is_published_with_the_rest(store):
    put(store, scenario(outcome="accepted", reasons=["automatic"], due_date="2021-06-19"))
    assert set(content(store).scenarios) == {"depanneur"}


@pytest.mark.parametrize(
    "expect",
    [{"outcome": "held"}, {"outcome": "accepted", "reasons": ["manual"]}, {"outcome": "accepted", "due_date": None}],
)
def test_a_scenario_that_does_not_get_its_decision_refuses_the_version(store, expect):
    assert refused(store, scenario(**expect)) == {("scenario", "/scenarios/depanneur")}


def test_a_change_that_breaks_a_kept_scenario_is_refused_with_what_was_expected_and_found(store):
    put(store, scenario(outcome="accepted"))
    with pytest.raises(Invalid) as invalid:
        put(store, *edits(tous(acceptance_mode="automatic", acceptance_minimum_items=25)))
    (problem,) = invalid.value.problems
    assert problem.pointer == "/scenarios/depanneur"
    assert problem.message.en == "The scenario “Cas depanneur” expects: accepted. It gets: held."


def test_a_scenario_counts_the_groups_that_its_buyer_is_kept_in(store):
    put(store, *edits(group("risque", 9, acceptance_mode="manual")))
    members = CheckContext(Installation(ZONE), {"depanneur-42": ("risque",)})
    assert refused(store, scenario(outcome="accepted"), check_context=members) == {("scenario", "/scenarios/depanneur")}
    put(store, scenario(outcome="held", reasons=["manual"]), check_context=members)


@pytest.mark.parametrize(
    "touched, bears",
    [
        (Touched(cycles=frozenset({"transbroue"})), True),
        (Touched(groups=frozenset({"bars"})), True),
        (Touched(cycles=frozenset({"distribiere"})), False),
        (Touched(groups=frozenset({"vip"})), False),
    ],
)
def test_a_change_bears_on_a_scenario_however_its_order_writes_the_names_of_distributor_and_groups(
    store, touched, bears
):
    put(store, *edits(group("bars", 9), group("vip", 10)))
    order = {"distributor": "TransBroue", "buyer": {"id": "depanneur-42", "groups": ["Bars"]}}
    put(store, scenario(order=order, outcome="accepted", due_date="2021-06-19"))
    held = {**content(store).scenarios["depanneur"], "expect": {"outcome": "held"}}
    broken = msgspec.structs.replace(content(store), scenarios={"depanneur": held})
    assert bool(list(scenario_faults(broken, CheckContext(Installation(ZONE)), touched))) == bears


@pytest.mark.parametrize("written", ["transbroue", "TransBroue"])
def test_a_change_of_the_cycle_is_refused_where_a_scenario_does_not_get_its_due_date_any_more(store, written):
    put(store, scenario(order={"distributor": written}, outcome="accepted", due_date="2021-06-19"))
    later = Edit("cycle", "transbroue", {**TRANSBROUE, "dtstart": "2021-05-13"})
    assert refused(store, later) == {("scenario", "/scenarios/depanneur")}


def test_other_terms_and_automatic_invoicing_may_not_meet_in_a_buyer_of_two_groups(store):
    consigned = [
        group("consigne", 5, invoicing_terms=OTHER_TERMS, invoicing_trigger="manual"),
        group("vip", 6, invoicing_trigger="on_acceptance"),
    ]
    both = CheckContext(Installation(ZONE), {"b-1": ("consigne", "vip"), "b-2": ("vip",)})
    assert refused(store, *edits(*consigned), check_context=both) == {
        ("terms_without_due_date", "/groups/vip/settings/invoicing.terms")
    }
    put(store, *edits(*consigned))


def test_a_compiled_policy_that_differs_from_the_reference_is_not_published(store, monkeypatch):
    ordinary = next(iter(checks.difference.__globals__["boundary_facts"]([])))
    monkeypatch.setattr(checks, "difference", lambda policy, judge=None: Difference(ordinary, ("gros",)))
    assert ("reference", "/groups/bars") in refused(store, *edits(group("bars", 5, {"gros": hold("x")})))


def test_past_sixty_policies_every_rule_of_the_groups_that_changed_is_still_compared_once(store, monkeypatch):
    groups = [group(f"g-{n:03}", n + 1, {"gros": hold("x", over=n)}) for n in range(100)]
    put(store, *edits(*groups))
    seen = []

    def compare(policy, judge=None):
        seen.append(policy)

    monkeypatch.setattr(checks, "difference", compare)
    policies = [resolve(content(store), (each["id"], "tous")) for each in groups]
    changed = {each["id"] for each in groups[:80]}
    assert list(reference_faults(policies, changed)) == []
    whole, packed = seen[:60], seen[60:]
    assert [policy.chain[0] for policy in whole] == [each["id"] for each in groups[:60]]
    thresholds = {rule.condition.members[0].value for policy in packed for rule in policy.rules if rule.id == "gros"}
    assert thresholds == set(range(60, 80))


def test_a_difference_that_only_a_rule_beyond_the_sixtieth_policy_has_is_told(store, monkeypatch):
    put(store, *edits(*(group(f"g-{n:03}", n + 1, {"gros": hold("x", over=n)}) for n in range(61))))
    ordinary = next(iter(checks.difference.__globals__["boundary_facts"]([])))
    monkeypatch.setattr(checks, "difference", lambda _, judge=None: judge and Difference(ordinary, ("gros",)))
    policies = [resolve(content(store), (f"g-{n:03}", "tous")) for n in range(61)]
    (found,) = reference_faults(policies, {"g-060"})
    assert (found.code, found.pointer) == ("reference", "/groups/tous") and "(gros)" in found.message.en


def test_a_name_that_is_taken_is_told_before_a_group_is_made(store):
    put(store, *edits(group("bars", 5)))
    checks.check_names(content(store), "Groupe cafés")
    for name, other in (("groupe  BARS", "Groupe bars"), ("Tоus", "Tous")):  # that one with a Cyrillic letter
        with pytest.raises(Invalid) as taken:
            checks.check_names(content(store), name)
        assert faults(taken.value) == {("name_taken", "/name")} and f"“{other}”" in str(taken.value)


def test_overrides_that_deserve_a_second_look_are_told_and_never_refused(store):
    put(
        store,
        *edits(
            group("meme", 5, acceptance_minimum_items=24),
            group("propre", 6, {"seul": hold("y")}, acceptance_minimum_items=12),
            group("risque", 7, acceptance_mode="manual", acceptance_minimum_value="100.00"),
        ),
    )
    assert {(each.code, each.pointer) for each in warnings(content(store))} == {
        ("equal_to_base", "/groups/meme/settings/acceptance.minimum_items"),
        ("minimum_under_manual", "/groups/risque/settings/acceptance.minimum_value"),
    }
    put(store, *edits(tous(acceptance_mode="automatic", acceptance_minimum_items=36)))
    assert {(each.code, each.pointer) for each in warnings(content(store), ["propre", "meme", "parti"])} == {
        ("stale", "/groups/propre/settings/acceptance.minimum_items"),
        ("stale", "/groups/meme/settings/acceptance.minimum_items"),
    }


def test_a_rule_that_repeats_the_one_of_tous_is_told(store):
    put(
        store,
        *edits(tous({"gros": hold("x")}, acceptance_mode="automatic"), group("bars", 5, {"gros": hold("x")})),
    )
    assert [(each.code, each.pointer) for each in warnings(content(store))] == [
        ("equal_to_base", "/groups/bars/rules/gros")
    ]


def test_published_still_checks_names(store):
    published(store, group("bars", 9))
    assert refused(store, *edits({**group("faux", 7), "name": "Groupe BARS"})) == {("name_taken", "/groups/faux/name")}

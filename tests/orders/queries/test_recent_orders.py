"""The last orders, tried again: whom a rule concerns, and what a draft changes."""

from dataclasses import replace

import pytest

from houblon.engine.decide.evaluate import Installation
from houblon.engine.policy.decision import Outcome, Provenance
from houblon.engine.policy.policy import rule_of
from houblon.orders.queries.recent_orders import Recent, concern, decide_all, near_misses, shift
from tests.clock import MONTREAL
from tests.orders.services import group, join, make_services, order_body, publish_groups, send, tous

LARGE = {
    "label": {"fr": "Gros", "en": "Large"},
    "conditions": {"all": [{"name": "order_value", "operator": "greater_than", "value": 1300}]},
    "actions": [{"name": "hold", "params": {"reason": "large"}}],
}
LATE = {
    "label": {"fr": "Retard", "en": "Late"},
    "conditions": {"all": [{"name": "days_overdue", "operator": "greater_than", "value": 0}]},
    "actions": [{"name": "hold", "params": {"reason": "late"}}],
}


@pytest.fixture
def services(tmp_path):
    services = make_services(tmp_path, tous(), group("bars", 30), group("vip", 40, {"gros": None}))
    for number, items in enumerate((24, 25, 23, 12), 1):
        send(services, order_body(f"PO-{number}", items=items, buyer={"id": f"b-{number}", "days_overdue": None}))
    yield services
    services.ledger.close()


def content(services):
    return services.policies.store.content(services.policies.store.newest().number)


def recalled(services, recent=None):
    with services.ledger.reading() as connection:
        return (recent or Recent()).recall(connection, content(services), services.installation)


def concerned(services, document, group="tous", rule="gros"):
    condition = rule_of(rule, document, Provenance(group, 0)).condition
    return concern(recalled(services), condition, content(services), group, rule)


def test_a_rule_concerns_the_orders_for_which_its_condition_holds(services):
    found = concerned(services, LARGE)
    assert (found.total, found.reached, len(found.holds), found.unknown) == (4, 4, 1, 0)


def test_what_an_order_does_not_say_is_told_apart(services):
    found = concerned(services, LATE, rule="retard")
    assert (found.holds, found.unknown) == ((), 4)


def test_a_group_s_rule_reaches_its_own_buyers_and_no_one_whom_a_higher_rank_shields(services):
    join(services, "b-1", "bars")
    join(services, "b-2", "bars", "vip")
    assert concerned(services, LARGE, "bars").reached == 1
    assert concerned(services, LARGE, "tous").reached == 3
    assert concerned(services, LARGE, "bars", "autre").reached == 2


def test_memberships_that_a_draft_brings_count_in_place_of_those_kept(services):
    join(services, "b-1", "bars")
    with services.ledger.reading() as connection:
        past = Recent().recall(connection, content(services), services.installation, {"b-1": (), "b-2": ("vip",)})
    assert {each.order.buyer.id: each.chain for each in past if each.chain != ("tous",)} == {"b-2": ("vip", "tous")}


def test_an_order_is_decoded_once_and_again_when_it_changes(services):
    recent = Recent()
    first, second = recalled(services, recent), recalled(services, recent)
    assert all(old.order is new.order and old.facts is new.facts for old, new in zip(first, second, strict=True))
    send(services, order_body("PO-4", items=13, buyer={"id": "b-4", "days_overdue": None}))
    third = recalled(services, recent)
    assert third[0].facts.item_count == 13
    assert third[1].order is first[1].order


def test_only_so_many_orders_are_remembered(services):
    recent = Recent(last=2)
    assert [each.order.id for each in recalled(services, recent)] == ["PO-4", "PO-3"]
    send(services, order_body("PO-5"))
    assert [each.order.id for each in recalled(services, recent)] == ["PO-5", "PO-4"]
    assert len(recent._orders) == 2


def test_a_draft_s_shift_names_the_orders_that_it_flips(services):
    before, past = content(services), recalled(services)
    publish_groups(services.policies.store, tous(acceptance_minimum_items=25))
    found = shift(
        decide_all(past, before, services.installation), decide_all(past, content(services), services.installation)
    )
    assert [(each.order_id, each.before, each.after) for each in found.changed] == [
        ("PO-1", Outcome.ACCEPTED, Outcome.HELD)
    ]
    assert found.gained == {Outcome.ACCEPTED: -1, Outcome.HELD: 1, Outcome.REFUSED: 0}
    assert found.reinvoiced == 0


def test_other_terms_change_how_orders_are_invoiced_not_what_is_decided(services):
    before, past = content(services), recalled(services)
    publish_groups(services.policies.store, tous(invoicing_terms={"kind": "net", "days": 15}))
    found = shift(
        decide_all(past, before, services.installation), decide_all(past, content(services), services.installation)
    )
    assert (found.changed, found.reinvoiced) == ((), 2)


def test_the_verdict_is_that_of_the_stored_decision(services):
    found = {
        each.past.order.id: each.outcome.value
        for each in decide_all(recalled(services), content(services), services.installation)
    }
    assert found == {"PO-1": "accepted", "PO-2": "accepted", "PO-3": "held", "PO-4": "held"}
    other = Installation(services.installation.zone, "USD")
    send(services, order_body("PO-6", currency="CAD"))
    assert decide_all(recalled(services), content(services), other)[0].outcome is Outcome.HELD


def test_a_near_miss_lacks_little_of_one_minimum(services):
    (near,) = near_misses(decide_all(recalled(services), content(services), services.installation))
    assert (near.path, near.orders, near.most) == ("acceptance.minimum_items", 1, 1)


def test_an_order_without_a_province_is_tried_in_the_one_its_buyer_is_kept_in(services):
    services = replace(services, installation=Installation(MONTREAL, province=None))
    send(services, order_body("PO-5", buyer={"id": "b-5", "province": "ON", "days_overdue": None}))
    decided = [
        send(services, order_body(id, buyer={"id": buyer, "province": None, "days_overdue": None})).document["outcome"]
        for id, buyer in (("PO-6", "b-5"), ("PO-7", "b-7"))
    ]
    found = decide_all(recalled(services), content(services), services.installation)[:2]
    assert [each.outcome.value for each in reversed(found)] == decided == ["accepted", "held"]


def test_what_an_order_contradicts_is_counted_once_for_a_province(services):
    send(services, order_body("PO-5", buyer={"id": "b-5"}, stated_total={"amount": "1.00"}))
    recent = Recent()
    first, again = (recalled(services, recent)[0].contradictions for _ in range(2))
    assert first is again and [reason.code for reason in first] == ["total_differs"]
    send(services, order_body("PO-6", buyer={"id": "b-5", "province": "ON"}))
    moved = recalled(services, recent)[1].contradictions
    assert moved is not first and [reason.code for reason in moved] == ["total_differs"]

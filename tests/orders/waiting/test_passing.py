"""What a publication would let pass, told before it is made, is what it then lets pass."""

import msgspec

from houblon.orders.db import tables
from houblon.orders.handling import review, undo
from houblon.orders.records.redecisions import PUBLICATION, decide_all_again
from houblon.orders.waiting import passing as passing_module
from houblon.orders.waiting.passing import passing
from houblon.orders.waiting.work import decide_due
from houblon.rules.model.statements import Edit
from houblon.rules.publishing.drafts import begin, preview
from houblon.rules.publishing.publish import publish_proposal
from tests.orders.services import join, later, make_services, order_body, publish_groups, rows, send, tous


def foretold(services, content, **delta):
    with services.ledger.reading() as connection:
        return passing(connection, services, content, later(**(delta or {"hours": 2})))


def test_what_a_draft_would_let_pass_passes_once_it_is_published(services):
    join(services, "risque", "payeurs-a-risque")
    for number, (items, buyer) in enumerate(((12, "a"), (3, "b"), (8, "c"), (12, "risque"))):
        send(services, order_body(f"PO-{number}", items=items, buyer={"id": buyer}))
    edits = [Edit("group", "tous", tous(acceptance_minimum_items=6))]
    draft = begin(services.policies.store, "Moins", by="anne", at=later(hours=1), edits=edits)
    store = services.policies.store
    content = preview(store.history(), draft, later(hours=1)).content
    told = foretold(services, content)
    assert [row.order_id for row in told.rows] == ["PO-0", "PO-2"] and (told.held, told.is_whole) == (4, True)
    assert told.value == sum(row.order_value for row in told.rows)
    publish_proposal(store, draft.id, by="anne", at=later(hours=1), seen=draft.revision)
    services.ledger.write(lambda c: decide_all_again(c, PUBLICATION, "2", by="anne", at=later(hours=1)))
    decide_due(services, lambda: later(hours=2))
    accepted = [row.order_id for row in rows(services, tables.orders) if row.state == "accepted"]
    assert accepted == ["PO-0", "PO-2"]


def test_whom_a_draft_moves_is_decided_by_where_they_would_be(tmp_path):
    services = make_services(tmp_path, tous(acceptance_minimum_items=1))
    join(services, "depanneur-42", "payeurs-a-risque")
    send(services)
    content = services.policies.live(later(hours=1))
    assert foretold(services, content).rows == ()
    moved = msgspec.structs.replace(content, moved={"depanneur-42": ()})
    assert [row.order_id for row in foretold(services, moved).rows] == ["PO-1"]
    services.ledger.close()


def test_what_waits_for_a_person_is_not_foretold(tmp_path):
    services = make_services(tmp_path, tous(notifications_buyer=[]))
    send(services, order_body(status="pending_review"))
    for number in (2, 3):
        send(services, order_body(f"PO-{number}", items=12))
    review.refuse(services, 2, by="anne", at=later(minutes=1), why="non")
    undo.undo(services, 2, was="refused", by="anne", at=later(minutes=2))
    publish_groups(services.policies.store, tous(acceptance_minimum_items=6), at=later(hours=1))
    content = services.policies.live(later(hours=1))
    assert [row.order_id for row in foretold(services, content).rows] == ["PO-3"]
    services.ledger.close()


def test_of_a_long_queue_the_oldest_are_looked_at_and_that_is_said(services, monkeypatch):
    monkeypatch.setattr(passing_module, "MOST", 2)
    for number in range(3):
        send(services, order_body(f"PO-{number}", items=3))
    told = foretold(services, services.policies.live(later(hours=1)))
    assert (told.held, told.is_whole) == (2, False)

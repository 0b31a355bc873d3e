"""Every stored decision comes out again from its order, chain and version."""

from sqlalchemy import update

from houblon.orders.db.tables import decisions, orders
from houblon.orders.handling import review
from houblon.orders.handling.replay import replay
from tests.orders.services import BAD_PAYERS, later, order_body, publish_groups, rows, send, tous


def replayed(services, **stretch):
    with services.ledger.reading() as connection:
        return replay(connection, services, **stretch)


def test_a_log_with_every_kind_of_decision_is_made_again_without_a_difference(services):
    send(services, order_body("A", distributor="transbroue"))
    send(services, order_body("B", items=12))
    send(services, order_body("B", items=13), at=later(hours=1))  # changed while held: its first content is kept aside
    send(services, order_body("C", buyer={"groups": ["payeurs-a-risque", "personne"]}), at=later(hours=2))
    send(services, order_body("D", items=12, currency="USD"), at=later(hours=2))
    publish_groups(
        services.policies.store, tous(acceptance_minimum_items=6), {**BAD_PAYERS, "settings": {}}, at=later(hours=3)
    )
    send(services, order_body("E", items=12), at=later(hours=4))
    review.accept(services, 2, by="marie", at=later(hours=5))
    review.refuse(services, 3, by="marie", at=later(hours=6), why="non")
    found = replayed(services)
    assert (found.count, found.differences) == (8, ())
    assert replayed(services, since=later(hours=2), until=later(hours=5)).count == 3


def test_what_was_changed_behind_its_back_is_told(services):
    send(services, order_body("A"))
    send(services, order_body("B", items=12))
    [first, _] = rows(services, decisions)
    forged = {**first.document, "outcome": "refused"}
    services.ledger.write(
        lambda c: c.execute(update(decisions).where(decisions.c.key == first.key).values(document=forged))
    )
    services.ledger.write(lambda c: c.execute(update(orders).where(orders.c.key == 2).values(content_hash="0" * 64)))
    found = replayed(services)
    assert found.count == 2
    assert (found.differences[0].kept, found.differences[0].now) == ({"outcome": "refused"}, {"outcome": "accepted"})
    assert "not kept" in found.differences[1].fault

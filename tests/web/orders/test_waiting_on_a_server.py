"""A real server decides held orders again and tells of long waits: once each, although it is killed as it does."""

import time
from collections import Counter

from houblon.orders.db import tables
from houblon.orders.db.ledger import Ledger
from houblon.orders.waiting.ageing import EVENT
from houblon.rules.model.statements import Statement
from houblon.rules.publishing.publish import publish_proposal
from tests.clock import NOW
from tests.databases import url_of
from tests.web.drafts.test_planned import draft, minimum
from tests.web.houses import order
from tests.web.servers import Server, free_port

COUNT = 60
TEAM = Statement("group", "tous", "notifications.team", {"events": [], "to": ["equipe@brasserie.example"]})
HOURS = Statement("group", "tous", "acceptance.tell_team_after_hours", 24)


def rows(ledger, table):
    with ledger.reading() as connection:
        return connection.execute(table.select()).all()


def wait_for(condition):
    """Until it holds, or a minute is over."""
    end = time.monotonic() + 60
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def test_a_server_that_is_killed_meanwhile_accepts_each_order_once_and_tells_of_each_wait_once(place):
    for number in range(COUNT):
        place.send(order(f"PO-{number}", items=12), f"m-{number}")
    place.send(order("PO-TINY", items=1), "m-tiny")
    made = draft(place, "moins", minimum(10), TEAM, HOURS)
    # The version is in the rules, and nothing of it in the ledger yet: what follows is the server's to find.
    publish_proposal(place.house.store, made.id, by="anne", at=NOW, seen=made.revision)
    data = place.house.settings.data
    place.house.close()
    ledger = Ledger(url_of(data))

    def accepted():
        return sum(1 for row in rows(ledger, tables.orders) if row.state == "accepted")

    server = Server(data, free_port())
    assert wait_for(lambda: accepted() >= COUNT // 3)
    server.kill()
    assert accepted() < COUNT
    server = Server(data, free_port())
    try:
        assert wait_for(lambda: accepted() == COUNT and not rows(ledger, tables.redecisions))
        assert wait_for(lambda: [row for row in rows(ledger, tables.outbox) if row.event == EVENT])
    finally:
        server.kill()
    for table, kind in ((tables.transitions, "after"), (tables.events, "kind")):
        of_orders = [row for row in rows(ledger, table) if getattr(row, kind) in ("accepted", "order.accepted")]
        assert Counter(row.order_key for row in of_orders) == dict.fromkeys(range(1, COUNT + 1), 1)
    assert len({row.order_key for row in rows(ledger, tables.invoices)}) == len(rows(ledger, tables.invoices)) == COUNT
    # Those that the server saw wait before they passed, and the one that still does.
    told = [row for row in rows(ledger, tables.outbox) if row.event == EVENT]
    assert sum(str(row.message).count("PO-TINY") for row in told) == 1
    ledger.close()

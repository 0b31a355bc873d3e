"""Whatever sequence of sending, reviewing and sending again: one invoice an order, no gap, nothing lost."""

import contextlib
import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from houblon.orders.db import tables
from houblon.orders.handling import review
from houblon.orders.outbox.delivery import Refused, deliver_due
from houblon.orders.services import Conflict
from tests.clock import NOW
from tests.orders.services import (
    join,
    make_services,
    open_services,
    order_body,
    order_moves,
    publish_groups,
    rows,
    send,
    tous,
)

IDS = st.sampled_from(["PO-1", "PO-2", "PO-3"])
ITEMS = st.sampled_from([1, 12, 24, 48])
KEYS = st.integers(1, 3)
PEOPLE = st.sampled_from(["anne", "bruno"])
TRIGGERS = st.sampled_from(["on_acceptance", "manual", "on_delivery"])


class Shop(RuleBasedStateMachine):
    """Orders come, change and come again while people and the clock do what they do."""

    @initialize()
    def open(self):
        self.folder = tempfile.TemporaryDirectory()
        self.services = make_services(Path(self.folder.name))
        self.now = NOW
        self.answers = {}
        self.sent = []

    def teardown(self):
        if hasattr(self, "services"):
            self.services.ledger.close()
            self.folder.cleanup()

    @rule(id=IDS, items=ITEMS, webhook=st.sampled_from(["a", "b", "c", "d"]), retailer=st.sampled_from(["x", "y"]))
    def receive(self, id, items, webhook, retailer):
        body = order_body(id, items, buyer={"id": retailer})
        try:
            received = send(self.services, body, at=self.now, webhook_id=webhook)
        except Conflict as conflict:
            assert conflict.code in ("webhook_id_reused", "already_settled")
            return
        kept = self.answers.setdefault((webhook, body), received.document)
        assert received.document == kept

    @rule(key=KEYS, by=PEOPLE, act=st.sampled_from([review.accept, review.refuse, review.issue_invoice]))
    def decide(self, key, by, act):
        why = {} if act is review.issue_invoice else {"why": ""}
        with contextlib.suppress(Conflict, LookupError):
            act(self.services, key, by=by, at=self.now, **why)

    @rule(minimum=st.sampled_from([None, 12, 24]), trigger=TRIGGERS)
    def publish(self, minimum, trigger):
        document = tous(acceptance_minimum_items=minimum, invoicing_trigger=trigger)
        publish_groups(self.services.policies.store, document, at=self.now)

    @rule(retailer=st.sampled_from(["x", "y"]), groups=st.sampled_from([(), ("payeurs-a-risque",)]))
    def move(self, retailer, groups):
        join(self.services, retailer, *groups)

    @rule(hours=st.sampled_from([-24, 1, 24 * 365]))
    def pass_time(self, hours):
        self.now += timedelta(hours=hours)

    @rule(fails=st.sampled_from([None, OSError("down"), Refused("never")]))
    def deliver(self, fails):
        shop = self

        class Post:
            def send(self, id, recipient, message):
                if fails:
                    raise fails
                shop.sent.append(id)

        deliver_due(self.services.ledger, Post(), self.now)

    @rule()
    def restart(self):
        self.services.ledger.close()
        self.services = open_services(self.folder.name)

    @invariant()
    def at_most_one_invoice_an_order_and_no_gap(self):
        invoices = rows(self.services, tables.invoices)
        assert len({row.order_key for row in invoices}) == len(invoices)
        for year in {row.year for row in invoices}:
            sequences = sorted(row.sequence for row in invoices if row.year == year)
            assert sequences == list(range(1, len(sequences) + 1))

    @invariant()
    def the_history_tells_how_each_order_came_to_where_it_stands(self):
        moves = order_moves(self.services)
        decisions = rows(self.services, tables.decisions)
        invoiced = {row.order_key for row in rows(self.services, tables.invoices)}
        for order in rows(self.services, tables.orders):
            path = [move for move in moves if move.order_key == order.key]
            assert path[0].before is None and path[-1].after == order.state
            assert all(move.before == last.after for last, move in zip(path, path[1:], strict=False))
            assert [each for each in decisions if each.order_key == order.key][-1].outcome == order.state
            assert order.key not in invoiced or order.state == "accepted"

    @invariant()
    def every_message_is_sent_once_or_still_visible(self):
        messages = rows(self.services, tables.outbox)
        assert sorted(self.sent) == sorted(row.id for row in messages if row.state == "sent")
        assert {row.state for row in messages} <= {"pending", "sent", "parked"}
        told = {row.order_key for row in messages if row.event == "invoice.issued"}
        assert told == {row.order_key for row in rows(self.services, tables.invoices)}


TestShop = Shop.TestCase
TestShop.settings = settings(
    max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)

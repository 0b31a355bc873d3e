"""A source changes an order after its acceptance: taken where the group lets it, kept for a person where it is held."""

from datetime import UTC, datetime

import msgspec
import pytest

from houblon.orders.db import tables
from houblon.orders.handling import change_review, changes, credit_notes, deliveries, lifecycle, review
from houblon.orders.handling.credit_notes import Asked
from houblon.orders.handling.receive import ingest
from houblon.orders.handling.replay import replay
from houblon.orders.intake.decode import read_order
from houblon.orders.intake.incoming import incoming_of
from houblon.orders.invoicing import payments
from houblon.orders.invoicing.credits import Words
from houblon.orders.invoicing.payments import Payment
from houblon.orders.queries.sums import sums_that_differ
from houblon.orders.services import Conflict
from tests.clock import NOW, day_of
from tests.orders.events.test_facts import unsound
from tests.orders.services import group, join, later, make_services, order_body, order_moves, publish_groups, rows, send, tous

LATER = later(hours=1)


@pytest.fixture
def services(tmp_path):
    found = make_services(tmp_path, tous(acceptance_amendable=True))
    yield found
    check(found)
    found.ledger.close()


def check(services):
    """Whatever was done: every decision comes out again, every sum adds up, every fact has its event."""
    with services.ledger.reading() as connection:
        assert replay(connection, services).differences == ()
        assert list(sums_that_differ(connection)) == []
    assert unsound(services) == []


def papers(services):
    return [(row.number, row.state, row.total) for row in rows(services, tables.invoices)]


def events(services):
    return [row.kind for row in rows(services, tables.events)]


def mails(services):
    found = [row for row in rows(services, tables.outbox) if row.kind == "mail"]
    return [(row.event, row.message["subject"]) for row in found]


def order(services):
    [found] = rows(services, tables.orders)
    return found


def refused(work):
    with pytest.raises(Conflict) as told:
        work()
    return told.value.code


def from_shop(services, items, changed, at):
    """As a shop sends: signed without its delivery, so that it may be old, with when it was changed."""
    body = order_body(items=items)
    incoming = incoming_of(body, read_order(body), source="boutique", at=at)
    said = msgspec.structs.replace(incoming, may_be_old=True, changed_at=changed)
    return services.ledger.record(lambda connection: ingest(connection, services, said))


def test_an_accepted_change_credits_the_invoice_whole_and_issues_another(services):
    send(services, order_body(distributor="transbroue"))
    done = send(services, order_body(items=30, distributor="transbroue"), at=LATER)
    assert done.document["outcome"] == "accepted"
    (first, was, total), (note, _, taken), (second, now, new) = papers(services)
    assert (first, note, second) == ("F-2021-0001", "NC-2021-0001", "F-2021-0002")
    assert (was, now, taken) == ("credited", "issued", -total)
    assert new == total // 24 * 30 or new > total
    assert (done.invoice.number, done.invoice.total) == (second, new)
    invoice = rows(services, tables.invoices)[2]
    assert invoice.due_date == "2021-06-19" and invoice.document["replaces"] == {"invoice": first, "credit_note": note}
    assert order(services).item_count == 30 and len(rows(services, tables.earlier_contents)) == 1
    assert [row.outcome for row in rows(services, tables.decisions)] == ["accepted", "accepted"]
    assert [kind for kind in events(services) if kind not in ("order.accepted", "invoice.issued")] == [
        "order.changed",
        "credit_note.issued",
        "invoice.credited",
    ] or set(events(services)) >= {"order.changed", "credit_note.issued", "invoice.credited"}
    assert [(move.before, move.after) for move in order_moves(services)] == [(None, "accepted"), ("accepted", "accepted")]


def test_the_buyer_gets_one_mail_that_says_what_took_the_place_of_what(services):
    send(services)
    send(services, order_body(items=30), at=LATER)
    (_, first), (event, subject) = mails(services)
    assert first.startswith("Facture F-2021-0001") and event == "order.change_accepted"
    assert subject == "Commande PO-1 modifiée chez Brasserie du Test"
    message = rows(services, tables.outbox)[-1].message
    text = " ".join(message["lines"])
    assert "F-2021-0002 remplace la facture F-2021-0001" in text and "NC-2021-0001" in text
    assert len(message["also"]) == 1 and message["link"] != message["also"][0][1]

"""A quarter in the life of a brewery, lived by the product itself: orders, reviews, deliveries, payments, versions."""

import heapq
import json
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, select

from houblon.orders import demo_data
from houblon.orders.db.tables import decisions, invoices, orders
from houblon.orders.handling import deliveries, lifecycle
from houblon.orders.handling.deliveries import LineDelivered
from houblon.orders.handling.receive import receive
from houblon.orders.handling.review import accept as accept_order
from houblon.orders.handling.review import refuse as refuse_order
from houblon.orders.intake.decode import read_order
from houblon.orders.invoicing import payments, transitions
from houblon.orders.invoicing.credits import Words
from houblon.orders.invoicing.payments import Payment
from houblon.orders.outbox.delivery import Refused, deliver_due
from houblon.orders.products.catalogue import add_product
from houblon.orders.reminders.due import FROM
from houblon.orders.reminders.remind import remind_due
from houblon.orders.retailers.brought import keep_brought
from houblon.orders.services import Conflict
from houblon.rules.exchange.bundle import read_bundle
from houblon.rules.model.statements import ABSENT, Statement
from houblon.rules.publishing import proposals
from houblon.rules.publishing.drafts import begin, revise
from houblon.rules.publishing.publish import publish, publish_proposal
from houblon.rules.publishing.schedule import schedule
from houblon.web.foundation.composition import House
from houblon.web.invoices.demonstration import bring_bank_file, dispute_one, reverse_one, send_statement, settle_one

_MARIE, _LUC = "marie@faubourg.example", "luc@faubourg.example"
_REVIEWED_AFTER, _UNREVIEWED = timedelta(hours=5), timedelta(days=5)
# When the second version comes, when the draft is begun, since when a mailbox takes nothing: before now.
_LOWERED, _DRAFTED, _MAILBOX_FULL = timedelta(days=40), timedelta(days=2), timedelta(days=6)
_REMINDED = 30  # days on which buyers were reminded
_OFFICE_HOUR, _TWO_DAYS = time(10, 15), timedelta(days=2)
_CANCELLED_FROM_THE_END = 30
_LIMITED = timedelta(minutes=15)  # after the last order
# Days from the due date to the payment: of most, and of those in the group of bad payers.
_IN_TIME, _LATE = (-12, 0), (14, 40)
# When invoices of goods that came long before are disputed, and one is paid by a cheque that bounces.
_LONG_DELIVERED, _DISPUTED = timedelta(days=9), timedelta(days=5)
_BARS = ["bars-et-restaurants", "tous"]
_CHANGED = timedelta(minutes=50)
# A case breaks in one delivery of so many; one invoice of so many is paid in two parts, of which every second one is still to come.
_BROKEN, _IN_PARTS = 67, 53
Deed = Callable[[], None]


def demonstrate(house: House, now: datetime, progress: Callable[[str], None]) -> None:
    """Publish the demonstration's groups before its first order, then let the product live through the quarter."""
    began = demo_data.began(now) + timedelta(minutes=1)
    bundle = read_bundle(demo_data.bundle(), house.store.content(1))
    note, brought = "Premiers groupes de détaillants", bundle.memberships
    publish(house.store, bundle.edits, author=_MARIE, note=note, at=began, base=1, memberships=brought)
    house.services.ledger.write(lambda connection: keep_brought(connection, house.store.history(), began))
    house.services.ledger.write(lambda connection: _offer(connection, began))
    received = demo_data.orders(now)
    progress(f"Deciding {len(received)} demonstration orders ...")
    _receive(house, received, now)
    for _, _, act in sorted(_afterwards(house, now), key=lambda each: each[:2]):
        act()
    _change(house, now)
    bring_bank_file(house, now, _MARIE)
    send_statement(house, now - _LIMITED * 2, _MARIE)
    _deliver_mail(house, Post(now - _LIMITED * 2), now - _LIMITED * 2)
    _prepare(house, now)
    _limit(house, now - _LIMITED)


def _offer(connection: Connection, at: datetime) -> None:
    for each in demo_data.products():
        add_product(connection, each, at, _MARIE)


def _receive(house: House, received: list[tuple[datetime, bytes]], now: datetime) -> None:
    """Take the orders in as they come; a person settles what was held a few hours later, all but the last days'."""
    due: list[tuple[datetime, int, Deed]] = [(now - _LOWERED, 0, partial(_lower, house, now - _LOWERED))]
    post, day = Post(now - _MAILBOX_FULL), received[0][0].date()

    def do_until(at: datetime) -> None:
        while due and due[0][0] <= at:
            heapq.heappop(due)[2]()

    for number, (at, body) in enumerate(received, 1):
        do_until(at)
        if at.date() != day:
            _deliver_mail(house, post, at)
            day = at.date()
        answer = receive(house.services, body, read_order(body), source="demo", at=at)
        if answer.document["outcome"] == "held" and at < now - _UNREVIEWED:
            moment = at + _REVIEWED_AFTER
            settle: Deed = partial(_review, house, number, moment)
            heapq.heappush(due, (moment, number, settle))
    do_until(now)
    _deliver_mail(house, post, now)


def _review(house: House, key: int, at: datetime) -> None:
    try:
        if key % 6 == 0:
            refuse_order(house.services, key, by=_MARIE, at=at, why="demande du détaillant")
        else:
            accept_order(house.services, key, by=_MARIE, at=at)
    except Conflict:
        # A product is unavailable: the brewery says no.
        refuse_order(house.services, key, by=_MARIE, at=at, why="produit indisponible")


def _afterwards(house: House, now: datetime) -> Iterator[tuple[datetime, int, Deed]]:
    """What becomes of accepted orders, each with its moment: one is cancelled, others delivered, looked at, paid."""
    zone, chance = house.services.installation.zone, random.Random(demo_data.ORDERS)  # nosec B311 - the same each time
    today = now.astimezone(zone).date()
    for before in range(_REMINDED, -1, -1):
        morning = datetime.combine(today - timedelta(days=before), FROM, zone)
        if morning < now:
            yield morning, 0, partial(_remind, house, morning)
    found = _accepted(house)
    cancelled, unpaid, changed = found[-_CANCELLED_FROM_THE_END], [], False
    for row in found:
        if row is cancelled:
            at = row.made_at + timedelta(hours=26)
            yield at, row.key, partial(_cancel, house, row.key, at)
            continue
        planned = row.document["invoice"]["delivery_date"]
        taken_on = date.fromisoformat(planned) if planned else (row.made_at + _TWO_DAYS).date()
        taken = max(datetime.combine(taken_on, _OFFICE_HOUR, zone), row.made_at)
        if taken < now:
            yield taken, row.key, partial(_note_delivery, house, row.key, taken)
        if row.due_date is None:
            continue
        seen = row.made_at + timedelta(hours=chance.randint(1, 30))
        if seen < now and chance.random() < 0.6:
            yield seen, row.key, partial(_look_at, house, row.invoice, seen)
        days = _LATE if "payeurs-a-risque" in row.chain else _IN_TIME
        paid = datetime.combine(
            date.fromisoformat(row.due_date) + timedelta(days=chance.randint(*days)), _OFFICE_HOUR, zone
        )
        if (paid := max(paid, row.made_at + _TWO_DAYS)) < now:
            yield paid, row.key, partial(_pay, house, row.invoice, paid)
        elif taken < now - _LONG_DELIVERED:
            unpaid += [row] if row.key % _BROKEN else []
        elif not changed and row.chain == _BARS and taken > row.made_at + _TWO_DAYS:
            changed, at = True, row.made_at + timedelta(hours=3)
            yield at, row.key, partial(_order_more, house, row.key, at)
    # The newest of those that wait for their day.
    for row, act in zip(reversed(unpaid), (dispute_one, settle_one, reverse_one), strict=False):
        at = now - _DISPUTED
        yield at, row.key, partial(act, house, row.invoice, at, _MARIE)


def _accepted(house: House) -> Sequence[Row[*tuple[Any, ...]]]:
    """Accepted orders with the decision that accepted them and their invoice, the first one first."""
    query = (
        select(
            orders.c.key,
            decisions.c.made_at,
            decisions.c.chain,
            decisions.c.document,
            invoices.c.key.label("invoice"),
            invoices.c.due_date,
        )
        .join(decisions, decisions.c.order_key == orders.c.key)
        .join(invoices, invoices.c.order_key == orders.c.key, isouter=True)
        .where(orders.c.state == "accepted", decisions.c.outcome == "accepted")
        .order_by(orders.c.key)
    )
    with house.services.ledger.reading() as connection:
        return connection.execute(query).all()


def _note_delivery(house: House, key: int, at: datetime) -> None:
    broken = [LineDelivered(1, lost=1)] if key % _BROKEN == 0 else []
    words = Words(note="Une caisse s’est brisée en route : nos excuses.")
    done = deliveries.deliver(house.services, key, by=_LUC, at=at, lines=broken, words=words)
    if done.credit_note:
        _deliver_mail(house, Post(at), at)


def _remind(house: House, at: datetime) -> None:
    if remind_due(house.services, at):
        _deliver_mail(house, Post(at), at)


def _look_at(house: House, invoice: int, at: datetime) -> None:
    transitions.viewed(house.services, invoice, at=at)


def _pay(house: House, invoice: int, at: datetime) -> None:
    on = at.astimezone(house.services.installation.zone).date()
    if invoice % _IN_PARTS == 0:
        part = Payment(30_000, on, "Virement du lundi", "transfer")
        payments.pay(house.services, invoice, part, by=_MARIE, at=at)
        if invoice % (2 * _IN_PARTS) == 0:
            return
    payments.pay_rest(house.services, invoice, by=_MARIE, at=at, on=on)


def _cancel(house: House, key: int, at: datetime) -> None:
    lifecycle.cancel(house.services, key, was="accepted", by=_MARIE, at=at, why="commande envoyée deux fois")
    _deliver_mail(house, Post(at), at)


def _change(house: House, now: datetime) -> None:
    """Two bars order much less than what was accepted: that stands, and their changes wait for a person."""
    query = (
        select(orders.c.body)
        .join(invoices, invoices.c.order_key == orders.c.key)
        .where(orders.c.state == "accepted", invoices.c.paid == 0, invoices.c.credited == 0)
        .where(orders.c.retailer_id.startswith("bars-et-restaurant"))
        .order_by(orders.c.key.desc())
        .limit(2)
    )
    with house.services.ledger.reading() as connection:
        changed = connection.execute(query).scalars().all()
    for said in map(json.loads, changed):
        _send_again(house, said, [{**said["lines"][0], "quantity": 2}], now - _CHANGED)


def _order_more(house: House, key: int, at: datetime) -> None:
    """A bar wants two more of something before it is delivered: that is accepted, and invoiced anew."""
    with house.services.ledger.reading() as connection:
        said = json.loads(connection.execute(select(orders.c.body).where(orders.c.key == key)).scalar_one())
    [first, *rest] = said["lines"]
    _send_again(house, said, [{**first, "quantity": first["quantity"] + 2}, *rest], at)
    _deliver_mail(house, Post(at), at)


def _send_again(house: House, said: dict[str, Any], lines: list[dict[str, Any]], at: datetime) -> None:
    body = json.dumps({**said, "lines": lines}, ensure_ascii=False).encode()
    receive(house.services, body, read_order(body), source="demo", at=at)


def _lower(house: House, at: datetime) -> None:
    """A second version: too many orders of grocers waited for nothing."""
    name = "Épiceries : 30 articles suffisent"
    why = "Les commandes de 30 à 39 articles attendaient, et nous les acceptions toutes."
    made = begin(house.store, name, by=_LUC, at=at - timedelta(hours=4), description=why)
    said = [Statement("group", "epiceries", "acceptance.minimum_items", 30)]
    revise(house.store, made.id, said, by=_LUC, at=at - timedelta(hours=3))
    proposals.approve(house.store, made.id, by=_MARIE, at=at - timedelta(hours=1))
    publish_proposal(house.store, made.id, by=_MARIE, at=at, check_context=house.check_context)


def _limit(house: House, at: datetime) -> None:
    """A third version: what bad payers owe decides, not a person any more."""
    made = begin(
        house.store,
        "Payeurs à risque : une limite plutôt qu’une personne",
        by=_MARIE,
        at=at - timedelta(minutes=20),
        description="Ceux qui ont payé n’ont plus à attendre ; les autres attendent d’avoir payé.",
    )
    said = [
        Statement("group", "payeurs-a-risque", "acceptance.mode", ABSENT),
        Statement("group", "payeurs-a-risque", "acceptance.credit_limit", "8000.00"),
        Statement("group", "payeurs-a-risque", "acceptance.maximum_days_overdue", 10),
    ]
    revise(house.store, made.id, said, by=_MARIE, at=at - timedelta(minutes=10))
    proposals.approve(house.store, made.id, by=_LUC, at=at - timedelta(minutes=5))
    publish_proposal(house.store, made.id, by=_LUC, at=at, check_context=house.check_context)


def _prepare(house: House, now: datetime) -> None:
    """What is still to come: one version on a date, and one draft that is talked about."""
    at = now - _DRAFTED
    holidays = begin(
        house.store,
        "Bars : 45 jours pour le temps des fêtes",
        by=_MARIE,
        at=at,
        description="Les terrasses sont fermées, les fûts se vendent en janvier.",
    )
    terms = Statement("group", "bars-et-restaurants", "invoicing.terms", {"kind": "net", "days": 45})
    revise(house.store, holidays.id, [terms], by=_MARIE, at=at)
    schedule(house.store, holidays.id, effective_from=_next_month(house, now), by=_MARIE, at=at)
    large = begin(
        house.store,
        "Grosses commandes : confirmer par téléphone",
        by=_LUC,
        at=at,
        description="À partir de 3 000 $, un appel évite les retours.",
    )
    revise(
        house.store, large.id, [Statement("group", "tous", "rules/grosses-commandes", demo_data.LARGE)], by=_LUC, at=at
    )
    proposals.comment(
        house.store,
        large.id,
        "3 000 $ est peut-être bas pour les épiceries : regarde leur mois de novembre.",
        by=_MARIE,
        at=at + timedelta(hours=3),
    )


def _next_month(house: House, now: datetime) -> datetime:
    """The first day of a month that is at least four days away, at midnight."""
    zone = house.services.installation.zone
    soon = now.astimezone(zone).date() + timedelta(days=5)
    first = (soon.replace(day=1) + timedelta(days=32)).replace(day=1)
    return datetime.combine(first, time(), zone)


def _deliver_mail(house: House, post: "Post", at: datetime) -> None:
    post.now = at
    while deliver_due(house.services.ledger, post, at):
        pass


class Post:
    """Takes the demonstration's messages: its buyers are fictional, and theirs count as sent.

    One mailbox takes nothing from a moment on, so that there is a message to settle.
    """

    def __init__(self, full_since: datetime):
        self.now, self._full_since = full_since, full_since

    def send(self, id: str, recipient: str, message: dict[str, str]) -> None:
        if recipient == demo_data.FULL_MAILBOX and self.now > self._full_since:
            raise Refused("552 5.2.2 Mailbox full")

"""A retailer's name, addresses and words replaced in the ledger, and everything else left as it was.

Orders keep their hashes and all that rules read of them, so that each decision comes out again; what a rule could read
of a person's words (an order's note) is replaced where every decision comes out the same without it, and kept
otherwise. Entries of the audit log lose their two sides, and the entry of the erasure vouches for each by its hash.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, func, select, update

from houblon.engine.core.problem import Invalid, Text, refuse
from houblon.engine.schedule.cadence import day_text
from houblon.orders.db.tables import (
    audit,
    decisions,
    disputes,
    earlier_contents,
    invoices,
    memberships,
    order_changes,
    orders,
    outbox,
    payments,
    planned_deliveries,
    redecisions,
    reminder_stops,
    retailer_joins,
    retailers,
    transitions,
)
from houblon.orders.handling.replay import replay
from houblon.orders.intake.refused_calls import remove
from houblon.orders.privacy.documents import ERASED, body_without_person, invoice_without_person
from houblon.orders.privacy.export import stops_of
from houblon.orders.privacy.refused import refused_of
from houblon.orders.privacy.tax_years import TaxYears
from houblon.orders.privacy.traces import audit_of, known_values, replaced
from houblon.orders.queries.lists import OWED
from houblon.orders.records.audit import REDACTED, record
from houblon.orders.records.decision_log import BUYER, SYSTEM
from houblon.orders.retailers.joins import tree_of
from houblon.orders.services import Services
from houblon.rules.model.entry import Entry

ALL, CONTACT = "all", "contact"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Plan(msgspec.Struct, frozen=True):
    """What an erasure would touch. `kept_until` is the last day that taxes ask for; None where nothing was ordered."""

    id: str
    name: str | None
    orders: int
    invoices: int
    messages: int
    groups: int
    audited: int
    held: int
    unpaid: int
    waiting: int
    kept_until: date | None
    refused: int = 0

    def may_go(self, today: date) -> bool:
        return self.kept_until is None or today > self.kept_until


class Erased(msgspec.Struct, frozen=True):
    """What was replaced or removed, by kind, and what was kept, with the reason in words."""

    counts: dict[str, int]
    kept: tuple[Text, ...]
    messages: tuple[str, ...]  # the ids of those that were removed: a mail that went to a file is there by it
    values: tuple[str, ...]  # what the retailer was known by, for whatever is kept outside of the ledger


def plan(connection: Connection, id: str, tax: TaxYears, services: Services) -> Plan | None:
    """What there is of a retailer; None where nothing is."""
    card = connection.execute(select(retailers).where(retailers.c.id == id)).one_or_none()
    groups = _count(connection, select(memberships).where(memberships.c.retailer_id == id))
    values = known_values(connection, id)
    audited, refused = audit_of(connection, id, values), refused_of(connection, id, values)
    if card is None and not groups and not audited and not refused:
        return None
    invoiced = select(invoices).where(invoices.c.order_key.in_(_own(id)))
    sent = select(outbox).where(outbox.c.order_key.in_(_own(id)))
    return Plan(
        id,
        None if card is None else card.name,
        _count(connection, select(orders).where(orders.c.retailer_id == id)),
        _count(connection, invoiced),
        _count(connection, sent),
        groups,
        len(_sided(audited)),
        _count(connection, select(orders).where(orders.c.retailer_id == id, orders.c.state == "held")),
        _count(connection, invoiced.where(OWED)),
        _count(connection, sent.where(outbox.c.state == "pending")),
        _kept_until(connection, id, tax, services),
        len(refused),
    )


def erase(
    connection: Connection,
    services: Services,
    found: Plan,
    *,
    today: date,
    by: str,
    source: str,
    at: datetime,
    contact_only: bool = False,
) -> Erased:
    """Replace what may go, in the running transaction. Raises Invalid with when it may, or what must be done first."""
    if not contact_only:
        _refuse_early(found, today)
    values = known_values(connection, found.id)
    counts, kept = {"card": _erase_cards(connection, found.id, at)}, _kept(found, contact_only)
    counts["refused"] = remove(connection, [row.key for row in refused_of(connection, found.id, values)])
    removed = _remove_messages(connection, found.id)
    counts["messages"] = len(removed)
    if not contact_only:
        replaced_in, more = _erase_orders(connection, services, found.id, values)
        counts |= replaced_in
        kept += more
        counts["groups"] = _erase_groups(connection, found.id)
    redacted = _redact(connection, audit_of(connection, found.id, values))
    counts["audit"] = len(redacted)
    after = {"what": CONTACT if contact_only else ALL, "counts": counts, "redacted": redacted}
    record(connection, Entry(at, by, source, REDACTED, found.id, None, after))
    return Erased(counts, tuple(kept), removed, values)


def _refuse_early(found: Plan, today: date) -> None:
    if not found.may_go(today):
        until = _day(found)
        raise refuse(
            "tax_years",
            "/id",
            f"Les impôts demandent les commandes et les factures de {found.id} jusqu’au {until.fr} : elles peuvent être "
            f"effacées à partir du lendemain. Avant, « --contact-only » efface ce qui n’est pas demandé.",
            f"Taxes ask for the orders and invoices of {found.id} until {until.en}: they can be erased from the day "
            f"after. Before that, --contact-only erases what is not asked for.",
        )
    if found.held or found.unpaid or found.waiting:
        raise _unfinished(found)


def _day(found: Plan) -> Text:
    return day_text(found.kept_until) if found.kept_until else Text("", "")


def _unfinished(found: Plan) -> Invalid:
    return refuse(
        "unfinished",
        "/id",
        f"Tout n’est pas fini avec {found.id} : {found.held} commandes attendent, {found.unpaid} factures ne sont pas "
        f"payées, {found.waiting} messages ne sont pas partis. Réglez-les d’abord.",
        f"Not all is done with {found.id}: {found.held} orders wait, {found.unpaid} invoices are not paid, "
        f"{found.waiting} messages have not left. Settle these first.",
    )


def _kept(found: Plan, contact_only: bool) -> list[Text]:
    kept = [
        Text(
            f"L’identifiant {found.id}, et les noms que les sources lui donnent : les commandes, les factures et le "
            f"journal s’y tiennent.",
            f"The id {found.id}, and what sources call it: orders, invoices and the audit log hold on to them.",
        )
    ]
    if contact_only and found.orders:
        kept.append(
            Text(
                f"{found.orders} commandes et {found.invoices} factures, avec le nom et l’adresse : les impôts les "
                f"demandent jusqu’au {_day(found).fr}.",
                f"{found.orders} orders and {found.invoices} invoices, with name and address: taxes ask for them until "
                f"{_day(found).en}.",
            )
        )
    if contact_only and found.waiting:
        kept.append(
            Text(
                f"{found.waiting} messages qui ne sont pas encore partis.",
                f"{found.waiting} messages that have not left yet.",
            )
        )
    return kept


def _erase_cards(connection: Connection, id: str, at: datetime) -> int:
    """The retailer's card, and those of who are joined to them."""
    known = retailers.c.name.is_not(None) | retailers.c.email.is_not(None) | retailers.c.address.is_not(None)
    values = {"name": None, "email": None, "address": None, "updated_at": at}
    cards = retailers.c.id.in_(tree_of(connection, id))
    return connection.execute(update(retailers).where(cards, known).values(**values)).rowcount


def _erase_groups(connection: Connection, id: str) -> int:
    """The groups that they are in, and those that would be given back to who is joined to them."""
    count = connection.execute(delete(memberships).where(memberships.c.retailer_id == id)).rowcount
    theirs = redecisions.c.retailer_id.in_(tree_of(connection, id))
    connection.execute(delete(redecisions).where(theirs | redecisions.c.subject.in_(tree_of(connection, id))))
    given_back = update(retailer_joins).where(retailer_joins.c.joined_id.in_(tree_of(connection, id)))
    connection.execute(given_back.values(groups=[], gained=[]))
    return count


def _remove_messages(connection: Connection, id: str) -> tuple[str, ...]:
    """What has left or was given up is removed; what waits leaves first."""
    gone = select(outbox.c.id).where(outbox.c.order_key.in_(_own(id)), outbox.c.state != "pending")
    ids = tuple(connection.execute(gone).scalars())
    connection.execute(delete(outbox).where(outbox.c.order_key.in_(_own(id)), outbox.c.state != "pending"))
    return ids


def _erase_orders(
    connection: Connection, services: Services, id: str, values: Sequence[str]
) -> tuple[dict[str, int], list[Text]]:
    before = _differing(connection, services, id)
    bodies = {row.key: row.body for row in connection.execute(select(orders).where(orders.c.retailer_id == id))}
    other = {
        table: connection.execute(select(table).where(table.c.order_key.in_(_own(id)))).all()
        for table in (earlier_contents, order_changes)
    }

    def replace(keys: Iterable[int], with_note: bool) -> None:
        chosen = set(keys)
        for key in chosen:
            body = body_without_person(bodies[key], values, with_note)
            connection.execute(update(orders).where(orders.c.key == key).values(body=body))
        for table, row in ((table, row) for table, rows in other.items() for row in rows if row.order_key in chosen):
            body = body_without_person(row.body, values, with_note)
            connection.execute(update(table).where(table.c.key == row.key).values(body=body))

    replace(bodies, with_note=False)
    read = {order for _, order in _differing(connection, services, id) - before}
    replace(read, with_note=True)
    if _differing(connection, services, id) - before:
        raise refuse("replay", "/id", "Des décisions ne ressortiraient plus.", "Decisions would not come out again.")
    counts = {"orders": len(bodies), "invoices": _erase_invoices(connection, id, values)}
    _erase_moves_of_invoices(connection, id)
    counts["words"] = _erase_words(connection, id, values)
    kept = [
        Text(
            f"La note de {len(read)} commandes : une règle la lit, et leur décision doit ressortir.",
            f"The note of {len(read)} orders: a rule reads it, and their decision must come out again.",
        )
    ]
    return counts, kept if read else []


def _differing(connection: Connection, services: Services, id: str) -> set[tuple[int, int]]:
    """The decisions about a retailer's orders that do not come out again: their keys, and the orders'."""
    keys = [each.key for each in replay(connection, services, retailer=id).differences]
    order_of = select(decisions.c.order_key)
    return {(key, connection.execute(order_of.where(decisions.c.key == key)).scalar_one()) for key in keys}


def _erase_invoices(connection: Connection, id: str, values: Sequence[str]) -> int:
    rows = connection.execute(select(invoices).where(invoices.c.order_key.in_(_own(id)))).all()
    for row in rows:
        document = invoice_without_person(row.document, values)
        connection.execute(update(invoices).where(invoices.c.key == row.key).values(document=document))
    return len(rows)


def _erase_moves_of_invoices(connection: Connection, id: str) -> None:
    """What invoices' moves say stays where it is a number of theirs or a day; else a sender wrote it."""
    own = transitions.c.order_key.in_(_own(id)) & transitions.c.invoice_key.is_not(None)
    numbers = set(connection.execute(select(invoices.c.number).where(invoices.c.order_key.in_(_own(id)))).scalars())
    for why in connection.execute(select(transitions.c.why).where(own).distinct()).scalars().all():
        if why and why not in numbers and not _DAY.fullmatch(why):
            connection.execute(update(transitions).where(own, transitions.c.why == why).values(why=ERASED))


def _erase_words(connection: Connection, id: str, values: Sequence[str]) -> int:
    """What people of the house wrote about the orders: reasons of their own, in moves and in decisions."""
    count, words = 0, set(values)
    for table in (transitions, planned_deliveries, order_changes):
        own = table.c.order_key.in_(_own(id)) & table.c.who.not_in((SYSTEM, BUYER)) & (table.c.why != "")
        if table is transitions:
            own &= table.c.invoice_key.is_(None)  # those of invoices say what _erase_moves_of_invoices reads
        words |= set(connection.execute(select(table.c.why).where(own)).scalars())
        count += connection.execute(update(table).where(own).values(why=ERASED)).rowcount
    count += _erase_payments(connection, id)
    said = update(reminder_stops).where(stops_of(id), reminder_stops.c.why != "")
    count += connection.execute(said.values(why=ERASED)).rowcount
    for column in (disputes.c.why, disputes.c.outcome):
        mine = update(disputes).where(disputes.c.order_key.in_(_own(id)), column != "")
        count += connection.execute(mine.values({column: ERASED})).rowcount
    ordered = sorted(words - {ERASED}, key=len, reverse=True)
    theirs = select(decisions).where(decisions.c.order_key.in_(_own(id)), decisions.c.who.not_in((SYSTEM, BUYER)))
    for row in connection.execute(theirs).all():
        document = replaced(row.document, ordered, ERASED)
        if document != row.document:
            count += 1
            connection.execute(update(decisions).where(decisions.c.key == row.key).values(document=document))
    return count


def _erase_payments(connection: Connection, id: str) -> int:
    """What is written beside payments; their amounts and days stay."""
    own = payments.c.invoice_key.in_(select(invoices.c.key).where(invoices.c.order_key.in_(_own(id))))
    count = 0
    for column in (payments.c.reference, payments.c.why):
        mine = update(payments).where(own, column != "").values({column: ERASED})
        count += connection.execute(mine).rowcount
    return count


def _redact(connection: Connection, rows: Sequence[Row[Any]]) -> dict[str, str]:
    """Take the two sides from entries of the audit log; their keys and hashes, to be vouched for."""
    full = _sided(rows)
    for row in full:
        connection.execute(update(audit).where(audit.c.key == row.key).values(before=None, after=None))
    return {str(row.key): row.hash for row in full}


def _sided(rows: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
    """The entries that have two sides to lose: an erasure's own say nothing of the person, and vouch for others."""
    return [row for row in rows if row.act != REDACTED and not (row.before is None and row.after is None)]


def _kept_until(connection: Connection, id: str, tax: TaxYears, services: Services) -> date | None:
    zone = services.installation.zone
    query = select(func.max(orders.c.received_at), func.max(orders.c.placed_at)).where(orders.c.retailer_id == id)
    days = [at.astimezone(zone).date() for at in connection.execute(query).one() if at is not None]
    invoiced = select(invoices.c.issued_at, invoices.c.paid_on).where(invoices.c.order_key.in_(_own(id)))
    for issued_at, paid_on in connection.execute(invoiced):
        days.append(issued_at.astimezone(zone).date())
        days += [date.fromisoformat(paid_on)] if paid_on else []
    paid = select(payments.c.paid_on).join(invoices, invoices.c.key == payments.c.invoice_key)
    days += map(date.fromisoformat, connection.execute(paid.where(invoices.c.order_key.in_(_own(id)))).scalars())
    return tax.kept_until(max(days)) if days else None


def _own(id: str) -> Any:
    return select(orders.c.key).where(orders.c.retailer_id == id)


def _count(connection: Connection, query: Any) -> int:
    return int(connection.execute(select(func.count()).select_from(query.subquery())).scalar_one())

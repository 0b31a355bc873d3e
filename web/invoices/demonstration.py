"""What the demonstration shows of invoices after their issue: a bank's file that pays some, one of them beyond what it
asks; disputes, one of them settled by a credit note; a cheque that bounced; a statement of account."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from houblon.engine.core.money import dollars
from houblon.orders.bank.known import matches_of
from houblon.orders.bank.matching import RECORDED
from houblon.orders.bank.record import record_lines
from houblon.orders.bank.statement_file import Asked, read_file
from houblon.orders.db.tables import invoices
from houblon.orders.handling import credit_notes
from houblon.orders.handling.credit_notes import Asked as Credited
from houblon.orders.invoicing import disputes, payments
from houblon.orders.invoicing.credits import Words
from houblon.orders.queries import receivables
from houblon.orders.queries.receivables import InvoiceFilter
from houblon.orders.queries.retailers import card_row
from houblon.orders.receivables import mail
from houblon.orders.receivables.statement import period_of, statement_of
from houblon.web.access.account_commands import By
from houblon.web.access.audit import noted
from houblon.web.foundation.composition import House
from houblon.web.invoices.bank_entries import imported
from houblon.web.invoices.entries import credited, dispute_closed, disputed, paid, reversed_payment

_OVER, _AGO = 2_500, timedelta(days=4)
_MOST = 1_000  # invoices that are looked at
_LATER = timedelta(days=2)


def bring_bank_file(house: House, now: datetime, who: str) -> None:
    """Record what came in yesterday: two invoices of one retailer by one transfer, and a cheque of 25.00 too much from
    another who owes more than that."""
    services, zone = house.services, house.services.installation.zone
    yesterday = (now - timedelta(days=1)).astimezone(zone).date()
    with services.ledger.reading() as connection:
        owed = receivables.list_invoices(connection, InvoiceFilter(yesterday, "to_pay"), limit=_MOST)
    of_retailer: dict[str, list[tuple[str, str, int]]] = {}
    for row in reversed(owed):
        if row.issued_at < now - _AGO:
            left = row.total - row.paid - row.credited
            of_retailer.setdefault(row.retailer_id, []).append((row.number, row.retailer_name or "", left))
    several = [found for found in of_retailer.values() if len(found) > 2]
    if len(several) < 2:
        return
    (one, name, first), (_, _, second) = several[0][:2]
    number, _, left = several[1][0]
    body = f"{yesterday},VIREMENT INTERAC {name.upper()} {one} {several[0][1][0]},,{dollars(first + second)},0.00\n"
    body += f"{yesterday},CHEQUE 118 {number},,{dollars(left + _OVER)},0.00\n{yesterday},HYDRO-QUEBEC,412.10,,0.00\n"
    file = read_file(body, Asked(), now.astimezone(zone).date(), services.installation.currency)
    with services.ledger.reading() as connection:
        matches = matches_of(connection, services, file.lines, {})
    taken = [each.line.line for each in matches if each.parts and each.state != RECORDED]
    by = By(who, "", now - timedelta(hours=3))
    record_lines(
        services, "compte-courant.csv", file.lines, {}, taken, seen=None, by=who, at=by.at, entries_of=imported(by)
    )


def dispute_one(house: House, invoice: int, at: datetime, who: str) -> None:
    """A buyer contests an invoice, and nothing has come of it yet."""
    by = By(who, "", at)
    reason = "Deux caisses reçues tièdes ; ils attendent un geste."
    disputes.dispute(house.services, invoice, reason, by=who, at=at, entry_of=disputed(by))


def settle_one(house: House, invoice: int, at: datetime, who: str) -> None:
    """A buyer contests an invoice, a case is credited two days later, and that is over."""
    services, done = house.services, By(who, "", at + _LATER)
    reason = "Une caisse facturée n’est jamais arrivée."
    disputes.dispute(services, invoice, reason, by=who, at=at, entry_of=disputed(By(who, "", at)))
    words, asked = Words(reason=reason, note="La caisse qui manquait : nos excuses."), (Credited(1, 1),)
    entry_of = credited(done, asked, reason)
    note = credit_notes.credit(services, invoice, asked, words, by=who, at=done.at, entry_of=entry_of).note
    outcome = f"Créditée par {note.number}, ils sont d’accord."
    disputes.close(services, invoice, outcome, by=who, at=done.at, entry_of=dispute_closed(done))


def reverse_one(house: House, invoice: int, at: datetime, who: str) -> None:
    """A cheque pays an invoice, and bounces two days later."""
    services, by, later = house.services, By(who, "", at), By(who, "", at + _LATER)
    on = at.astimezone(services.installation.zone).date()
    entered = payments.pay_rest(
        services, invoice, by=who, at=at, on=on, reference="no 0412", means="cheque", entry_of=paid(by, on)
    )
    why = "chèque sans provision"
    entry_of = reversed_payment(later, entered.key, why)
    payments.reverse(services, invoice, entered.key, by=who, at=later.at, why=why, entry_of=entry_of)


def send_statement(house: House, at: datetime, who: str) -> None:
    """The retailer that contests an invoice is sent the statement of their account."""
    services, by = house.services, By(who, "", at)
    since, until = period_of(None, None, at.astimezone(services.installation.zone).date())

    def work(connection: Connection) -> None:
        found = connection.execute(select(invoices.c.retailer_id).where(invoices.c.disputed_at.is_not(None)).limit(1))
        row = card_row(connection, found.scalar_one())
        if row is None:  # an order made its card
            raise LookupError
        made = statement_of(connection, row.id, since, until, services.installation.zone)
        mail.queue(connection, services, made, row, at)
        noted(connection, by, "retailer.statement_sent", row.id, None, [since.isoformat(), until.isoformat()])

    services.ledger.write(work)

"""The demonstration's bank: a file of yesterday that pays some invoices, one of them beyond what it asks."""

from datetime import datetime, timedelta

from houblon.engine.core.money import dollars
from houblon.orders.bank.known import matches_of
from houblon.orders.bank.matching import RECORDED
from houblon.orders.bank.record import record_lines
from houblon.orders.bank.statement_file import Asked, read_file
from houblon.orders.queries import receivables
from houblon.orders.queries.receivables import InvoiceFilter
from houblon.web.access.account_commands import By
from houblon.web.foundation.composition import House
from houblon.web.invoices.bank_entries import imported

_OVER, _AGO = 2_500, timedelta(days=4)
_MOST = 1_000  # invoices that are looked at


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

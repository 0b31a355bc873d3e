"""The address that the invoices to come print for who ordered: kept from a page, a command or a key alike."""

from sqlalchemy import Connection

from houblon.engine.core.problem import refuse
from houblon.engine.core.texts import is_text
from houblon.orders.queries import lists
from houblon.orders.retailers.memberships import set_address
from houblon.orders.retailers.names import ids_of
from houblon.web.access.account_commands import By
from houblon.web.access.audit import noted
from houblon.web.foundation.composition import House

MAX_ADDRESS = 500


def keep_address(house: House, by: By, key: int, typed: str) -> str | None:
    """Keep the address of an order's buyer, and return it; none where nothing is said.

    Raises Invalid, or LookupError where there is no such order.
    """
    address = "\n".join(line.strip() for line in typed.splitlines() if line.strip())
    if not is_text(address, MAX_ADDRESS, lines=True):
        raise refuse(
            "text",
            "/address",
            f"Une adresse d’au plus {MAX_ADDRESS} caractères visibles.",
            f"An address of at most {MAX_ADDRESS} visible characters.",
        )

    def work(connection: Connection) -> str | None:
        row = lists.order_row(connection, key)
        if row is None:
            raise LookupError(f"there is no order {key}")
        id = ids_of(row).own
        before = set_address(connection, id, address or None, by.at)
        if before != (address or None):
            noted(connection, by, "retailer.address", id, before, address or None)
        return address or None

    return house.services.ledger.write(work)

"""A file of products taken in, as one: its products, and one entry of the audit log."""

from datetime import datetime

from sqlalchemy import Connection

from houblon.orders.products.catalogue import write_products
from houblon.orders.products.product_file import Plan
from houblon.orders.records.audit import record
from houblon.rules.model.entry import Entry


def take(connection: Connection, plan: Plan, at: datetime, by: str, where: str) -> None:
    """Write what the plan says in the running transaction. Raises Invalid where there would be too many products."""
    write_products(connection, [(each.after, each.before) for each in plan.changes], at, by)
    before = {each.after.sku: each.before and each.before.document for each in plan.changes}
    after = {each.after.sku: each.after.document for each in plan.changes}
    record(connection, Entry(at, by, where, "products.imported", str(len(after)), before, after))

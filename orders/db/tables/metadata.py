"""Where the ledger's tables are gathered, and the indexes of some of a table's rows."""

from sqlalchemy import Index, MetaData, text

metadata = MetaData()
# The invoices of which something is left to pay, as their index says it; disputed ones don't count.
OPEN = (
    "invoices.kind = 'invoice' AND invoices.total > invoices.paid + invoices.credited AND invoices.disputed_at IS NULL"
)


def index_where(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of the rows of which `where` holds: a query uses it that names the same, with literals."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))

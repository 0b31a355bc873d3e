"""Where the ledger's tables are gathered, and the indexes of some of a table's rows."""

from sqlalchemy import Index, MetaData, text

metadata = MetaData()


def partial_index(name: str, *columns: str, where: str) -> Index:
    """An index of the rows of which `where` holds: a query uses it that names the same, with literals."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))

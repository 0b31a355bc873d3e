"""The sources whose buyers are their own: every shop, and those that were added so."""

from sqlalchemy import Connection, or_, select

from houblon.orders.db.tables import source_settings, sources

STANDARD = "standard"


def with_own_buyers(connection: Connection) -> frozenset[str]:
    """Their names, the retired ones' too."""
    query = (
        select(sources.c.name)
        .join(source_settings, source_settings.c.name == sources.c.name, isouter=True)
        .where(or_(sources.c.kind != STANDARD, source_settings.c.own_buyers))
    )
    return frozenset(connection.execute(query).scalars())

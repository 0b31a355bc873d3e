"""Events as a test reads them."""

from houblon.orders.events.reading import read_after


def events_of(services, after=None, limit=1_000, kinds=()):
    with services.ledger.reading() as connection:
        return list(read_after(connection, after, limit, kinds).events)


def kinds_of(services, after=None):
    return [event.type for event in events_of(services, after)]

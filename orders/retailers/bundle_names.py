"""Memberships of a bundle by the house's ids, whichever way the bundle names the retailers."""

import msgspec
from sqlalchemy import Connection

from houblon.engine.core.problem import Faults, step
from houblon.orders.db.ledger import Ledger
from houblon.orders.retailers.names import house_ids, ids_to_be
from houblon.orders.retailers.own_buyers import with_own_buyers
from houblon.rules.exchange.bundle import Bundle


def led(ledger: Ledger, bundle: Bundle) -> Bundle:
    """The bundle, its retailers by the ids of who they are now; what it says of two that are one is said of that one.

    Raises Invalid for a source that has no buyers of its own.
    """
    if not bundle.memberships and not bundle.by_source:
        return bundle
    with ledger.reading() as connection:
        ids = house_ids(connection, bundle.memberships)
        said = [(ids[id], groups) for id, groups in bundle.memberships.items()]
        said += _by_source(connection, bundle)
    found: dict[str, tuple[str, ...]] = {}
    for id, groups in said:
        found[id] = tuple(dict.fromkeys((*found.get(id, ()), *groups)))
    return msgspec.structs.replace(bundle, memberships=found, by_source={})


def _by_source(connection: Connection, bundle: Bundle) -> list[tuple[str, tuple[str, ...]]]:
    faults, sources = Faults(), with_own_buyers(connection)
    for source in dict.fromkeys(source for source, _ in bundle.by_source):
        if source not in sources:
            faults.add(
                "unknown_source",
                step("/memberships_by_source", source),
                f"Aucune source « {source} » n’a d’acheteurs à elle.",
                f"No source “{source}” has buyers of its own.",
            )
    faults.raise_if_any()
    return [
        (ids_to_be(connection, source, name).retailer, groups) for (source, name), groups in bundle.by_source.items()
    ]

"""What people do with endpoints and sources, each act with its audit entry in one transaction: the same from a page, by
key and from a shell. Whoever calls knows who may; a LookupError says that there is no such thing."""

import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row

from houblon.orders.credentials import credentials, revocation
from houblon.orders.events import endpoints
from houblon.orders.events.endpoints import Wanted
from houblon.orders.events.webhook_addresses import Network
from houblon.orders.intake.sources import Source, keep_own_buyers, set_source
from houblon.web.access.account_commands import By
from houblon.web.access.audit import noted


def add_endpoint(connection: Connection, by: By, wanted: Wanted, allowed: Iterable[Network]) -> tuple[str, str]:
    """The id and the secret of the endpoint that was made. Raises Invalid."""
    made = endpoints.add_endpoint(connection, wanted, secrets.token_bytes, by.at, allowed)
    noted(connection, by, "endpoint.added", made[0], None, audited_form(wanted))
    return made


def change_endpoint(connection: Connection, by: By, id: str, wanted: Wanted, allowed: Iterable[Network]) -> None:
    """Raises Invalid."""
    before = audited_form(endpoints.known_endpoint(connection, id))
    endpoints.change_endpoint(connection, id, wanted, allowed)
    noted(connection, by, "endpoint.changed", id, before, audited_form(wanted))


def pause_endpoint(connection: Connection, by: By, id: str) -> None:
    """One that is paused stays so, without an entry."""
    endpoints.known_endpoint(connection, id)
    if endpoints.pause(connection, id):
        noted(connection, by, "endpoint.paused", id)


def resume_endpoint(connection: Connection, by: By, id: str) -> None:
    """One that is active stays so, without an entry."""
    if endpoints.resume(connection, id, by.at):
        noted(connection, by, "endpoint.resumed", id)


def resend_after(connection: Connection, by: By, id: str, place: int) -> None:
    """Raises Gone and Invalid for a place that is not kept or not there yet."""
    endpoints.resend_after(connection, id, place)
    noted(connection, by, "endpoint.resent", id, None, {"after": place})


def rotate_endpoint(connection: Connection, by: By, id: str) -> str:
    """The new secret."""
    made = endpoints.rotate(connection, id, secrets.token_bytes, by.at)
    noted(connection, by, "endpoint.rotated", id)
    return made


def remove_endpoint(connection: Connection, by: By, id: str) -> Row[Any]:
    """The endpoint as it was."""
    row = endpoints.known_endpoint(connection, id)
    endpoints.remove(connection, id)
    noted(connection, by, "endpoint.removed", id, audited_form(row), None)
    return row


def audited_form(endpoint: Wanted | Row[Any]) -> dict[str, Any]:
    """What the audit log says of an endpoint."""
    return {"url": endpoint.url, "events": list(endpoint.events)}


def add_source(
    connection: Connection, by: By, name: str, kind: str, given: str | None, *, has_own_buyers: bool = False
) -> str:
    """The secret of the source, new or known: the one that was given, or one that is made. Raises Invalid."""
    made = credentials.add_source(connection, name, secrets.token_bytes, by.at, kind, given)
    owns: dict[str, Any] = {}
    if has_own_buyers:
        owns = {"own_buyers": True, "known_buyers": keep_own_buyers(connection, name, by.at)}
    noted(connection, by, "source.added", name, None, {"kind": kind, **owns})
    return made


def retire_secret(connection: Connection, by: By, key: int) -> str | None:
    """Take one secret back: the source's name; None, without an entry, where it was back already or is not there."""
    name = revocation.retire_secret(connection, key)
    if name is not None:
        _retired(connection, by, name, 1)
    return name


def retire_secrets(connection: Connection, by: By, name: str, keep: int = 0) -> int:
    """Take the secrets of a source back but for the `keep` newest; how many. Where there was none, without an entry."""
    count = credentials.retire_secrets(connection, name, keep=keep)
    if count:
        _retired(connection, by, name, count)
    return count


def _retired(connection: Connection, by: By, name: str, count: int) -> None:
    noted(connection, by, "source.secret_retired", name, None, {"secrets": count})


def change_source(
    connection: Connection, by: By, name: str, known: Source | None, groups: Sequence[str], mapping: Any
) -> None:
    """Say how the orders of a source, `known` as it is kept, are read from now on. Raises Invalid."""
    before = known and {"groups": list(known.groups), "mapping": known.mapping}
    set_source(connection, name, groups, mapping, by.at)
    noted(connection, by, "source.set", name, before, {"groups": list(groups), "mapping": mapping})

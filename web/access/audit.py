"""Acts of people into the audit log: who stands at the desk, and from where."""

from typing import Any

from flask import has_request_context, request
from sqlalchemy import Connection

from houblon.orders.records.audit import Act, record, record_versions
from houblon.web.access.account_commands import By
from houblon.web.foundation.composition import House

SHELL = "shell"


def by(house: House, who: str) -> By:
    """Who acts now, from the request's address or from the shell."""
    return By(who, source(), house.now())


def noted(connection: Connection, by: By, act: str, subject: str, before: Any = None, after: Any = None) -> None:
    """Record an act in the transaction that does it."""
    record(connection, Act(by.at, by.who, by.source, act, subject, before, after))


def note(house: House, who: str, act: str, subject: str, before: Any = None, after: Any = None) -> None:
    """Record one act, from the request's address or from the shell."""
    done = Act(house.now(), who, source(), act, subject, before, after)
    house.services.ledger.write(lambda connection: record(connection, done))


def note_versions(house: House, from_: str | None = None) -> None:
    """Record every published version that the log does not have yet."""
    store, where = house.store, source() if from_ is None else from_
    house.services.ledger.write(lambda connection: record_versions(connection, store, where))


def source() -> str:
    """Where the request came from; `shell` outside of one."""
    return (request.remote_addr or "") if has_request_context() else SHELL

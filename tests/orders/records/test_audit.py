"""The audit log: append-only, chained, complete."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DBAPIError

from houblon.orders.db.tables import audit
from houblon.orders.records.audit import entries, record, record_versions, verify
from houblon.rules.model.entry import Entry
from houblon.rules.model.statements import Edit
from houblon.rules.publishing.publish import publish
from tests.clock import NOW
from tests.orders.services import drop_guards, group, publish_groups


def write(services, *acts):
    for act in acts:
        services.ledger.write(lambda connection: record(connection, act))  # noqa: B023


def act(number=1, **members):
    return Entry(NOW + timedelta(minutes=number), "anne", "127.0.0.1", "proposal.revised", "ete", **members)


def verified(services, head=None):
    with services.ledger.reading() as connection:
        return verify(connection, head)


def tamper(services, statement):
    """Change the log behind its guard, as somebody with the database in hand could."""
    with services.ledger.write_engine.begin() as connection:
        drop_guards(connection)
        connection.execute(statement)


def test_every_act_follows_from_the_one_before(services):
    write(services, act(1, before={"a": 1}, after={"a": 2}), act(2), act(3))
    found = verified(services)
    assert (found.count, found.broken_at) == (3, None)
    with services.ledger.reading() as connection:
        last, *_, first = entries(connection)
    assert (first.before, first.after, first.who, first.source) == ({"a": 1}, {"a": 2}, "anne", "127.0.0.1")
    assert last.hash == found.head


@pytest.mark.parametrize("statement", ["UPDATE audit SET who = 'bo'", "DELETE FROM audit"])
def test_the_database_refuses_to_change_or_remove_an_act(services, statement):
    write(services, act())
    with pytest.raises(DBAPIError, match="append-only"), services.ledger.write_engine.begin() as connection:
        connection.execute(text(statement))
    assert verified(services).count == 1


SECOND = update(audit).where(audit.c.key == 2)


@pytest.mark.parametrize(
    "statement",
    [
        SECOND.values(who="bo"),
        SECOND.values(after={}),
        SECOND.values(at=NOW + timedelta(minutes=2, microseconds=1)),
        delete(audit).where(audit.c.key == 2),
        SECOND.values(key=9),
    ],
    ids=str,
)
def test_what_is_changed_behind_its_guard_is_found(services, statement):
    write(services, *(act(number) for number in range(1, 5)))
    tamper(services, statement)
    assert verified(services).broken_at == 2


def test_a_log_cut_short_is_found_by_a_head_that_was_noted(services):
    write(services, act(1), act(2))
    head = verified(services).head
    write(services, act(3))
    assert verified(services, head).broken_at is None
    tamper(services, delete(audit).where(audit.c.key > 1))
    assert verified(services).broken_at is None
    assert verified(services, head).broken_at == 2


def test_one_reference_is_written_once(services):
    write(services, act(1, reference="x"), act(2, reference="x"), act(3))
    assert verified(services).count == 2


def test_every_version_is_recorded_once_also_those_that_a_crash_left_out(services):
    store = services.policies.store
    for _ in range(2):
        services.ledger.write(lambda connection: record_versions(connection, store, "shell"))
    known = verified(services).count
    assert known == len(store.versions())
    publish_groups(store, group("bars", 3, acceptance_minimum_items=6), at=NOW)
    publish(store, [Edit("group", "bars", None)], author="bo", note="", at=NOW)
    services.ledger.write(lambda connection: record_versions(connection, store))
    with services.ledger.reading() as connection:
        removed, made = entries(connection, limit=2)
    assert (removed.who, removed.act, removed.subject) == ("bo", "policy.published", f"v{known + 2}")
    assert (
        removed.before["/groups/bars"]["settings"]
        == {"acceptance.minimum_items": 6}
        == made.after["/groups/bars"]["settings"]
    )
    assert removed.after == {"hash": store.newest().hash}

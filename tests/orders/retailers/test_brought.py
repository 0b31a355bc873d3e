"""A version and the memberships that it brings: together for every decision, kept once, and after them people's moves."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from houblon.orders.db.ledger import Ledger, make_file, open_ledger
from houblon.orders.db.migrate import upgrade
from houblon.orders.db.tables import audit, brought_memberships
from houblon.orders.retailers.brought import brought_through, everyone, groups_of, keep_brought
from houblon.orders.retailers.memberships import memberships_of, set_memberships
from houblon.rules.checks.checks import CheckContext
from houblon.rules.publishing.drafts import begin
from houblon.rules.publishing.publish import publish
from houblon.rules.publishing.schedule import schedule
from tests.clock import NOW
from tests.orders.services import BAD_PAYERS, make_services, open_services, order_body, send

RISK = BAD_PAYERS["id"]
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def services(tmp_path):
    services = make_services(tmp_path)
    yield services
    services.ledger.close()


def brought(services, **groups):
    context = CheckContext(memberships={})
    return publish(
        services.policies.store, [], author="x", note="", at=NOW, check_context=context, memberships=groups
    ).number


def keep(services, at=NOW):
    history = services.policies.store.history()
    services.ledger.write(lambda connection: keep_brought(connection, history, at))


def test_orders_around_the_moment_are_decided_by_a_version_and_its_memberships_together(services, tmp_path):
    buyers = [f"b{number:02}" for number in range(40)]
    made = begin(services.policies.store, "lot", by="x", at=NOW, memberships=dict.fromkeys(buyers, (RISK,)))
    schedule(services.policies.store, made.id, effective_from=LATER, by="x", at=NOW)
    other = open_services(tmp_path)
    found = set()
    for place, buyer in enumerate(buyers):
        at = LATER + timedelta(milliseconds=place - 20)
        server = (services, other)[place % 2]
        document = send(server, order_body(f"PO-{buyer}", buyer={"id": buyer}), at=at).document
        found.add((document["version"], tuple(document["chain"]), at >= LATER))
        if place == 30:
            keep(other, at)  # the server that settles comes late, and the others go on
    assert found == {(1, ("tous",), False), (2, (RISK, "tous"), True)}
    other.ledger.close()


def test_memberships_of_a_version_are_kept_once_and_a_person_s_later_word_stands(services):
    number = brought(services, a=(RISK,))
    history = services.policies.store.history()
    with services.ledger.reading() as connection:
        assert (memberships_of(connection, "a"), groups_of(connection, history, "a")) == ((), (RISK,))
        assert everyone(connection, history)["a"] == (RISK,)
    keep(services)
    services.ledger.write(lambda connection: set_memberships(connection, {"a": ()}, NOW))
    keep(services)
    with services.ledger.reading() as connection:
        assert brought_through(connection) == number and groups_of(connection, history, "a") == ()
        acts = connection.execute(select(audit.c.before, audit.c.after).where(audit.c.act == "memberships.set")).all()
    assert [tuple(each) for each in acts] == [({"a": []}, {"a": [RISK]})]


def test_a_ledger_that_went_back_keeps_again_what_versions_brought_since(services):
    first = brought(services, a=(RISK,))
    keep(services)
    second = brought(services, b=(RISK,))
    keep(services)
    services.ledger.write(
        lambda connection: connection.execute(_forget(second)) and set_memberships(connection, {"b": ()}, NOW)
    )
    with services.ledger.reading() as connection:
        assert brought_through(connection) == first
    assert send(services, order_body("PO-b", buyer={"id": "b"}), at=NOW).document["chain"] == [RISK, "tous"]


def _forget(version):
    return brought_memberships.delete().where(brought_memberships.c.version == version)


def test_what_earlier_releases_kept_is_known_from_the_audit_log(tmp_path):
    url = f"sqlite:///{tmp_path}/ledger.db"
    make_file(url)
    ledger = Ledger(url)
    entry = {"key": 1, "at": NOW, "who": "x", "source": "", "act": "memberships.set", "subject": "lot"}
    entry |= {"reference": "memberships:un-lot:7", "previous": "-", "hash": "-"}

    def work(connection):
        upgrade(connection, "0017")
        connection.execute(insert(audit).values(**entry))

    ledger.write(work)
    ledger.close()
    ledger = open_ledger(url)
    with ledger.reading() as connection:
        assert brought_through(connection) == 7
    ledger.close()

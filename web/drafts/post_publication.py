"""What follows from a change of the rules in the ledger: the audit log, memberships, and who is told.

The rules and the ledger share no transaction, so this looks at what the rules say and does what is
still missing, each thing once. Whoever changes the rules asks for it; the server's worker does too,
for what a crash left undone and for what comes by date.
"""

from sqlalchemy import Connection, select

from houblon.orders.db.tables import audit
from houblon.orders.events.enqueue import enqueue_version_events
from houblon.orders.mail.proposal_notices import queue_notices
from houblon.orders.records.audit import record
from houblon.orders.retailers.memberships import set_memberships
from houblon.rules.model.entry import Entry
from houblon.rules.model.proposal import PUBLISHED, Proposal
from houblon.rules.publishing.proposals import mark_notified
from houblon.rules.store.history import History
from houblon.web.access.audit import copy_entries, note_versions
from houblon.web.foundation.composition import House


def settle(house: House, source: str | None = None) -> History:
    """Publish what is due, record new versions and tell endpoints, join retailers to groups, write to people."""
    house.services.policies.in_force(house.now())
    history = house.store.history()
    note_versions(house, source)
    copy_entries(house)
    house.services.ledger.write(lambda connection: enqueue_version_events(connection, house.store.versions()))
    for proposal in history.proposals.values():
        if proposal.state == PUBLISHED and proposal.memberships:
            _join(house, proposal)
        if not all(notice.is_sent for notice in proposal.notices):
            _notify(house, proposal)
    return history


def _join(house: House, proposal: Proposal) -> None:
    """Set the memberships that the published proposal brought, once."""
    at, reference = house.now(), f"memberships:{proposal.id}:{proposal.version}"
    done = Entry(at, proposal.author, "", "memberships.set", proposal.id, None, proposal.memberships, reference)

    def work(connection: Connection) -> None:
        if connection.execute(select(audit.c.key).where(audit.c.reference == reference)).first() is None:
            set_memberships(connection, proposal.memberships, at)
            record(connection, done)

    with house.services.ledger.reading() as connection:
        known = connection.execute(select(audit.c.key).where(audit.c.reference == reference)).first()
    if known is None:
        house.services.ledger.write(work)


def _notify(house: House, proposal: Proposal) -> None:
    """Write to the proposal's people, then mark it: a crash between the two writes to nobody twice."""
    now = house.now()
    house.services.ledger.write(lambda connection: queue_notices(connection, house.services, proposal, now))
    mark_notified(house.store, proposal.id)

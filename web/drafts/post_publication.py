"""What follows from a change of the rules in the ledger: the audit log, memberships, and who is told.

The rules and the ledger share no transaction, so this looks at what the rules say and does what is
still missing, each thing once. Whoever changes the rules asks for it; the server's worker does too,
for what a crash left undone and for what comes by date.
"""

from sqlalchemy import Connection

from houblon.orders.mail.proposal_notices import queue_notices
from houblon.orders.retailers.brought import brought_through, keep_brought
from houblon.rules.model.proposal import Proposal
from houblon.rules.publishing.proposals import mark_notified
from houblon.rules.store.history import History
from houblon.web.access.account_commands import people_who_may
from houblon.web.access.audit import copy_entries, note_versions
from houblon.web.foundation.composition import House


def settle(house: House, source: str | None = None) -> History:
    """Publish what is due, record new versions with their events, join retailers to groups, write to people."""
    house.services.policies.in_force(house.now())
    history = house.store.history()
    note_versions(house, source)
    copy_entries(house)
    _join(house, history)
    for proposal in history.proposals.values():
        if not all(notice.is_sent for notice in proposal.notices):
            _notify(house, proposal)
    return history


def _join(house: House, history: History) -> None:
    """Keep the memberships that versions brought; they count from their version's first decision without it."""
    with house.services.ledger.reading() as connection:
        through = brought_through(connection)
    if history.last_moving > through:
        now = house.now()
        house.services.ledger.write(lambda connection: keep_brought(connection, history, now))


def _notify(house: House, proposal: Proposal) -> None:
    """Write to the proposal's people, then mark it: a crash between the two writes to nobody twice."""
    now = house.now()

    def work(connection: Connection) -> None:
        queue_notices(connection, house.services, proposal, now, people_who_may(connection, "approve", now))

    house.services.ledger.write(work)
    mark_notified(house.store, proposal.id)

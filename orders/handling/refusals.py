"""A signed call that can't be recorded is kept and told of; a person has it tried again, by the reading of now."""

from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from houblon.engine.core.problem import Invalid, Problem
from houblon.orders.handling.order_writer import IngestResult, OrderWriter
from houblon.orders.handling.sender_news import Heard
from houblon.orders.handling.signed_call import REUSED, SignedCall, take
from houblon.orders.intake import refused_calls
from houblon.orders.intake.decode import parse_json
from houblon.orders.intake.incoming import hash_of_call
from houblon.orders.intake.refused_calls import Kept
from houblon.orders.intake.sources import find_source, ids_in
from houblon.orders.mail import refused_notice
from houblon.orders.records.audit import EntryOf, audited
from houblon.orders.services import Conflict, Services

People = Callable[[Connection], Iterable[str]]


class Tried(msgspec.Struct, frozen=True):
    """What came of a call that was tried again: what it became, or what is still wrong with it; neither where nothing
    of it is kept any more."""

    result: IngestResult | Heard | None
    problems: tuple[Problem, ...]


def problems_of(fault: Invalid | Conflict) -> tuple[Problem, ...]:
    """What is wrong, whether the call can't be read or contradicts what is done."""
    if isinstance(fault, Invalid):
        return fault.problems
    return (fault.problem,)


def keep_refused(services: Services, call: SignedCall, fault: Invalid | Conflict, people: People) -> None:
    """Keep the call, and tell the team unless it was told lately, in one transaction."""
    order_id, buyer_id = _ids(services, call)
    source = call.sender.source
    hash = hash_of_call(call.body)
    kept = Kept(source, call.kind, call.topic, call.webhook_id, hash, call.at, order_id, buyer_id)

    def work(connection: Connection) -> None:
        refused_calls.keep(connection, kept, call.body, problems_of(fault))
        _notify(connection, services, people, call.at)

    services.ledger.record(work)


def tell_of_refused(services: Services, people: People, at: datetime) -> bool:
    """Tell the team of what was refused since it was told last, where that is an hour ago; whether it was. What was
    recorded since is forgotten on the way."""
    with services.ledger.reading() as connection:
        is_due = refused_notice.is_due(refused_notice.last_notice(connection), at)
        if not is_due or not refused_calls.by_source(connection, is_untold=True):
            return False

    def work(connection: Connection) -> bool:
        refused_calls.remove_recorded(connection)
        return _notify(connection, services, people, at)

    return services.ledger.record(work)


def retry(
    services: Services,
    writer: OrderWriter,
    key: int,
    at: datetime,
    entry_of: EntryOf[int] | None = None,
) -> Tried | None:
    """Run a kept call through its source's reading of now and record it as if it came; None where there is none.

    What is recorded is forgotten here after that: whoever is killed between the two finds it recorded already, and it
    is not recorded twice.
    """
    with services.ledger.reading() as connection:
        row = refused_calls.find(connection, key)
        source = row and find_source(connection, row.source)
    if row is None or source is None:
        return None
    if row.body is None:
        return Tried(None, ())
    # Where the call's id was used for another body, that is what a person says is no matter.
    is_reused = any(each.code == REUSED for each in refused_calls.faults_of(row))
    call = SignedCall(source.sender(), row.kind, row.topic, row.body, at, None if is_reused else row.webhook_id)
    try:
        result = take(services, writer, call)
    except (Invalid, Conflict) as fault:
        problems = problems_of(fault)
        services.ledger.record(lambda connection: refused_calls.say_again(connection, key, problems))
        return Tried(None, problems)
    # Of several who try it at once, one removes it: that is whose act it was.
    services.ledger.write(
        audited(
            lambda connection: refused_calls.remove(connection, [key]),
            lambda count: entry_of(count) if entry_of and count else None,
        )
    )
    return Tried(result, ())


def _notify(connection: Connection, services: Services, people: People, at: datetime) -> bool:
    if not refused_notice.is_due(refused_notice.last_notice(connection), at):
        return False
    counts = [(each.source, each.count) for each in refused_calls.by_source(connection, is_untold=True)]
    if not counts or not refused_notice.notify(connection, services, counts, people(connection), at):
        return False
    refused_calls.note_told(connection, at)
    return True


def _ids(services: Services, call: SignedCall) -> tuple[str | None, str | None]:
    try:
        return ids_in(call.sender, call.kind, parse_json(call.body), services.installation.zone)
    except Invalid:
        return None, None

"""The three acts on personal data, over everything that an installation keeps: hand out, erase, prune by age."""

import contextlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import structlog
from sqlalchemy import Connection, or_, select

from houblon.engine.core.problem import Invalid, Text, refuse
from houblon.engine.schedule.calendar import local_day
from houblon.orders.privacy import erase as ledger_erase
from houblon.orders.privacy import retention
from houblon.orders.privacy.erase import Erased, Plan
from houblon.orders.privacy.export import export_retailer
from houblon.orders.records.audit import record
from houblon.orders.retailers.joins import hold_root, root_of
from houblon.rules.model.entry import Entry
from houblon.simulation.jobs.jobs import FOLDER
from houblon.simulation.jobs.retention import forget
from houblon.simulation.jobs.retention import prune as prune_simulations
from houblon.web.access.accounts import attempts, sessions
from houblon.web.access.sessions import KEPT_FOR
from houblon.web.foundation.composition import House
from houblon.web.foundation.stale import Outdated, check_seen, tag_of

log = structlog.get_logger("houblon.retention")
EXPORTED = "retailer.exported"


class Pruned(msgspec.Struct, frozen=True):
    """How many of each kind were removed."""

    counts: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def preview(house: House, id: str) -> Plan:
    """What there is of a retailer. Raises Invalid where nothing is."""
    services = house.services
    with services.ledger.reading() as connection:
        found = ledger_erase.plan(connection, root_of(connection, id), house.settings.tax_years, services)
    if found is None:
        raise _unknown(id)
    return found


def export(house: House, id: str, by: str, source: str) -> dict[str, Any]:
    """All that is kept of a retailer, as a document to hand out; the audit log notes that it was made. Raises Invalid."""
    now, ledger = house.now(), house.services.ledger
    with ledger.reading() as connection:
        # Who asks by the id of one that was joined to another is that one.
        id = root_of(connection, id)
        document = export_retailer(connection, id, now)
    if document is None:
        raise _unknown(id)
    ledger.write(lambda connection: record(connection, Entry(now, by, source, EXPORTED, id)))
    return document


def erase(house: House, id: str, by: str, source: str, contact_only: bool, seen: str | None = None) -> Erased:
    """Erase what may go of a retailer: in the ledger, in simulations, in mails that went to files.

    The ledger's part is one transaction; what follows it removes files, and can be done anew. Raises Invalid, and
    Outdated where `seen`, the tag of the preview that was shown, is not that of what there is by then, or where the
    retailer is joined to another, or parted, meanwhile.
    """
    now, services = house.now(), house.services
    today = local_day(now, str(services.installation.zone))
    with services.ledger.reading() as connection:
        asked, id = id, root_of(connection, id)

    def work(connection: Connection) -> Erased:
        if hold_root(connection, asked) != id:  # its orders are another's by now: one half alone would go
            raise Outdated
        found = ledger_erase.plan(connection, id, house.settings.tax_years, services)
        if found is None:
            raise _unknown(id)
        if seen is not None:
            check_seen(seen, tag_of(found))
        return ledger_erase.erase(
            connection, services, found, today=today, by=by, source=source, at=now, contact_only=contact_only
        )

    erased = services.ledger.write(work)
    _remove_mails(house.settings.mail_folder, list(erased.messages))
    gone, stay = forget(services, house.settings.data / FOLDER, id, erased.values)
    kept = [*erased.kept]
    if stay:
        kept.append(
            Text(
                f"{stay} rapports de simulation : une approbation les nomme, ou un brouillon s’en sert.",
                f"{stay} simulation reports: an approval names them, or a draft uses them.",
            )
        )
    if _is_in_rules(house, (id, *erased.values)):
        kept.append(
            Text(
                "Ce que disent les règles publiées (un scénario, une condition) : leurs versions ne changent pas.",
                "What published rules say (a scenario, a condition): their versions do not change.",
            )
        )
    counts = {**erased.counts, "simulations": gone}
    return msgspec.structs.replace(erased, counts=counts, kept=tuple(kept))


def prune(house: House, only_ask: bool = False) -> Pruned:
    """Remove what is older than the settings keep it, or with `only_ask` count it; the log tells how many."""
    keep, now, ledger = house.settings.keep, house.now(), house.services.ledger
    counts: dict[str, int] = {}
    for old in [*retention.old_of_the_ledger(keep, now), *_old_sign_ins(keep, now)]:
        if only_ask:
            with ledger.reading() as connection:
                counts[old.kind] = retention.count(connection, old)
        else:
            counts[old.kind] = retention.remove(ledger, old)
    if keep.messages is not None:
        counts["mail_files"] = _old_mails(house.settings.mail_folder, now - timedelta(days=keep.messages), only_ask)
    if keep.simulations is not None and not only_ask:
        folder = house.settings.data / FOLDER
        counts["simulations"] = prune_simulations(house.services, folder, now, keep.simulations)
    found = Pruned(counts)
    if found.total and not only_ask:
        log.info("retention.pruned", **counts)
    return found


def _old_sign_ins(keep: retention.Keep, now: datetime) -> list[retention.Old]:
    """Refused attempts count for a day; a session that is over says who was where, and by which browser."""
    day = timedelta(days=1)
    refused = select(attempts.c.key).where(attempts.c.at < now - day)
    found = [retention.Old("refused_sign_ins", attempts, refused)]
    if keep.sign_ins is not None:
        before = now - keep.sign_ins * day
        unused = sessions.c.seen_at < min(before, now - KEPT_FOR)
        over = select(sessions.c.id).where(or_(sessions.c.ended_at < before, unused))
        found.append(retention.Old("sessions", sessions, over))
    return found


def _old_mails(folder: Path, before: datetime, only_ask: bool) -> int:
    found = [path for path in folder.glob("*.eml") if path.stat().st_mtime < before.timestamp()]
    if not only_ask:
        for path in found:
            path.unlink(missing_ok=True)
    return len(found)


def _remove_mails(folder: Path, ids: list[str]) -> None:
    for id in ids:
        with contextlib.suppress(OSError):
            (folder / f"{id}.eml").unlink(missing_ok=True)


def _is_in_rules(house: House, values: tuple[str, ...]) -> bool:
    content = house.store.storage.whole_bytes()
    return any(msgspec.json.encode(value) in content for value in values)


def _unknown(id: str) -> Invalid:
    return refuse(
        "unknown",
        "/id",
        f"Rien n’est gardé d’un détaillant « {id} ».",
        f"Nothing is kept of a retailer “{id}”.",
    )

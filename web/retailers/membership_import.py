"""A file of memberships planned, kept and undone: what its page and its command share."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from houblon.orders.db.tables import audit
from houblon.orders.db.tables import retailers as cards_table
from houblon.orders.queries import retailers
from houblon.orders.records.audit import record
from houblon.orders.retailers.brought import keep_brought
from houblon.orders.retailers.cards import Card, add_retailer, limit_text, limits_of, set_limit
from houblon.orders.retailers.membership_file import Columns, Plan, Sheet, plan_import, written
from houblon.orders.retailers.memberships import all_memberships, set_memberships
from houblon.orders.retailers.names import BuyerIds, add_name, first_names, names_by_source, taken_ids
from houblon.orders.retailers.own_buyers import with_own_buyers
from houblon.orders.retailers.row_ids import RowIds
from houblon.rules.model.content import Content
from houblon.rules.model.entry import Entry
from houblon.rules.model.moves import Memberships
from houblon.web.access.account_commands import By
from houblon.web.foundation.composition import House
from houblon.web.foundation.stale import check_seen, tag_of
from houblon.web.retailers.membership_effect import content_of

_ACT, _LIMITS = "memberships.imported", "limits.imported"


class Imported(msgspec.Struct, frozen=True):
    """A file that was kept: its id, how many retailers it moved, and whether that was undone."""

    id: str
    at: datetime
    who: str
    mode: str
    count: int
    undone: bool


class Undone(msgspec.Struct, frozen=True):
    """How many retailers have their groups again, and how many changed since and stay as they are."""

    back: int
    left: int
    before: bool = False


def plan_now(house: House, sheet: Sheet, columns: Columns, mode: str) -> Plan:
    """What the file would change now. Raises Invalid for columns that say nothing."""
    with house.services.ledger.reading() as connection:
        return _plan(connection, content_of(house), sheet, columns, mode, house.everyone(connection))


def digest_of(plan: Plan) -> str:
    """Names what a preview shows, so that exactly that is confirmed."""
    return tag_of(plan.changes)


def keep(house: House, by: By, sheet: Sheet, columns: Columns, mode: str, seen: str) -> str:
    """Write the plan in one transaction; the import's id. Raises Outdated when it is not the one that was shown."""
    content, history, id = content_of(house), house.store.history(), secrets.token_hex(8)

    def work(connection: Connection) -> None:
        keep_brought(connection, history, by.at)
        plan = _plan(connection, content, sheet, columns, mode, all_memberships(connection))
        check_seen(seen, digest_of(plan))
        for each in plan.changes:
            # Who was in groups alone has a card once a source's name leads to them.
            if each.is_new or each.called is not None:
                add_retailer(connection, Card(each.retailer, each.name), by.at)
            if each.limit is not None:
                set_limit(connection, each.retailer, each.limit, by.at, by.who)
            if each.called is not None:
                add_name(connection, *each.called, BuyerIds(each.retailer, each.retailer), by.at)
        set_memberships(connection, {each.retailer: each.after for each in plan.changes}, by.at, by.who)
        before = {each.retailer: list(each.before) for each in plan.changes}
        after = {each.retailer: list(each.after) for each in plan.changes}
        record(connection, _referred(by.entry(_ACT, mode, before, after), f"import:{id}"))
        limited = [each for each in plan.changes if each.limit is not None]
        if limited:
            was = {each.retailer: each.limit_before for each in limited}
            put = {each.retailer: each.limit for each in limited}
            record(connection, _referred(by.entry(_LIMITS, mode, was, put), f"limits:{id}"))

    house.services.ledger.write(work)
    return id


def undo(house: House, by: By, id: str) -> Undone | None:
    """Give the retailers of an import the groups that they had, but those whose groups changed since; None where
    there is no such import."""
    reference, history = f"import:{id}", house.store.history()

    def work(connection: Connection) -> Undone | None:
        done = connection.execute(select(audit).where(audit.c.reference == reference)).one_or_none()
        if done is None:
            return None
        if _is_undone(connection, reference):
            return Undone(0, 0, before=True)
        keep_brought(connection, history, by.at)
        kept, was, put = all_memberships(connection), done.before or {}, done.after or {}
        back = {id: groups for id, groups in was.items() if sorted(kept.get(id, ())) == put[id]}
        set_memberships(connection, back, by.at, by.who)
        before = {id: put[id] for id in back}
        record(connection, _referred(by.entry("memberships.undone", reference, before, back), f"undo:{reference}"))
        _give_limits_back(connection, by, id)
        return Undone(len(back), len(was) - len(back))

    return house.services.ledger.write(work)


def _give_limits_back(connection: Connection, by: By, id: str) -> None:
    """The credit limits that an import wrote are again what they were, but for those that changed since."""
    done = connection.execute(select(audit).where(audit.c.reference == f"limits:{id}")).one_or_none()
    if done is None:
        return
    now, was, put = limits_of(connection), done.before or {}, done.after or {}
    back = {retailer: limit for retailer, limit in was.items() if now.get(retailer) == put[retailer]}
    for retailer, limit in back.items():
        set_limit(connection, retailer, limit, by.at, by.who)
    before = {retailer: put[retailer] for retailer in back}
    record(connection, by.entry("limits.undone", f"limits:{id}", before, back))


def imported(connection: Connection, id: str) -> Imported | None:
    """What an import did, from the log; None when there is none of this id."""
    row = connection.execute(select(audit).where(audit.c.reference == f"import:{id}")).one_or_none() if id else None
    return None if row is None else _imported(connection, row)


def imports(connection: Connection, limit: int) -> list[Imported]:
    """Files that were kept, the newest first."""
    rows = connection.execute(select(audit).where(audit.c.act == _ACT).order_by(audit.c.key.desc()).limit(limit))
    return [_imported(connection, row) for row in rows.all()]


def exported(house: House, delimiter: str, search: str = "", group: str | None = None) -> bytes:
    """A row for each membership, and one for each retailer in no group; of those whom a list would show.

    Beside the house's id stands the first name that a source gave.
    Memberships in archived groups are left out: the file comes back as it is.
    """
    content = content_of(house)
    with house.services.ledger.reading() as connection:
        names = first_names(connection)
        found = retailers.list_retailers(connection, search, group, limit=None)
        kept = house.everyone(connection)
    rows = [
        {
            "detaillant": row.id,
            "groupe": group and content.groups[group].name,
            "nom": row.name,
            "courriel": row.email,
            "langue": row.language,
            "province": row.province,
            "limite_de_credit": _limit_cell(limit_text(row), delimiter),
            "source": names.get(row.id, ("", ""))[0],
            "nom_source": names.get(row.id, ("", ""))[1],
        }
        for row in found
        for group in _named(kept.get(row.id, ()), content)
    ]
    return written(rows, delimiter)


def _limit_cell(limit: str | None, delimiter: str) -> str | None:
    return limit.replace(".", ",") if limit and delimiter == ";" else limit


def _named(groups: Sequence[str], content: Content) -> list[str]:
    return [id for id in groups if id in content.groups] or [""]


def _plan(
    connection: Connection, content: Content, sheet: Sheet, columns: Columns, mode: str, kept: Memberships
) -> Plan:
    known = [row.id for row in retailers.list_retailers(connection, limit=None)]
    cards = [(row.id, row.name) for row in connection.execute(select(cards_table.c.id, cards_table.c.name))]
    ids = RowIds(names_by_source(connection), with_own_buyers(connection), taken_ids(connection), cards)
    return plan_import(sheet, columns, mode, content, kept, known, ids, limits_of(connection))


def _imported(connection: Connection, row: Row[Any]) -> Imported:
    # Which an erasure of one of them took.
    after: Mapping[str, Any] = row.after or {}
    id = row.reference.partition(":")[2]
    return Imported(id, row.at, row.who, row.subject, len(after), _is_undone(connection, row.reference))


def _referred(entry: Entry, reference: str) -> Entry:
    return msgspec.structs.replace(entry, reference=reference)


def _is_undone(connection: Connection, reference: str) -> bool:
    done = select(audit.c.key).where(audit.c.reference == f"undo:{reference}")
    return connection.execute(done).first() is not None

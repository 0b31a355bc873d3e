"""`houblon retailer list · show · add · set · join-group · leave-group`: who buys, and in which groups."""

from pathlib import Path
from typing import Any

import click
import msgspec
from sqlalchemy import Connection

from houblon.engine.core.money import dollars
from houblon.engine.core.problem import refuse
from houblon.engine.policy.policy import BASE
from houblon.engine.schedule.calendar import local_day
from houblon.orders.queries import retailers
from houblon.orders.retailers import memberships
from houblon.orders.retailers.brought import groups_of, keep_brought
from houblon.orders.retailers.cards import Card, add_retailer, edit_retailer, limit_text, read_card
from houblon.orders.retailers.joins import root_of
from houblon.web.access.audit import CLI, by, noted
from houblon.web.cli.privacy import retailer
from houblon.web.cli.shell import (
    data_option,
    json_option,
    opened,
    print_result,
    retailer_argument,
    speaks_problems,
)

__all__ = ["retailer"]

_MEMBERS = ("name", "email", "language", "province", "credit_limit")


def _card_options(command: Any) -> Any:
    for name in reversed(_MEMBERS):
        option = f"--{name.replace('_', '-')}"
        command = click.option(option, name, help="An empty text takes it away.")(command)
    return command


@retailer.command("list")
@data_option
@json_option
@click.option("--search", default="", help="What is in the id, the name or the address.")
@click.option("--group", help="Those of this group.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@speaks_problems
def list_(data: Path | None, search: str, group: str | None, limit: int, as_json: bool) -> None:
    """Retailers, by name."""
    with opened(data) as house, house.services.ledger.reading() as connection:
        _check_group(house.store, group)
        rows = retailers.list_retailers(connection, search, group, limit=limit)
        groups = retailers.groups_of(connection, [row.id for row in rows])
        found = [{**_document(row), "groups": groups.get(row.id, [])} for row in rows]
    lines = [f"{each['id']:24} {each['name'] or '-':40} {', '.join(each['groups'])}".rstrip() for each in found]
    print_result({"retailers": found}, as_json, "\n".join(lines) or "no retailers")


@retailer.command("show")
@data_option
@json_option
@retailer_argument
@speaks_problems
def show(data: Path | None, id: str, as_json: bool) -> None:
    """A retailer's card, groups, and what they owe."""
    with opened(data) as house, house.services.ledger.reading() as connection:
        row = _row(connection, id)
        owed = retailers.owed_by(connection, row.id, local_day(house.now(), str(house.services.installation.zone)))
        document = {
            **_document(row),
            "groups": list(groups_of(connection, house.store.history(), row.id)),
            "unpaid_invoices": owed.count,
            "outstanding": dollars(owed.outstanding),
            "overdue": dollars(owed.overdue),
        }
    print_result(document, as_json, "\n".join(f"{name}: {_shown(value)}" for name, value in document.items()))


@retailer.command("add")
@data_option
@json_option
@retailer_argument
@_card_options
@speaks_problems
def add(data: Path | None, id: str, as_json: bool, **said: str | None) -> None:
    """Make a retailer before their first order."""
    card = read_card(id, *(said[name] or "" for name in _MEMBERS))
    with opened(data) as house:
        acting = by(house, CLI)

        def work(connection: Connection) -> None:
            add_retailer(connection, card, acting.at)
            noted(connection, acting, "retailer.added", card.id, None, msgspec.to_builtins(card))

        house.services.ledger.write(work)
    print_result(msgspec.to_builtins(card), as_json, f"{card.id} is there.")


@retailer.command("set")
@data_option
@json_option
@retailer_argument
@_card_options
@speaks_problems
def set_(data: Path | None, id: str, as_json: bool, **said: str | None) -> None:
    """Write what is known of a retailer; what is not named stays."""
    with opened(data) as house:
        acting = by(house, CLI)

        def work(connection: Connection) -> Card:
            row = _row(connection, id)
            known = {**{name: getattr(row, name) or "" for name in _MEMBERS}, "credit_limit": limit_text(row) or ""}
            named = {name: value for name, value in said.items() if value is not None}
            # As it is named: one that is joined to another has no card to write.
            card = read_card(id, *({**known, **named}[name] for name in _MEMBERS))
            before = edit_retailer(connection, card, acting.at, acting.who)
            after = {name: getattr(card, name) for name in _MEMBERS}
            if before != after:
                noted(connection, acting, "retailer.edited", card.id, before, after)
            return card

        card = house.services.ledger.write(work)
    print_result(msgspec.to_builtins(card), as_json, f"{card.id} is kept so.")


@retailer.command("join-group")
@data_option
@json_option
@retailer_argument
@click.argument("group")
@speaks_problems
def join_group(data: Path | None, id: str, group: str, as_json: bool) -> None:
    """Put a retailer into a group; their next orders are decided so."""
    _move(data, id, group, joining=True, as_json=as_json)


@retailer.command("leave-group")
@data_option
@json_option
@retailer_argument
@click.argument("group")
@speaks_problems
def leave_group(data: Path | None, id: str, group: str, as_json: bool) -> None:
    """Take a retailer out of a group."""
    _move(data, id, group, joining=False, as_json=as_json)


def _move(data: Path | None, asked: str, group: str, *, joining: bool, as_json: bool) -> None:
    with opened(data) as house:
        acting, history = by(house, CLI), house.store.history()
        if joining:
            _check_group(house.store, group)

        def work(connection: Connection) -> tuple[str, tuple[str, ...]]:
            # Whom it is joined to, where it is.
            id = _row(connection, asked).id
            keep_brought(connection, history, acting.at)
            before = memberships.memberships_of(connection, id)
            if joining:
                done = memberships.join(connection, id, group, acting.at, acting.who)
            else:
                done = memberships.leave(connection, id, group, acting.at, acting.who)
            after = memberships.memberships_of(connection, id)
            if done:
                act = "membership.added" if joining else "membership.removed"
                noted(connection, acting, act, id, sorted(before), sorted(after))
            elif not joining:
                raise refuse(
                    "not_a_member",
                    "/group",
                    f"{id} n’est pas dans le groupe {group}.",
                    f"{id} is not in the group {group}.",
                )
            return id, after

        id, found = house.services.ledger.write(work)
    groups = sorted(found)
    print_result({"id": id, "groups": groups}, as_json, f"{id}: {', '.join(groups) or 'no group'}")


def _check_group(store: Any, group: str | None) -> None:
    """Raises Invalid for a group that is not there, and for the base, in which everybody is."""
    if group is not None and (group == BASE or group not in store.content(store.newest().number).groups):
        raise refuse("unknown_group", "/group", f"Il n’y a pas de groupe {group}.", f"There is no group {group}.")


def _row(connection: Connection, id: str) -> Any:
    row = retailers.retailer_row(connection, root_of(connection, id))
    if row is None:
        raise refuse("unknown_retailer", "/id", f"Il n’y a pas de détaillant {id}.", f"There is no retailer {id}.")
    return row


def _document(row: Any) -> dict[str, Any]:
    return {"id": row.id, **{name: getattr(row, name) for name in _MEMBERS}, "credit_limit": limit_text(row)}


def _shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else "-" if value is None else str(value)

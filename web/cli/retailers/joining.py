"""`houblon retailer join · part`: two retailers that are one, with what follows told before."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec
from sqlalchemy import Connection

from houblon.engine.core.money import dollars
from houblon.engine.core.problem import refuse
from houblon.orders.retailers.joins import Joined, check_joinable
from houblon.web.access.audit import CLI, by
from houblon.web.cli.retailers.retailers import retailer
from houblon.web.cli.shell import (
    data_option,
    is_at_terminal,
    json_option,
    opened,
    print_result,
    retailer_argument,
    speaks_problems,
)
from houblon.web.foundation.composition import House
from houblon.web.foundation.stale import Outdated, check_seen, tag_of
from houblon.web.retailers import join_acts
from houblon.web.retailers.consequences import Consequences, consequences
from houblon.web.retailers.join_acts import Preview, preview_of
from houblon.web.retailers.membership_effect import content_of

__all__ = ["retailer"]


@retailer.command("join")
@data_option
@json_option
@retailer_argument
@click.argument("other", metavar="INTO")
@click.option("--preview", is_flag=True, help="Change nothing; say what would follow.")
@click.option("--yes", is_flag=True, help="At a terminal, do not ask.")
@speaks_problems
def join(data: Path | None, id: str, other: str, preview: bool, yes: bool, as_json: bool) -> None:
    """Join the retailer ID into INTO, who is the same: orders, invoices, names and groups are INTO's from then on."""
    with opened(data) as house:
        shown, found = _shown(house, id, other)
        lines = list(_lines(shown, found))
        if preview:
            print_result(_document(shown, found), as_json, "\n".join(lines))
            return
        if not yes and is_at_terminal():
            click.echo("\n".join(lines), err=True)
            click.confirm("Join them? `houblon retailer part` parts them again.", abort=True, err=True)
        done = _joined(house, shown, id, other)
    document = {"id": id, "joined_to": done.other, "orders": done.orders, "groups": done.after}
    print_result(document, as_json, f"{id} is {other} now: {done.orders} orders went along.")


@retailer.command("part")
@data_option
@json_option
@retailer_argument
@speaks_problems
def part(data: Path | None, id: str, as_json: bool) -> None:
    """Part the retailer ID from whom it was joined into; what was theirs is theirs again."""
    with opened(data) as house:
        acting, history = by(house, CLI), house.store.history()
        done = house.services.ledger.write(lambda connection: join_acts.part(connection, acting, history, id))
    document = {"id": id, "parted_from": done.other, "orders": done.orders, "groups": done.after}
    print_result(document, as_json, f"{id} is parted from {done.other}: {done.orders} orders are its own again.")


def _shown(house: House, id: str, into: str) -> tuple[Preview, Consequences]:
    """What would follow. Raises Invalid where the two can't be joined."""
    with house.services.ledger.reading() as connection:
        check_joinable(connection, id, into)
        shown = preview_of(connection, content_of(house), house.store.history(), id, into)
    assert shown is not None  # both are there
    return shown, consequences(house, {id: (), into: shown.groups})


def _joined(house: House, shown: Preview, id: str, into: str) -> Joined:
    """Join them as they were shown. Raises Invalid, where there is something else by now too."""
    acting, history, content = by(house, CLI), house.store.history(), content_of(house)

    def check(now: Preview | None) -> None:
        check_seen(tag_of(shown), tag_of(now) if now else "")

    def work(connection: Connection) -> Joined:
        return join_acts.join(connection, acting, content, history, id, into, check)

    try:
        return house.services.ledger.write(work)
    except Outdated:
        raise refuse(
            "changed",
            "/id",
            "Quelqu’un les a changés depuis : relisez, puis recommencez.",
            "They were changed since: read them again, then retry.",
        ) from None


def _document(shown: Preview, found: Consequences) -> dict[str, Any]:
    sides = {
        name: {**msgspec.to_builtins(side), "outstanding": dollars(side.outstanding)}
        for name, side in (("joined", shown.joined), ("kept", shown.kept))
    }
    effects = [
        {"retailer": side.id, **msgspec.to_builtins(each)} for side, changes in shown.effects for each in changes
    ]
    return {
        **sides,
        "groups": shown.groups,
        "effects": effects,
        "rules": shown.rules,
        "broken": [each.as_json() for each in found.broken],
        "planned": [each.id for each in found.planned],
    }


def _lines(shown: Preview, found: Consequences) -> Iterator[str]:
    for side in (shown.joined, shown.kept):
        yield (
            f"{side.id} ({side.name or '-'}): {side.orders} orders, {side.held} held, {side.invoices} invoices, "
            f"{dollars(side.outstanding)} $ owed, groups {', '.join(side.groups) or '-'}"
        )
    yield f"Together: {shown.kept.id}, groups {', '.join(shown.groups) or '-'}"
    for side, changes in shown.effects:
        for each in changes:
            yield f"- {side.id}: {each.label.en}: {each.before.en or '-'} -> {each.after.en or '-'}"
    yield from (f"- a rule names {shown.joined.id}: {each.en}" for each in shown.rules)
    yield from (f"- a scenario breaks: {each.message.en}" for each in found.broken)
    yield from (f"- a planned proposal is touched: {each.id}" for each in found.planned)

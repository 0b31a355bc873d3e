"""Two retailers that are one: what joining them would give, joining and parting, each with its audit entry; the same from
a page, by key and from a shell."""

from collections.abc import Callable, Iterator

import msgspec
from sqlalchemy import Connection

from houblon.engine.core.problem import Text
from houblon.orders.queries import joins
from houblon.orders.queries.joins import Side
from houblon.orders.retailers.brought import groups_of, keep_brought
from houblon.orders.retailers.joins import Joined, join_retailers, part_retailer
from houblon.rules.checks.idle_rules import naming
from houblon.rules.model.content import Content
from houblon.rules.store.history import History
from houblon.web.access.account_commands import By
from houblon.web.access.audit import noted
from houblon.web.retailers.membership_effect import Effect, effects


class Preview(msgspec.Struct, frozen=True):
    """What joining `joined` to `kept` would give: the groups of both, and what changes in each one's policy."""

    joined: Side
    kept: Side
    groups: tuple[str, ...]
    effects: tuple[tuple[Side, list[Effect]], ...]
    rules: tuple[Text, ...]


def preview_of(connection: Connection, content: Content, history: History, id: str, other: str) -> Preview | None:
    """What joining the one to the other would give by what is in force; None where there is none of them."""
    sides = []
    for each in (id, other):
        side = joins.side_of(connection, each)
        if side is None:
            return None
        sides.append(msgspec.structs.replace(side, groups=tuple(sorted(groups_of(connection, history, each)))))
    joined, kept = sides
    groups = tuple(sorted({*joined.groups, *kept.groups}))
    changed = tuple((side, effects(content, side.groups, groups)) for side in (kept, joined))
    return Preview(joined, kept, groups, changed, tuple(_naming(content, id)))


def join(
    connection: Connection,
    by: By,
    content: Content,
    history: History,
    id: str,
    other: str,
    check: Callable[[Preview | None], None],
) -> Joined:
    """Join the one to the other, where `check` lets what was shown of it pass. Raises Invalid where that can't be."""
    keep_brought(connection, history, by.at)
    check(preview_of(connection, content, history, id, other))
    done = join_retailers(connection, id, other, by=by.who, at=by.at)
    after = {"joined_to": other, "groups": done.after, "orders": done.orders}
    noted(connection, by, "retailer.joined", id, {"groups": done.before}, after)
    return done


def part(connection: Connection, by: By, history: History, id: str) -> Joined:
    """Part a retailer from whom it was joined to. Raises Invalid where it is joined to nobody."""
    keep_brought(connection, history, by.at)
    done = part_retailer(connection, id, by=by.who, at=by.at)
    before = {"joined_to": done.other, "groups": done.before}
    noted(connection, by, "retailer.parted", id, before, {"groups": done.after, "orders": done.orders})
    return done


def _naming(content: Content, id: str) -> Iterator[Text]:
    """The names of rules that speak of the retailer by its id: once it is joined, none of its orders has it."""
    for group, rule in naming(content, "buyer_id", id):
        name = content.groups[group].name
        yield Text(f"{name} · {rule.label.fr}", f"{name} · {rule.label.en}")

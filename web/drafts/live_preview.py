"""Rules and drafts tried on the last orders while somebody writes them."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
from flask import Flask, current_app

from houblon.engine.core.order import Facts
from houblon.orders.queries.recent_orders import DecidedOrder, Near, Past, Recent, Shift, decide_all, near_misses, shift
from houblon.orders.retailers.brought import brought_since
from houblon.rules.model.content import Content
from houblon.web.foundation.composition import House
from houblon.web.foundation.current_app import house

_RECENT = "houblon.recent"
_SUGGESTED = 200
_SHOWN_IN = ("base.html", "rule.html", "group.html", "parts/rule/", "parts/group/", "parts/setting", "parts/sidebar")


class Trial(msgspec.Struct, frozen=True):
    """A content over the last orders: how a group's orders would stand, and what differs from what is in force.

    `accepted` and `waiting` count the group's own `orders`; `near` are those of them that miss a minimum by little.
    """

    orders: int
    accepted: int
    waiting: int
    refused: int
    near: tuple[Near, ...]
    shift: Shift


def past_in(content: Content) -> list[Past]:
    """The last orders as they would stand in a content that pages show."""
    recent: Recent = current_app.extensions.setdefault(_RECENT, Recent())
    history = house().store.history()
    with house().services.ledger.reading() as connection:
        brought = brought_since(connection, history)
        return recent.recall(connection, content, house().services.installation, brought)


def warm(app: Flask, house: House) -> None:
    """Read the last orders, and the templates that tell of them, before somebody asks.

    The first count of a process is then as quick as the next: compiling templates was most of its time.
    """
    with app.app_context():
        for name in app.jinja_env.list_templates(filter_func=lambda name: name.startswith(_SHOWN_IN)):
            app.jinja_env.get_template(name)
        past_in(house.store.content(house.store.newest().number))


def trial_of(group: str, content: Content, in_force: Content) -> Trial:
    """What `content` would do to the last orders, for a group's page."""
    installation = house().services.installation
    after = decide_all(past_in(content), content, installation)
    before = after if content is in_force else decide_all(past_in(in_force), in_force, installation)
    # Both ask the ledger; an order that came between the two is left out.
    pairs = paired(before, after)
    own = [each for each in after if group in each.past.chain]
    counts = Counter(each.outcome.value for each in own)
    return Trial(
        len(own),
        counts["accepted"],
        counts["held"],
        counts["refused"],
        near_misses(own),
        shift([old for old, _ in pairs], [new for _, new in pairs]),
    )


def paired(before: Iterable[DecidedOrder], after: Iterable[DecidedOrder]) -> list[tuple[DecidedOrder, DecidedOrder]]:
    """The orders that both decided: one that came between the two is left out."""
    known = {each.past.key: each for each in before}
    return [(known[each.past.key], each) for each in after if each.past.key in known]


_SAID: Mapping[str, Callable[[Facts], Iterable[str]]] = {
    "distributor": lambda facts: [facts.distributor] if facts.distributor else (),
    "buyer_id": lambda facts: [facts.buyer_id],
    "categories": lambda facts: facts.categories or (),
    "skus": lambda facts: facts.skus,
}


def said_lately(past: Sequence[Past]) -> dict[str, tuple[str, ...]]:
    """What the last orders say of open facts, the most frequent first: what a person may mean to type."""
    found: dict[str, Counter[str]] = {name: Counter() for name in _SAID}
    for each in past:
        for name, read in _SAID.items():
            found[name].update(dict.fromkeys(read(each.facts), 1))
    return {name: tuple(value for value, _ in counter.most_common(_SUGGESTED)) for name, counter in found.items()}

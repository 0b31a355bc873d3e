"""`/retailers/{id}/join` and `/part`: two retailers that are one, with all that follows shown before."""

from collections.abc import Callable, Iterator
from typing import Any

from flask import Response
from sqlalchemy import Connection

from houblon.engine.core.money import dollars
from houblon.engine.core.problem import Problem
from houblon.engine.core.texts import MAX_ID
from houblon.orders.queries.joins import Side, side_of
from houblon.orders.retailers.joins import Joined, check_joinable
from houblon.web.access.audit import by as acting
from houblon.web.api.blueprint import not_found, operation
from houblon.web.api.bodies import Body, text
from houblon.web.api.etags import seen, tagged
from houblon.web.api.keys import caller
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import json_response, spoken
from houblon.web.foundation.stale import tag_of
from houblon.web.retailers import join_acts
from houblon.web.retailers.consequences import consequences
from houblon.web.retailers.join_acts import Preview, preview_of
from houblon.web.retailers.membership_effect import content_in_force


class JoinInto(Body):
    """The id of the retailer who stays: orders, invoices, names and groups of the other are its own from then on."""

    into = text(MAX_ID, 1, required=True)


@operation(
    "POST",
    "/retailers/<path:id>/join/preview",
    scope="read",
    room="Retailers",
    answer="JoinPreview",
    body=JoinInto,
    faults=(404,),
    etag=True,
)
def preview_join(asked: dict[str, Any], id: str) -> Response:
    """What joining a retailer into another would give; nothing is done"""
    content, into = content_in_force(), asked["into"]
    with house().services.ledger.reading() as connection:
        shown = preview_of(connection, content, house().store.history(), id, into)
        if side_of(connection, id) is None:
            not_found()
        check_joinable(connection, id, into)
    assert shown is not None  # both are there
    found = consequences(house(), {id: (), into: shown.groups})
    document = {
        "joined": _side(shown.joined),
        "kept": _side(shown.kept),
        "groups": shown.groups,
        "effects": list(_effects(shown)),
        "rules": shown.rules,
        "broken": [_fault(each) for each in found.broken],
        "planned": [each.id for each in found.planned],
    }
    return tagged(json_response(document), _etag(shown))


@operation(
    "POST",
    "/retailers/<path:id>/join",
    scope="write",
    room="Retailers",
    answer="RetailerJoined",
    body=JoinInto,
    faults=(404,),
    if_match=False,
)
def join_retailer(asked: dict[str, Any], id: str) -> Response:
    """Join a retailer into another, who is the same; `If-Match` is the tag of the preview that was agreed to"""
    by, content, history, matches = acting(house(), caller()), content_in_force(), house().store.history(), seen()

    def work(connection: Connection) -> Joined:
        def check(shown: Preview | None) -> None:
            _check_known(connection, id, shown)
            matches("" if shown is None else _etag(shown))

        return join_acts.join(connection, by, content, history, id, asked["into"], check)

    done = _done(work)
    return json_response({"id": id, "joined_to": done.other, "orders": done.orders, "groups": done.after})


@operation(
    "POST",
    "/retailers/<path:id>/part",
    scope="write",
    room="Retailers",
    answer="RetailerParted",
    faults=(404,),
)
def part_retailer(id: str) -> Response:
    """Part a retailer from whom it was joined into: what was theirs is theirs again"""
    by, history = acting(house(), caller()), house().store.history()

    def work(connection: Connection) -> Joined:
        _check_known(connection, id, None)
        return join_acts.part(connection, by, history, id)

    done = _done(work)
    return json_response({"id": id, "parted_from": done.other, "orders": done.orders, "groups": done.after})


def _done(work: Callable[[Connection], Joined]) -> Joined:
    """404 where there is no retailer of the id."""
    try:
        return house().services.ledger.write(work)
    except LookupError:
        not_found()


def _check_known(connection: Connection, id: str, shown: Preview | None) -> None:
    """Raises LookupError where nobody has the id."""
    if shown is None and side_of(connection, id) is None:
        raise LookupError(f"there is no retailer {id}")


def _side(side: Side) -> dict[str, Any]:
    return {
        "id": side.id,
        "name": side.name,
        "email": side.email,
        "orders": side.orders,
        "held": side.held,
        "invoices": side.invoices,
        "outstanding": dollars(side.outstanding),
        "groups": side.groups,
        "names": [{"source": source, "name": name} for source, name in side.names],
    }


def _effects(shown: Preview) -> Iterator[dict[str, Any]]:
    for side, found in shown.effects:
        for each in found:
            yield {"retailer": side.id, "label": each.label, "before": each.before, "after": each.after}


def _fault(problem: Problem) -> dict[str, Any]:
    return problem.as_json(spoken())


def _etag(shown: Preview) -> str:
    return tag_of(shown)[:32]

"""`/sources/{name}/mapping/trial`: what a payload becomes by a mapping, before anything is recorded."""

from typing import Any

import msgspec
from flask import Response, abort

from houblon.engine.conditions.targets.documents import fact_document
from houblon.engine.conditions.vocabulary import FACTS
from houblon.engine.core.money import dollars
from houblon.engine.core.order import Facts
from houblon.engine.core.problem import Faults
from houblon.engine.decide.evaluate import facts_of
from houblon.orders.handling.whatif import what_if
from houblon.orders.intake.decode import read_order
from houblon.orders.intake.mapping import read_mapping
from houblon.orders.intake.sources import find_source
from houblon.orders.intake.trial import Sums, read_payload, sums_of
from houblon.web.api.blueprint import operation
from houblon.web.api.connections.bodies import TriedPayload
from houblon.web.api.groups import check_groups
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import json_response
from houblon.web.retailers.membership_effect import content_in_force


@operation(
    "POST",
    "/sources/<path:name>/mapping/trial",
    scope="read",
    room="Sources",
    answer="MappingTrial",
    body=TriedPayload,
    faults=(404,),
)
def try_mapping(asked: dict[str, Any], name: str) -> Response:
    """Read a payload by a mapping, and decide the order that it becomes, without recording anything"""
    services = house().services
    with services.ledger.reading() as connection:
        source = find_source(connection, name) or abort(404)
    groups, mapping = asked.get("groups", source.groups), asked.get("mapping", source.mapping)
    check_groups(groups)
    faults = Faults()
    if mapping is not None:
        with faults.gather("/mapping"):
            read_mapping(mapping)
    faults.raise_if_any()
    with faults.gather("/payload"):
        body = msgspec.json.encode(asked["payload"])
        sender, known = source.sender(groups, mapping), content_in_force().groups
        read, unread = read_payload(sender, source.kind, body, lambda: known, services.installation.zone)
    faults.raise_if_any()
    with faults.gather("/order"):
        order = read_order(read)
    faults.raise_if_any()
    with services.ledger.reading() as connection:
        found = what_if(connection, services, order, now=house().now(), buyer_source=sender.buyer_source)
    facts = facts_of(order, found.policy, services.installation, account=found.account)
    document = {
        "order": msgspec.Raw(read),
        "unread": [{"path": each.path, "example": each.example} for each in unread or ()],
        **_sums(sums_of(order, services.installation)),
        **_facts(facts),
        "decision": found.document(),
    }
    return json_response(document)


def _sums(sums: Sums) -> dict[str, Any]:
    own, stated = sums.own, sums.stated
    return {
        "totals": {
            "lines": dollars(own.lines),
            "discount": dollars(own.discount),
            "charges": dollars(own.charges),
            "taxes": [
                {"tax": each.tax, "percent": str(each.percent), "amount": dollars(each.amount)} for each in own.taxes
            ],
            "deposits": dollars(own.deposits),
            "taxed_deposits": dollars(own.taxed_deposits),
            "total": dollars(own.total),
        },
        "stated": stated and {"amount": dollars(stated.amount), "taxes_included": stated.taxes_included},
        "differs": sums.differs,
    }


def _facts(facts: Facts) -> dict[str, Any]:
    """The facts that the order says, and the names of those that it does not."""
    known = {name: fact_document(name, getattr(facts, name)) for name in FACTS}
    return {
        "facts": {name: value for name, value in known.items() if value is not None},
        "unsaid": [name for name, value in known.items() if value is None],
    }

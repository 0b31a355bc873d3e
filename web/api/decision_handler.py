"""The decision handler: the bytes of a question to the bytes of its answer, whoever serves it.

Flask's view and the fast path are shells around `decide`; who asks is known, and the call counted, before it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec

from houblon.engine.core.account import Account
from houblon.engine.core.moments import read_moment
from houblon.engine.core.order import KNOWN_ORDER, Moment, Order, decoder_of, settled
from houblon.engine.core.problem import Faults, Invalid, Problem, refuse
from houblon.engine.core.strict_json import check_depth
from houblon.orders.credentials.credentials import buyer_source_of, known_buyer_source
from houblon.orders.handling.whatif import content_asked, what_if_in
from houblon.orders.intake.decode import YEARS, check_order, order_in, parse_json
from houblon.orders.intake.unknown_members import unknown_members
from houblon.orders.products.availability import gone, known_gone, without
from houblon.orders.retailers.accounts import account_of, known_account
from houblon.orders.retailers.brought import groups_among, known_groups
from houblon.orders.retailers.memberships import kept_provinces, known_province
from houblon.orders.retailers.names import ids_among, known_ids, with_buyer
from houblon.rules.model.content import Content
from houblon.web.foundation import metrics
from houblon.web.foundation.composition import House

MAX_ORDERS = 1_000
_MEMBERS = {"accepted_at", "as_of", "version", "proposal", "source", "trace"}
_MOST_SOURCE = 60  # characters
_VERSIONS = range(1, 1_000_001)


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to decide: dates count from `accepted_at`; the policy is that of `version` or `proposal`, else the
    one in force `as_of`, else now; buyers are called as `source` calls them, else by the house's ids; with `trace`,
    every comparison is told."""

    accepted_at: Moment | None = None
    as_of: Moment | None = None
    version: Annotated[int, msgspec.Meta(ge=_VERSIONS[0], le=_VERSIONS[-1])] | None = None
    proposal: Annotated[str, msgspec.Meta(max_length=100)] | None = None
    source: Annotated[str, msgspec.Meta(max_length=_MOST_SOURCE)] | None = None
    trace: bool | None = None


class AskedOne(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One order to decide."""

    order: Order


class AskedMany(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Orders to decide, all in the same way; one that can't be read gets its faults in its place."""

    orders: Annotated[list[Order], msgspec.Meta(min_length=1, max_length=MAX_ORDERS)]


# An order with a member that nobody knows is read slowly, to tell of it.
_decode = decoder_of(
    msgspec.defstruct(
        "AskedPlainly",
        [("order", KNOWN_ORDER)],
        bases=(AskedOne,),
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
    )
).decode


def decide(house: House, body: bytes, language: str) -> bytes:
    """The decision about the order in `body`, or about each of a batch; faults of one order of a batch are told in
    its place, in `language`. Raises Invalid with every fault."""
    warnings: tuple[Problem, ...] = ()
    try:
        asked = _read_plainly(body)
    except (msgspec.MsgspecError, ValueError):
        # Slowly, to tell everything that is wrong; or it is a batch.
        document: Any = parse_json(body)
        if isinstance(document, dict) and "orders" in document:
            return msgspec.json.encode(_decide_many(house, document, language))
        asked = _read_one(document)
        warnings = tuple(each.under("/order") for each in unknown_members(document["order"]))
    services, now = house.recent_services, house.now()
    ledger = services.ledger
    ids = known_ids(ledger, known_buyer_source(ledger, asked.source), asked.order.buyer.id)
    order = with_buyer(asked.order, ids.retailer)
    kept = known_groups(ledger, house.store.recent(), ids.retailer)
    province = known_province(ledger, order.buyer, ids.own)
    account = known_account(services, ids.retailer, now)
    order = without(order, known_gone(ledger))
    found = _decided(house, asked, _content(house, asked), order, kept, province, account)
    return msgspec.json.encode(_warned(found, warnings))


def _read_plainly(body: bytes) -> AskedOne:
    """One order and how to decide it, at speed. Raises whatever: `_read_one` tells what is wrong."""
    check_depth(body)
    asked: AskedOne = _decode(body)
    asked = msgspec.structs.replace(asked, order=settled(asked.order))
    check_order(asked.order)
    if not all(moment is None or moment.year in YEARS for moment in (asked.accepted_at, asked.as_of)):
        raise ValueError
    return asked


def _read_one(document: Any) -> AskedOne:
    """One order and how to decide it. Raises Invalid with every fault."""
    if not isinstance(document, dict):
        raise refuse("type", "", "Un objet JSON est attendu.", "A JSON object is expected.")
    faults = Faults()
    found: dict[str, Any] = {}
    with faults.gather("/order"):
        found["order"] = order_in(document.get("order"))
    with faults.gather():
        found.update(_read_how(document, "order"))
    faults.raise_if_any()
    return AskedOne(**found)


def _decide_many(house: House, document: Mapping[str, Any], language: str) -> dict[str, Any]:
    orders = document["orders"]
    if not isinstance(orders, list) or not 1 <= len(orders) <= MAX_ORDERS:
        raise refuse("list", "/orders", f"De 1 à {MAX_ORDERS} commandes.", f"From 1 to {MAX_ORDERS} orders.")
    asked = Asked(**_read_how(document, "orders"))
    content = _content(house, asked)  # what is wrong with how it is asked is not each order's fault
    read = [_read(each, language) for each in orders]
    with house.services.ledger.reading() as connection:
        ids = ids_among(
            connection,
            buyer_source_of(connection, asked.source),
            {each.buyer.id for each in read if isinstance(each, Order)},
        )
        kept = groups_among(connection, house.store.history(), {each.retailer for each in ids.values()})
        provinces = kept_provinces(connection, {id for each in ids.values() for id in each})
        missing = gone(connection)
        now, retailers = house.now(), {each.retailer for each in ids.values()}
        accounts = {id: account_of(connection, house.recent_services, id, now) for id in retailers}

    def decided(order: Order) -> dict[str, Any]:
        own, retailer = ids[order.buyer.id]
        province = None if order.buyer.province else provinces.get(own) or provinces.get(retailer)
        order = without(with_buyer(order, retailer), missing)
        return _decided(house, asked, content, order, kept.get(retailer, ()), province, accounts[retailer])

    return {
        "decisions": [
            _warned(decided(each), unknown_members(document)) if isinstance(each, Order) else each
            for each, document in zip(read, orders, strict=True)
        ]
    }


def _read(document: object, language: str) -> Order | dict[str, Any]:
    """The order, or its faults as they are answered in its place."""
    try:
        return order_in(document)
    except Invalid as invalid:
        return {"errors": [each.as_json(language) for each in invalid.problems]}


def _decided(
    house: House,
    asked: Asked,
    content: Content,
    order: Order,
    kept: Iterable[str],
    province: str | None,
    account: Account | None,
) -> dict[str, Any]:
    at = asked.accepted_at or asked.as_of or house.now()
    found = what_if_in(
        house.recent_services,
        content,
        order,
        kept,
        accepted_at=at,
        trace=asked.trace is True,
        province=province,
        proposal=asked.proposal,
        account=account,
    ).document()
    metrics.decided("api", found["outcome"])
    return found


def _warned(decided: dict[str, Any], warnings: tuple[Problem, ...]) -> dict[str, Any]:
    return {**decided, "warnings": warnings} if warnings else decided


def _content(house: House, asked: Asked) -> Content:
    return content_asked(
        house.recent_services, now=house.now(), as_of=asked.as_of, version=asked.version, proposal=asked.proposal
    )


def _read_how(document: Mapping[str, Any], besides: str) -> dict[str, Any]:
    faults, found = Faults(), {}
    for member in document.keys() - _MEMBERS - {besides}:
        faults.add("unknown_member", f"/{member}", "Ce membre n’existe pas ici.", "There is no such member here.")
    for member in ("accepted_at", "as_of"):
        if document.get(member) is not None:
            with faults.gather(f"/{member}"):
                found[member] = _in_years(read_moment(document[member]))
    version, proposal, trace = (document.get(name) for name in ("version", "proposal", "trace"))
    if version is not None and (isinstance(version, bool) or not isinstance(version, int) or version not in _VERSIONS):
        faults.add("type", "/version", "Un numéro de version.", "A version number.")
    if proposal is not None and (not isinstance(proposal, str) or len(proposal) > 100):
        faults.add("type", "/proposal", "L’identifiant d’un brouillon.", "A proposal's id.")
    source = document.get("source")
    if source is not None and (not isinstance(source, str) or len(source) > _MOST_SOURCE):
        faults.add("type", "/source", "Le nom d’une source.", "A source's name.")
    if trace is not None and not isinstance(trace, bool):
        faults.add("boolean", "/trace", "Vrai ou faux.", "True or false.")
    faults.raise_if_any()
    return found | {"version": version, "proposal": proposal, "source": source, "trace": trace}


def _in_years(moment: datetime) -> datetime:
    if moment.year not in YEARS:
        raise refuse(
            "datetime",
            "",
            f"Un instant des années {YEARS[0]} à {YEARS[-1]}.",
            f"An instant of the years {YEARS[0]} to {YEARS[-1]}.",
        )
    return moment

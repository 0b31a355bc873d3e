"""A retailer's card: what a person writes of one beside its groups."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from houblon.engine.core.mail_address import read_address
from houblon.engine.core.money import cents, dollars, price
from houblon.engine.core.places import province_of
from houblon.engine.core.problem import Faults, refuse, step
from houblon.engine.core.texts import MAX_ID, clean_id, composed, is_id, is_text
from houblon.orders.db.statements import Prepared
from houblon.orders.db.tables import retailers
from houblon.orders.records.decision_log import SYSTEM
from houblon.orders.records.redecisions import CARD, LIMIT, decide_retailers_again
from houblon.orders.retailers.names import BuyerIds
from houblon.orders.services import Conflict

_SAID = ("name", "email", "language", "province")
_CARD, _LIMIT = (*_SAID, "address"), "credit_limit"
_own = retailers.alias("own")
_PLAIN = Prepared(select(retailers).where(retailers.c.id == bindparam("id")))
_JOINED = Prepared(
    select(
        *[
            func.coalesce(_own.c[column.name], column).label(column.name)
            if column.name in _CARD
            else _own.c[column.name]
            for column in retailers.c
        ]
    )
    .select_from(_own.join(retailers, retailers.c.id == bindparam("retailer")))
    .where(_own.c.id == bindparam("own"))
)
_KNOWN = select(retailers).where(retailers.c.id == bindparam("id"))


class Card(msgspec.Struct, frozen=True):
    """What is kept of a retailer beside its groups; None where nothing is known. `credit_limit` is its own, as
    documents write money."""

    id: str
    name: str | None = None
    email: str | None = None
    language: str | None = None
    province: str | None = None
    credit_limit: str | None = None


def add_retailer(connection: Connection, card: Card, at: datetime) -> None:
    """Make a retailer that never ordered. Raises Invalid when there is one of this id, with its orders or without."""
    if connection.execute(_KNOWN, {"id": card.id}).one_or_none() is not None:
        raise refuse(
            "taken",
            "/id",
            f"Il y a déjà un détaillant « {card.id} ».",
            f"There is a retailer “{card.id}” already.",
        )
    connection.execute(insert(retailers).values(id=card.id, created_at=at, updated_at=at, **_said_of(card)))


def edit_retailer(connection: Connection, card: Card, at: datetime, by: str = SYSTEM) -> dict[str, Any]:
    """Write the card over what is kept, and return what was before; who is known by groups alone gets a row.

    Raises Conflict for one that is joined to another, whose card is the one that counts.
    """
    known = connection.execute(_KNOWN, {"id": card.id}).one_or_none()
    if known is not None and known.joined_to is not None:
        raise Conflict(
            "joined",
            f"« {card.id} » est joint à « {known.joined_to} » : écrivez plutôt ce qu’on sait de celui-ci.",
            f"“{card.id}” is joined to “{known.joined_to}”: write what is known of that one instead.",
        )
    if known is None:
        connection.execute(insert(retailers).values(id=card.id, created_at=at, updated_at=at, **_said_of(card)))
        return dict.fromkeys((*_SAID, _LIMIT))
    connection.execute(update(retailers).where(retailers.c.id == card.id).values(updated_at=at, **_said_of(card)))
    if card.province != known.province:
        decide_retailers_again(connection, (card.id,), CARD, by=by, at=at)
    before = {**{name: getattr(known, name) for name in _SAID}, _LIMIT: limit_text(known)}
    if card.credit_limit != before[_LIMIT]:
        decide_retailers_again(connection, (card.id,), LIMIT, by=by, at=at)
    return before


def set_limit(connection: Connection, id: str, limit: str | None, at: datetime, by: str) -> None:
    """Write a retailer's own credit limit alone; who is known by groups alone gets a row."""
    amount = None if limit is None else cents(limit)
    mine = update(retailers).where(retailers.c.id == id)
    if connection.execute(mine.values(credit_limit=amount, updated_at=at)).rowcount == 0:
        connection.execute(insert(retailers).values(id=id, created_at=at, updated_at=at, credit_limit=amount))
    decide_retailers_again(connection, (id,), LIMIT, by=by, at=at)


def limits_of(connection: Connection) -> dict[str, str]:
    """The credit limits that retailers have of their own, as documents write money."""
    query = select(retailers.c.id, retailers.c.credit_limit).where(retailers.c.credit_limit.is_not(None))
    return {id: dollars(limit) for id, limit in connection.execute(query)}


def card_of(connection: Connection, ids: BuyerIds) -> Row[Any]:
    """Who an order is from, as its sender knows them: the card of its name, with what it does not say from the card
    of the retailer that it is joined to."""
    row: Row[Any] | None
    if ids.own == ids.retailer:
        row = _PLAIN.first(connection, {"id": ids.own})
    else:
        row = _JOINED.first(connection, {"own": ids.own, "retailer": ids.retailer})
    if row is None:
        raise LookupError(f"there is no retailer {ids.own}")
    return row


def limit_text(retailer: Any) -> str | None:
    """The credit limit that a retailer's row has of its own, as documents write money."""
    return None if retailer.credit_limit is None else dollars(retailer.credit_limit)


def read_card(id: str, name: str, email: str, language: str, province: str, credit_limit: str = "") -> Card:
    """What a person types of a retailer. Raises Invalid with every fault."""
    faults = Faults()
    id, name, email, language = clean_id(id), composed(name).strip(), email.strip(), clean_id(language)
    if not is_id(id):
        faults.add(
            "id",
            "/id",
            f"Un identifiant de 1 à {MAX_ID} caractères visibles.",
            f"An id of 1 to {MAX_ID} visible characters.",
        )
    for field, text, most in (("name", name, 300), ("province", province, 100), ("language", language, 35)):
        if not is_text(text, most):
            faults.add(
                "text",
                step("", field),
                f"Un texte d’au plus {most} caractères visibles.",
                f"A text of at most {most} visible characters.",
            )
    address = read_address(email)
    if email and address is None:
        faults.add(
            "address", "/email", "Une adresse comme achats@exemple.ca.", "An address such as orders@example.com."
        )
    limit: int | None = None
    if credit_limit.strip():
        try:
            limit = price(credit_limit.strip())
        except ValueError:
            faults.add(
                "money",
                step("", _LIMIT),
                "Un montant positif avec au plus deux décimales, comme « 5000.00 ».",
                'A positive amount with at most two places, such as "5000.00".',
            )
    faults.raise_if_any()
    written = None if limit is None else dollars(limit)
    return Card(id, name or None, address, language or None, province_of(province) or None, written)


def _said_of(card: Card) -> dict[str, Any]:
    limit = None if card.credit_limit is None else cents(card.credit_limit)
    return {**{name: getattr(card, name) for name in _SAID}, _LIMIT: limit}

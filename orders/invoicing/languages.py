"""In which languages a buyer is written to: their own, and French before it where they are in Québec."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, select

from houblon.engine.core.order import Order
from houblon.engine.core.places import QUEBEC
from houblon.engine.core.problem import Text
from houblon.engine.core.taxes import Place, place_of
from houblon.engine.core.totals import place_of_order
from houblon.orders.db.tables import invoices
from houblon.orders.services import Services

# What a buyer in Québec who reads English gets: French and English, French alone, or English alone.
FRENCH = BOTH, ONLY, BUYERS = "both", "only", "buyer"


def languages_of(services: Services, order: Order, buyer: Row[Any]) -> tuple[str, ...]:
    """The languages of what this buyer gets, the first one first.

    Source: Charter of the French Language (CQLR c. C-11), s. 57: invoices and the like are drawn up in French; they
    may be in another language too, where the French is to be had on terms that are no worse. Where nobody knows the
    buyer's province, French is not left out on a guess.
    """
    place = place_of_order(order, buyer.province, services.installation.province)
    return _languages(services, order.buyer.language or buyer.language, place)


def languages_of_account(services: Services, card: Any, newest: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The languages of what is about several invoices of a buyer, the first one first: by the `language` and `province`
    of their card, and by what `newest` says, the document of their last invoice."""
    document = newest or {}
    buyer = document.get("buyer", {})
    province = buyer.get("province") or card.province
    place = place_of(province, buyer.get("country"), services.installation.province)
    return _languages(services, card.language or document.get("language"), place)


def languages_to(connection: Connection, services: Services, card: Any) -> tuple[str, ...]:
    """As `languages_of_account`, of a retailer whose card it is."""
    query = select(invoices.c.document).where(invoices.c.retailer_id == card.id).order_by(invoices.c.key.desc())
    return languages_of_account(services, card, connection.execute(query.limit(1)).scalar_one_or_none())


def _languages(services: Services, reads: str | None, place: Place) -> tuple[str, ...]:
    """Of a buyer who reads French, unless somebody said English."""
    language = "en" if (reads or "").lower().startswith("en") else "fr"
    if language == "fr" or services.french == BUYERS or place.abroad or place.province not in (None, QUEBEC):
        return (language,)
    return ("fr", language) if services.french == BOTH else ("fr",)


def languages_on(document: dict[str, Any]) -> tuple[str, ...]:
    """The languages that an invoice is in, or a credit note, the first one first."""
    return tuple(document.get("languages") or (document["language"],))


def languages_printed(languages: tuple[str, ...]) -> dict[str, Any]:
    """What a document says of its languages; those of several are named where there are several."""
    several = {"languages": list(languages)} if len(languages) > 1 else {}
    return {"language": languages[-1], **several}


def said_in(text: Text, languages: tuple[str, ...]) -> str:
    """A text in one line, in each of the languages."""
    return " / ".join(dict.fromkeys(text.in_(language) for language in languages))

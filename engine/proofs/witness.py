"""The facts that answer a question, as an order that somebody could send; and whether it says what was imagined."""

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from itertools import product
from typing import Any

import msgspec

from houblon.engine.conditions.vocabulary import FACTS, Kind
from houblon.engine.core.money import dollars
from houblon.engine.core.order import WEEKDAYS, Facts, Order, order_of, read_facts
from houblon.engine.core.places import country_code, region
from houblon.engine.decide.installation import Installation
from houblon.engine.proofs.possible import MOST_ITEMS
from houblon.engine.proofs.questions import Stock
from houblon.engine.proofs.search import Imagined

_ANOTHER = {
    "skus": ("PRODUIT-1", "PRODUIT-2", "PRODUIT-3"),
    "categories": ("autre", "divers", "sans-nom"),
    "province": (*FACTS["province"].options, "NY", "VT", "Ailleurs", "NY, USA", "Ailleurs, France"),
    "country": ("CA", "US", "FR", "BE"),
    "distributor": ("distributeur", "distributeur-2"),
    "delivery_method": ("pickup", "distributor", "self_delivery", "autre"),
    "source": ("retailer", "representative", "autre"),
}
_COUNTRIES = {"US": "USA", "FR": "France", "BE": "Belgique"}
_FOREIGN = ("USD", "EUR")  # a currency that bars an order


class Disagreement(Exception):
    """The prover and the engine say different things of one order: a fault of ours."""

    def __init__(self, what: str, document: Any):
        self.document = document
        super().__init__(f"{what}: {document}")


def made(
    imagined: Imagined, chain: tuple[str, ...], stock: Stock, installation: Installation
) -> tuple[Any, Order, Facts]:
    """The order that was imagined: as JSON says it, read, and what conditions read of it. Raises Disagreement."""
    document = order_document(imagined, chain, stock, installation)
    try:
        order = order_of(document)
    except msgspec.ValidationError as fault:
        raise Disagreement(f"this order can't be read: {fault}", document) from fault
    return document, order, read_facts(order, chain[:-1], installation.zone)


def order_document(imagined: Imagined, chain: tuple[str, ...], stock: Stock, installation: Installation) -> Any:
    """An order of a buyer with the chain, whose facts are those imagined, as JSON says it."""
    placed = _placed(imagined, stock, installation)
    buyer: dict[str, Any] = {"id": _buyer(imagined, chain, stock), **_place(imagined)}
    if len(chain) > 1:
        buyer["groups"] = list(chain[:-1])
    if "is_first_order" in imagined.flags:
        buyer["is_first_order"] = imagined.flags["is_first_order"]
    for name in ("overdue_balance", "outstanding_balance", "credit_limit"):
        if name in imagined.numbers:
            buyer[name] = dollars(imagined.numbers[name])
    if "days_overdue" in imagined.numbers:
        buyer["days_overdue"] = imagined.numbers["days_overdue"]
    document: dict[str, Any] = {
        "id": "exemple",
        "placed_at": placed.isoformat(),
        "currency": _foreign(installation) if imagined.barred else installation.currency,
        "buyer": buyer,
    }
    for name in ("distributor", "delivery_method", "source"):
        if name in imagined.named:
            document[name] = _option(imagined, name, stock)
    if "lead_days" in imagined.numbers:
        document["planned_delivery"] = (placed.date() + timedelta(imagined.numbers["lead_days"])).isoformat()
    elif imagined.flags.get("has_planned_delivery"):
        document["planned_delivery"] = (placed.date() + timedelta(2)).isoformat()
    if imagined.texts.get("note"):
        document["note"] = imagined.texts["note"]
    if imagined.numbers.get("charges_value"):
        amount = imagined.numbers["charges_value"]
        document["charges"] = [{"kind": "fee" if amount > 0 else "discount", "amount": dollars(amount)}]
    if "is_paid" in imagined.flags:
        document["payment"] = {"state": "paid" if imagined.flags["is_paid"] else "unpaid"}
    document["lines"] = _lines(imagined, stock)
    if installation.province is None and "province" not in buyer:
        document["tax_exempt"] = True  # else nobody knows which taxes, which holds the order
    return document


def differing(imagined: Imagined, facts: Facts) -> tuple[str, ...]:
    """The facts that the order turned out not to have as they were imagined."""
    return tuple(name for name in FACTS if not _is_as_imagined(name, getattr(facts, name), imagined))


def _is_as_imagined(name: str, value: Any, imagined: Imagined) -> bool:
    for said in (imagined.numbers, imagined.flags, imagined.texts):
        if name in said:
            return bool(value == said[name])
    if name not in imagined.named or name == "buyer_groups":
        return True  # nothing was asked of it, or the chain settles it
    if value is None:
        return False
    if FACTS[name].kind is Kind.SELECT:
        return _is_imagined(name, value, imagined)
    return _are_imagined(name, value, imagined)


def _are_imagined(fact: str, values: tuple[str, ...], imagined: Imagined) -> bool:
    found, named = {each.lower() for each in values}, {each.lower() for each in imagined.named[fact]}
    return found & imagined.asked[fact] == named and bool(found - imagined.asked[fact]) is (fact in imagined.other)


def _placed(imagined: Imagined, stock: Stock, installation: Installation) -> datetime:
    named = imagined.named.get("placed_weekday")
    weekday = WEEKDAYS.index(named[0]) if named else 0
    day = stock.day + timedelta((weekday - stock.day.weekday()) % 7)
    hour = imagined.numbers.get("placed_hour", 10)
    return datetime.combine(day, time(hour, 30), installation.zone)


def _buyer(imagined: Imagined, chain: tuple[str, ...], stock: Stock) -> str:
    if "buyer_id" in imagined.texts:
        return imagined.texts["buyer_id"]
    groups = set(chain[:-1])
    of_chain = [id for id in stock.buyers if set(stock.kept.get(id, ())) == groups]
    return of_chain[0] if of_chain else _fresh("exemple", stock.kept)


def _fresh(id: str, taken: Iterable[str]) -> str:
    """An id that nobody has."""
    known, number, made = set(taken), 1, id
    while made in known:
        number += 1
        made = f"{id}-{number}"
    return made


def _place(imagined: Imagined) -> dict[str, str]:
    """Province and country as a sender writes them, the first pair that is read as what was imagined."""
    for country, province in product(_countries(imagined), _provinces(imagined)):
        said = {"province": province, "country": country}
        if all(
            _is_imagined(name, value, imagined)
            for name, value in (("province", region(province, country)), ("country", country_code(country)))
        ):
            return {name: value for name, value in said.items() if value is not None}
    return {}


def _is_imagined(fact: str, value: str | None, imagined: Imagined) -> bool:
    named = imagined.named.get(fact)
    if named is None or value is None:
        return named is None or (value is None and fact not in imagined.known)
    return value.lower() == named[0].lower() if named else value.lower() not in imagined.asked[fact]


def _countries(imagined: Imagined) -> tuple[str | None, ...]:
    named = imagined.named.get("country")
    return (None,) if named is None else tuple(each.upper() for each in named) or _ANOTHER["country"]


def _provinces(imagined: Imagined) -> tuple[str | None, ...]:
    named = imagined.named.get("province")
    if named is None:
        return (None,)
    if not named:
        return _ANOTHER["province"]
    abroad, dash, bare = named[0].upper().partition("-")
    return (bare, f"{bare}, {_COUNTRIES.get(abroad, abroad)}") if dash else (named[0].upper(),)


def _option(imagined: Imagined, fact: str, stock: Stock) -> str:
    """The option that is named, or one that no condition names, a real one where there is one."""
    if imagined.named[fact]:
        return imagined.named[fact][0]
    real = stock.distributors if fact == "distributor" else ()
    return _another(imagined, fact, real)


def _another(imagined: Imagined, fact: str, real: Iterable[str]) -> str:
    candidates = (*real, *_ANOTHER[fact])
    return next((each for each in candidates if each.lower() not in imagined.asked[fact]), candidates[-1])


def _foreign(installation: Installation) -> str:
    return next(each for each in _FOREIGN if each != installation.currency)


def _lines(imagined: Imagined, stock: Stock) -> list[dict[str, Any]]:
    numbers = imagined.numbers
    count, items = numbers["line_count"], numbers["item_count"]
    quantities = _quantities(count, items)
    values = _values(numbers, quantities)
    skus = _on_lines(imagined, "skus", stock.skus, count)
    categories = _on_lines(imagined, "categories", stock.categories, count) if "categories" in imagined.named else []
    lines = []
    for place, (quantity, value) in enumerate(zip(quantities, values, strict=True)):
        price = max(0, -(-value // quantity))
        line: dict[str, Any] = {"sku": skus[place], "quantity": quantity, "unit_price": dollars(price)}
        if price * quantity != value:
            line["discount"] = dollars(price * quantity - value)
        if categories:
            line["category"] = categories[place]
        if place == 0 and imagined.flags["all_available"] is False:
            line["available"] = False
        lines.append(line)
    return lines


def _quantities(count: int, items: int) -> list[int]:
    """As many items on the first lines as these can have, one at least on each."""
    left, quantities = items - count, []
    for _ in range(count):
        more = min(left, MOST_ITEMS - 1)
        quantities.append(1 + more)
        left -= more
    return quantities


def _values(numbers: Mapping[str, int], quantities: list[int]) -> list[int]:
    """What each line comes to: the largest first where it is asked about, else the same for each item where it can be."""
    value, items, count = numbers["order_value"], numbers["item_count"], len(quantities)
    largest = numbers.get("largest_line_value")
    if largest is None:
        if value >= 0 and value % items == 0:
            return [quantity * (value // items) for quantity in quantities]
        return [value, *[0] * (count - 1)]
    left, values = value - largest, [largest]
    for others in range(count - 1, 0, -1):
        values.append(min(largest, left // others))
        left -= values[-1]
    return values


def _on_lines(imagined: Imagined, fact: str, real: Iterable[str], count: int) -> list[str]:
    """A value for each line: those that are named, and one that no condition names where there is one."""
    values = [*imagined.named.get(fact, ())]
    if fact in imagined.other or not values:
        values.append(_another(imagined, fact, real))
    return [*values, *[values[0]] * count][:count]

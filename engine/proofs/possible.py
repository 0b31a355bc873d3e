"""What the facts of any order may be together, as formulas: `houblon.engine.core.order.read_facts`, read backwards.

Every order that can be decided satisfies them. Where they let more through than orders can have, the order
that is made of an answer shows it (`differing` in `witness.py`).
"""

from collections.abc import Iterable, Iterator, Mapping

import z3

from houblon.engine.conditions.targets.logic import Formula, Symbols, all_of, any_of, none_of
from houblon.engine.conditions.vocabulary import FACTS, Kind
from houblon.engine.core.money import MOST
from houblon.engine.core.order import MOST_LINES
from houblon.engine.core.places import country_code, is_region
from houblon.engine.core.texts import clean_id

MOST_ITEMS = 1_000_000  # of one line
MOST_DAYS = 100_000
_LEAD = 366 * 10_000  # days between two dates of the calendar

_BOUNDS = {
    "order_value": (-MOST, MOST),
    "item_count": (1, MOST_ITEMS * MOST_LINES),
    "line_count": (1, MOST_LINES),
    "largest_line_value": (-MOST, MOST),
    "overdue_balance": (-MOST, MOST),
    "days_overdue": (0, MOST_DAYS),
    "outstanding_balance": (-MOST, MOST),
    "credit_limit": (0, MOST),
    "credit_available": (-3 * MOST, 3 * MOST),
    "lead_days": (-_LEAD, _LEAD),
    "placed_hour": (0, 23),
    "charges_value": (-MOST, MOST),
}
# Facts of the lines, whose values each stand on one of them.
_ON_LINES = ("categories", "skus")


def possible(symbols: Symbols) -> list[Formula]:
    """What holds of the facts of every order."""
    return [
        *_numbers(symbols),
        *_lines(symbols),
        *_credit(symbols),
        *_options(symbols),
        *_places(symbols),
        *_of_texts(symbols),
    ]


def held_below_zero(symbols: Symbols, barred: Formula) -> Iterator[Formula]:
    """What charges bring below zero is held, whatever a policy says."""
    if "charges_value" in symbols.names:
        numbers = symbols.numbers
        yield z3.Implies(
            z3.And(numbers["charges_value"] < 0, numbers["order_value"] + numbers["charges_value"] < 0), barred
        )


def within(symbols: Symbols, chain: tuple[str, ...], kept: Mapping[str, tuple[str, ...]]) -> Iterator[Formula]:
    """What holds of orders with the chain: none is of a buyer who is kept in a group beside it, and has another one."""
    for test, flag in symbols.texts.get("buyer_id", {}).items():
        if test.operator == "equal_to" and not set(kept.get(test.value, ())) <= set(chain):
            yield z3.Not(flag)


def _numbers(symbols: Symbols) -> Iterator[Formula]:
    for name, (low, high) in _BOUNDS.items():
        yield symbols.numbers[name] >= low
        yield symbols.numbers[name] <= high
    yield symbols.known["lead_days"] == symbols.flags["has_planned_delivery"]


def _lines(symbols: Symbols) -> Iterator[Formula]:
    numbers = symbols.numbers
    lines, items, value, largest = (
        numbers[name] for name in ("line_count", "item_count", "order_value", "largest_line_value")
    )
    yield items >= lines
    yield items <= MOST_ITEMS * lines
    if "largest_line_value" in symbols.names:
        yield z3.Implies(lines == 1, value == largest)
        yield z3.Implies(largest >= 0, value <= MOST_LINES * largest)
        yield z3.Implies(largest < 0, value <= largest)
        for count in (2, 3, 4, 8, 64, 512):
            yield at_most_each(symbols, count)
    for name in _ON_LINES:
        values = [*symbols.options[name].values(), symbols.others[name]]
        # A fact that several lines have is there, whatever its values: each line has one.
        yield any_of(symbols, values)
        if name in symbols.names:
            yield z3.Sum([z3.If(each, 1, 0) for each in values]) <= lines
    for name in _ON_LINES:
        for said, option in symbols.options[name].items():
            if not _is_id(said):
                yield z3.Not(option)


def at_most_each(symbols: Symbols, count: int) -> Formula:
    """That so many lines, or fewer, come to no more than so many times the largest of them; below zero, or more lines."""
    numbers = symbols.numbers
    lines, value, largest = numbers["line_count"], numbers["order_value"], numbers["largest_line_value"]
    within = value <= count * largest
    return z3.And(
        z3.Implies(z3.And(lines <= count, largest >= 0), within),
        z3.Implies(z3.And(lines >= count, largest < 0), within),
    )


def _credit(symbols: Symbols) -> Iterator[Formula]:
    if "credit_available" not in symbols.names:
        return
    numbers, known = symbols.numbers, symbols.known
    left = numbers["credit_limit"] - numbers["outstanding_balance"] - numbers["order_value"]
    yield numbers["credit_available"] == left
    yield known["credit_available"] == z3.And(known["credit_limit"], known["outstanding_balance"])


def _options(symbols: Symbols) -> Iterator[Formula]:
    """A select has one value: one that conditions name, another one, or of what is closed, one of them all."""
    for name, fact in FACTS.items():
        if fact.kind is not Kind.SELECT:
            continue
        options = symbols.options[name]
        if len(options) > 1:
            yield z3.AtMost(*options.values(), 1)
        if fact.closed:
            yield any_of(symbols, options.values())
        for said, option in options.items():
            if not can_be(name, said):
                yield z3.Not(option)


def can_be(fact: str, said: str) -> bool:
    """Whether a select may be what a condition names, in lower case; True where that is not looked into."""
    if fact == "province":
        return is_region(said.upper())
    if fact == "country":
        return country_code(said) == said.upper()
    return FACTS[fact].closed or _is_id(said)


def _is_id(said: str) -> bool:
    return said != "" and (not said.isascii() or clean_id(said) == said)


def _places(symbols: Symbols) -> Iterator[Formula]:
    """Where a country is known, its provinces are those that it has."""
    countries, provinces = symbols.options["country"], symbols.options["province"]
    if not (countries and provinces):
        return
    both = z3.And(symbols.known["country"], symbols.known["province"])
    for province, option in provinces.items():
        country = countries.get(_country_of(province))
        where = country if country is not None else none_of(symbols, countries.values())
        yield z3.Implies(z3.And(both, option), where)
    here = [option for province, option in provinces.items() if _country_of(province) == "ca"]
    if "ca" in countries and len(here) == len(FACTS["province"].options):
        yield z3.Implies(z3.And(both, countries["ca"]), any_of(symbols, here))


def _country_of(province: str) -> str:
    return province.partition("-")[0] if "-" in province else "ca"


def _of_texts(symbols: Symbols) -> Iterator[Formula]:
    """What a text that is equal to one that is named says of all else that is asked of it."""
    from houblon.engine.proofs.texts import holds_of

    for tests in symbols.texts.values():
        equal = {each: flag for each, flag in tests.items() if each.operator == "equal_to"}
        for each, flag in equal.items():
            said: Iterable[Formula] = (
                other_flag if holds_of(other, each.value) else z3.Not(other_flag)
                for other, other_flag in tests.items()
                if other is not each
            )
            yield z3.Implies(flag, all_of(symbols, said))

"""Small worlds: a few comparisons, and orders of every kind that these can tell apart."""

from itertools import combinations, product

from tests.engine.policy.policies import facts_of, order

# Prices at and around the thresholds of $2 and $3 that the comparisons name, and none at all.
_PRICES = ("0.00", "0.01", "1.99", "2.00", "2.01", "2.99", "3.00", "3.01")


def _line(quantity=1, price="0.00", **more):
    return {"sku": "A", "quantity": quantity, "unit_price": price, **more}


def _numbers(*names, values):
    operators = (
        "equal_to",
        "greater_than",
        "greater_than_or_equal_to",
        "less_than",
        "less_than_or_equal_to",
    )
    return [
        {"name": name, "operator": operator, "value": value}
        for name, operator, value in product(names, operators, values)
    ]


def _sets(*names):
    operators = (
        "contains_all",
        "is_contained_by",
        "shares_at_least_one_element_with",
        "shares_exactly_one_element_with",
        "shares_no_elements_with",
    )
    values = ([], ["a"], ["A", "b"], ["b", "B"])
    return [
        {"name": name, "operator": operator, "value": value}
        for name, operator, value in product(names, operators, values)
    ]


def _amounts():
    """Orders by value, items and lines: one line has the value, the others have none."""
    for price, items, lines in product(_PRICES, (1, 2, 3), (1, 2, 3)):
        if lines > items:
            continue
        if lines == 1:
            yield order(lines=[_line(items, "4.00", discount=f"{4 * items - float(price):.2f}")])
        else:
            yield order(lines=[_line(1, price), *[_line(1)] * (lines - 2), _line(items - lines + 1)])
    yield order(lines=[_line(1, "0.00", discount="0.01")])


def _largest():
    for count in (1, 2, 3):
        for prices in combinations_of(("0.00", "1.00", "1.50", "1.51", "2.00", "2.01", "3.00", "3.01"), count):
            yield order(lines=[_line(1, price) for price in prices])
    for price, count in product(("0.50", "0.51", "1.00"), (4, 5, 6, 7)):
        yield order(lines=[_line(1, price)] * count)
    yield order(lines=[_line(1, "0.00", discount="0.50")])
    yield order(lines=[_line(1, "0.00", discount="0.50")] * 3)
    for first, others in product(("2.00", "2.01", "3.00", "3.01"), ("2.00", "2.01", "0.50")):
        for count in (2, 3):
            yield order(lines=[_line(1, first), *[_line(1, "0.00", discount=others)] * (count - 1)])


def combinations_of(values, count):
    """Each choice of so many of the values, any of them as often as one likes."""
    return (each for each in product(values, repeat=count) if list(each) == sorted(each))


def _people():
    for first, province, country, items in product(
        (None, True, False), (None, "QC", "ON"), (None, "CA", "US", "FR"), (1, 2)
    ):
        buyer = {"is_first_order": first, "province": province, "country": country}
        yield order(items, buyer=buyer)
        if country in (None, "US") and province == "QC":
            yield order(items, buyer={**buyer, "province": "NY, USA" if country is None else "NY"})
            yield order(items, buyer={**buyer, "province": "VT, USA" if country is None else "VT"})


def _credit():
    money = (None, "0.00", "1.00", "1.99", "2.00", "2.01", "3.00", "3.01", "5.00")
    for limit, outstanding, price in product(money, money, ("0.00", "2.00", "3.00")):
        yield order(1, price, buyer={"credit_limit": limit, "outstanding_balance": outstanding})
    for limit, price in product(money, money[1:]):
        yield order(1, price, buyer={"credit_limit": limit, "outstanding_balance": "-1.00"})


def _things():
    kinds = [each for count in (1, 2, 3) for each in combinations(("a", "b", "c"), count)]
    for skus, categories in product(kinds, [None, *kinds]):
        for count in range(max(len(skus), len(categories or "")), 4):
            lines = [
                _line(sku=(skus * 3)[place], category=categories and (categories * 3)[place]) for place in range(count)
            ]
            yield order(lines=lines)


def _moments():
    days = (None, "2021-05-12", "2021-05-13", "2021-05-14", "2021-05-15", "2021-05-16")
    for hour, day, planned in product(("02", "03", "04", "01"), ("10", "11", "12", "13", "14", "15", "16"), days):
        yield order(placed_at=f"2021-05-{day}T{hour}:30:00-04:00", planned_delivery=planned)


def _notes():
    texts = (None, "a", "A", "ab", "Ab", "ba", "bab", "abab", "b", "7", "a7", "x", "7b", "bb", "xa", "ax", "bx", "abx")
    for note, id in product(texts, ("a", "A", "ab", "x", "b", "ba", "7")):
        yield order(note=note, buyer={"id": id})


def _text_tests():
    operators = ("equal_to", "equal_to_case_insensitive", "starts_with", "ends_with", "contains")
    yield from (
        {"name": name, "operator": operator, "value": value}
        for name, operator, value in product(("note", "buyer_id"), operators, ("a", "ab"))
    )
    yield {"name": "note", "operator": "matches_regex", "value": "^[0-9]$"}
    yield {"name": "note", "operator": "non_empty", "value": ""}


def _yes_or_no(*names):
    return [
        {"name": name, "operator": operator, "value": ""} for name, operator in product(names, ("is_true", "is_false"))
    ]


def _selects(values):
    return [
        {"name": name, "operator": operator, "value": value}
        for name, value in values
        for operator in ("contains", "does_not_contain")
    ]


# By name: the comparisons that policies are made of, and the facts of every kind of order.
_WORLDS = {
    "amounts": (_numbers("order_value", values=(2, 3)) + _numbers("item_count", "line_count", values=(2,)), _amounts),
    "largest": (
        _numbers("order_value", values=(2, 3))
        + _numbers("largest_line_value", values=(1, 2))
        + _numbers("line_count", values=(2,)),
        _largest,
    ),
    "people": (
        _yes_or_no("is_first_order")
        + _selects([("province", "QC"), ("province", "US-NY"), ("country", "CA"), ("country", "US")]),
        _people,
    ),
    "credit": (_numbers("credit_available", "credit_limit", "order_value", values=(2,)), _credit),
    "things": (_sets("skus", "categories") + _numbers("line_count", values=(2,)), _things),
    "moments": (
        _numbers("placed_hour", "lead_days", values=(3,))
        + _yes_or_no("has_planned_delivery")
        + _selects([("placed_weekday", "wednesday")]),
        _moments,
    ),
    "texts": (list(_text_tests()), _notes),
}
NAMES = tuple(_WORLDS)


def comparisons(name):
    return _WORLDS[name][0]


def all_facts(name):
    return [facts_of(each) for each in _WORLDS[name][1]()]

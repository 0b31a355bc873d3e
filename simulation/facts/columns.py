"""Comparisons on a sheet: codes and bits in the place of texts, their truth told by the Python target."""

from collections.abc import Callable, Sequence

import msgspec
from sqlglot import exp

from houblon.engine.conditions.targets.python import compile_careful
from houblon.engine.conditions.targets.readers import FactsReader
from houblon.engine.conditions.targets.sql import Columns, any_of, number
from houblon.engine.conditions.tree import Comparison
from houblon.engine.oracle.boundary import ORDINARY
from houblon.simulation.facts.sheet import BITS, Codes

# The facts that a policy's credit limit is in.
CREDIT = frozenset({"credit_limit", "credit_available"})


class SheetColumns(Columns):
    """The columns of a sheet, for buyers whose groups are `groups` and whose policy gives them the credit `limit`."""

    def __init__(self, codes: Codes, groups: tuple[str, ...], limit: int | None = None):
        super().__init__("duckdb")
        self.codes = codes
        self.groups = groups
        self.limit = limit
        self._lists = {"categories": codes.categories, "skus": codes.skus}

    def column(self, fact: str) -> exp.Expr:
        if self.limit is not None and fact in CREDIT:
            return _credit(fact, self.limit)
        return exp.column({"buyer_id": "retailer", "categories": "categories_0"}.get(fact, fact))

    def may_be_unknown(self, fact: str) -> bool:
        if self.limit is not None and fact in CREDIT:
            return fact == "credit_available" and "outstanding_balance" in self.codes.wanting
        return fact in self.codes.wanting

    def always(self, fact: str) -> exp.Expr:
        return super().always(fact) if self.may_be_unknown(fact) else exp.true()

    def never(self, fact: str) -> exp.Expr:
        return super().never(fact) if self.may_be_unknown(fact) else exp.false()

    def string(self, comparison: Comparison) -> exp.Expr:
        if comparison.name != "buyer_id":
            return super().string(comparison)
        holds = _truth(comparison)
        return self._among("buyer_id", [code for code, each in enumerate(self.codes.retailers) if holds(each.id)])

    def select(self, comparison: Comparison) -> exp.Expr:
        holds = _truth(comparison)
        values = self.codes.selects[comparison.name]
        return self._among(comparison.name, [code for code, value in enumerate(values) if holds(value)])

    def several(self, comparison: Comparison) -> exp.Expr:
        if comparison.name == "buyer_groups":
            return exp.true() if _truth(comparison)(self.groups) else exp.false()
        return super().several(comparison)

    def shares(self, fact: str, wanted: Sequence[str]) -> exp.Expr:
        known = self._coded(fact, wanted)
        if not known:
            return self.never(fact)
        if fact == "categories":
            return any_of(_and_bits(word, bits).neq(number(0)) for word, bits in _words(known))
        return exp.ArrayOverlaps(this=self.column(fact), expression=_integers(known))

    def is_within(self, fact: str, wanted: Sequence[str]) -> exp.Expr:
        known = self._coded(fact, wanted)
        if fact == "categories":
            inside = dict(_words(known))
            outside = [(1 << self.codes.bits(word)) - 1 & ~inside.get(word, 0) for word in range(self.codes.words)]
            tests = [_and_bits(word, bits).eq(number(0)) for word, bits in enumerate(outside) if bits]
            return exp.and_(*tests) if tests else self.always(fact)
        if not known:
            return exp.Anonymous(this="LEN", expressions=[self.column(fact)]).eq(number(0))
        return exp.ArrayContainsAll(this=_integers(known), expression=self.column(fact))

    def _coded(self, fact: str, wanted: Sequence[str]) -> list[int]:
        """The codes of those that some order of the sheet has."""
        places = {value: code for code, value in enumerate(self._lists[fact])}
        return [places[each] for each in wanted if each in places]

    def _among(self, fact: str, codes: Sequence[int]) -> exp.Expr:
        if not codes:
            return self.never(fact)
        if len(codes) == 1:
            return self.column(fact).eq(number(codes[0]))
        return self.column(fact).isin(*(number(code) for code in codes))


def _credit(fact: str, limit: int) -> exp.Expr:
    """The limit that a buyer has, their own or the policy's, or what is left of it; wide enough to take from."""
    own = exp.cast(exp.func("COALESCE", exp.column("credit_limit"), number(limit)), "BIGINT")
    if fact == "credit_limit":
        return own
    left = exp.Sub(this=own, expression=exp.column("outstanding_balance"))
    return exp.paren(exp.Sub(this=left, expression=exp.column("order_value")), copy=False)


def _truth(comparison: Comparison) -> Callable[[object], bool]:
    """What the Python target answers for one value of the comparison's fact."""
    program = compile_careful([comparison], FactsReader())
    return lambda value: bool(program(msgspec.structs.replace(ORDINARY, **{comparison.name: value})) & 1)


def _words(codes: Sequence[int]) -> list[tuple[int, int]]:
    words: dict[int, int] = {}
    for code in codes:
        words[code // BITS] = words.get(code // BITS, 0) | 1 << code % BITS
    return list(words.items())


def _and_bits(word: int, bits: int) -> exp.Expr:
    return exp.paren(exp.BitwiseAnd(this=exp.column(f"categories_{word}"), expression=number(bits)), copy=False)


def _integers(codes: Sequence[int]) -> exp.Expr:
    return exp.Array(expressions=[number(code) for code in codes])

"""Conditions to SQL: one comparison or condition to one column expression, for millions of orders.

An expression is TRUE, FALSE or NULL, and NULL is *unknown*: SQL's own AND and OR are strong Kleene
logic, so it is enough that a comparison is NULL exactly when the order lacks the fact. The tree is
sqlglot's; `dialect` says who will read it: `duckdb` (embedded), `postgres` or `spark`.

The table has a column for each fact, by its name: money in whole cents, selects as one lower-cased
text, select multiples as arrays of distinct lower-cased texts, and beside each text a column
`<fact>_lower`. Who fills the table lowers the texts, for no two engines agree on every letter.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from sqlglot import exp

from houblon.engine.conditions.pattern import to_re2
from houblon.engine.conditions.targets.operators import key
from houblon.engine.conditions.tree import AllOf, Comparison, Condition
from houblon.engine.conditions.vocabulary import FACTS, Kind
from houblon.engine.core.numbers import interval, whole_bounds

DIALECTS = ("duckdb", "postgres", "spark")
_WHOLE = 1 << 63  # whole columns hold 64 bits


class Unsupported(ValueError):
    """The dialect has no way to mean the same."""


class Columns:
    """How the facts lie in a table, and what each comparison of one is; subclasses know another layout."""

    def __init__(self, dialect: str = "duckdb"):
        if dialect not in DIALECTS:
            raise Unsupported(f"no such dialect: {dialect}")
        self.dialect = dialect

    def column(self, fact: str) -> exp.Expr:
        return exp.column(fact)

    def test(self, comparison: Comparison) -> exp.Expr:
        """The comparison: NULL exactly when the fact is. Raises Unsupported."""
        return {
            Kind.NUMERIC: self.numeric,
            Kind.BOOLEAN: self.boolean,
            Kind.STRING: self.string,
            Kind.SELECT: self.select,
            Kind.SELECT_MULTIPLE: self.several,
        }[comparison.kind](comparison)

    def may_be_unknown(self, fact: str) -> bool:
        """Whether some order of the table may lack the fact."""
        return not FACTS[fact].known

    def is_unknown(self, fact: str) -> exp.Expr:
        return self.column(fact).is_(exp.null())

    def always(self, fact: str) -> exp.Expr:
        """TRUE whenever the fact is known."""
        return self.column(fact).eq(self.column(fact))

    def never(self, fact: str) -> exp.Expr:
        """FALSE whenever the fact is known."""
        return self.column(fact).neq(self.column(fact))

    def numeric(self, comparison: Comparison) -> exp.Expr:
        fact = FACTS[comparison.name]
        bounds = whole_bounds(interval(comparison.operator, comparison.value), fact.scale)
        low, high = bounds.low, bounds.high
        if low is not None and high is not None and low > high:
            return self.never(fact.name)
        if (low is not None and low >= _WHOLE) or (high is not None and high < -_WHOLE):
            return self.never(fact.name)
        ends = []
        if low is not None and low > -_WHOLE:
            ends.append(_compared(exp.GTE, self.column(fact.name), low))
        if high is not None and high < _WHOLE - 1:
            ends.append(_compared(exp.LTE, self.column(fact.name), high))
        if low is not None and low == high:
            return _compared(exp.EQ, self.column(fact.name), low)
        return exp.and_(*ends) if ends else self.always(fact.name)

    def boolean(self, comparison: Comparison) -> exp.Expr:
        column = self.column(comparison.name)
        return column if comparison.operator == "is_true" else exp.not_(column)

    def string(self, comparison: Comparison) -> exp.Expr:
        column, value = self.column(comparison.name), comparison.value
        match comparison.operator:
            case "equal_to":
                return column.eq(text(value))
            case "equal_to_case_insensitive":
                return self.column(f"{comparison.name}_lower").eq(text(value.lower()))
            case "non_empty":
                return column.neq(text(""))
            case "matches_regex":
                if self.dialect == "postgres":
                    raise Unsupported("PostgreSQL's patterns have no Unicode classes")
                return exp.RegexpLike(this=column, expression=text(to_re2(value)))
        if value == "":
            return self.always(comparison.name)
        match comparison.operator:
            case "starts_with":
                return exp.StartsWith(this=column, expression=text(value))
            case "ends_with":
                return exp.Right(this=column, expression=exp.Literal.number(len(value))).eq(text(value))
        if self.dialect == "duckdb":
            return exp.Contains(this=column, expression=text(value))
        return exp.GT(this=exp.StrPosition(this=column, substr=text(value)), expression=number(0))

    def select(self, comparison: Comparison) -> exp.Expr:
        column, value = self.column(comparison.name), text(key(comparison.value))
        return column.eq(value) if comparison.operator == "contains" else column.neq(value)

    def several(self, comparison: Comparison) -> exp.Expr:
        fact, keys = comparison.name, [key(value) for value in comparison.value]
        wanted = list(dict.fromkeys(keys))
        match comparison.operator:
            case "contains_all":
                return exp.and_(*(self.shares(fact, [each]) for each in wanted)) if wanted else self.always(fact)
            case "is_contained_by":
                return self.is_within(fact, wanted)
            case "shares_at_least_one_element_with":
                return self.shares(fact, wanted)
            case "shares_no_elements_with":
                return exp.not_(self.shares(fact, wanted))
        # business-rules counts a repeated element of the rule's value each time it stands there.
        once = [each for each in wanted if keys.count(each) == 1]
        repeated = [each for each in wanted if keys.count(each) > 1]
        return self.shares_exactly_one(fact, once, repeated)

    def shares_exactly_one(self, fact: str, once: Sequence[str], repeated: Sequence[str]) -> exp.Expr:
        """TRUE when the fact holds exactly one of `once` and none of `repeated`."""
        if not once:
            return self.never(fact)
        found = [self._counted(self.shares(fact, [each])) for each in once]
        exactly = exp.EQ(this=exp.paren(_sum(found), copy=False), expression=number(1))
        return exp.and_(exactly, exp.not_(self.shares(fact, repeated))) if repeated else exactly

    def _counted(self, test: exp.Expr) -> exp.Expr:
        """1 or 0, and nothing where it is unknown."""
        return exp.Case().when(test, number(1)).when(exp.not_(test.copy()), number(0))

    def shares(self, fact: str, wanted: Sequence[str]) -> exp.Expr:
        """TRUE when the fact and `wanted` have something in common."""
        if not wanted:
            return self.never(fact)
        if self.dialect == "spark":
            return exp.func("ARRAYS_OVERLAP", self.column(fact), _array(wanted), dialect="spark")
        return exp.ArrayOverlaps(this=self.column(fact), expression=_array(wanted))

    def is_within(self, fact: str, wanted: Sequence[str]) -> exp.Expr:
        """TRUE when the fact holds nothing but what is in `wanted`."""
        column = self.column(fact)
        if not wanted:
            size = {"duckdb": "LEN", "postgres": "CARDINALITY", "spark": "SIZE"}[self.dialect]
            return exp.EQ(this=exp.Anonymous(this=size, expressions=[column]), expression=number(0))
        if self.dialect == "spark":
            others = exp.Anonymous(this="ARRAY_EXCEPT", expressions=[column, _array(wanted)])
            return exp.EQ(this=exp.Anonymous(this="SIZE", expressions=[others]), expression=number(0))
        return exp.ArrayContainsAll(this=_array(wanted), expression=column)


def kleene(condition: Condition, columns: Columns) -> exp.Expr:
    """The condition's own value: TRUE, FALSE, or NULL where it is unknown. Raises Unsupported."""
    if isinstance(condition, Comparison):
        return columns.test(condition)
    return _joined(condition, [kleene(member, columns) for member in condition.members])


def possible(condition: Condition, columns: Columns) -> exp.Expr:
    """TRUE where the condition is true or unknown, else FALSE: never NULL.

    No operator negates a block, so a tree is not false exactly when it holds with each unknown
    comparison taken as true.
    """
    if isinstance(condition, Comparison):
        test = columns.test(condition)
        return exp.or_(columns.is_unknown(condition.name), test) if columns.may_be_unknown(condition.name) else test
    return _joined(condition, [possible(member, columns) for member in condition.members])


def any_of(expressions: Iterable[exp.Expr]) -> exp.Expr:
    """Joined by OR, each different one once; FALSE when there are none."""
    distinct = list({each.sql(): each for each in expressions}.values())
    return exp.or_(*distinct) if distinct else exp.false()


def text(value: str) -> exp.Expr:
    return exp.Literal.string(value)


def number(value: int) -> exp.Expr:
    return exp.Literal.number(value)


def written(expression: exp.Expr, dialect: str = "duckdb") -> str:
    """The expression as the dialect's text."""
    return expression.sql(dialect)


def _compared(operator: type[exp.Binary], column: exp.Expr, value: int | float) -> exp.Expr:
    return operator(this=column, expression=number(int(value)))


def _joined(condition: Condition, members: Sequence[exp.Expr]) -> exp.Expr:
    """By AND or OR; what no order of the table can change is not said, which is Kleene's own law."""
    is_all = isinstance(condition, AllOf)
    if any(each == exp.convert(not is_all) for each in members):
        return exp.convert(not is_all)
    kept = [each for each in members if each != exp.convert(is_all)]
    if not kept:
        return exp.convert(is_all)
    return exp.and_(*kept) if is_all else exp.or_(*kept)


def _sum(terms: Sequence[exp.Expr]) -> exp.Expr:
    total = terms[0]
    for each in terms[1:]:
        total = exp.Add(this=total, expression=each)
    return total


def _array(values: Sequence[str]) -> exp.Expr:
    return exp.Array(expressions=[text(each) for each in values])


# The type of each fact's column, for those who make the table.
COLUMN_TYPES: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.NUMERIC: "BIGINT",
        Kind.BOOLEAN: "BOOLEAN",
        Kind.STRING: "VARCHAR",
        Kind.SELECT: "VARCHAR",
        Kind.SELECT_MULTIPLE: "VARCHAR[]",
    }
)

"""The policies of all chains of two contents, over one sheet, as one query."""

from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import msgspec
from sqlglot import exp

from houblon.engine.conditions.targets.sql import any_of, kleene, number, written
from houblon.engine.conditions.tree import Condition
from houblon.engine.core.order import Facts
from houblon.engine.decide.bars import MISSING, needs_place
from houblon.engine.decide.evaluate import Installation, judge_of
from houblon.engine.decide.verdict import Judge
from houblon.rules.model.content import Content
from houblon.rules.model.inherit import chain_of
from houblon.rules.policies import Policies
from houblon.simulation.compare.verdicts import CodedVerdict, Side, TermsTable, pair
from houblon.simulation.facts.columns import SheetColumns
from houblon.simulation.facts.sheet import Claim, Codes, Sheet

WORD_RULES = 60  # rules to a word of fired or unknown ones
MANY = 100_000  # orders


class PolicySide(msgspec.Struct, frozen=True, eq=False):
    """One content as it meets one claim: the policy compiled, its chain, the groups that nobody made."""

    judge: Judge
    chain: tuple[str, ...]
    unknown_groups: tuple[str, ...]


class PolicyPair(msgspec.Struct, frozen=True, eq=False):
    """The claims that meet the same two policies."""

    claims: tuple[int, ...]
    before: PolicySide
    after: PolicySide


class Plan:
    """What to ask of a sheet so that two contents answer; made once, asked many times."""

    def __init__(self, sheet: Sheet, policies: Policies, before: Content, after: Content, installation: Installation):
        self.sheet, self.codes, self.installation = sheet, sheet.codes, installation
        self.before, self.after = before, after
        self.terms = TermsTable()
        self.pairs = _pairs(sheet.codes, policies, before, after)
        self._foreign = _foreign(sheet.codes, installation.currency)
        sides = [(self._side(lane.before), self._side(lane.after)) for lane in self.pairs]
        for one, other in sides:  # so that the table of terms is whole before numbers are given
            one.accepted(), other.accepted()
        self.width = 2 + 2 * len(self.terms.all)
        self.pair = self._by_pair([pair(one, other, self.width, _sample(sheet)) for one, other in sides])

    def verdicts(self, code: int) -> tuple[CodedVerdict, CodedVerdict]:
        """What the two verdicts of a pair's number are."""
        before, after = divmod(code, self.width)
        return self.terms.verdict(before), self.terms.verdict(after)

    def pair_of(self, claim: int) -> PolicyPair:
        return self._lane_by_claim[claim]

    @property
    def source(self) -> str:
        """The sheet as a table."""
        return f"read_parquet('{self.sheet.path.replace(chr(39), chr(39) * 2)}')"

    @property
    def pair_sql(self) -> str:
        return written(self.pair)

    def totals_sql(self) -> str:
        """Orders and cents of every pair of verdicts."""
        return f"SELECT {self.pair_sql} AS pair, count(*), sum(order_value) FROM {self.source} GROUP BY pair"

    def totals(self, connection: duckdb.DuckDBPyConnection) -> dict[int, tuple[int, int]]:
        """`pair → (orders, cents)`."""
        return {code: (count, int(cents)) for code, count, cents in connection.execute(self.totals_sql()).fetchall()}

    def masks(
        self, connection: duckdb.DuckDBPyConnection, columns: Sequence[str], where: str = "TRUE", tail: str = ""
    ) -> Iterator[tuple[tuple[Any, ...], PolicyPair, int, int]]:
        """Chosen rows of the sheet: the values of `columns`, the lane, and both bitmasks of rules.

        A bitmask is `fired | unknown << rules`, as `houblon.engine.decide.verdict.Judge.of_mask` takes it.
        """
        for lane in self.pairs:
            claims = ", ".join(map(str, lane.claims))
            words, rules = [], []
            for policy_side in (lane.before, lane.after):
                conditions = [rule.condition for rule in policy_side.judge.rules]
                made = self._words(conditions, policy_side)
                words += made
                rules.append((len(conditions), len(made) // 2))
            selected = ", ".join([*columns, *words])
            query = f"SELECT {selected} FROM {self.source} WHERE claim IN ({claims}) AND ({where}) {tail}"
            found = connection.execute(query)
            while rows := found.fetchmany(2_000):
                for row in rows:
                    values, bits = row[: len(columns)], list(row[len(columns) :])
                    yield values, lane, *_masks(bits, rules)

    def _words(self, conditions: Sequence[Condition], policy_side: PolicySide) -> list[str]:
        """Words of fired rules, then as many of unknown ones."""
        expressions = [kleene(condition, self._columns(policy_side)) for condition in conditions]
        fired = [
            written(_word(expressions[i : i + WORD_RULES], unknown=False))
            for i in range(0, len(expressions), WORD_RULES)
        ]
        unknown = [
            written(_word(expressions[i : i + WORD_RULES], unknown=True))
            for i in range(0, len(expressions), WORD_RULES)
        ]
        return [*fired, *unknown]

    def _columns(self, policy_side: PolicySide) -> SheetColumns:
        return SheetColumns(self.codes, policy_side.chain[:-1], policy_side.judge.credit_limit)

    def _side(self, policy_side: PolicySide) -> Side:
        return Side(
            policy_side.judge,
            self._columns(policy_side),
            self.terms,
            self._held_anyhow(policy_side),
            bool(policy_side.unknown_groups),
        )

    def _held_anyhow(self, policy_side: PolicySide) -> exp.Expr | None:
        """Whether the order is held for what it says itself; None where none is."""
        codes = {code for code in self.codes.barring if code != MISSING or needs_place(policy_side.judge.policy)}
        said = [exp.column("barred").like(f'%"{code}"%') for code in sorted(codes)]
        tests: list[exp.Expr] = [exp.func("COALESCE", test, exp.false()) for test in said]
        if self.codes.own_limits and policy_side.judge.credit_limit is None:
            tests.append(exp.and_(exp.column("own_limit"), exp.column("credit_available") < 0))
        if self._foreign is not None:
            tests.append(self._foreign)
        return any_of(tests) if tests else None

    def _by_pair(self, expressions: Sequence[exp.Expr]) -> exp.Expr:
        """Each order by the policies of its own lane; lanes that would say the same say it once."""
        self._lane_by_claim = {claim: lane for lane in self.pairs for claim in lane.claims}
        same: dict[str, tuple[exp.Expr, list[int]]] = {}
        for lane, expression in zip(self.pairs, expressions, strict=True):
            same.setdefault(expression.sql(), (expression, []))[1].extend(lane.claims)
        if not same:
            return number(0)
        *others, (last, _) = same.values()
        case = exp.Case()
        for expression, claims in others:
            case = case.when(exp.column("claim").isin(*(number(claim) for claim in claims)), expression)
        return case.else_(last) if others else last


def _sample(sheet: Sheet) -> Sequence[Facts]:
    """What tells which rules to ask first; nothing for few orders, which are told sooner than it is looked at."""
    return sheet.sample if sheet.count >= MANY else ()


def _pairs(codes: Codes, policies: Policies, before: Content, after: Content) -> list[PolicyPair]:
    found: dict[Any, tuple[PolicySide, PolicySide, list[int]]] = {}
    for code, claim in enumerate(codes.claims):
        policy_sides = tuple(_policy_side(policies, content, claim) for content in (before, after))
        key = tuple(
            (policy_side.judge.policy.hash, policy_side.chain, policy_side.unknown_groups)
            for policy_side in policy_sides
        )
        found.setdefault(key, (*policy_sides, []))[2].append(code)  # type: ignore[arg-type]
    return [PolicyPair(tuple(claims), one, other) for one, other, claims in found.values()]


def _policy_side(policies: Policies, content: Content, claim: Claim) -> PolicySide:
    chain, unknown = chain_of(content, content.moved.get(claim.moving or "", claim.kept), claim.claimed)
    return PolicySide(judge_of(policies.policy_in(content, chain)), chain, unknown)


def _foreign(codes: Codes, currency: str) -> exp.Expr | None:
    """Whether the order names another currency than the installation's; None where none does."""
    others = [code for code, each in enumerate(codes.currencies) if each != currency]
    return exp.column("currency").isin(*(number(code) for code in others)) if others else None


def _word(tests: Sequence[exp.Expr], *, unknown: bool) -> exp.Expr:
    total: exp.Expr = number(0)
    for bit, test in enumerate(tests):
        asked = exp.paren(test).is_(exp.null()) if unknown else test.copy()
        term = exp.Case().when(asked, number(1 << bit)).else_(number(0))
        total = exp.Add(this=total, expression=exp.cast(term, "BIGINT"))
    return total


def _masks(bits: list[int], rules: Sequence[tuple[int, int]]) -> tuple[int, int]:
    masks = []
    for count, words in rules:
        fired, unknown, bits = bits[:words], bits[words : 2 * words], bits[2 * words :]
        joined = [
            sum(int(value) << WORD_RULES * place for place, value in enumerate(each)) for each in (fired, unknown)
        ]
        masks.append(joined[0] | joined[1] << count)
    return masks[0], masks[1]

"""A policy's verdict as one SQL expression: what `houblon.engine.decide.verdict` does with a bitmask, said of columns.

A verdict is a small whole number: the place of its outcome in the table of precedence, refused first, then
held, and from there on accepted, with the place of its terms and whether its invoice goes out. It is not
known who would accept a held order, so its terms don't count.

The expressions stand in the branches of a CASE, where what is unknown is as good as false; so
`fired` is a condition as it is, and `possible` one that is true or unknown.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec
from sqlglot import exp

from houblon.engine.conditions.factoring import any_condition
from houblon.engine.conditions.targets.sql import any_of, kleene, number, possible
from houblon.engine.conditions.tree import Condition, comparisons_of
from houblon.engine.core.order import Facts
from houblon.engine.decide.precedence import (
    BY_RULES,
    IN_DOUBT,
    OUTCOMES,
    WAIVABLE,
    WAIVERS,
    Rank,
    claim_of,
    doing,
)
from houblon.engine.decide.verdict import Judge
from houblon.engine.policy.decision import Outcome
from houblon.engine.policy.policy import Rule
from houblon.engine.policy.terms import Terms, parse_terms
from houblon.simulation.compare.selectivity import decide_few, in_turn
from houblon.simulation.facts.columns import CREDIT, SheetColumns

REFUSED, HELD, ACCEPTED = map(OUTCOMES.index, (Outcome.REFUSED, Outcome.HELD, Outcome.ACCEPTED))


class CodedVerdict(msgspec.Struct, frozen=True):
    """What a verdict's number stands for; terms only where the order is accepted."""

    outcome: Outcome
    terms: Terms | None = None
    issue: bool = False


class TermsTable:
    """Every different terms that some policy gives, by its place."""

    def __init__(self) -> None:
        self.all: list[Terms] = []

    def place(self, terms: Terms) -> int:
        if terms not in self.all:
            self.all.append(terms)
        return self.all.index(terms)

    def verdict(self, code: int) -> CodedVerdict:
        if code < ACCEPTED:
            return CodedVerdict(OUTCOMES[code])
        place, issue = divmod(code - ACCEPTED, 2)
        return CodedVerdict(OUTCOMES[ACCEPTED], self.all[place], bool(issue))


class Side:
    """One policy over the columns: what refuses, what holds back, and what an accepted order gets.

    `barred` says that every order of the lane is held whatever its policy says (an unknown group).
    """

    def __init__(self, judge: Judge, columns: SheetColumns, terms: TermsTable, currency: exp.Expr | None, barred: bool):
        self.columns, self.terms = columns, terms
        self.chain = judge.policy.chain
        self.trigger: str = judge.policy.settings["invoicing.trigger"].value
        self.default = parse_terms(judge.policy.settings["invoicing.terms"].value)
        self.rules = judge.rules
        # What says not the same of every buyer, or by another policy.
        self.own_facts = {"buyer_groups", *(CREDIT if judge.credit_limit is not None else ())}
        self.refusals = self._tests(self._acting(Outcome.REFUSED))
        held = self._barring()
        self.barriers = _Tests(
            [rule.condition for rule in held if self._is_plain(rule)],
            [
                *([exp.true()] if barred else []),
                *self._not_accepted(),
                *self._minimums(),
                *self._possible(rule for rule in held if not self._is_plain(rule)),
                *self._terms_in_doubt(),
                *self._invoice_in_doubt(),
                *([] if currency is None else [currency]),
            ],
        )

    def _barring(self) -> list[Rule]:
        """Rules that hold back when true or unknown: holds, and refusals that are not certain."""
        in_doubt = [rule for rule in self._acting(OUTCOMES[0]) if self._is_doubtful(rule)]
        return [*self._acting(IN_DOUBT), *in_doubt]

    def _acting(self, outcome: Outcome) -> list[Rule]:
        """The rules that give the outcome whenever they fire: those that something may waive are apart."""
        ranks = [rank for rank in BY_RULES if rank.outcome is outcome]
        return [rule for rank in ranks for rule in self._doing(rank.effect) if not self._may_be_waived(rank, rule)]

    def _may_be_waived(self, rank: Rank, rule: Rule) -> bool:
        return rule.id in WAIVABLE and bool(self._doing(rank.waived_by))

    def _tests(self, rules: Sequence[Rule]) -> "_Tests":
        plain = [rule.condition for rule in rules if self._is_plain(rule)]
        return _Tests(plain, self._fired(rule for rule in rules if not self._is_plain(rule)))

    def _is_plain(self, rule: Rule) -> bool:
        """Whether the rule says the same of every buyer: those that read groups, or a credit limit that the policy
        gives, are told lane by lane."""
        return all(each.name not in self.own_facts for each in comparisons_of(rule.condition))

    def accepted(self) -> exp.Expr:
        """The number of an accepted order: its terms and whether the invoice is issued."""
        withheld = self._fired(self._doing("withhold_invoice"))
        if self.trigger != "on_acceptance":
            return self._by_terms(lambda terms: number(self._code(terms, False)))
        issued = self._by_terms(lambda terms: number(self._code(terms, terms.kind != "other")))
        if not withheld:
            return issued
        kept = self._by_terms(lambda terms: number(self._code(terms, False)))
        return exp.Case().when(any_of(withheld), kept).else_(issued)

    def _code(self, terms: Terms, issue: bool) -> int:
        return ACCEPTED + 2 * self.terms.place(terms) + issue

    def _by_terms(self, code: object) -> exp.Expr:
        by_terms = exp.Case()
        for days, rules in self._levels():
            by_terms = by_terms.when(any_of(self._fired(rules)), code(Terms("net", days)))  # type: ignore[operator]
        otherwise = code(self.default)  # type: ignore[operator]
        return by_terms.else_(otherwise) if by_terms.args.get("ifs") else otherwise

    def _levels(self) -> list[tuple[int, list[Rule]]]:
        """Rules that set terms, by who wins: the highest group first, in it the shortest terms."""
        levels: dict[tuple[int, int], list[Rule]] = {}
        for rule in self._doing("set_terms"):
            if (claim := claim_of(rule, self.chain)) is not None:
                levels.setdefault(claim, []).append(rule)
        return [(days, levels[group, days]) for group, days in sorted(levels)]

    def _terms_in_doubt(self) -> Iterable[exp.Expr]:
        """An unknown rule ahead of the one that settles the terms, and that would have set others."""
        levels = self._levels()
        for place, (days, rules) in enumerate(levels):
            doubtful = [rule for rule in rules if self._is_doubtful(rule)]
            if not doubtful:
                continue
            ahead = [rule for _, earlier in levels[: place + 1] for rule in earlier]
            differs = exp.Case()
            for other, later in levels[place + 1 :]:
                differs = differs.when(any_of(self._fired(later)), exp.convert(other != days))
            default = exp.convert(self.default != Terms("net", days))
            otherwise = differs.else_(default) if differs.args.get("ifs") else default
            yield (
                exp.Case()
                .when(any_of(self._fired(ahead)), exp.false())
                .when(any_of(self._possible(doubtful)), otherwise)
                .else_(exp.false())
            )

    def _invoice_in_doubt(self) -> Iterable[exp.Expr]:
        rules = self._doing("withhold_invoice")
        doubtful = [rule for rule in rules if self._is_doubtful(rule)]
        if doubtful and self.trigger != "manual":
            none_fired = _is_not_true(any_of(self._fired(rules)))
            yield exp.and_(any_of(self._possible(doubtful)), none_fired)

    def _not_accepted(self) -> Iterable[exp.Expr]:
        accepting = self._acting(Outcome.ACCEPTED)
        if not accepting:
            yield exp.true()
        for rule in accepting:
            # What it reads is known of every order, so that not true is false.
            yield any_of(_not(self.columns.test(each)) for each in comparisons_of(rule.condition))

    def _minimums(self) -> Iterable[exp.Expr]:
        waivers = self._fired(rule for waiver in WAIVERS for rule in self._doing(waiver))
        if waivers:
            for test in self._fired(rule for rule in self.rules if rule.id in WAIVABLE):
                yield exp.and_(test, _is_not_true(any_of(waivers)))

    def _doing(self, action: str | None) -> list[Rule]:
        return doing(self.rules, action)

    def _is_doubtful(self, rule: Rule) -> bool:
        return is_doubtful(rule.condition, self.columns)

    def _fired(self, rules: Iterable[Rule]) -> list[exp.Expr]:
        return [kleene(rule.condition, self.columns) for rule in rules]

    def _possible(self, rules: Iterable[Rule]) -> list[exp.Expr]:
        return [possible(rule.condition, self.columns) for rule in rules]


def is_doubtful(condition: Condition, columns: SheetColumns) -> bool:
    """Whether some order of the sheet may leave the condition unknown."""
    return any(columns.may_be_unknown(each.name) for each in comparisons_of(condition))


class _Tests:
    """Tests of which one is enough: conditions that both sides can share, and ready expressions."""

    def __init__(self, conditions: Sequence[Condition], expressions: Sequence[exp.Expr]):
        self.conditions = list(dict.fromkeys(conditions))
        self.expressions = {each.sql(): each for each in expressions}

    def shared_with(self, other: "_Tests") -> "_Tests":
        conditions = [each for each in self.conditions if each in other.conditions]
        return _Tests(conditions, [each for text, each in self.expressions.items() if text in other.expressions])

    def without(self, other: "_Tests") -> "_Tests":
        conditions = [each for each in self.conditions if each not in other.conditions]
        return _Tests(conditions, [each for text, each in self.expressions.items() if text not in other.expressions])

    def __bool__(self) -> bool:
        return bool(self.conditions or self.expressions)

    def either(
        self,
        columns: SheetColumns,
        read: Callable[[Condition, SheetColumns], exp.Expr],
        failed: Sequence[Condition] = (),
    ) -> exp.Expr:
        """One expression for any of them; nothing is read twice that can be read once.

        It is asked only where none of `failed` holds, as `read` reads them or more easily still.
        """
        return any_of(self.in_turn(columns, read, failed, ()))

    def in_turn(
        self,
        columns: SheetColumns,
        read: Callable[[Condition, SheetColumns], exp.Expr],
        failed: Sequence[Condition],
        sample: Sequence[Facts],
    ) -> list[exp.Expr]:
        """The same as expressions to ask one after the other: the first settles most orders."""
        one = any_condition(self.conditions, failed)
        expressions = [] if one is None else [read(each, columns) for each in in_turn(one, sample)]
        return [*expressions[:-1], any_of([*expressions[-1:], *self.expressions.values()])]


def pair(before: Side, after: Side, width: int, sample: Sequence[Facts] = ()) -> exp.Expr:
    """Both verdicts as one number, `before * width + after`; what the two share is read once, and first.

    A `sample` of the orders tells what is best asked first.
    """
    refusals = before.refusals.shared_with(after.refusals)
    barriers = before.barriers.shared_with(after.barriers)
    if decide_few(barriers.conditions, sample):
        # An order that is not settled is asked what is left in a slower way.
        barriers = _Tests([], [])
    columns = before.columns
    refused = refusals.either(columns, kleene)
    barred = barriers.in_turn(columns, possible, _certain(refusals, columns), sample)
    own_before, own_after = _Own(before, refusals, barriers), _Own(after, refusals, barriers)
    held = _coded(own_before.where_barred(), own_after.where_barred(), width)
    free = _coded(own_before.where_free(), own_after.where_free(), width)
    return _case([(refused, number(REFUSED * width + REFUSED)), *((each, held) for each in barred)], free)


class _Own:
    """What a side says beside what both share, where the shared refusals did not fire."""

    def __init__(self, side: Side, refusals: _Tests, barriers: _Tests):
        self.side, self.columns = side, side.columns
        self.shared_refusals, self.shared_barriers = refusals, barriers
        self.refusals, self.barriers = side.refusals.without(refusals), side.barriers.without(barriers)

    def where_barred(self) -> exp.Expr:
        """The verdict where something shared holds the order back."""
        refused = self.refusals.either(self.columns, kleene, self.shared_refusals.conditions)
        return _case([(refused, number(REFUSED))], number(HELD))

    def where_free(self) -> exp.Expr:
        """The verdict where nothing shared does: none of its rules holds, nor may hold."""
        shared = self.shared_barriers.conditions
        refused = self.refusals.either(self.columns, kleene, [*shared, *self.shared_refusals.conditions])
        certain = [*_certain(self.shared_refusals, self.columns), *_certain(self.refusals, self.columns)]
        barred = self.barriers.either(self.columns, possible, [*shared, *certain])
        return _case([(refused, number(REFUSED)), (barred, number(HELD))], self.side.accepted())


def _certain(tests: _Tests, columns: SheetColumns) -> list[Condition]:
    """Those that no order of the sheet leaves unknown: where they did not fire, they do not hold."""
    return [each for each in tests.conditions if not is_doubtful(each, columns)]


def _case(branches: Sequence[tuple[exp.Expr, exp.Expr]], otherwise: exp.Expr) -> exp.Expr:
    case = exp.Case()
    for test, value in branches:
        if test != exp.false():
            case = case.when(_at_once(test), value)
    return case.else_(otherwise) if case.args.get("ifs") else otherwise


def _at_once(test: exp.Expr) -> exp.Expr:
    """The test as a number that is compared: DuckDB then works it out for whole vectors of orders.

    As a condition it narrows a selection comparison by comparison, which takes a quarter longer.
    """
    return exp.EQ(this=exp.cast(exp.paren(test, copy=False), "TINYINT"), expression=number(1))


def _coded(before: exp.Expr, after: exp.Expr, width: int) -> exp.Expr:
    scaled = exp.Mul(this=exp.paren(before, copy=False), expression=number(width))
    return exp.Add(this=scaled, expression=exp.paren(after, copy=False))


def _not(test: exp.Expr) -> exp.Expr:
    """The opposite of a comparison that is never unknown."""
    if isinstance(test, exp.GTE):
        return exp.LT(this=test.this, expression=test.expression)
    return exp.not_(exp.paren(test, copy=False))


def _is_not_true(test: exp.Expr) -> exp.Expr:
    return exp.not_(exp.paren(exp.Is(this=exp.paren(test), expression=exp.true()), copy=False))

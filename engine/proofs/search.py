"""A question to all possible orders: one that answers it, the smallest first, or that there is none.

z3 is asked of formulas that let through somewhat more than orders can be (`possible`). What comes out is looked
at: where no text answers the comparisons, or no lines come to the amounts, the reason is told to z3 as a formula and
it is asked again. What can't be told either way is set aside, and nothing counts as proved then.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import z3

from houblon.engine.conditions.targets.logic import Formula, Symbols
from houblon.engine.conditions.tree import Comparison
from houblon.engine.conditions.vocabulary import FACTS
from houblon.engine.proofs.possible import at_most_each, held_below_zero, possible
from houblon.engine.proofs.texts import Literal, Undecided, find_text

# z3's own count of steps for one answer: the same on any machine, a few seconds on a slow one.
EFFORT = 3_000_000
MOST_ROUNDS = 200  # answers that are looked at for one question
_ROUND_MONEY = (10_000, 1_000, 500, 100, 25, 5)
_ROUND_PRICE = (1_000, 500, 100, 25, 5)


class Imagined(msgspec.Struct, frozen=True):
    """The facts of an order that answers a question, by name, in stored units; only what was asked of them.

    A fact that is not here is absent, or of no account. `named` are the values of a select or of several that it
    has among those that conditions name (`asked`, in lower case), `other` the facts that have one which none names.
    """

    numbers: dict[str, int]
    flags: dict[str, bool]
    named: dict[str, tuple[str, ...]]
    asked: dict[str, frozenset[str]]
    other: frozenset[str]
    texts: dict[str, str]
    known: frozenset[str]
    barred: bool


class Unsettled(msgspec.Struct, frozen=True):
    """Nobody can tell: because of these conditions, or for want of effort where there are none."""

    conditions: tuple[Comparison, ...] = ()


class Search:
    """Questions over one set of symbols; what was learnt for one counts for those after it."""

    def __init__(self, symbols: Symbols, barred: Formula, given: Iterable[Formula] = ()):
        self.symbols, self.barred = symbols, barred
        self.last: Any = None  # z3's model of the order that was found last
        self.solver = z3.SimpleSolver(symbols.context)
        self.solver.set("rlimit", EFFORT)
        # What holds of every order, and of those that are asked about.
        self.given = [*possible(symbols), *held_below_zero(symbols, barred), *given]
        self.solver.add(*self.given)

    def find(self, question: Iterable[Formula], wishes: Iterable[Formula] = ()) -> Imagined | Unsettled | None:
        """An order for which all of the question holds; of several, one that has the wishes, then the smallest."""
        learnt: list[Formula] = []
        self.solver.push()
        try:
            self.solver.add(*question)
            looking = _Looking(self, learnt)
            if not looking.is_satisfied():
                return Unsettled(tuple(looking.doubtful)) if looking.doubtful or looking.is_tired else None
            looking.improve(wishes)
            self.last = looking.model
            return looking.imagined()
        finally:
            self.solver.pop()
            self.solver.add(*learnt)

    def holds(self, question: Iterable[Formula]) -> bool | None:
        """Whether there surely is no such order; None where nobody can tell. What is found is not made smaller."""
        self.solver.push()
        learnt: list[Formula] = []
        try:
            self.solver.add(*question)
            looking = _Looking(self, learnt)
            if looking.is_satisfied():
                return False
            return None if looking.doubtful or looking.is_tired else True
        finally:
            self.solver.pop()
            self.solver.add(*learnt)


class _Looking:
    """One question being asked. `learnt` are formulas that hold whatever is asked."""

    def __init__(self, search: Search, learnt: list[Formula]):
        self.symbols, self.solver, self.barred = search.symbols, search.solver, search.barred
        self.learnt = learnt
        self.doubtful: dict[Comparison, None] = {}
        self.is_tired = False
        self.model: Any = None
        self.texts: dict[str, str] = {}
        self.fresh = 0

    def is_satisfied(self) -> bool:
        """Whether some order answers all that the solver holds now; `model` and `texts` are of the last that did."""
        for _ in range(MOST_ROUNDS):
            answer = self.solver.check()
            if answer == z3.unsat:
                return False
            if answer != z3.sat:
                self.is_tired = True
                return False
            model = self.solver.model()
            texts = self.texts_of(model)
            if texts is None or self.is_too_much(model):
                continue
            self.model, self.texts = model, texts
            return True
        self.is_tired = True
        return False

    def texts_of(self, model: Any) -> dict[str, str] | None:
        """A text for each fact that answers as the model says; None where there is none, which the solver is told."""
        texts: dict[str, str] = {}
        for fact, tests in self.symbols.texts.items():
            literals = [(each, z3.is_true(model[flag])) for each, flag in tests.items() if model[flag] is not None]
            text = find_text(fact, literals)
            if isinstance(text, str):
                texts[fact] = text
                continue
            if isinstance(text, Undecided):
                self.doubtful.update({each: None for each, _ in _smallest(fact, literals, Undecided)})
                self.solver.add(self.contrary(literals))
            else:
                self.learn(self.contrary(_smallest(fact, literals, type(None))))
            return None
        return texts

    def contrary(self, literals: Iterable[Literal]) -> Formula:
        tests = self.symbols.texts
        flags = [(tests[each.name][each], holds) for each, holds in literals]
        return z3.Or([z3.Not(flag) if holds else flag for flag, holds in flags])

    def learn(self, formula: Formula) -> None:
        self.learnt.append(formula)
        self.solver.add(formula)

    def is_too_much(self, model: Any) -> bool:
        """Whether so many lines can't come to so much with that largest one; the solver is told."""
        if "largest_line_value" not in self.symbols.names:
            return False
        lines, value, largest = (
            _number(model, self.symbols.numbers[name]) for name in ("line_count", "order_value", "largest_line_value")
        )
        if value <= lines * largest:
            return False
        # Of the counts that are too few, or below zero too many, the one that says the most of others.
        count = -(-value // largest) - 1 if largest > 0 else value // largest + 1 if largest else lines
        self.learn(at_most_each(self.symbols, count))
        return True

    # The smallest order: what is asked for first is kept where anything can have it.

    def improve(self, wishes: Iterable[Formula]) -> None:
        symbols = self.symbols
        self.grant([z3.Not(self.barred), *wishes])
        self.grant([symbols.flags["all_available"], *self.absences()])
        self.least("line_count")
        self.least("item_count")
        self.price()
        for name in ("outstanding_balance", "overdue_balance", "credit_limit", "charges_value"):
            if self.is_asked(name):
                self.round(name)
        for name in ("days_overdue", "lead_days"):
            if self.is_asked(name):
                self.least(name)
        self.grant(list(self.plain()))

    def absences(self) -> Iterator[Formula]:
        for name, known in self.symbols.known.items():
            if name in self.symbols.names and name != "credit_available":
                yield z3.Not(known)

    def is_asked(self, name: str) -> bool:
        """Whether conditions speak of the fact, by itself or of the credit that is left, and the order has it."""
        names, known = self.symbols.names, self.symbols.known.get(name)
        credit = name in ("credit_limit", "outstanding_balance") and "credit_available" in names
        if name not in names and not credit:
            return False
        return known is None or not z3.is_false(self.model.eval(known, model_completion=True))

    def plain(self) -> Iterator[Formula]:
        """What most orders are, where conditions ask: by day, on a Monday, of Québec, of no other product."""
        symbols = self.symbols
        yield symbols.numbers["placed_hour"] == 10
        for name in ("is_first_order", "is_paid"):
            if name in symbols.names:
                yield z3.Not(symbols.flags[name])
        for name, value in (("placed_weekday", "monday"), ("province", "qc"), ("country", "ca")):
            if value in symbols.options[name]:
                yield symbols.options[name][value]
        for name, other in symbols.others.items():
            if name in symbols.names:
                yield z3.Not(other)

    def grant(self, wishes: list[Formula]) -> bool:
        """Hold to as many of the wishes as can be, the first before the others; whether to all of them."""
        if not wishes:
            return True
        if self.keep(z3.And(wishes)):
            return True
        if len(wishes) > 1:
            half = len(wishes) // 2
            self.grant(wishes[:half])
            self.grant(wishes[half:])
        return False

    def keep(self, formula: Formula) -> bool:
        """Hold to the formula from now on, if some order can have it."""
        if z3.is_true(self.model.eval(formula, model_completion=False)):
            self.solver.add(formula)
            return True
        before = len(self.learnt)
        self.solver.push()
        self.solver.add(formula)
        held = self.is_satisfied()
        self.solver.pop()
        # What was learnt meanwhile went with the question; it holds without it too.
        self.solver.add(*self.learnt[before:])
        if held:
            self.solver.add(formula)
        return held

    def value(self, variable: Formula) -> int:
        return _number(self.model, variable)

    def least(self, name: str) -> None:
        """The smallest that the number can be, from zero on; below zero, the nearest to it."""
        self.lower(self.symbols.numbers[name], 0)

    def lower(self, variable: Formula, low: int) -> None:
        if not self.keep(variable >= low):
            low = self.value(variable)
            self.keep(variable == low)
            return
        while low < (now := self.value(variable)):
            middle = (low + now) // 2
            if now > 64 and self.keep(variable <= min(low + 24, middle)):
                continue
            if not self.keep(variable <= middle):
                low = middle + 1
        self.keep(variable == low)

    def price(self) -> None:
        """An order's value that comes of a round price for each item; else a round one; else any."""
        value, items = self.symbols.numbers["order_value"], self.value(self.symbols.numbers["item_count"])
        if not self.rounded(value, [(step, items) for step in _ROUND_PRICE]):
            self.round("order_value")

    def round(self, name: str) -> None:
        """A round amount, zero where that may be; else the nearest to it."""
        number = self.symbols.numbers[name]
        if name != "order_value" and self.keep(number == 0):
            return
        if not self.rounded(number, [(step, 1) for step in _ROUND_MONEY]):
            self.lower(number, 0)

    def rounded(self, number: Formula, steps: Iterable[tuple[int, int]]) -> bool:
        for step, times in steps:
            self.fresh += 1
            count = z3.Int(f"round {self.fresh}", self.symbols.context)
            if self.keep(z3.And(number == step * times * count, count >= 1)):
                self.lower(count, 1)
                return True
        return False

    def imagined(self) -> Imagined:
        symbols, names = self.symbols, self.symbols.names
        known = frozenset(name for name in FACTS if name not in symbols.known or self.is_true(symbols.known[name]))
        asked = names | {"order_value", "item_count", "line_count", "all_available", "has_planned_delivery"}
        if "credit_available" in names:
            asked |= {"credit_limit", "outstanding_balance"}
        kept = asked & known
        named = {
            fact: tuple(symbols.written[fact, each] for each, option in options.items() if self.is_true(option))
            for fact, options in symbols.options.items()
            if fact in kept
        }
        return Imagined(
            {name: self.value(number) for name, number in symbols.numbers.items() if name in kept},
            {name: self.is_true(flag) for name, flag in symbols.flags.items() if name in kept},
            named,
            {fact: frozenset(options) for fact, options in symbols.options.items()},
            frozenset(fact for fact, other in symbols.others.items() if self.is_true(other)),
            dict(self.texts),
            kept,
            self.is_true(self.barred),
        )

    def is_true(self, formula: Formula) -> bool:
        return bool(z3.is_true(self.model.eval(formula, model_completion=True)))


def _number(model: Any, variable: Formula) -> int:
    return int(model.eval(variable, model_completion=True).as_long())


def _smallest(fact: str, literals: list[Literal], kind: type) -> list[Literal]:
    """As few of the literals as still have no text: what is told of them says the most."""
    kept = list(literals)
    for each in literals:
        fewer = [other for other in kept if other is not each]
        if isinstance(find_text(fact, fewer), kind):
            kept = fewer
    return kept

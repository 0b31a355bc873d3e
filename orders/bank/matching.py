"""Which invoices each line of a bank's file pays: found by what it says, by who is named, or by its amount alone."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from itertools import combinations

import msgspec

from houblon.engine.conditions.figures import money_text
from houblon.engine.core.problem import Problem, problem
from houblon.orders.bank.statement_file import BankLine
from houblon.orders.csv_text import folded

MATCHED, SUGGESTED, UNMATCHED, RECORDED = "matched", "suggested", "unmatched", "recorded"
BY_NUMBER, BY_NAME, BY_AMOUNT, BY_HAND = "number", "name", "amount", "hand"
_SEVERAL_AT_MOST = 12  # invoices of one retailer, of which some may add up to what came in
_LEAST_OF_A_NAME = 5  # letters: « Bar » is in too many lines
_LEGAL = frozenset("inc ltee ltd enr senc limitee limited incorporee".split())
Number = tuple[str, int, int]  # prefix, year, sequence


class OpenInvoice(msgspec.Struct, frozen=True):
    """An invoice that is still to be paid; `balance` is what is left, in cents, `since` the day it can be paid from."""

    key: int
    number: str
    parts: Number
    retailer: str
    balance: int
    since: date


class Known(msgspec.Struct, frozen=True):
    """What lines are matched to: what is owed, oldest first; what each retailer is called; which of the numbers that
    the lines name are owed no more; and which lines are recorded already, with the numbers of what they paid."""

    owed: tuple[OpenInvoice, ...]
    names: Mapping[str, tuple[str, ...]]
    settled: frozenset[Number]
    recorded: Mapping[str, tuple[str, ...]]


class Part(msgspec.Struct, frozen=True):
    """What of a line goes to one invoice, in cents, of what is left to pay of it then."""

    key: int
    number: str
    amount: int
    balance: int


class Match(msgspec.Struct, frozen=True):
    """What a line pays, how that was found, and what a person should know of it."""

    line: BankLine
    state: str
    how: str = ""
    parts: tuple[Part, ...] = ()
    retailer: str | None = None
    note: Problem | None = None
    recorded: tuple[str, ...] = ()

    @property
    def numbers(self) -> tuple[str, ...]:
        return tuple(each.number for each in self.parts)

    @property
    def over(self) -> int:
        """What the invoices get beyond what they ask, in cents."""
        return sum(max(0, each.amount - each.balance) for each in self.parts)


def plain(text: str) -> str:
    """Words and numbers alone, as lines and names are compared."""
    return " ".join(re.findall(r"[a-z0-9]+", folded(text)))


def numbers_in(text: str, prefixes: Iterable[str]) -> list[Number]:
    """The numbers of invoices that a text names, however the bank wrote them: « F 2021 00012 », “F202100012”."""
    known = {re.sub(r"[^a-z0-9]", "", folded(each)): each for each in prefixes}
    if not known:
        return []
    spelled = "|".join(r"[^a-z0-9]*".join(map(re.escape, each)) for each in sorted(known, key=len, reverse=True))
    pattern = rf"(?<![a-z0-9])({spelled})[^a-z0-9]*(20\d\d)[^a-z0-9]*(\d{{5,9}})(?!\d)"
    found = re.finditer(pattern, folded(text))
    return list(dict.fromkeys((known[re.sub(r"[^a-z0-9]", "", each[1])], int(each[2]), int(each[3])) for each in found))


def match_lines(
    lines: Sequence[BankLine], known: Known, prefixes: Iterable[str], said: Mapping[int, tuple[str, ...]]
) -> tuple[Match, ...]:
    """What each line pays; `said` are the numbers that a person gives for a line, none for a line that pays nothing.

    What is sure comes first: what one line takes of an invoice no other line finds there any more.
    """
    matcher = _Matcher(known, tuple(prefixes))
    found: dict[int, Match] = {}
    steps: tuple[Callable[[BankLine], Match | None], ...] = (
        matcher.recorded,
        lambda line: matcher.by_hand(line, said.get(line.line)),
        matcher.by_number,
        matcher.by_name,
        matcher.by_amount,
    )
    for step in steps:
        for line in lines:
            if line.line not in found:
                match = step(line)
                if match is not None:
                    found[line.line] = match
    return tuple(found.get(line.line) or Match(line, UNMATCHED) for line in lines)


class _Matcher:
    """Matches one line at a time, and keeps what is left to pay of each invoice after it."""

    def __init__(self, known: Known, prefixes: tuple[str, ...]):
        self.known, self.prefixes = known, prefixes
        self.left = {each.key: each.balance for each in known.owed}
        self.by_parts = {each.parts: each for each in known.owed}
        self.of_retailer: dict[str, list[OpenInvoice]] = {}
        for each in known.owed:
            self.of_retailer.setdefault(each.retailer, []).append(each)
        # By their first word, so that a line looks up the few names that begin with a word of it.
        self.names: dict[str, list[tuple[str, str]]] = {}
        for retailer in self.of_retailer:
            for name in {_without_form(plain(each)) for each in known.names.get(retailer, ())}:
                if len(name.replace(" ", "")) >= _LEAST_OF_A_NAME:
                    self.names.setdefault(name.split()[0], []).append((name, retailer))

    def recorded(self, line: BankLine) -> Match | None:
        paid = self.known.recorded.get(line.hash)
        return None if paid is None else Match(line, RECORDED, recorded=paid)

    def by_hand(self, line: BankLine, said: tuple[str, ...] | None) -> Match | None:
        """What a person says that the line pays; nothing, and why, where that can't be."""
        if said is None:
            return None
        if not said:
            return Match(line, UNMATCHED, BY_HAND)
        numbers: list[Number | None] = []
        for each in said:
            numbers += numbers_in(each, self.prefixes) or [None]
        invoices = [self.by_parts.get(number) if number else None for number in numbers]
        owed = [each for each in invoices if each is not None]
        if len(owed) < len(invoices):
            unknown = said[min(invoices.index(None), len(said) - 1)][:60]
            return Match(line, UNMATCHED, BY_HAND, note=_not_owed(unknown))
        fault = self._fault(line, owed)
        return Match(line, UNMATCHED, BY_HAND, note=fault) if fault else self._take(line, MATCHED, BY_HAND, owed)

    def by_number(self, line: BankLine) -> Match | None:
        numbers = numbers_in(line.text, self.prefixes)
        if not numbers:
            return None
        owed = [self.by_parts[each] for each in numbers if each in self.by_parts]
        if len(owed) < len(numbers):
            settled = any(each in self.known.settled for each in numbers)
            return Match(line, UNMATCHED, note=_SETTLED if settled else _UNKNOWN)
        fault = self._fault(line, owed)
        if fault:
            return Match(line, UNMATCHED, note=fault)
        asked = sum(self.left[each.key] for each in owed)
        # A part of one invoice is sure; a part of several could be of either, and what is over may be for others.
        is_sure = line.amount == asked or (len(owed) == 1 and line.amount < asked)
        return self._take(line, MATCHED if is_sure else SUGGESTED, BY_NUMBER, owed)

    def by_name(self, line: BankLine) -> Match | None:
        named = self._named(line.text)
        fitting = [(one, sets) for one in named for sets in [self._sums(line, one)] if sets]
        if len(fitting) == 1:
            [(_, sets)] = fitting
            return self._take(line, MATCHED if len(sets) == 1 else SUGGESTED, BY_NAME, sets[0])
        if len(fitting) > 1:
            return Match(line, UNMATCHED, note=_SEVERAL)
        if len(named) == 1:
            [one] = named
            owes = sum(self.left[each.key] for each in self._owed_by(line, one))
            return Match(line, UNMATCHED, retailer=one, note=_owes(owes)) if owes else None
        return None

    def by_amount(self, line: BankLine) -> Match | None:
        found = [each for each in self.known.owed if self.left[each.key] == line.amount and each.since <= line.on]
        if len(found) > 1:
            return Match(line, UNMATCHED, note=_SEVERAL)
        return self._take(line, SUGGESTED, BY_AMOUNT, found) if found else None

    def _named(self, text: str) -> list[str]:
        """The retailers who are named, but one whose name is only a part of another's."""
        said = f" {plain(text)} "
        found = [
            (name, retailer)
            for word in dict.fromkeys(said.split())
            for name, retailer in self.names.get(word, ())
            if f" {name} " in said
        ]
        kept = [
            one for name, one in found if not any(name != other and f" {name} " in f" {other} " for other, _ in found)
        ]
        return list(dict.fromkeys(kept))

    def _owed_by(self, line: BankLine, retailer: str) -> list[OpenInvoice]:
        return [each for each in self.of_retailer[retailer] if self.left[each.key] > 0 and each.since <= line.on]

    def _sums(self, line: BankLine, retailer: str) -> list[Sequence[OpenInvoice]]:
        """The invoices of a retailer that come to exactly the line: one by itself, else all of them, else some; two
        ways at most, for then it is not sure any more."""
        owed = self._owed_by(line, retailer)
        single: list[Sequence[OpenInvoice]] = [(each,) for each in owed if self.left[each.key] == line.amount]
        if single:
            return single[:2]
        if sum(self.left[each.key] for each in owed) == line.amount:
            return [owed]
        found: list[Sequence[OpenInvoice]] = []
        if len(owed) <= _SEVERAL_AT_MOST:
            for count in range(2, len(owed)):
                for some in combinations(owed, count):
                    if sum(self.left[each.key] for each in some) == line.amount:
                        found.append(some)
                        if len(found) == 2:
                            return found
        return found

    def _fault(self, line: BankLine, owed: Sequence[OpenInvoice]) -> Problem | None:
        if len({each.retailer for each in owed}) > 1:
            return _SEVERAL_RETAILERS
        if any(each.since > line.on for each in owed):
            return _TOO_EARLY
        return None

    def _take(self, line: BankLine, state: str, how: str, owed: Sequence[OpenInvoice]) -> Match:
        """Share the line among invoices in their order; what is over goes to the last one."""
        rest, parts = line.amount, []
        for place, each in enumerate(owed):
            left = self.left[each.key]
            amount = rest if place == len(owed) - 1 else min(rest, left)
            rest -= amount
            self.left[each.key] = max(0, left - amount)
            if amount:
                parts.append(Part(each.key, each.number, amount, left))
        return Match(line, state, how, tuple(parts), owed[0].retailer)


def _without_form(name: str) -> str:
    """A name without what says that it is a company's: banks leave that out."""
    words = name.split()
    while len(words) > 1 and words[-1] in _LEGAL:
        words.pop()
    return " ".join(words)


def _not_owed(said: str) -> Problem:
    return problem(
        "not_owed", "", f"« {said} » n’est pas une facture à payer.", f"“{said}” is no invoice that is to be paid."
    )


def _owes(amount: int) -> Problem:
    owed = money_text(amount)
    return problem(
        "no_sum",
        "",
        f"Ce détaillant doit {owed.fr} : aucune de ses factures, ni plusieurs ensemble, ne font ce montant.",
        f"This retailer owes {owed.en}: none of their invoices, nor several together, come to this amount.",
    )


_SETTLED = problem(
    "settled",
    "",
    "La facture que cette ligne nomme n’est plus à payer.",
    "The invoice that this line names is not to be paid any more.",
)
_UNKNOWN = problem(
    "unknown_invoice",
    "",
    "Cette ligne nomme une facture qui n’existe pas.",
    "This line names an invoice that is not there.",
)
_SEVERAL = problem(
    "several",
    "",
    "Plusieurs factures ont ce solde : dites laquelle.",
    "Several invoices have this balance: say which one.",
)
_SEVERAL_RETAILERS = problem(
    "several_retailers",
    "",
    "Ces factures ne sont pas d’un seul détaillant : notez chacune à sa page.",
    "These invoices are not one retailer’s: enter each on its page.",
)
_TOO_EARLY = problem("paid_on", "", "Ce jour est avant celui de la commande.", "This day is before that of the order.")

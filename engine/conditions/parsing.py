"""business-rules JSON to the condition tree: every fault told at once, each with its JSON pointer."""

import math
from decimal import Decimal
from typing import Any

from houblon.engine.conditions.pattern import MAX_IN_A_RULE, TOO_LARGE, cost_of, to_re2
from houblon.engine.conditions.tree import AllOf, AnyOf, Comparison, Condition, Term, Vocabulary
from houblon.engine.conditions.vocabulary import NO_INPUT, OPERATORS, Kind
from houblon.engine.core.problem import Faults, Invalid, step

MAX_NESTING = 20
MAX_CONDITIONS = 200
MAX_TEXT = 1_000
MAX_LIST = 1_000
MAX_DIGITS = 40
MAX_DECIMALS = 1_074  # those of the smallest float; sums in `numbers.py` are exact so far
MAX_NUMBER = Decimal(10) ** 18


def parse_conditions(document: object, vocabulary: Vocabulary, pointer: str = "") -> Condition:
    """The tree of a rule's `conditions`. Raises Invalid with every fault, placed under `pointer`."""
    faults = Faults()
    parser = _Parser(vocabulary, faults)
    condition = parser.node(document, pointer, 0)
    faults.raise_if_any()
    assert condition is not None
    return condition


class _Parser:
    def __init__(self, vocabulary: Vocabulary, faults: Faults):
        self.vocabulary = vocabulary
        self.faults = faults
        self.count = 0
        self.cost = 0

    def node(self, document: object, pointer: str, depth: int) -> Condition | None:
        if not isinstance(document, dict):
            self.faults.add(
                "type",
                pointer,
                "Une condition est un objet : « all », « any », ou une comparaison.",
                'A condition is an object: "all", "any" or a comparison.',
            )
            return None
        words = [word for word in ("all", "any") if word in document]
        if not words:
            return self.test(document, pointer)
        if len(document) > 1:
            self.faults.add(
                "ambiguous",
                pointer,
                "Un bloc dit « all » ou « any », et rien d’autre.",
                'A block says "all" or "any", and nothing beside it.',
            )
            return None
        return self.block(words[0], document[words[0]], step(pointer, words[0]), depth + 1)

    def block(self, word: str, members: object, pointer: str, depth: int) -> Condition | None:
        if depth > MAX_NESTING:
            self.faults.add(
                "too_deep",
                pointer,
                f"Pas plus de {MAX_NESTING} blocs l’un dans l’autre.",
                f"No more than {MAX_NESTING} blocks inside one another.",
            )
            return None
        if not isinstance(members, list):
            self.faults.add("type", pointer, "Un bloc est une liste de conditions.", "A block is a list of conditions.")
            return None
        if not members:
            self.faults.add(
                "empty",
                pointer,
                "Un bloc vide ne dit rien : ajoutez une condition ou retirez le bloc.",
                "An empty block says nothing: add a condition or remove the block.",
            )
            return None
        if len(members) > MAX_CONDITIONS:
            self.too_many(pointer)
            return None
        parsed = [self.node(member, step(pointer, index), depth) for index, member in enumerate(members)]
        kept = tuple(member for member in parsed if member is not None)
        return AllOf(kept) if word == "all" else AnyOf(kept)

    def test(self, document: dict[Any, Any], pointer: str) -> Comparison | None:
        self.count += 1
        if self.count == MAX_CONDITIONS + 1:
            self.too_many(pointer)
        for key in document:
            if key not in ("name", "operator", "value"):
                self.faults.add(
                    "unknown_member", step(pointer, key), "Ce membre n’existe pas ici.", "There is no such member here."
                )
        name, operator = document.get("name"), document.get("operator")
        term = self.vocabulary.get(name) if isinstance(name, str) else None
        if term is None or not isinstance(name, str):
            self.faults.add(
                "unknown_fact",
                step(pointer, "name"),
                f"Le fait {_shown(name)} n’existe pas.",
                f"There is no fact {_shown(name)}.",
            )
            return None
        if not isinstance(operator, str) or operator not in OPERATORS[term.kind]:
            self.faults.add(
                "unknown_operator",
                step(pointer, "operator"),
                f"{_shown(operator)} n’est pas un opérateur pour {name} ; choisissez parmi {', '.join(OPERATORS[term.kind])}.",
                f"{_shown(operator)} is not an operator for {name}; choose among {', '.join(OPERATORS[term.kind])}.",
            )
            return None
        if operator == "matches_regex":
            return self.pattern(name, term, document.get("value"), step(pointer, "value"))
        with self.faults.gather():
            return Comparison(
                name, term.kind, operator, read_value(term, operator, document.get("value"), step(pointer, "value"))
            )
        return None

    def pattern(self, name: str, term: Term, value: object, pointer: str) -> Comparison | None:
        """A pattern, compiled to be checked; none any more once those of the rule are too large together."""
        if self.cost > MAX_IN_A_RULE:
            return None
        try:
            pattern: str = read_value(term, "matches_regex", value, pointer)
        except Invalid as invalid:
            self.faults.extend(invalid.problems)
            if invalid.problems[0].code == "too_large":
                self.spend(TOO_LARGE, pointer)
            return None
        self.spend(cost_of(pattern), pointer)
        return Comparison(name, term.kind, "matches_regex", pattern)

    def spend(self, cost: int, pointer: str) -> None:
        """Count what a pattern costs; tell the first that is over what all of a rule's may cost."""
        before, self.cost = self.cost, self.cost + cost
        if before <= MAX_IN_A_RULE < self.cost:
            self.faults.add(
                "too_many",
                pointer,
                "Les motifs de cette règle sont trop grands, ensemble : raccourcissez leurs répétitions.",
                "The patterns of this rule are too large together: shorten what they repeat.",
            )

    def too_many(self, pointer: str) -> None:
        self.faults.add(
            "too_many",
            pointer,
            f"Pas plus de {MAX_CONDITIONS} conditions par règle.",
            f"No more than {MAX_CONDITIONS} conditions in a rule.",
        )


def read_value(term: Term, operator: str, value: object, pointer: str = "") -> Any:
    """The rule's value, checked for the type of its fact. Raises Invalid with every fault."""
    faults = Faults()
    if operator in NO_INPUT:
        if value not in ("", None, True):
            faults.add("type", pointer, "Cet opérateur ne prend pas de valeur.", "This operator takes no value.")
        faults.raise_if_any()
        return None
    if term.kind is Kind.NUMERIC:
        _check_number(value, pointer, faults)
    elif term.kind is Kind.STRING:
        _check_text(value, pointer, faults)
        if operator == "matches_regex" and not faults:
            with faults.gather():
                to_re2(value, pointer)  # type: ignore[arg-type]
    elif term.kind is Kind.SELECT:
        _check_option(term, value, pointer, faults)
    elif not isinstance(value, list | tuple) or len(value) > MAX_LIST:
        faults.add(
            "type",
            pointer,
            f"Donnez une liste d’au plus {MAX_LIST} valeurs.",
            f"Give a list of at most {MAX_LIST} values.",
        )
    else:
        for index, item in enumerate(value):
            _check_option(term, item, step(pointer, index), faults)
        value = tuple(value)
    faults.raise_if_any()
    return term.canonical(value) if term.canonical and isinstance(value, str) else value


def _check_number(value: Any, pointer: str, faults: Faults) -> None:
    number = not isinstance(value, bool) and isinstance(value, int | float | Decimal)
    if number and not (isinstance(value, float) and not math.isfinite(value)):
        exact = (
            value
            if isinstance(value, Decimal)
            else None
            if isinstance(value, int) and value.bit_length() > 64
            else Decimal(value)
        )
        if exact is not None and exact.is_finite() and abs(exact) <= MAX_NUMBER and _short(value):
            return
        faults.add("range", pointer, "Ce nombre est trop grand ou trop long.", "This number is too large or too long.")
        return
    faults.add("type", pointer, f"Donnez un nombre, pas {_shown(value)}.", f"Give a number, not {_shown(value)}.")


def _short(value: object) -> bool:
    if not isinstance(value, Decimal):
        return True
    _, digits, exponent = value.as_tuple()
    return len(digits) <= MAX_DIGITS and isinstance(exponent, int) and -exponent <= MAX_DECIMALS


def _check_text(value: object, pointer: str, faults: Faults) -> None:
    if not isinstance(value, str):
        faults.add("type", pointer, f"Donnez un texte, pas {_shown(value)}.", f"Give a text, not {_shown(value)}.")
    elif len(value) > MAX_TEXT or not _is_unicode(value):
        faults.add(
            "range",
            pointer,
            f"Un texte lisible d’au plus {MAX_TEXT} caractères.",
            f"A readable text of at most {MAX_TEXT} characters.",
        )


def _check_option(term: Term, value: object, pointer: str, faults: Faults) -> None:
    if isinstance(value, str):
        _check_text(value, pointer, faults)
        if term.options and value.lower() not in term.options:
            faults.add(
                "unknown_option",
                pointer,
                f"Choisissez parmi {', '.join(term.options)}.",
                f"Choose among {', '.join(term.options)}.",
            )
    elif term.text_only or not isinstance(value, bool | int | float):
        faults.add("type", pointer, f"Donnez un texte, pas {_shown(value)}.", f"Give a text, not {_shown(value)}.")
    elif not isinstance(value, bool):
        _check_number(value, pointer, faults)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(value: object) -> str:
    """The value as a person may meet it in a sentence, never longer than a line."""
    if isinstance(value, dict | list | tuple):
        return "{…}" if isinstance(value, dict) else "[…]"
    if isinstance(value, int) and value.bit_length() > 128:
        return "10⁺³⁸"
    text = ascii(value) if not isinstance(value, str) else f"“{value}”"
    return text if len(text) <= 60 else text[:57] + "…"

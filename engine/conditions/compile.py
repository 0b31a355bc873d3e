"""Any business-rules rule list, compiled: the answers of `run_all` without running actions."""

from collections.abc import Callable, Sequence
from typing import Any

from business_rules.variables import BaseVariables

from houblon.engine.conditions.parsing import parse_conditions
from houblon.engine.conditions.targets.python import compile_careful, compile_fast
from houblon.engine.conditions.targets.readers import VariablesReader
from houblon.engine.conditions.tree import Condition, Term
from houblon.engine.conditions.vocabulary import Kind
from houblon.engine.core.problem import Faults, refuse, step

MAX_RULES = 500
_MEMO = 4_096


def compile_rules(
    rules: Sequence[dict[str, Any]], variables_class: type[BaseVariables], stop_on_first: bool = False
) -> Callable[[BaseVariables], list[int]]:
    """A function of a variables instance that answers the indexes of the rules that fire, in order.

    Raises Invalid with every Problem of a bad rule now; the function raises TypeError on a value
    of the wrong type, when a condition needs that value.
    """
    conditions = read_rules(rules, terms_of(variables_class))
    answers, reader = _Answers(len(conditions)), VariablesReader()
    careful = compile_careful(conditions, reader, stop_on_first=stop_on_first)

    def carefully(variables: BaseVariables) -> list[int]:
        return answers[careful(variables)]

    fast = compile_fast(conditions, reader, answers=answers, otherwise=carefully, stop_on_first=stop_on_first)

    def evaluate(variables: BaseVariables) -> list[int]:
        try:
            answer: list[int] = fast(variables).copy()
            return answer
        except Exception:
            # Reading ahead met what may never be needed; the careful form raises only if it is.
            return carefully(variables).copy()

    return evaluate


class _Answers(dict[int, list[int]]):
    """Bitmask of fired rules → their indexes, remembered for the masks that come back."""

    def __init__(self, rules: int):
        self.rules = rules

    def __missing__(self, mask: int) -> list[int]:
        found = [index for index in range(self.rules) if mask >> index & 1]
        if len(self) < _MEMO:
            self[mask] = found
        return found


def terms_of(variables_class: type[BaseVariables]) -> dict[str, Term]:
    """The vocabulary of a variables class: only what is decorated as a rule variable."""
    return {each["name"]: Term(Kind(each["field_type"])) for each in variables_class.get_all_variables()}


def read_rules(rules: object, vocabulary: dict[str, Term]) -> list[Condition]:
    """The conditions of a business-rules rule list. Raises Invalid with every fault."""
    if not isinstance(rules, list | tuple):
        raise refuse("type", "", "Les règles forment une liste.", "Rules form a list.")
    if len(rules) > MAX_RULES:
        raise refuse(
            "too_many",
            "",
            f"Pas plus de {MAX_RULES} règles par politique.",
            f"No more than {MAX_RULES} rules in a policy.",
        )
    faults, conditions = Faults(), []
    for index, rule in enumerate(rules):
        with faults.gather():
            conditions.append(_read_rule(rule, vocabulary, step("", index)))
    faults.raise_if_any()
    return conditions


def _read_rule(rule: object, vocabulary: dict[str, Term], pointer: str) -> Condition:
    if not isinstance(rule, dict) or "conditions" not in rule:
        raise refuse("required", step(pointer, "conditions"), "Une règle a des conditions.", "A rule has conditions.")
    actions = rule.get("actions", [])
    if not isinstance(actions, list) or not all(
        isinstance(action, dict) and isinstance(action.get("name"), str) for action in actions
    ):
        raise refuse(
            "type",
            step(pointer, "actions"),
            "Les actions forment une liste d’objets nommés.",
            "Actions form a list of named objects.",
        )
    return parse_conditions(rule["conditions"], vocabulary, step(pointer, "conditions"))

"""What all patterns of a file cost together, asked before its rules are read one by one."""

from typing import Any

from houblon.engine.conditions.pattern import TOO_LARGE, cost_of
from houblon.engine.core.problem import Invalid, refuse

MAX_IN_A_FILE = 1_000_000  # instructions: about a second of RE2's time


def check_patterns(document: Any) -> None:
    """Raises Invalid where the patterns of a document are too large together; what each is, its rule tells."""
    spent, waiting = 0, [document]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting += part.values()
            if part.get("operator") == "matches_regex" and isinstance(part.get("value"), str):
                spent += _cost(part["value"])
        elif isinstance(part, list):
            waiting += part
        if spent > MAX_IN_A_FILE:
            raise refuse(
                "too_many",
                "",
                "Les motifs de ce fichier sont trop grands, ensemble : raccourcissez leurs répétitions.",
                "The patterns of this file are too large together: shorten what they repeat.",
            )


def _cost(pattern: str) -> int:
    try:
        return cost_of(pattern)
    except Invalid as invalid:
        return TOO_LARGE if invalid.problems[0].code == "too_large" else len(pattern)

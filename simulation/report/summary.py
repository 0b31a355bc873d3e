"""A report in short: what a list or a page's headline says of it."""

from collections.abc import Iterable
from typing import Any

from houblon.engine.core.money import cents_written, dollars
from houblon.engine.core.problem import Text
from houblon.engine.policy.decision import Outcome

ACCEPTED = Outcome.ACCEPTED.value


def summary_of(document: dict[str, Any]) -> dict[str, Any]:
    """What a report amounts to; `changes` is the hash of the proposal's edits, None for a version.

    `gained` and `lost` are acceptances, `other` the orders that go from held to refused or back,
    `other_terms` those with the same outcome and another due date or invoice.
    """
    cells = document["matrix"]
    return {
        "orders": document["orders"],
        "value": document["value"],
        "gained": _sum(each for each in cells if each["before"] != ACCEPTED and each["after"] == ACCEPTED),
        "lost": _sum(each for each in cells if each["before"] == ACCEPTED and each["after"] != ACCEPTED),
        "other": _sum(
            each
            for each in cells
            if each["before"] != each["after"] and ACCEPTED not in (each["before"], each["after"])
        ),
        "other_terms": document["other_terms"],
        "rates": {side: document["automation"][side]["rate"] for side in ("before", "after")},
        "before": document["before"]["hash"],
        "changes": document["after"].get("changes"),
    }


def balances_text(document: dict[str, Any]) -> Text:
    """Whose word the report takes for what retailers owed, in a sentence; a report of before says nothing of it."""
    return _HISTORY if document.get("balances") == "ledger" else _SAID


_HISTORY = Text(
    "Ce que doit chaque détaillant est ce qu’il devait alors, d’après l’historique\u00a0: la proposition n’y change rien, "
    "même là où elle aurait accepté ou retenu d’autres commandes.",
    "What each retailer owes is what they owed then, by the history: the proposal changes nothing of it, even where it "
    "would have accepted or held other orders.",
)
_SAID = Text(
    "Ce que doit chaque détaillant est ce qu’en disent les commandes\u00a0: la proposition n’y change rien.",
    "What each retailer owes is what orders say of it: the proposal changes nothing of it.",
)


def changed_orders(document: dict[str, Any]) -> int:
    """How many orders have another outcome, or other terms or invoicing."""
    moved: int = sum(each["orders"] for each in document["matrix"] if each["before"] != each["after"])
    other_terms: int = document["other_terms"]["orders"]
    return moved + other_terms


def _sum(cells: Iterable[dict[str, Any]]) -> dict[str, Any]:
    found = list(cells)
    return {
        "orders": sum(each["orders"] for each in found),
        "value": dollars(sum(cents_written(each["value"]) for each in found)),
    }

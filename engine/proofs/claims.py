"""Claims: what somebody says of every possible order, read from its document, in words, and asked of one order.

As a formula it is in `breaking.py`, apart: reading a claim must not wait for z3.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from houblon.engine.conditions.parsing import parse_conditions
from houblon.engine.conditions.tree import Condition
from houblon.engine.core.order import Facts
from houblon.engine.core.problem import Faults, Text, refuse
from houblon.engine.decide.verdict import Judge
from houblon.engine.policy.decision import Outcome
from houblon.engine.policy.policy import VOCABULARY
from houblon.engine.policy.terms import Terms

MOST_DAYS = 10_000
_MONTH = 30  # days to the end of a month, at most, from its first


class Claim(msgspec.Struct, frozen=True):
    """What must hold, `kind` being one of KINDS and `value` what it says of it; `other` is the group of `not_looser_than`.

    `outcomes` are those that break it, of `never` and `always`; `days` are those of `terms_at_most_days`.
    """

    kind: str
    outcomes: tuple[Outcome, ...] = ()
    days: int = 0
    group: str = ""


def read_claim(document: object) -> Claim:
    """The claim that a JSON document makes. Raises Invalid with its fault."""
    if not isinstance(document, dict) or len(document) != 1 or next(iter(document)) not in _READERS:
        raise refuse(
            "claim",
            "",
            f"Une affirmation est un objet d’un seul membre : {', '.join(_READERS)}.",
            f"A claim is an object of one member: {', '.join(_READERS)}.",
        )
    ((kind, value),) = document.items()
    return _READERS[kind](value)


def read_when(document: object) -> Condition | None:
    """The condition under which a claim counts; None: always. Raises Invalid with every fault."""
    return None if document is None else parse_conditions(document, VOCABULARY)


def is_broken(claim: Claim, outcome: Outcome, judge: Judge, facts: Facts, other: Outcome | None = None) -> bool:
    """Whether one order, decided so by the engine, breaks the claim."""
    verdict = judge.verdict(facts)
    if claim.kind == "accepted_is_invoiced":
        return outcome is Outcome.ACCEPTED and not verdict.owed
    if claim.kind == "terms_at_most_days":
        return outcome is not Outcome.REFUSED and is_longer(verdict.terms, claim.days)
    if claim.kind == "not_looser_than":
        return outcome is Outcome.ACCEPTED and other is not Outcome.ACCEPTED
    return outcome in claim.outcomes


def is_longer(terms: Terms, days: int) -> bool:
    """Whether somebody may have more days than these to pay; terms without a due date give any number."""
    if terms.kind == "other":
        return True
    return terms.days + (_MONTH if terms.kind == "end_of_month" else 0) > days


def claim_document(claim: Claim) -> dict[str, Any]:
    """The claim as JSON says it; `read_claim` reads it back."""
    if claim.kind == "never":
        return {"never": claim.outcomes[0].value}
    if claim.kind == "always":
        return {"always": [outcome.value for outcome in Outcome if outcome not in claim.outcomes]}
    values: Mapping[str, Any] = {
        "accepted_is_invoiced": True,
        "terms_at_most_days": claim.days,
        "not_looser_than": claim.group,
    }
    return {claim.kind: values[claim.kind]}


def _never(value: Any) -> Claim:
    return Claim("never", (_outcome(value, "/never"),))


def _always(value: Any) -> Claim:
    if not isinstance(value, list) or not 0 < len(value) < len(Outcome):
        raise refuse("claim", "/always", "Une ou deux issues, dans une liste.", "One or two outcomes, in a list.")
    faults = Faults()
    allowed = []
    for place, each in enumerate(value):
        with faults.gather():
            allowed.append(_outcome(each, f"/always/{place}"))
    faults.raise_if_any()
    return Claim("always", tuple(outcome for outcome in Outcome if outcome not in allowed))


def _outcome(value: Any, pointer: str) -> Outcome:
    if not isinstance(value, str) or value not in tuple(Outcome):
        raise refuse(
            "unknown_option", pointer, f"Choisissez parmi {', '.join(Outcome)}.", f"Choose among {', '.join(Outcome)}."
        )
    return Outcome(value)


def _invoiced(value: Any) -> Claim:
    if value is not True:
        raise refuse("claim", "/accepted_is_invoiced", "Attendu : true.", "Expected true.")
    return Claim("accepted_is_invoiced")


def _terms(value: Any) -> Claim:
    if type(value) is not int or not 0 <= value <= MOST_DAYS:
        raise refuse(
            "range",
            "/terms_at_most_days",
            f"Un nombre entier de jours, de 0 à {MOST_DAYS}.",
            f"A whole number of days, from 0 to {MOST_DAYS}.",
        )
    return Claim("terms_at_most_days", days=value)


def _not_looser(value: Any) -> Claim:
    if not isinstance(value, str) or not value:
        raise refuse("claim", "/not_looser_than", "Le nom d’un groupe.", "The id of a group.")
    return Claim("not_looser_than", group=value)


_READERS = {
    "never": _never,
    "always": _always,
    "accepted_is_invoiced": _invoiced,
    "terms_at_most_days": _terms,
    "not_looser_than": _not_looser,
}
KINDS = tuple(_READERS)
OUTCOME_NAMES = {
    Outcome.ACCEPTED: Text("acceptée", "accepted"),
    Outcome.HELD: Text("en attente", "held"),
    Outcome.REFUSED: Text("refusée", "refused"),
}


def claim_text(claim: Claim, group_name: str = "") -> Text:
    """What the claim says, in a sentence: « Une commande n’est jamais acceptée. »"""
    if claim.kind == "never":
        name = OUTCOME_NAMES[claim.outcomes[0]]
        return Text(f"Une commande n’est jamais {name.fr}.", f"An order is never {name.en}.")
    if claim.kind == "always":
        names = [OUTCOME_NAMES[outcome] for outcome in Outcome if outcome not in claim.outcomes]
        fr, en = (word.join(each) for word, each in ((" ou ", [n.fr for n in names]), (" or ", [n.en for n in names])))
        return Text(f"Une commande est toujours {fr}.", f"An order is always {en}.")
    if claim.kind == "accepted_is_invoiced":
        return Text(
            "Une commande acceptée est toujours facturée d’elle-même.",
            "An accepted order is always invoiced automatically.",
        )
    if claim.kind == "terms_at_most_days":
        return Text(
            f"Le délai de paiement n’est jamais de plus de {claim.days} jours.",
            f"The time to pay is never more than {claim.days} days.",
        )
    name_fr = group_name or claim.group
    return Text(
        f"Ce qui est accepté le serait aussi par « {name_fr} » seul.",
        f"What is accepted would be by “{name_fr}” alone too.",
    )

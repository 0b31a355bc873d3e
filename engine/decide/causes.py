"""Causes: a rule that counts in a verdict, with all that its reason says but the figures of one order."""

from collections.abc import Callable
from typing import Any

import msgspec

from houblon.engine.conditions.figures import money_text, number_text
from houblon.engine.conditions.targets.documents import compile_maker
from houblon.engine.conditions.tree import comparisons_of
from houblon.engine.core.order import Facts
from houblon.engine.core.problem import Text
from houblon.engine.policy.decision import Reason
from houblon.engine.policy.lowering import CREDIT_LIMIT, DAYS_OVERDUE
from houblon.engine.policy.policy import Rule

Sentence = Callable[[Facts], Text]
CREDIT_FACTS = ("credit_available", "outstanding_balance", "credit_limit", "order_value")
_GIVEN_NAMES = ("code", "effect", "rule", "message", "provenance")


class Cause(msgspec.Struct, frozen=True):
    """A rule that counts in a verdict, the effect by which it does, and the reason that it is for an order's facts.

    A verdict is judged once and told for every order that comes to it, so that all of a reason but the figures of one
    order is prepared here.
    """

    rule: Rule
    effect: str
    reason: Callable[[Facts], Reason]


def cause_of(rule: Rule, effect: str, code: str) -> Cause:
    """The cause that a rule is by one of its effects."""
    names = tuple(dict.fromkeys([*(each.name for each in comparisons_of(rule.condition)), *_ALSO.get(rule.id, ())]))
    provenance = () if rule.provenance is None else (rule.provenance,)
    said = _said(rule, effect, code)
    asked = frozenset[str]() if isinstance(said, Text) else frozenset(("message",))
    maker = compile_maker(_GIVEN_NAMES, asked, names)
    return Cause(rule, effect, maker(Reason, code, effect, rule.id, said, provenance))


def _said(rule: Rule, effect: str, code: str) -> Text | Sentence:
    if code == "minimums_waived":
        return Text(
            f"{rule.label.fr} : non exigé pour cette commande.", f"{rule.label.en}: not required for this order."
        )
    if rule.id in _SENTENCES and rule.provenance is not None:
        return _SENTENCES[rule.id](rule, effect)
    if rule.provenance is None:
        return Text("Un produit commandé n’est pas disponible.", "A product of the order is not available.")
    if effect == "set_terms":
        days = next(action.params["days"] for action in rule.actions if action.name == "set_terms")
        return Text(f"{rule.label.fr} : payable en {days} jours.", f"{rule.label.en}: payable in {days} days.")
    return rule.message or rule.label


def _mode(rule: Rule, effect: str) -> Text:
    if effect == "accept":
        return Text(
            "La commande répond aux conditions d’acceptation automatique.",
            "The order meets the conditions of automatic acceptance.",
        )
    return Text("Les commandes de ce groupe sont acceptées par une personne.", "A person accepts this group's orders.")


def _items(rule: Rule, effect: str) -> Sentence:
    wanted = number_text(_threshold(rule))

    def said(facts: Facts) -> Text:
        count = facts.item_count
        found = number_text(count)
        return Text(
            f"{found.fr} article{'s' if count > 1 else ''}, il en faut {wanted.fr}.",
            f"{found.en} item{'' if count == 1 else 's'}, the minimum is {wanted.en}.",
        )

    return said


def _value(rule: Rule, effect: str) -> Sentence:
    minimum = money_text(round(_threshold(rule) * 100))

    def said(facts: Facts) -> Text:
        value = money_text(facts.order_value)
        return Text(
            f"La valeur, {value.fr}, est sous le minimum de {minimum.fr}.",
            f"The value, {value.en}, is below the minimum of {minimum.en}.",
        )

    return said


def _credit(rule: Rule, effect: str) -> Sentence:
    return credit_text


def credit_text(facts: Facts) -> Text:
    """Why there is not enough credit for an order of which all is known."""
    limit, left = facts.credit_limit or 0, facts.credit_available or 0
    missing, whole, most = money_text(-left), money_text(limit - left), money_text(limit)
    return Text(
        f"Il manque {missing.fr} de crédit : le solde dû et cette commande font {whole.fr}, la limite est de {most.fr}.",
        f"{missing.en} of credit is missing: the outstanding balance and this order come to {whole.en}, "
        f"the limit is {most.en}.",
    )


def _overdue(rule: Rule, effect: str) -> Sentence:
    most = number_text(_threshold(rule))

    def said(facts: Facts) -> Text:
        days = facts.days_overdue or 0
        late = number_text(days)
        return Text(
            f"La plus ancienne facture à payer a {late.fr} jour{'s' if days > 1 else ''} de retard ; "
            f"au plus {most.fr} sont permis.",
            f"The oldest unpaid invoice is {late.en} day{'' if days == 1 else 's'} late; at most {most.en} are allowed.",
        )

    return said


def _threshold(rule: Rule) -> Any:
    return next(iter(comparisons_of(rule.condition))).value


_SENTENCES: dict[str, Callable[[Rule, str], Text | Sentence]] = {
    "acceptance.mode": _mode,
    "acceptance.minimum_items": _items,
    "acceptance.minimum_value": _value,
    CREDIT_LIMIT: _credit,
    DAYS_OVERDUE: _overdue,
}
# What a reason tells beside what its rule compares.
_ALSO = {CREDIT_LIMIT: CREDIT_FACTS[1:]}

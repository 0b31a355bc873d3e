"""Reasons: each cause of a verdict as a code, a sentence in two languages and the facts read."""

from collections.abc import Iterable
from typing import Any

from houblon.engine.conditions.figures import money_text, number_text
from houblon.engine.conditions.tree import comparisons_of
from houblon.engine.conditions.vocabulary import FACTS
from houblon.engine.core.money import dollars
from houblon.engine.core.order import Facts
from houblon.engine.core.problem import Text
from houblon.engine.decide.verdict import Cause, Verdict
from houblon.engine.policy.decision import Outcome, Reason
from houblon.engine.policy.policy import Rule


def reasons(verdict: Verdict, outcome: Outcome, barred: tuple[Reason, ...], facts: Facts) -> tuple[Reason, ...]:
    """Why the outcome is what it is; `barred` are reasons that hold whatever the policy says."""
    found = [
        _reason(cause, facts) for cause in verdict.causes if cause.effect != "accept" or outcome is Outcome.ACCEPTED
    ]
    if outcome is Outcome.HELD:
        found = [*barred, *_missing_facts(verdict.doubts, facts), *found]
        if not any(reason.effect == "hold" for reason in found):
            found.append(_house("no_rule_accepts", "acceptance.mode", _NOTHING_ACCEPTS))
    return tuple(found)


def fact_document(fact: str, value: Any) -> Any:
    """A fact's value as documents write it: money as a decimal string, several as a list."""
    if value is not None and FACTS[fact].unit == "cents":
        return dollars(value)
    return list(value) if isinstance(value, tuple) else value


def unknown_group(group: str) -> Reason:
    text = Text(
        f"La commande nomme un groupe qui n’existe pas : « {group} ».",
        f"The order names a group that does not exist: “{group}”.",
    )
    return _house("unknown_group", "order.groups", text, {"groups": [group]})


def not_in_currency(currency: str, expected: str) -> Reason:
    text = Text(
        f"La commande est en {currency} ; la maison vend en {expected}.",
        f"The order is in {currency}; the house sells in {expected}.",
    )
    return _house("currency", "order.currency", text, {"currency": currency})


_NOTHING_ACCEPTS = Text("Aucune règle n’accepte cette commande.", "No rule accepts this order.")


def _house(code: str, rule: str, message: Text, facts: dict[str, Any] | None = None) -> Reason:
    return Reason(code, "hold", rule, message, (), facts or {})


def _reason(cause: Cause, facts: Facts) -> Reason:
    rule = cause.rule
    names = dict.fromkeys(comparison.name for comparison in comparisons_of(rule.condition))
    read = {name: fact_document(name, getattr(facts, name)) for name in names}
    provenance = () if rule.provenance is None else (rule.provenance,)
    return Reason(cause.code, cause.effect, rule.id, _message(cause, facts), provenance, read)


def _missing_facts(doubts: Iterable[Rule], facts: Facts) -> list[Reason]:
    """One reason for each fact that the order lacks and that could have changed the decision."""
    wanting: dict[str, list[Rule]] = {}
    for rule in doubts:
        for name in dict.fromkeys(comparison.name for comparison in comparisons_of(rule.condition)):
            if getattr(facts, name) is None:
                wanting.setdefault(name, []).append(rule)
    return [_missing_fact(name, rules) for name, rules in wanting.items()]


def _missing_fact(name: str, rules: list[Rule]) -> Reason:
    label = FACTS[name].label
    text = Text(
        f"La commande ne dit pas : {label.fr}. La règle « {rules[0].label.fr} » en dépend.",
        f"The order does not say: {label.en}. The rule “{rules[0].label.en}” depends on it.",
    )
    provenance = tuple(dict.fromkeys(rule.provenance for rule in rules if rule.provenance is not None))
    return Reason("missing_fact", "hold", rules[0].id, text, provenance, {name: None})


def _message(cause: Cause, facts: Facts) -> Text:
    rule = cause.rule
    if cause.code == "minimums_waived":
        return Text(
            f"{rule.label.fr} : non exigé pour cette commande.", f"{rule.label.en}: not required for this order."
        )
    if rule.provenance is not None and rule.id in _SENTENCES:
        return _SENTENCES[rule.id](cause, facts)
    if rule.provenance is None:
        return Text("Un produit commandé n’est pas disponible.", "A product of the order is not available.")
    if cause.effect == "set_terms":
        days = next(action.params["days"] for action in rule.actions if action.name == "set_terms")
        return Text(f"{rule.label.fr} : payable en {days} jours.", f"{rule.label.en}: payable in {days} days.")
    return rule.message or rule.label


def _mode(cause: Cause, facts: Facts) -> Text:
    if cause.effect == "accept":
        return Text(
            "La commande répond aux conditions d’acceptation automatique.",
            "The order meets the conditions of automatic acceptance.",
        )
    return Text("Les commandes de ce groupe sont acceptées par une personne.", "A person accepts this group's orders.")


def _items(cause: Cause, facts: Facts) -> Text:
    minimum, count = _threshold(cause), facts.item_count
    found, wanted = number_text(count), number_text(minimum)
    return Text(
        f"{found.fr} article{'s' if count > 1 else ''}, il en faut {wanted.fr}.",
        f"{found.en} item{'' if count == 1 else 's'}, the minimum is {wanted.en}.",
    )


def _value(cause: Cause, facts: Facts) -> Text:
    minimum, value = money_text(round(_threshold(cause) * 100)), money_text(facts.order_value)
    return Text(
        f"La valeur, {value.fr}, est sous le minimum de {minimum.fr}.",
        f"The value, {value.en}, is below the minimum of {minimum.en}.",
    )


def _threshold(cause: Cause) -> Any:
    return next(iter(comparisons_of(cause.rule.condition))).value


_SENTENCES = {"acceptance.mode": _mode, "acceptance.minimum_items": _items, "acceptance.minimum_value": _value}

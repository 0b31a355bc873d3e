"""A setting's value in words."""

from typing import Any

from houblon.engine.conditions.figures import NBSP, money_text, number_text, quantity_text
from houblon.engine.conditions.vocabulary import FACTS
from houblon.engine.core.money import cents
from houblon.engine.core.problem import Text
from houblon.engine.policy.reminders import days_sentence
from houblon.engine.policy.terms import parse_terms, terms_sentence
from houblon.web.presentation.setting_forms import EVENT_LABELS, FORMS

_YES, _NO = Text("Oui", "Yes"), Text("Non", "No")


def value_text(path: str, value: Any) -> Text:
    """« 24 articles », « 200,00 $ », « 30 jours après la livraison », or that there is none."""
    form = FORMS[path]
    if value is None:
        return form.none or Text("Aucun", "None")
    match form.kind:
        case "choice":
            return dict(form.choices)[value]
        case "whole":
            return number_text(value)
        case "days":
            return quantity_text(FACTS["days_overdue"], value)
        case "hours":
            return hours_text(value)
        case "money":
            return money_text(cents(value))
        case "percent":
            return Text(f"{value.replace('.', ',')}{NBSP}%", f"{value}%")
        case "yes_no":
            return _YES if value else _NO
        case "text":
            return Text(value["fr"], value["en"])
        case "terms":
            return terms_sentence(parse_terms(value))
        case "reminders":
            return days_sentence(value["days"])
        case "letter":
            subject, body = value["subject"], value["body"]
            return Text(f"«{NBSP}{subject['fr']}{NBSP}»{NBSP}: {body['fr']}", f"“{subject['en']}”: {body['en']}")
        case "events":
            return _events(value)
    to = ", ".join(value["to"])
    events = _events(value["events"])
    return Text(f"{events.fr} → {to}", f"{events.en} → {to}") if to else events


def hours_text(count: int) -> Text:
    """« 48 heures », “1 hour”."""
    number = number_text(count)
    return Text(f"{number.fr} heure{'' if count == 1 else 's'}", f"{number.en} hour{'' if count == 1 else 's'}")


def _events(events: list[str]) -> Text:
    labels = [EVENT_LABELS[event] for event in events]
    if not labels:
        return Text("Jamais", "Never")
    return Text(", ".join(each.fr for each in labels), ", ".join(each.en for each in labels))

"""Settings as forms: what a person types, and the value that it says."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from houblon.engine.core.problem import Text
from houblon.engine.policy.settings import EVENTS
from houblon.web.presentation.two_languages import text_of_both
from houblon.web.presentation.typed_numbers import money_typed, percent_typed, whole_typed


class SettingForm(msgspec.Struct, frozen=True):
    """How one setting is shown and typed. `kind` picks the input; `choices` are (value, label).

    With `sample`, a page shows what comes of it.
    """

    path: str
    label: Text
    help: Text
    kind: str
    none: Text | None = None
    choices: tuple[tuple[str, Text], ...] = ()
    sample: bool = False


_NONE_MINIMUM = Text("Aucun minimum", "No minimum")
_NO_TEXT = Text("Aucun texte", "No text")
SECTIONS: tuple[tuple[Text, tuple[SettingForm, ...]], ...] = (
    (
        Text("Acceptation", "Acceptance"),
        (
            SettingForm(
                "acceptance.mode",
                Text("Acceptation automatique des commandes", "Automatic acceptance of orders"),
                Text("Autrement, chaque commande attend une personne.", "Otherwise, every order waits for a person."),
                "choice",
                choices=(
                    ("automatic", Text("Accepter automatiquement", "Accept automatically")),
                    ("manual", Text("Accepter à la main", "Accept by hand")),
                ),
            ),
            SettingForm(
                "acceptance.minimum_items",
                Text("Minimum d’articles", "Minimum number of items"),
                Text("Sous ce nombre, la commande attend.", "Below this number, the order waits."),
                "whole",
                _NONE_MINIMUM,
            ),
            SettingForm(
                "acceptance.minimum_value",
                Text("Valeur minimum par commande", "Minimum value of an order"),
                Text("Sous ce montant, la commande attend.", "Below this amount, the order waits."),
                "money",
                _NONE_MINIMUM,
            ),
            SettingForm(
                "acceptance.credit_limit",
                Text("Limite de crédit", "Credit limit"),
                Text(
                    "Au-delà de ce montant dû, commande comprise, elle attend. La limite propre au détaillant passe avant.",
                    "Above this amount owed, the order included, it waits. A retailer's own limit comes first.",
                ),
                "money",
                Text("Aucune limite", "No limit"),
            ),
            SettingForm(
                "acceptance.maximum_days_overdue",
                Text("Retard maximum d’une facture", "Maximum days an invoice may be late"),
                Text(
                    "Quand la plus ancienne facture à payer a plus de jours de retard, la commande attend.",
                    "When the oldest unpaid invoice is more days late, the order waits.",
                ),
                "days",
                Text("Aucun maximum", "No maximum"),
            ),
            SettingForm(
                "acceptance.tell_team_after_hours",
                Text("Rappel d’une commande en attente", "Reminder of an order that waits"),
                Text(
                    "Après tant d’heures, un courriel aux adresses de « Prévenir l’équipe ».",
                    "After so many hours, an email to the addresses of “Notify the team”.",
                ),
                "hours",
                Text("Aucun rappel", "No reminder"),
            ),
            SettingForm(
                "acceptance.amendable",
                Text("Commande modifiable après l’acceptation", "Order can be changed after acceptance"),
                Text(
                    "Tant qu’elle n’est ni livrée ni payée, une commande que sa source modifie est décidée de nouveau.",
                    "Until it is delivered or paid, an order that its source changes is decided again.",
                ),
                "yes_no",
            ),
        ),
    ),
    (
        Text("Facturation", "Invoicing"),
        (
            SettingForm(
                "invoicing.trigger",
                Text("Facturation automatique", "Automatic invoicing"),
                Text("Quand la facture est émise.", "When the invoice is issued."),
                "choice",
                choices=(
                    ("on_acceptance", Text("Facture automatiquement une fois acceptée", "Invoice once accepted")),
                    ("on_delivery", Text("Facture à la livraison", "Invoice on delivery")),
                    ("manual", Text("Facture à la main", "Invoice by hand")),
                ),
            ),
            SettingForm(
                "invoicing.terms",
                Text("Modalités de paiement", "Payment terms"),
                Text(
                    "Comptées de la livraison prévue, sinon de l’acceptation.",
                    "Counted from the planned delivery, else from acceptance.",
                ),
                "terms",
            ),
            SettingForm(
                "invoicing.discount_percent",
                Text("Escompte du groupe", "Group discount"),
                Text("Retiré des lignes taxables, avant taxes.", "Taken off taxable lines, before taxes."),
                "percent",
                Text("Aucun escompte", "No discount"),
            ),
            SettingForm(
                "invoicing.tax_exempt",
                Text("Exempté de taxes", "Tax exempt"),
                Text("Ni TPS ni TVQ sur la facture.", "Neither GST nor QST on the invoice."),
                "yes_no",
            ),
            SettingForm(
                "invoicing.deposit_exempt",
                Text("Exempté de consignes", "Deposit exempt"),
                Text("Aucune consigne sur la facture.", "No deposit on the invoice."),
                "yes_no",
            ),
            SettingForm(
                "invoicing.note",
                Text("Note au bas de la facture", "Note at the foot of the invoice"),
                Text("Imprimée sur chaque facture.", "Printed on every invoice."),
                "text",
                _NO_TEXT,
            ),
            SettingForm(
                "invoicing.reminders",
                Text("Rappels de paiement", "Payment reminders"),
                Text(
                    "Un courriel à l’acheteur, à 9 h, tant qu’une facture n’est pas réglée.",
                    "An email to the buyer, at 9:00, for as long as an invoice is not settled.",
                ),
                "reminders",
                Text("Aucun rappel", "No reminders"),
                sample=True,
            ),
        ),
    ),
    (
        Text("Messages", "Messages"),
        (
            SettingForm(
                "messages.confirmation",
                Text("Mot de confirmation", "Confirmation message"),
                Text("Ajouté au courriel de l’acheteur.", "Added to the buyer's email."),
                "text",
                _NO_TEXT,
            ),
            SettingForm(
                "messages.before_order",
                Text("Message avant la commande", "Message before the order"),
                Text("Montré avant de commander.", "Shown before ordering."),
                "text",
                _NO_TEXT,
            ),
            SettingForm(
                "messages.order_note",
                Text("Note de commande", "Order note"),
                Text("Jointe à chaque commande.", "Attached to every order."),
                "text",
                _NO_TEXT,
            ),
            SettingForm(
                "messages.reminder",
                Text("Mot de rappel", "Reminder message"),
                Text(
                    "Écrit au-dessus de ce qui est dû ; le tableau, le total et les liens suivent.",
                    "Written above what is owed; the table, the total and the links follow.",
                ),
                "letter",
                Text("Le texte habituel", "The usual text"),
                sample=True,
            ),
            SettingForm(
                "notifications.buyer",
                Text("Prévenir l’acheteur", "Notify the buyer"),
                Text("Un courriel à chacun de ces moments.", "An email at each of these moments."),
                "events",
            ),
            SettingForm(
                "notifications.team",
                Text("Prévenir l’équipe", "Notify the team"),
                Text(
                    "Aux adresses données, séparées par des virgules.", "At the addresses given, separated by commas."
                ),
                "team",
            ),
        ),
    ),
)
FORMS: Mapping[str, SettingForm] = {form.path: form for _, forms in SECTIONS for form in forms}
EVENT_LABELS = {
    "order.accepted": Text("commande acceptée", "order accepted"),
    "order.held": Text("commande retenue", "order held"),
    "order.refused": Text("commande refusée", "order refused"),
    "invoice.issued": Text("facture émise", "invoice issued"),
}
LETTER_PARTS = {"subject": Text("objet", "subject"), "body": Text("texte", "text")}
TERMS_LABELS = {
    "net": Text("Jours après la livraison", "Days after delivery"),
    "on_receipt": Text("Sur réception", "On receipt"),
    "end_of_month": Text("Fin de mois, plus des jours", "End of month, plus days"),
    "other": Text("Autres, sans échéance", "Other, no due date"),
}


def typed_value(path: str, form: Mapping[str, Any], language: str) -> Any:
    """The setting's JSON value from a submitted form. Raises Invalid on what can't be read."""
    kind = FORMS[path].kind
    if kind in _NUMBERS:
        return _NUMBERS[kind](form.get("value", ""), language)
    if kind in _TYPED:
        return _TYPED[kind](form, language)
    return _READERS[kind](form)


def _choice(form: Any) -> str:
    return str(form.get("value", ""))


def _yes_no(form: Any) -> bool:
    return bool(form.get("value") == "yes")


def _text(form: Any) -> dict[str, str]:
    return text_of_both(form.get("fr", ""), form.get("en", ""))


def _terms(form: Any, language: str) -> dict[str, Any]:
    kind = form.get("value", "")
    if kind in ("net", "end_of_month"):
        return {"kind": kind, "days": whole_typed(form.get("days", ""), language)}
    return {"kind": kind, "label": _text(form)} if kind == "other" else {"kind": kind}


def _events(form: Any) -> list[str]:
    return [event for event in EVENTS if form.get(event)]


def _reminders(form: Any, language: str) -> dict[str, list[int]]:
    """Days before the due date and days after it, each a few numbers between commas."""
    before, after = (_listed(form.get(name, ""), language) for name in ("before", "after"))
    return {"days": [*(-each for each in before), *after]}


def _listed(typed: str, language: str) -> list[int]:
    words = typed.replace(";", " ").replace(",", " ").split()
    return [whole_typed(each, language) for each in words if each not in ("et", "and")]


def _letter(form: Any) -> dict[str, dict[str, str]]:
    return {part: text_of_both(form.get(f"{part}_fr", ""), form.get(f"{part}_en", "")) for part in LETTER_PARTS}


def _team(form: Any) -> dict[str, list[str]]:
    addresses = [each.strip() for each in form.get("to", "").replace("\n", ",").split(",")]
    return {"events": _events(form), "to": [each for each in addresses if each]}


_NUMBERS: Mapping[str, Callable[[str, str], Any]] = {
    "whole": whole_typed,
    "days": whole_typed,
    "hours": whole_typed,
    "money": money_typed,
    "percent": percent_typed,
}
_TYPED: Mapping[str, Callable[[Any, str], Any]] = {"terms": _terms, "reminders": _reminders}
_READERS: Mapping[str, Callable[[Any], Any]] = {
    "choice": _choice,
    "yes_no": _yes_no,
    "text": _text,
    "events": _events,
    "team": _team,
    "letter": _letter,
}

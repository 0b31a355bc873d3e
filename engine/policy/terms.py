"""Payment terms, and the only due-date sum in the house."""

from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from houblon.engine.core.problem import Faults, Text, refuse, step
from houblon.engine.core.texts import is_text
from houblon.engine.schedule.calendar import CutOff, Cycle, local_day, next_delivery

KINDS = ("net", "on_receipt", "end_of_month", "other")
MAX_DAYS = 365
MAX_LABEL = 200
_MEMBERS = {"net": ("days",), "on_receipt": (), "end_of_month": ("days",), "other": ("label",)}


class Terms(msgspec.Struct, frozen=True):
    """How long the buyer has to pay: a kind, its days (0 where the kind has none), a label for `other`."""

    kind: str
    days: int = 0
    label: Text | None = None


class DueDate(msgspec.Struct, frozen=True):
    """When an invoice is due, and all that the sum was made of.

    `basis` is `planned_delivery`, `cycle` or `acceptance`; `skipped` as in Delivery. `cycle_id`
    names the cycle that was asked, even when it had no delivery left; `cycle_anchor` is set when it
    had one. `cut_off` is the cycle's, `put_off_from` and `added` as in Delivery. `planned_ignored` is
    a planned delivery before the acceptance.
    """

    basis: str
    accepted_on: date
    delivery_date: date | None
    base_date: date
    terms: Terms
    due_date: date | None
    skipped: tuple[tuple[date, str], ...] = ()
    cycle_id: str | None = None
    cycle_anchor: date | None = None
    planned_ignored: date | None = None
    cut_off: CutOff | None = None
    put_off_from: date | None = None
    added: bool = False


def parse_terms(document: object) -> Terms:
    """The terms that a JSON document states. Raises Invalid with every fault and its pointer."""
    if not isinstance(document, dict):
        raise refuse("type", "", "Les modalités de paiement sont un objet JSON.", "Payment terms are a JSON object.")
    kind = document.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        expected = ", ".join(KINDS)
        raise refuse("kind", "/kind", f"Attendu : {expected}.", f"Expected one of {expected}.")
    faults = Faults()
    members: dict[str, Any] = {}
    for name in document:
        if name != "kind" and name not in _MEMBERS[kind]:
            faults.add(
                "unknown_member",
                step("", name),
                f"Les modalités « {kind} » n’ont pas ce membre.",
                f"Terms of the kind “{kind}” have no such member.",
            )
    for name in _MEMBERS[kind]:
        with faults.gather(step("", name)):
            members[name] = (_days if name == "days" else _label)(document.get(name))
    faults.raise_if_any()
    return Terms(kind, **members)


def terms_document(terms: Terms) -> dict[str, Any]:
    """The terms as plain JSON values, from which `parse_terms` makes the same terms."""
    document: dict[str, Any] = {"kind": terms.kind}
    if "days" in _MEMBERS[terms.kind]:
        document["days"] = terms.days
    if terms.label is not None:
        document["label"] = {"fr": terms.label.fr, "en": terms.label.en}
    return document


def terms_sentence(terms: Terms, basis: str | None = None) -> Text:
    """« net 30 jours », or from what they are counted once the basis of a due date is known."""
    if terms.kind == "other":
        return terms.label or Text("autres modalités", "other terms")
    if terms.kind == "on_receipt":
        return Text("payable sur réception", "due on receipt")
    fr, en = _days_phrase(terms.days)
    if terms.kind == "end_of_month":
        if terms.days == 0:
            return Text("fin de mois", "end of month")
        return Text(f"{fr} après la fin du mois", f"{en} after the end of the month")
    if basis is None:
        return Text(f"net {fr}", f"net {en}")
    if basis == "acceptance":
        return Text(f"{fr} après l’acceptation", f"{en} after acceptance")
    return Text(f"{fr} après la livraison", f"{en} after delivery")


def due_date(
    terms: Terms,
    accepted_at: datetime,
    zone: str = "America/Toronto",
    planned_delivery: date | None = None,
    cycle: Cycle | None = None,
) -> DueDate:
    """Base date + terms, in days of `zone`, the installation's.

    The base date is the planned delivery unless it is before the acceptance day; else the cycle's
    next delivery strictly after that day; else that day. Weekends are due dates like others. A sum
    past the calendar's end is its last day. Raises ValueError when `accepted_at` has no zone.
    """
    accepted_on = local_day(accepted_at, zone)
    if planned_delivery is not None and planned_delivery >= accepted_on:
        return _due("planned_delivery", terms, accepted_on, planned_delivery)
    known: dict[str, Any] = {"planned_ignored": planned_delivery}
    if cycle is not None:
        known |= {"cycle_id": cycle.id, "cut_off": cycle.cut_off}
    # The acceptance has one day, the installation's, even when the cycle keeps time elsewhere.
    delivery = next_delivery(cycle, accepted_at, after=accepted_on) if cycle is not None else None
    if delivery is None:
        return _due("acceptance", terms, accepted_on, None, **known)
    return _due(
        "cycle",
        terms,
        accepted_on,
        delivery.day,
        skipped=delivery.skipped,
        cycle_anchor=delivery.anchor,
        put_off_from=delivery.put_off_from,
        added=delivery.added,
        **known,
    )


def _due(basis: str, terms: Terms, accepted_on: date, delivery: date | None, **known: Any) -> DueDate:
    base = delivery or accepted_on
    return DueDate(basis, accepted_on, delivery, base, terms, _sum(terms, base), **known)


def _sum(terms: Terms, base: date) -> date | None:
    if terms.kind == "other":
        return None
    start = month_end(base) if terms.kind == "end_of_month" else base
    return start + min(timedelta(terms.days), date.max - start)


def month_end(day: date) -> date:
    """The last day of the month of a day."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def _days_phrase(days: int) -> tuple[str, str]:
    return f"{days} {'jour' if days < 2 else 'jours'}", f"{days} {'day' if days == 1 else 'days'}"


def _days(value: object) -> int:
    if type(value) is not int or not 0 <= value <= MAX_DAYS:
        raise refuse(
            "days",
            "",
            f"Attendu : un nombre entier de jours, de 0 à {MAX_DAYS}.",
            f"Expected a whole number of days, from 0 to {MAX_DAYS}.",
        )
    return value


def _label(value: object) -> Text:
    if not isinstance(value, dict) or set(value) != {"fr", "en"}:
        raise refuse("label", "", 'Attendu : {"fr": "…", "en": "…"}.', 'Expected {"fr": "…", "en": "…"}.')
    faults = Faults()
    for language, text in value.items():
        if not is_text(text, MAX_LABEL) or not text.strip():
            faults.add(
                "text",
                step("", language),
                f"Attendu : un texte de 1 à {MAX_LABEL} caractères visibles.",
                f"Expected a text of 1 to {MAX_LABEL} visible characters.",
            )
    faults.raise_if_any()
    return Text(value["fr"].strip(), value["en"].strip())

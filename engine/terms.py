"""Payment terms, and the only due-date sum in the house."""

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from engine.cadence import day_text
from engine.calendar import CutOff, Cycle, local_day, next_delivery
from engine.problem import Faults, Text, refuse, step

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
    faults, members = Faults(), {}
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


@lru_cache(maxsize=256)
def derivation_document(due: DueDate) -> Mapping[str, Any]:
    """How the due date came about, in plain JSON values: its parts, and the steps as sentences.

    Orders of one day have few of them, and each is told in several places: what is answered is not to be changed.
    """
    said = terms_sentence(due.terms, due.basis)
    return {**derivation_parts(due), "terms_text": {"fr": said.fr, "en": said.en}, "steps": _steps(due)}


@lru_cache(maxsize=256)
def derivation_parts(due: DueDate) -> Mapping[str, Any]:
    """The derivation as it is stored, without the sentences that its parts make: they are a quarter of an invoice.

    `tell_derivation` makes them again. What is answered is not to be changed.
    """
    return {
        "basis": due.basis,
        "accepted_on": due.accepted_on.isoformat(),
        "planned_ignored": due.planned_ignored and due.planned_ignored.isoformat(),
        "cycle_id": due.cycle_id,
        "cycle_anchor": due.cycle_anchor and due.cycle_anchor.isoformat(),
        "cut_off": due.cut_off and {"days_before": due.cut_off.days_before, "time": f"{due.cut_off.time:%H:%M}"},
        "skipped": [{"date": day.isoformat(), "why": why} for day, why in due.skipped],
        "put_off_from": due.put_off_from and due.put_off_from.isoformat(),
        "added": due.added,
        "delivery_date": due.delivery_date and due.delivery_date.isoformat(),
        "base_date": due.base_date.isoformat(),
        "terms": terms_document(due.terms),
        "due_date": due.due_date and due.due_date.isoformat(),
    }


def tell_derivation(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """A stored derivation with its sentences, which those that were stored long ago have already."""
    if "steps" in stored:
        return stored
    days = {name: _day(stored[name]) for name in ("planned_ignored", "cycle_anchor", "put_off_from", "delivery_date")}
    cut_off = stored["cut_off"]
    due = DueDate(
        stored["basis"],
        accepted_on=date.fromisoformat(stored["accepted_on"]),
        base_date=date.fromisoformat(stored["base_date"]),
        terms=parse_terms(stored["terms"]),
        due_date=_day(stored["due_date"]),
        skipped=tuple((date.fromisoformat(each["date"]), each["why"]) for each in stored["skipped"]),
        cycle_id=stored["cycle_id"],
        cut_off=cut_off and CutOff(cut_off["days_before"], time.fromisoformat(cut_off["time"])),
        added=stored["added"],
        **days,
    )
    return derivation_document(due)


def parts_of(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """A stored derivation as `derivation_parts` makes it."""
    return {name: value for name, value in stored.items() if name not in ("terms_text", "steps")}


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _due(basis: str, terms: Terms, accepted_on: date, delivery: date | None, **known: Any) -> DueDate:
    base = delivery or accepted_on
    return DueDate(basis, accepted_on, delivery, base, terms, _sum(terms, base), **known)


def _sum(terms: Terms, base: date) -> date | None:
    if terms.kind == "other":
        return None
    start = _month_end(base) if terms.kind == "end_of_month" else base
    return start + min(timedelta(terms.days), date.max - start)


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


_WHY = {
    "exdate": Text("date retirée du cycle", "date taken out of the cycle"),
    "holiday": Text("jour férié", "holiday"),
    "cut_off": Text("heure limite passée", "cut-off passed"),
}


def _steps(due: DueDate) -> list[dict[str, Any]]:
    steps = [_step("accepted", due.accepted_on, "Acceptée le {}.", "Accepted on {}.")]
    if due.planned_ignored is not None:
        fr = "Livraison prévue le {} : avant l’acceptation, donc ignorée."
        en = "Planned delivery on {}: before acceptance, so ignored."
        steps.append(_step("planned_ignored", due.planned_ignored, fr, en))
    steps += [_skipped_step(due, day, why) for day, why in due.skipped]
    steps.append(_base_step(due))
    if due.terms.kind == "end_of_month":
        steps.append(_step("month_end", _month_end(due.base_date), "Fin du mois : {}.", "End of the month: {}."))
    if due.due_date is None:
        label = terms_sentence(due.terms)
        fr, en = f"Pas de date d’échéance : {label.fr}.", f"No due date: {label.en}."
        steps.append(_step("no_due_date", None, fr, en))
    else:
        sentence = terms_sentence(due.terms, due.basis)
        steps.append(_step("due", due.due_date, f"Échéance, {sentence.fr} : {{}}.", f"Due, {sentence.en}: {{}}."))
    return steps


def _skipped_step(due: DueDate, day: date, why: str) -> dict[str, Any]:
    told = _WHY[why]
    if why == "holiday" and day == due.put_off_from:
        told = Text("jour férié, la livraison est remise", "holiday, the delivery is put off")
    if why == "cut_off" and due.cut_off is not None:
        last, clock = day_text(day - timedelta(due.cut_off.days_before)), due.cut_off.time
        told = Text(
            f"{told.fr}, le {last.fr} à {clock.hour}\u00a0h\u00a0{clock:%M}", f"{told.en}, {last.en} at {clock:%H:%M}"
        )
    return _step(why, day, f"Pas de livraison le {{}} : {told.fr}.", f"No delivery on {{}}: {told.en}.")


def _base_step(due: DueDate) -> dict[str, Any]:
    if due.basis == "planned_delivery":
        return _step("delivery", due.base_date, "Livraison prévue le {}.", "Planned delivery on {}.")
    if due.basis == "cycle" and due.added:
        fr, en = "Livraison ajoutée au cycle : {}.", "Delivery added to the cycle: {}."
        return _step("delivery", due.base_date, fr, en)
    if due.basis == "cycle":
        return _step("delivery", due.base_date, "Prochaine livraison du cycle : {}.", "Next delivery of the cycle: {}.")
    if due.cycle_id is not None:
        fr, en = "Le cycle n’a plus de livraison", "The cycle has no delivery left"
    else:
        fr, en = "Pas de livraison connue", "No delivery is known"
    return _step("no_delivery", due.base_date, f"{fr} : on compte du {{}}.", f"{en}: counted from {{}}.")


def _step(code: str, day: date | None, fr: str, en: str) -> dict[str, Any]:
    said = Text(fr.replace(" :", "\u00a0:"), en)
    if day is not None:
        shown = day_text(day)
        said = Text(said.fr.replace("{}", shown.fr), en.replace("{}", shown.en))
    return {"step": code, "date": day and day.isoformat(), "message": {"fr": said.fr, "en": said.en}}


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
        if not isinstance(text, str) or not text.strip() or len(text) > MAX_LABEL or not text.isprintable():
            faults.add(
                "text",
                step("", language),
                f"Attendu : un texte de 1 à {MAX_LABEL} caractères visibles.",
                f"Expected a text of 1 to {MAX_LABEL} visible characters.",
            )
    faults.raise_if_any()
    return Text(value["fr"].strip(), value["en"].strip())

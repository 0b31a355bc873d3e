"""How a due date came about: its parts as they are stored, and the steps that people read."""

from collections.abc import Mapping
from datetime import date, time, timedelta
from functools import lru_cache
from typing import Any

from houblon.engine.core.problem import Text
from houblon.engine.policy.terms import DueDate, month_end, parse_terms, terms_document, terms_sentence
from houblon.engine.schedule.cadence import day_text
from houblon.engine.schedule.calendar import CutOff


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
        steps.append(_step("month_end", month_end(due.base_date), "Fin du mois : {}.", "End of the month: {}."))
    if due.due_date is None:
        label = terms_sentence(due.terms)
        fr, en = f"Pas de date d’échéance : {label.fr}.", f"No due date: {label.en}."
        steps.append(_step("no_due_date", None, fr, en))
    else:
        sentence = terms_sentence(due.terms, due.basis)
        steps.append(_step("due", due.due_date, f"Échéance, {sentence.fr} : {{}}.", f"Due, {sentence.en}: {{}}."))
    return steps


def _skipped_step(due: DueDate, day: date, why: str) -> dict[str, Any]:
    reason = _WHY[why]
    if why == "holiday" and day == due.put_off_from:
        reason = Text("jour férié, la livraison est remise", "holiday, the delivery is put off")
    if why == "cut_off" and due.cut_off is not None:
        last, clock = day_text(day - timedelta(due.cut_off.days_before)), due.cut_off.time
        reason = Text(
            f"{reason.fr}, le {last.fr} à {clock.hour}\u00a0h\u00a0{clock:%M}",
            f"{reason.en}, {last.en} at {clock:%H:%M}",
        )
    return _step(why, day, f"Pas de livraison le {{}} : {reason.fr}.", f"No delivery on {{}}: {reason.en}.")


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

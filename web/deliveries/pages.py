"""Livraisons: each distributor's cycle, its next deliveries, and how to change it, in the person's proposal."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from houblon.engine.core.problem import Invalid
from houblon.engine.schedule.calendar import coming, cycle_sentence, local_day
from houblon.engine.schedule.cycle import Cycle, cycle_document, parse_cycle
from houblon.engine.schedule.rrule import WEEKDAYS
from houblon.orders.retailers.distributors import LOOKED_AT, Named, named_distributors
from houblon.rules.model.content import Content
from houblon.rules.model.statements import ABSENT, Statement
from houblon.web.deliveries.cycle_forms import NTHS, document_of, placed, taken, typed_in, typed_of
from houblon.web.deliveries.cycle_preview import Preview, foresee
from houblon.web.drafts import drafting
from houblon.web.foundation.current_app import house
from houblon.web.foundation.stale import Outdated

blueprint = Blueprint("deliveries", __name__, url_prefix="/livraisons")


@blueprint.app_template_global("cycle_name")
def cycle_name(id: str) -> str:
    """What the cycle is called now; one that is no more, by its id."""
    cycle = drafting.newest().cycles.get(id)
    return cycle.name if cycle else id


@blueprint.get("")
def index() -> str:
    proposal, in_force = drafting.working_in(), drafting.newest()
    content, today = drafting.shown(proposal), _today()
    named = _named()
    return render_template(
        "deliveries.html",
        draft=proposal,
        in_force=in_force,
        rows=[
            (cycle, cycle_sentence(cycle), next(iter(coming(cycle, today, 1)), None), named.get(cycle.id))
            for cycle in sorted(content.cycles.values(), key=lambda cycle: (cycle.name, cycle.id))
        ],
        changed={id for id in content.cycles if content.cycles[id] != in_force.cycles.get(id)},
        removed=[cycle for id, cycle in in_force.cycles.items() if id not in content.cycles],
        unknown=[(id, found) for id, found in named.items() if id not in content.cycles],
        looked_at=LOOKED_AT,
    )


@blueprint.get("/cycle")
def edit() -> str:
    """A cycle's form; an empty one without `id`, or with one that orders name."""
    content, id = drafting.shown(drafting.working_in()), request.args.get("id", "")
    known = content.cycles.get(id)
    if id and known is None and id not in _named():
        abort(404)
    return _page(known, {**typed_of(known, _today(), _zone()), **({} if known else {"id": id, "nom": id})})


@blueprint.post("/cycle")
def save() -> Any:
    """Note the cycle in the person's proposal."""
    known, typed = _known(), typed_in(request.form)
    try:
        cycle = _read(known, typed)
        if known is None:
            taken(cycle.id, drafting.shown(drafting.working_in()).cycles)
        said = _statements(known, cycle)
        if not said:
            flash(_("Rien n’a changé dans ce cycle."))
            return redirect(url_for("deliveries.index"))
        drafting.save(said, request.form, _("livraisons de %(name)s", name=cycle.name))
    except Invalid as invalid:
        return _page(known, typed, problems=placed(invalid)), 422
    except Outdated:
        return _page(known, typed, outdated=True), 409
    return redirect(url_for("deliveries.index"))


@blueprint.post("/apercu")
def preview() -> Any:
    """What the form as it is typed would give; nothing is kept."""
    known, typed = _known(), typed_in(request.form)
    shown = {"etag": request.form.get("etag", "")}
    if request.headers.get("HX-Request"):
        return render_template("parts/cycle_preview.html", **_outlook(known, typed), live=True)
    return _page(known, typed, **shown)


@blueprint.post("/retirer")
def remove() -> Any:
    """Take the cycle away, in the person's proposal."""
    known = _known()
    if known is None:
        abort(404)
    try:
        said = [Statement("cycle", known.id, "", ABSENT)]
        drafting.save(said, request.form, _("sans les livraisons de %(name)s", name=known.name))
    except Outdated:
        return _page(known, typed_of(known, _today(), _zone()), outdated=True), 409
    return redirect(url_for("deliveries.index"))


def _known() -> Cycle | None:
    """The cycle that the form was opened on, None for a new one."""
    id = request.form.get("connu", "")
    if not id:
        return None
    found = drafting.shown(drafting.working_in()).cycles.get(id) or drafting.newest().cycles.get(id)
    return found or abort(404)


def _read(known: Cycle | None, typed: dict[str, Any]) -> Cycle:
    return parse_cycle(document_of(typed, known))


def _statements(known: Cycle | None, cycle: Cycle) -> list[Statement]:
    """A new cycle whole; of a known one, what changed, so that two people may change two things of it."""
    document = cycle_document(cycle)
    if known is None:
        return [Statement("cycle", cycle.id, "", document)]
    was = cycle_document(known)
    return [Statement("cycle", cycle.id, name, value) for name, value in document.items() if value != was[name]]


def _outlook(known: Cycle | None, typed: dict[str, Any]) -> dict[str, Any]:
    """The preview's parts: the cycle in a sentence and its deliveries, or what is wrong."""
    try:
        # A new cycle has deliveries before it has a name.
        shown = typed if known else {**typed, "id": typed["id"] or "?", "nom": typed["nom"] or "?"}
        cycle = _read(known, shown)
    except Invalid as invalid:
        return {"sentence": None, "preview": None, "faults": placed(invalid)}
    found: Preview = foresee(cycle, _content(), house().now(), _zone())
    return {"sentence": cycle_sentence(cycle), "preview": found, "faults": ()}


def _page(known: Cycle | None, typed: dict[str, Any], **faults: Any) -> str:
    proposal = drafting.working_in()
    return render_template(
        "delivery_cycle.html",
        draft=proposal,
        in_force=drafting.newest(),
        known=known,
        typed=typed,
        weekdays=WEEKDAYS,
        nths=NTHS,
        named=_named().get(known.id) if known else None,
        looked_at=LOOKED_AT,
        today=_today(),
        **{
            "etag": drafting.etag(proposal),
            "problems": (),
            "outdated": False,
            **_outlook(known, typed),
            **faults,
        },
    )


def _content() -> Content:
    return drafting.shown(drafting.working_in())


def _named() -> dict[str, Named]:
    with house().services.ledger.reading() as connection:
        return named_distributors(connection)


def _zone() -> str:
    return str(house().services.installation.zone)


def _today() -> Any:
    return local_day(house().now(), _zone())

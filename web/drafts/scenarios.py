"""Cas de test: saved orders with the decision that they must get, kept from what was tried."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _

from houblon.engine.core.order import order_of
from houblon.engine.core.problem import Invalid
from houblon.engine.core.strict_json import read_json
from houblon.engine.policy.decision import Decision
from houblon.rules.checks.checks import decided, scenario_faults
from houblon.rules.model.names import clean_name, id_of
from houblon.rules.model.statements import ABSENT, Statement
from houblon.web.drafts import drafting
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.foundation.stale import Outdated

blueprint = Blueprint("scenarios", __name__, url_prefix="/cas")


@blueprint.get("")
def index() -> str:
    return _page()


@blueprint.post("")
def keep() -> Any:
    """Keep a tried order, and the decision that it got, in the person's proposal."""
    content = drafting.shown(drafting.working_in())
    try:
        name = clean_name(request.form.get("nom", ""), "/name")
        document = {
            "id": id_of(name, content.scenarios.keys() | house().store.history().ids_taken("scenario")),
            "name": name,
            "order": read_json(request.form.get("order", "")),
            "expect": read_json(request.form.get("expect", "")),
        }
        if request.form.get("accepted_at"):
            document["accepted_at"] = request.form["accepted_at"]
        said = [Statement("scenario", document["id"], "", document)]
        drafting.save(said, request.form, _("cas de test %(name)s", name=name))
    except Invalid as invalid:
        return _page(problems=invalid.problems, typed=request.form), 422
    except Outdated:
        return _page(outdated=True, typed=request.form), 409
    return redirect(url_for("scenarios.index"))


@blueprint.post("/<id>/retirer")
def remove(id: str) -> Any:
    """Take a scenario away, in the person's proposal."""
    try:
        drafting.save([Statement("scenario", id, "", ABSENT)], request.form, _("sans le cas de test %(id)s", id=id))
    except Outdated:
        return _page(outdated=True), 409
    return redirect(url_for("scenarios.index"))


def expected_of(decision: Decision) -> dict[str, Any]:
    """What a scenario would expect, to get this decision again."""
    expected: dict[str, Any] = {
        "outcome": decision.outcome.value,
        "reasons": list(dict.fromkeys(reason.code for reason in decision.reasons)),
    }
    if decision.invoice is not None:
        due = decision.invoice.due.due_date
        expected["due_date"] = due and due.isoformat()
    return expected


def _page(**faults: Any) -> str:
    proposal = drafting.working_in()
    content, check_context = drafting.shown(proposal), house().check_context
    broken = {
        problem.pointer.rpartition("/")[2]: problem.message.in_(current())
        for problem in scenario_faults(content, check_context)
    }
    rows = [
        (id, document, order_of(document["order"]), decided(content, document, check_context), broken.get(id))
        for id, document in content.scenarios.items()
    ]
    return render_template(
        "scenarios.html",
        draft=proposal,
        in_force=drafting.newest(),
        etag=drafting.etag(proposal),
        rows=rows,
        **{"problems": (), "typed": {}, "outdated": False, **faults},
    )

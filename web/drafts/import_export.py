"""Rules in and out by file: a bundle becomes a proposal; everything, one group or its policy goes out."""

from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, request, url_for
from flask_babel import gettext as _

from houblon.engine.core.problem import Invalid, refuse
from houblon.engine.core.strict_json import read_json
from houblon.engine.policy.lowering import rule_list
from houblon.engine.policy.policy import BASE
from houblon.orders.retailers.bundle_names import led
from houblon.rules.exchange.bundle import export_bundle, export_group, written
from houblon.rules.exchange.rule_list import read_import
from houblon.rules.model.inherit import resolve
from houblon.rules.publishing.drafts import begin
from houblon.web.access.audit import by as acting
from houblon.web.access.audit import copy_entries, proposal_entry
from houblon.web.access.auth import author
from houblon.web.drafts import drafting
from houblon.web.drafts import pages as proposals
from houblon.web.foundation.current_app import house

blueprint = Blueprint("exchange", __name__, url_prefix="/echange")


@blueprint.post("/importer")
def import_() -> Any:
    """A bundle, or a plain business-rules rule list for a group, as a new proposal; nothing is in force."""
    by = acting(house(), author())
    file, group = request.files.get("fichier"), request.form.get("groupe") or None
    try:
        if file is None or not file.filename:
            raise refuse("required", "/fichier", "Choisissez d’abord un fichier JSON.", "Choose a JSON file first.")
        bundle = read_import(read_json(file.read()), group, drafting.newest(), house().store.history().rule_ids_taken())
        bundle = led(house().services.ledger, bundle)
        with bundle.placing():
            made = begin(
                house().store,
                _("import de %(file)s", file=file.filename)[:80],
                by=by.who,
                at=by.at,
                edits=bundle.edits,
                memberships=bundle.memberships,
                kept=house().check_context.memberships,
                entry_of=proposal_entry(
                    by, "proposal.begun", lambda made: {"file": file.filename, "edits": len(made.edits)}
                ),
            )
    except Invalid as invalid:
        return proposals.listed(import_problems=invalid.problems), 422
    copy_entries(house())
    drafting.enter(made.id)
    flash(_("Le fichier est devenu un brouillon ; relisez-le avant de le publier."), "accepted")
    return redirect(url_for("proposals.show", id=made.id))


@blueprint.get("/tout.json")
def everything() -> Response:
    with house().services.ledger.reading() as connection:
        kept = house().everyone(connection)
    return _download(export_bundle(drafting.newest(), kept), "houblon.json")


@blueprint.get("/groupes/<id>.json")
def group(id: str) -> Response:
    """One group as a bundle of its own."""
    found = drafting.newest().groups.get(id)
    if found is None:
        abort(404)
    return _download(export_group(found), f"{id}.json")


@blueprint.get("/groupes/<id>.regles.json")
def rules(id: str) -> Response:
    """The group's resolved policy as a rule list that the business-rules package runs by itself."""
    content = drafting.newest()
    if id not in content.groups:
        abort(404)
    chain = (BASE,) if id == BASE else (id, BASE)
    return _download(written(rule_list(resolve(content, chain))), f"{id}.regles.json")


def _download(body: bytes, name: str) -> Response:
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, headers=disposition, mimetype="application/json")

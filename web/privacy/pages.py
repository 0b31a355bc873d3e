"""Renseignements personnels: what is kept how long, and one retailer's handed out or erased."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from flask import Blueprint, Response, abort, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from houblon.engine.core.problem import Invalid, Problem, Text
from houblon.engine.core.texts import clean_id
from houblon.engine.schedule.calendar import local_day
from houblon.orders.privacy.erase import ALL, CONTACT, Erased, Plan
from houblon.orders.privacy.tax_years import TaxYears
from houblon.web.access.audit import source
from houblon.web.access.auth import author
from houblon.web.foundation.current_app import house
from houblon.web.foundation.format import file_name
from houblon.web.foundation.stale import Outdated, tag_of
from houblon.web.privacy import keeping

blueprint = Blueprint("privacy", __name__, url_prefix="/renseignements")
_LONGEST = 200


class Kept(msgspec.Struct, frozen=True):
    """One place where personal data is: what is there, for how long, and the setting that says so, if one does."""

    place: str
    what: str
    how_long: str
    setting: str | None = None


@blueprint.get("")
def show() -> Any:
    id = _asked_for(request.args)
    if not id:
        return _page()
    try:
        found = keeping.preview(house(), id)
    except Invalid as invalid:
        return _page(id=id, problems=invalid.problems)  # a search that finds nothing
    return _page(found, asks=request.args.get("effacer") == "oui")


@blueprint.get("/export.json")
def export() -> Response:
    """All that is kept of a retailer, as a file."""
    id = _asked_for(request.args)
    try:
        document = keeping.export(house(), id, author(), source())
    except Invalid:
        abort(404)
    content = msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
    response = Response(content, mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="renseignements-{file_name(id)}.json"'
    return response


@blueprint.post("/effacer")
def erase() -> Any:
    """Erase what was shown; where there is something else by now, that is shown first."""
    id, what, seen = _asked_for(request.form), request.form.get("quoi", ""), request.form.get("vu", "")
    if what not in (ALL, CONTACT):
        abort(422)
    try:
        try:
            erased = keeping.erase(house(), id, author(), source(), what == CONTACT, seen)
        except Outdated:
            return _page(keeping.preview(house(), id), asks=True, is_outdated=True), 409
    except Invalid as invalid:
        return _page(id=id, problems=invalid.problems), 422
    return _page(id=id, erased=erased)


def _asked_for(said: Mapping[str, str]) -> str:
    """The id that was typed, as it is kept."""
    id = said.get("id", "").strip()
    return (clean_id(id) or id)[:_LONGEST]


def _page(
    found: Plan | None = None,
    id: str = "",
    asks: bool = False,
    is_outdated: bool = False,
    problems: Sequence[Problem] = (),
    erased: Erased | None = None,
) -> str:
    services, tax = house().services, house().settings.tax_years
    may_go = found is not None and found.may_go(local_day(house().now(), str(services.installation.zone)))
    is_settled = found is not None and not (found.held or found.unpaid or found.waiting)
    return render_template(
        "privacy.html",
        kinds=_kinds(tax),
        found=found,
        id=found.id if found else id,
        stamp=tag_of(found) if found else None,
        asks=asks,
        may_go=may_go,
        is_settled=is_settled,
        is_outdated=is_outdated,
        problems=problems,
        erased=erased,
        counted=_counted(erased) if erased else (),
        back=url_for("privacy.show", id=found.id) if found else url_for("privacy.show"),
    )


def _kinds(tax: TaxYears) -> list[Kept]:
    keep = house().settings.keep
    taxes = ngettext(
        "%(num)s an après la fin de l’année d’imposition, puis effacé sur demande",
        "%(num)s ans après la fin de l’année d’imposition, puis effacé sur demande",
        tax.years,
    )
    return [
        Kept(_("Commandes et décisions"), _("nom, courriel, note, ce qu’on en a écrit"), taxes, "HOUBLON_TAX_YEARS"),
        Kept(_("Factures"), _("nom, adresse, courriel"), taxes, "HOUBLON_TAX_YEARS"),
        Kept(_("Fiches et groupes des détaillants"), _("nom, courriel, adresse"), _("jusqu’à ce qu’on les efface")),
        Kept(
            _("Messages et webhooks sortants"),
            _("adresse, texte, ce que le webhook disait"),
            _days(keep.messages),
            "HOUBLON_KEEP_MESSAGES",
        ),
        Kept(_("Événements"), _("identifiants et montants, aucun nom"), _days(keep.events), "HOUBLON_KEEP_EVENTS"),
        Kept(_("Appels reçus"), _("identifiants et empreintes"), _days(keep.calls), "HOUBLON_KEEP_CALLS"),
        Kept(
            _("Appels refusés"),
            _("ce qu’ils disaient : nom, courriel, adresse"),
            _days(keep.refused),
            "HOUBLON_KEEP_REFUSED",
        ),
        Kept(
            _("Simulations"),
            _("noms dans les rapports, commandes d’un fichier"),
            _days(keep.simulations),
            "HOUBLON_KEEP_SIMULATIONS",
        ),
        Kept(
            _("Sessions de l’équipe"),
            _("adresse, navigateur ; un essai refusé, un jour"),
            _days(keep.sign_ins),
            "HOUBLON_KEEP_SIGN_INS",
        ),
        Kept(_("Journal"), _("qui a fait quoi"), _("toujours ; sans la personne une fois effacée")),
        Kept(_("Règles publiées"), _("ce qu’un scénario nomme"), _("toujours ; n’y mettez personne")),
        Kept(_("Lignes du serveur"), _("identifiants, aucun nom ni adresse"), _("selon votre système")),
        Kept(
            _("Sauvegardes"),
            _("tout ce qui précède"),
            _("selon votre rotation ; refaites l’effacement après une restauration"),
        ),
    ]


def _days(days: int | None) -> str:
    if days is None:
        return _("toujours, tant qu’aucune durée n’est réglée")
    return ngettext("%(num)s jour", "%(num)s jours", days)


def _counted(erased: Erased) -> list[tuple[Text, int]]:
    return [(_KINDS[kind], count) for kind, count in erased.counts.items() if count]


_KINDS = {
    "card": Text("fiche", "card"),
    "messages": Text("messages", "messages"),
    "orders": Text("commandes", "orders"),
    "invoices": Text("factures", "invoices"),
    "words": Text("remarques", "remarks"),
    "groups": Text("groupes", "groups"),
    "audit": Text("entrées du journal", "entries of the audit log"),
    "simulations": Text("simulations", "simulations"),
    "refused": Text("appels refusés", "refused calls"),
}

"""The statement of account that a retailer was sent, as they open it: the link's signature is the permission."""

from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, make_response, render_template
from flask_babel import force_locale
from flask_babel import gettext as _

from houblon.engine.schedule.cadence import day_text
from houblon.orders.invoicing.buyer_links import months_after
from houblon.orders.invoicing.document import Sheet
from houblon.orders.invoicing.languages import languages_to
from houblon.orders.queries.retailers import card_row
from houblon.orders.receivables.links import Opened, read_statement_link
from houblon.orders.receivables.sheet import pdf, sheet
from houblon.orders.receivables.statement import statement_of
from houblon.orders.retailers.joins import root_of
from houblon.web.foundation.current_app import house
from houblon.web.foundation.format import file_name

_BOTH = ("fr", "en")
blueprint = Blueprint("shared_statements", __name__, url_prefix="/r")


@blueprint.get("/<token>")
def show(token: str) -> Any:
    opened, paper, languages = _shared(token)
    return render_template("statement_shared.html", sheet=paper, shared=token, languages=languages, opened=opened)


@blueprint.get("/<token>/releve.pdf")
def as_pdf(token: str) -> Response:
    opened, paper, _languages = _shared(token)
    response = Response(pdf(paper, opened.sent_at), mimetype="application/pdf")
    name = file_name(f"releve-{opened.retailer}-{opened.until.isoformat()}")
    response.headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return response


def _shared(token: str) -> tuple[Opened, Sheet, tuple[str, ...]]:
    """The statement of the link, with what is known of its period by now."""
    services = house().services
    opened = read_statement_link(services, token)
    if opened is None:
        abort(404)
    with services.ledger.reading() as connection:
        # Who was joined to another has no account any more: that of both is not theirs to read by this link.
        if root_of(connection, opened.retailer) != opened.retailer or _last_day(opened) < _today():
            abort(_ended(opened))
        row = card_row(connection, opened.retailer)
        if row is None:
            abort(404)
        languages = languages_to(connection, services, row)
        made = statement_of(connection, opened.retailer, opened.since, opened.until, services.installation.zone)
    return opened, sheet(made, row, services.seller, languages), languages


def _last_day(opened: Opened) -> date:
    """The last day of the link: so long after it was sent as an invoice's lasts after its payment."""
    sent_on = opened.sent_at.astimezone(house().services.installation.zone).date()
    return months_after(sent_on, house().profile.invoice_link_months)


def _ended(opened: Opened) -> Response:
    seller = house().services.seller
    parts = []
    for language in _BOTH:
        with force_locale(language):
            advice = _("Demandez un nouveau relevé de compte à %(seller)s.", seller=seller.name)
            parts.append(
                (
                    language,
                    (
                        _("Ce lien a pris fin"),
                        _(
                            "Il ouvrait un relevé de compte de %(seller)s. Pour votre sûreté, un tel lien ne vaut "
                            "qu’un temps.",
                            seller=seller.name,
                        ),
                        advice,
                        _("Écrire à %(address)s", address=seller.email),
                    ),
                )
            )
    with force_locale(_BOTH[0]):
        subject = day_text(opened.until).in_(_BOTH[0])
        page = render_template("invoice_link_over.html", subject=subject, parts=parts, seller=seller)
    return make_response(page, 410)


def _today() -> date:
    return house().now().astimezone(house().services.installation.zone).date()

"""Factures: the list, each invoice as page and PDF, its payment, and the buyer's own view by a signed link."""

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_security import current_user
from sqlalchemy import Connection, Row

from houblon.engine.core.money import dollars
from houblon.engine.core.problem import Invalid, Problem
from houblon.orders.db.tables import invoices
from houblon.orders.invoicing import buyer_links, payments, transitions
from houblon.orders.invoicing.applied_credits import invoices_over
from houblon.orders.invoicing.credits import credit_notes_of, left_to_credit
from houblon.orders.invoicing.disputes import disputes_of
from houblon.orders.invoicing.document import pdf, sheet
from houblon.orders.invoicing.languages import languages_on
from houblon.orders.invoicing.links import invoice_link, number_of, read_link
from houblon.orders.invoicing.of_orders import others_of
from houblon.orders.invoicing.payments import MEANS, MEANS_NAMES, payments_of
from houblon.orders.invoicing.shares import number_of as line_number
from houblon.orders.invoicing.transitions import balance_of
from houblon.orders.mail import invoice_link as invoice_link_mail
from houblon.orders.queries import lists, receivables
from houblon.orders.queries.lists import PAGE
from houblon.orders.queries.receivables import InvoiceFilter
from houblon.orders.services import Conflict, Seller
from houblon.web.access.audit import by as acting
from houblon.web.access.audit import noted
from houblon.web.access.auth import author
from houblon.web.foundation.current_app import house
from houblon.web.foundation.format import file_name
from houblon.web.foundation.language import current
from houblon.web.foundation.paging import asked_before, page, row_key
from houblon.web.invoices.entries import paid

blueprint = Blueprint("invoices", __name__)
FILTERS = {
    "a-payer": "to_pay",
    "en-retard": "late",
    "partielles": "partly_paid",
    "contestees": "disputed",
    "payees": "paid",
    "creditees": "credited",
    "notes-de-credit": "credit_notes",
}
blueprint.add_app_template_test(lists.is_owed, "owed")


@blueprint.app_template_test("late")
def is_late(invoice: Any, today: str) -> bool:
    """Still to be paid after the day it was due; `today` as days are written."""
    return days_late(invoice, today) > 0


@blueprint.app_template_filter("days_late")
def days_late(invoice: Any, today: str) -> int:
    """How many days late it is to be paid; 0 where it isn't."""
    return receivables.days_late(invoice, date.fromisoformat(today))


@blueprint.app_template_filter("means")
def means_name(means: str) -> str:
    """By what a payment was made, in the reader's language."""
    return MEANS_NAMES[means].in_(current())


@blueprint.get("/factures")
def index() -> str:
    chosen, search = request.args.get("etat"), request.args.get("q", "").strip()[:100]
    asked = InvoiceFilter(_today(), FILTERS.get(chosen or ""), search)
    with house().services.ledger.reading() as connection:
        before = asked_before()
        floor = lists.floor_of(connection, invoices.c.key, before) if search else 0
        found = receivables.list_invoices(connection, asked, before, PAGE + 1, above=floor)
        totals = receivables.totals(connection, asked.today)
        ages = receivables.by_age(connection, asked.today)
    shown, more = page(found, PAGE, lambda row: row.key)
    return render_template(
        "invoices.html",
        invoices=shown,
        further=floor + 1 if floor else None,
        filters=FILTERS,
        chosen=chosen if chosen in FILTERS else None,
        search=search,
        totals=totals,
        ages=ages,
        today=asked.today.isoformat(),
        more=more,
    )


@blueprint.get("/factures/<int:key>")
def show(key: int) -> Any:
    return shown(key)


@blueprint.get("/factures/<int:key>.pdf")
def as_pdf(key: int) -> Response:
    return _pdf(_row(key))


@blueprint.post("/factures/<int:key>/payer")
def pay(key: int) -> Any:
    """Note the day on which the invoice was paid; a day that can't be is asked again, as it was typed."""
    written = request.form.get("le", "").strip()
    try:
        on = date.fromisoformat(written)
    except ValueError:
        return shown(key, _("Écrivez le jour du paiement : année, mois, jour."), written), 422
    by = acting(house(), author())
    try:
        entered = payments.pay_rest(house().services, key, by=by.who, at=by.at, on=on, entry_of=paid(by, on))
    except Conflict as conflict:
        flash(conflict.in_(current()), "refused")
    except Invalid as invalid:
        return shown(key, invalid.problems[0].message.in_(current()), written), 422
    except LookupError:
        abort(404)
    else:
        flash(_("La facture %(number)s est payée.", number=entered.number), "accepted")
    return redirect(url_for("invoices.show", key=key))


@blueprint.post("/factures/<int:key>/lien")
def replace_link(key: int) -> Any:
    """Void the link that the buyer has, and put another in its place."""
    services, by, seen = house().services, acting(house(), author()), request.form.get("numero", -1, type=row_key)

    def work(connection: Connection) -> None:
        number = buyer_links.replace_link(connection, services, key, seen, by.at)
        noted(connection, by, "invoice.link_replaced", number, seen, seen + 1)

    try:
        services.ledger.write(work)
    except Conflict as conflict:
        flash(conflict.in_(current()), "refused")
    except LookupError:
        abort(404)
    else:
        flash(
            _("L’ancien lien ne vaut plus. Le nouveau n’est pas encore parti : envoyez-le, ou copiez-le."), "accepted"
        )
    return redirect(url_for("invoices.show", key=key, _anchor="lien"))


@blueprint.post("/factures/<int:key>/lien/envoyer")
def send_link(key: int) -> Any:
    """Write to the buyer with the link that is good now."""
    services, by = house().services, acting(house(), author())

    def work(connection: Connection) -> str | None:
        row = lists.invoice_row(connection, key)
        if row is None:
            raise LookupError
        address = invoice_link_mail.queue(connection, services, row, by.at)
        noted(connection, by, "invoice.link_sent", row.number, None, row.link_number)
        return address

    try:
        address = services.ledger.write(work)
    except LookupError:
        abort(404)
    if address:
        flash(_("Le lien part à %(address)s.", address=address), "accepted")
    else:
        flash(_("Aucune adresse n’est connue : le courriel attend dans Messages qu’on lui en donne une."), "refused")
    return redirect(url_for("invoices.show", key=key, _anchor="lien"))


@blueprint.get("/f/<token>")
def shared(token: str) -> str:
    """The buyer's view: the link's signature is the permission."""
    row = _shared_row(token)
    languages = languages_on(row.document)
    return render_template("invoice.html", invoice=row, sheet=sheet(row.document), shared=token, languages=languages)


@blueprint.get("/f/<token>/facture.pdf")
def shared_pdf(token: str) -> Response:
    return _pdf(_shared_row(token))


def _shared_row(token: str) -> Row[Any]:
    found = read_link(house().services, token)
    if found is None:
        abort(404)
    key, until = found
    row = _row(key)
    # Whoever has a secret that leaked could sign for invoices, and links, that came after it.
    if until is not None and (row.link_made_at or row.issued_at) > until:
        abort(404)
    last = _last_day(row)
    if number_of(token) != row.link_number or (last is not None and last < _today()):
        abort(_ended(row))
    if _is_opened_by_the_buyer():
        transitions.viewed(house().services, key, at=house().now())
    return row


def _last_day(row: Row[Any]) -> date | None:
    """The last day of the buyer's link, where it has one."""
    with house().services.ledger.reading() as connection:
        credited_on = buyer_links.credited_on(connection, row)
    zone = house().services.installation.zone
    return buyer_links.last_day(row, credited_on, house().profile.invoice_link_months, zone)


def _ended(row: Row[Any]) -> Response:
    """What a buyer reads whose link is over, in the languages of their invoice: that it is, and what to do."""
    languages, seller = languages_on(row.document), house().services.seller
    parts = [(language, _that_it_is_over(row, seller, language)) for language in languages]
    with force_locale(languages[0]):
        page = render_template("invoice_link_over.html", subject=row.number, parts=parts, seller=seller)
    return make_response(page, 410)


def _that_it_is_over(row: Row[Any], seller: Seller, language: str) -> tuple[str, str, str, str]:
    with force_locale(language):
        return (
            _("Ce lien a pris fin"),
            _(
                "Il ouvrait un document de %(seller)s. Pour votre sûreté, un tel lien ne vaut qu’un temps, et un plus "
                "récent peut l’avoir remplacé.",
                seller=seller.name,
            ),
            _(
                "Cherchez dans vos courriels le dernier message à son sujet. Si vous ne le trouvez pas, demandez un "
                "nouveau lien à %(seller)s, en donnant le numéro %(number)s.",
                seller=seller.name,
                number=row.number,
            ),
            _("Écrire à %(address)s", address=seller.email),
        )


def _is_opened_by_the_buyer() -> bool:
    """Somebody looks, and it is nobody of the house; a browser or a mail server that fetches ahead looks at nothing."""
    said = " ".join(request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")).lower()
    is_ahead = "prefetch" in said or "prerender" in said or "preview" in said
    return request.method == "GET" and not is_ahead and not current_user.is_authenticated


def shown(
    key: int,
    fault: str | None = None,
    written: str | None = None,
    *,
    part: str | None = None,
    typed: Mapping[str, str] = MappingProxyType({}),
    problems: Sequence[Problem] = (),
) -> str:
    """The invoice's page; where something that was typed can't be, with it: `part` is the form that it stands in."""
    row = _row(key)
    with house().services.ledger.reading() as connection:
        related = [lists.invoice_row(connection, row.credits)] if row.credits else credit_notes_of(connection, key)
        others = others_of(connection, row) if row.kind == "invoice" else []
        address = invoice_link_mail.buyer_address(connection, row)
        entries, contested = payments_of(connection, key), disputes_of(connection, key)
        left = left_to_credit(connection, row) if row.kind == "invoice" else {}
        over = invoices_over(connection, lists.buyer_of(connection, row.order_key)) if lists.is_owed(row) else ()
    services, last, balance = house().services, _last_day(row), balance_of(row)
    return render_template(
        "invoice.html",
        invoice=row,
        sheet=sheet(row.document),
        shared=None,
        languages=(current(),),
        related=related,
        others=others,
        link=invoice_link(services.base_url, services.secret, key, row.link_number),
        link_until=last,
        address=address,
        fault=fault,
        written=_today().isoformat() if written is None else written,
        today=_today().isoformat(),
        link_is_over=last is not None and last < _today(),
        entries=entries,
        disputes=contested,
        lines=[(line_number(line, place), line) for place, line in enumerate(row.document["lines"])],
        left=left,
        over=[(each, _typed(min(each.over, balance))) for each in over],
        balance=balance,
        rest=_typed(balance),
        means=MEANS,
        part=part,
        typed=typed,
        problems=problems,
    )


def _typed(amount: int) -> str:
    """An amount as somebody would type it."""
    return dollars(amount) if current() == "en" else dollars(amount).replace(".", ",")


def _pdf(row: Row[Any]) -> Response:
    response = Response(pdf(row.document), mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{file_name(row.number)}.pdf"'
    return response


def _row(key: int) -> Row[Any]:
    with house().services.ledger.reading() as connection:
        row = lists.invoice_row(connection, key)
    if row is None:
        abort(404)
    return row


def _today() -> date:
    return house().now().astimezone(house().services.installation.zone).date()

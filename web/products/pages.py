"""Produits: what the house sells, at what price, and what can't be had now."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection

from houblon.engine.core.problem import Faults, Invalid
from houblon.orders.products import catalogue
from houblon.orders.products.catalogue import Product, product_of, product_row, read_product
from houblon.orders.products.held import count_held
from houblon.orders.queries.lists import PAGE
from houblon.web.access.audit import by as acting
from houblon.web.access.audit import noted
from houblon.web.access.auth import author
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.foundation.stale import Outdated, check_seen, tag_of
from houblon.web.limits.entry import way_back
from houblon.web.presentation.typed_numbers import money_typed

blueprint = Blueprint("products", __name__, url_prefix="/produits")
_TEXTS, _MONEY = ("sku", "name", "name_en", "unit", "category"), ("price", "deposit")
_FLAGS = ("taxable", "deposit_taxable", "available")


@blueprint.get("")
def index() -> str:
    search, archived = request.args.get("q", "").strip()[:200], bool(request.args.get("archives"))
    with house().services.ledger.reading() as connection:
        found = catalogue.list_products(connection, search, archived=archived)
        everything = catalogue.list_products(connection, archived=None)
    start = next((place + 1 for place, row in enumerate(found) if row.sku == request.args.get("apres")), 0)
    shown = found[start : start + PAGE]
    kept = {name: value for name, value in (("q", search), ("archives", "1" if archived else "")) if value}
    has_more = len(found) > start + PAGE
    return render_template(
        "products.html",
        rows=shown,
        count=len(found),
        search=search,
        archived=archived,
        archives=sum(row.archived_at is not None for row in everything),
        everything=len(everything),
        more=f"?{urlencode({**kept, 'apres': shown[-1].sku})}" if has_more else None,
    )


@blueprint.get("/nouveau")
def new() -> str:
    typed = {"sku": request.args.get("sku", "")[:200], "taxable": "1", "available": "1"}
    return _form(typed)


@blueprint.post("/nouveau")
def create() -> Any:
    typed = _typed()
    by = acting(house(), author())
    try:
        product = _product(typed)

        def work(connection: Connection) -> None:
            catalogue.add_product(connection, product, by.at, by.who)
            noted(connection, by, "product.added", product.sku, None, product.document)

        house().services.ledger.write(work)
    except Invalid as invalid:
        return _form(typed, problems=invalid.problems), 422
    flash(_("« %(name)s » est ajouté.", name=product.name), "accepted")
    return redirect(url_for("products.index"))


@blueprint.get("/fiche")
def show() -> str:
    return _card(request.args.get("sku", ""))


@blueprint.post("/fiche")
def edit() -> Any:
    """Write a product; what somebody changed meanwhile is shown first."""
    typed, seen = _typed(), request.form.get("vu", "")
    by = acting(house(), author())
    try:
        product = _product(typed)
    except Invalid as invalid:
        return _card(typed["sku"], typed=typed, problems=invalid.problems), 422

    def work(connection: Connection) -> None:
        row = product_row(connection, product.sku)
        if row is None:
            raise LookupError
        check_seen(seen, tag_of(product_of(row).document))
        before = catalogue.edit_product(connection, product, by.at, by.who)
        if before != product.document:
            noted(connection, by, "product.edited", product.sku, *_differing(before, product.document))

    try:
        house().services.ledger.write(work)
    except LookupError:
        abort(404)
    except Outdated:
        return _card(typed["sku"], typed=typed, outdated=True), 409
    flash(_("C’est enregistré."), "accepted")
    return redirect(url_for("products.show", sku=product.sku))


@blueprint.post("/disponibilite")
def set_available() -> Any:
    """Say whether a product can be had: orders wait for it, and are decided again when it is back."""
    available = request.form.get("disponible") == "1"
    by = acting(house(), author())

    def act(connection: Connection, sku: str) -> bool:
        done = catalogue.set_available(connection, sku, available, by.at, by.who)
        if done:
            noted(connection, by, "product.edited", sku, {"available": not available}, {"available": available})
        return done

    _changed(act)
    if available:
        said = _("De nouveau disponible : les commandes qui l’attendaient se décident de nouveau.")
    else:
        said = _("Indisponible : les commandes qui en ont besoin attendent, jusqu’à son retour.")
    flash(said, "accepted")
    return redirect(way_back(url_for("products.index")))


@blueprint.post("/archives")
def archive() -> Any:
    """Take a product out of what is offered, or back into it."""
    archived = request.form.get("archiver") == "1"
    by = acting(house(), author())

    def act(connection: Connection, sku: str) -> bool:
        done = catalogue.archive(connection, sku, archived, by.at)
        if done:
            noted(connection, by, "product.archived" if archived else "product.restored", sku)
        return done

    _changed(act)
    flash(_("Archivé : il n’est plus offert.") if archived else _("Offert de nouveau."), "accepted")
    return redirect(url_for("products.show", sku=request.form.get("sku", "")))


def _changed(act: Callable[[Connection, str], bool]) -> None:
    sku = request.form.get("sku", "")

    def work(connection: Connection) -> bool:
        row = product_row(connection, sku)
        if row is None:
            raise LookupError
        return act(connection, row.sku)

    try:
        house().services.ledger.write(work)
    except LookupError:
        abort(404)


def _typed() -> dict[str, str]:
    form = request.form
    return {
        **{name: form.get(name, "").strip() for name in (*_TEXTS, *_MONEY)},
        **{name: "1" if form.get(name) else "" for name in _FLAGS},
    }


def _product(typed: dict[str, str]) -> Product:
    """The product that is typed. Raises Invalid with every fault."""
    faults, said = Faults(), dict[str, Any](typed)
    for name in _MONEY:
        if typed[name]:
            with faults.gather(f"/{name}"):
                said[name] = money_typed(typed[name], current())
            if said[name] == typed[name] and faults:
                said[name] = "0.00"  # it is told already; what else is wrong is told beside it
    with faults.gather():
        product = read_product({**said, **{name: bool(typed[name]) for name in _FLAGS}})
    faults.raise_if_any()
    return product


def _differing(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    names = [name for name in after if before[name] != after[name]]
    return {name: before[name] for name in names}, {name: after[name] for name in names}


def _form(typed: dict[str, Any], **faults: Any) -> str:
    with house().services.ledger.reading() as connection:
        rows = catalogue.list_products(connection, archived=None)
    return render_template(
        "product.html",
        typed=typed,
        categories=catalogue.categories(rows),
        **{"row": None, "problems": (), "outdated": False, "stamp": "", "waiting": 0, **faults},
    )


def _card(sku: str, typed: dict[str, str] | None = None, **faults: Any) -> str:
    with house().services.ledger.reading() as connection:
        row = product_row(connection, sku)
        if row is None:
            abort(404)
        waiting = count_held(connection, row.sku)
    product = product_of(row)
    said = {name: "1" if getattr(product, name) else "" for name in _FLAGS}
    shown = {**product.document, **said, "price": product.price, "deposit": product.deposit}
    stamp = tag_of(product.document)
    return _form(typed or shown, row=row, stamp=stamp, waiting=waiting, **faults)

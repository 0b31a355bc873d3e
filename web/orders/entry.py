"""Nouvelle commande: an order by hand, as somebody takes it on the telephone, told while it is typed what becomes of it."""

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from houblon.engine.core.problem import Invalid, Problem
from houblon.orders.handling.by_hand import enter_form
from houblon.orders.intake.decode import read_order
from houblon.orders.products.catalogue import Product
from houblon.orders.queries import lists
from houblon.orders.retailers.names import stored_body
from houblon.orders.services import Conflict
from houblon.web.access.audit import by as acting
from houblon.web.access.auth import author
from houblon.web.foundation import metrics
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.foundation.paging import row_key
from houblon.web.orders import entry_form
from houblon.web.orders.entry_choices import Retailer, all_products, all_retailers
from houblon.web.orders.entry_decision import Forecast, forecast_of
from houblon.web.orders.entry_form import FIRST_ROWS, Form, document_of, of_order, place_of, read_form
from houblon.web.retailers.pages import LANGUAGES, PROVINCES

blueprint = Blueprint("entry", __name__, url_prefix="/commandes")
# What can't be mistaken for another when it is told: no 0 or O, no 1, I or L.
_LETTERS, _LENGTH = "23456789ABCDEFGHJKMNPQRSTUVWXYZ", 5


@blueprint.get("/nouvelle")
def show() -> str:
    """An empty form, or one that is filled from an order that is there."""
    retailers, products = _known()
    key = request.args.get("commande", type=row_key)
    with house().services.ledger.reading() as connection:
        row = lists.order_row(connection, key) if key else None
    said = {"acheteur": request.args.get("acheteur", "")[:200]}
    if row is not None:
        said = _from(json.loads(stored_body(row)), row.retailer_id, retailers, products)
    return _page(said, retailers, products, began_from=row)


@blueprint.post("/nouvelle")
def enter() -> Any:
    """One press of a button: choose what is meant, look again, or record the order. Nothing that is typed is lost."""
    retailers, products = _known()
    if request.form.get("json"):
        return _begin(request.form["json"], retailers, products)
    said = _pressed(request.form.to_dict())
    form = read_form(said, retailers, products)
    if "enregistrer" not in said:
        return _page(said, retailers, products)
    by = acting(house(), author())
    try:
        document = document_of(form, retailers, current())
        done = enter_form(house().services, document, by=by.who, where=by.source, at=by.at)
    except Invalid as invalid:
        return _page(said, retailers, products, invalid.problems), 422
    except Conflict as conflict:
        return _page(said, retailers, products, (conflict.problem,)), 409
    outcome = done.received.document["outcome"]
    if not done.received.replayed:
        metrics.decided("page", outcome)
    flash(f"{_('C’est enregistré.')} {_OUTCOMES[outcome]()}", "held" if outcome == "held" else outcome)
    return redirect(url_for("orders.show", key=done.received.order_key))


@blueprint.post("/nouvelle/apercu")
def preview() -> str:
    """What is meant and what would become of it, while somebody types: nothing is recorded."""
    retailers, products = _known()
    form = read_form(request.form.to_dict(), retailers, products)
    shown = _shown(form, retailers, house().now())
    return render_template("parts/entry_live.html", form=form, forecast=shown, is_live=True, **_choices())


_OUTCOMES = {
    "accepted": lambda: _("La commande est acceptée."),
    "held": lambda: _("La commande attend qu’une personne décide."),
    "refused": lambda: _("La commande est refusée."),
}


def _known() -> tuple[list[Retailer], list[Product]]:
    with house().services.ledger.reading() as connection:
        return all_retailers(connection), all_products(connection)


def _begin(text: str, retailers: list[Retailer], products: list[Product]) -> Any:
    """The form of an order that was tried in « Et si… »."""
    try:
        document = json.loads(text)
        id = str(document["buyer"]["id"])
        said = _from(document, id, retailers, products)
    except (ValueError, LookupError, TypeError, AttributeError):
        return _page({}, retailers, products), 422
    return _page(said, retailers, products)


def _from(
    document: Mapping[str, Any], id: str, retailers: Sequence[Retailer], products: Sequence[Product]
) -> dict[str, str]:
    mark = "," if current() == "fr" else "."
    retailer = next((each for each in retailers if each.id == id), None)
    return of_order(document, retailer, products, lambda amount: (amount or "").replace(".", mark))


def _pressed(said: dict[str, str]) -> dict[str, str]:
    """What is typed after the press of a button beside a field."""
    if (id := said.get("choisir_acheteur")) is not None:
        with house().services.ledger.reading() as connection:
            found = next((each for each in all_retailers(connection) if each.id == id), None)
        said |= {"acheteur": found.name, "acheteur_id": id, "nouveau": ""} if found else {}
    if said.get("creer"):
        said["nouveau"] = said.get("acheteur", "")
    place, _sep, sku = said.get("choisir", "").partition(":")
    if sku:
        with house().services.ledger.reading() as connection:
            named = next((each.name for each in all_products(connection) if each.sku == sku), "")
        said |= {f"produit_{place}": named, f"sku_{place}": sku, f"libre_{place}": ""}
    if place := said.get("liberer", ""):
        said |= {f"libre_{place}": "1", f"sku_{place}": ""}
    if place := said.get("vider", ""):
        said |= {f"{name}_{place}": "" for name in entry_form.ROW}
    return said


def _shown(form: Form, retailers: Sequence[Retailer], now: datetime) -> Forecast | None:
    """What would become of the order as far as it is typed; None before it says who and what."""
    if not form.is_settled:
        return None
    numbered = msgspec.structs.replace(form, typed={**form.typed, "numero": form.typed["numero"] or "?"})
    try:
        document = document_of(numbered, retailers, current())
        return forecast_of(read_order(msgspec.json.encode({**document, "placed_at": now.isoformat()})), now)
    except Invalid:
        return None  # a figure that is typed half: its field says so once it is sent


def _number(now: datetime) -> str:
    """A number that is easily told on the telephone, and that no order has."""
    day = now.astimezone(house().services.installation.zone)
    return f"{day:%y%m%d}-{''.join(secrets.choice(_LETTERS) for _each in range(_LENGTH))}"


def _choices() -> dict[str, Any]:
    content = house().store.content(house().store.newest().number)
    return {"cycles": content.cycles, "content": content, "languages": LANGUAGES, "provinces": PROVINCES}


def _page(
    said: dict[str, str],
    retailers: list[Retailer],
    products: list[Product],
    problems: Sequence[Problem] = (),
    began_from: Any = None,
) -> str:
    now = house().now()
    form = _tidied(read_form({"numero": _number(now), **said}, retailers, products))
    places = [(each, place_of(each, form)) for each in problems]
    return render_template(
        "order_entry.html",
        form=form,
        forecast=_shown(form, retailers, now),
        problems=places,
        at_fault={place: each for each, place in reversed(places)},
        focus=places[0][1] if places else _next_field(form),
        has_products=bool(products),
        began_from=began_from,
        is_live=False,
        **_choices(),
    )


def _tidied(form: Form) -> Form:
    """What is meant stands in its field by its whole name; blank lines come last, and there is always one."""
    typed = dict(form.typed)
    if form.retailer is not None:
        typed |= {"acheteur": form.retailer.name, "acheteur_id": form.retailer.id, "nouveau": ""}
    filled = []
    for place, row in enumerate(form.filled):
        named = {"produit": row.product.name, "sku": row.product.sku} if row.product else {}
        filled.append(msgspec.structs.replace(row, place=place, typed={**row.typed, **named}))
    wanted = min(max(FIRST_ROWS, len(filled) + 1), entry_form.MOST_ROWS)
    blank = read_form({f"produit_{place}": "" for place in range(wanted)}, (), ()).rows[len(filled) :]
    return Form(typed, (*filled, *blank), form.buyer)


def _next_field(form: Form) -> str:
    """Where a clerk types next."""
    if form.retailer is None and not form.is_new:
        return "acheteur"
    for row in form.filled:
        if not row.is_settled:
            return f"produit_{row.place}"
        if row.is_free and not row.typed["prix"]:
            return f"prix_{row.place}"
        if not row.typed["quantite"]:
            return f"quantite_{row.place}"
    return next((f"produit_{row.place}" for row in form.rows if row.is_blank), "enregistrer")

"""The form of an order by hand: what is typed, whom and what it means, and the order's document that it makes."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from houblon.engine.core.money import dollars
from houblon.engine.core.problem import Faults, Problem
from houblon.orders.csv_text import folded
from houblon.orders.products.catalogue import Product
from houblon.rules.model.names import id_of
from houblon.web.orders.entry_choices import Choice, Retailer, product_meant, retailer_meant
from houblon.web.orders.order_form import money_or_text, whole_or_text

MOST_ROWS, FIRST_ROWS = 200, 4
FREE = "LIBRE"  # the code of a line that is no product's
HEAD = ("numero", "acheteur", "acheteur_id", "nouveau", "courriel", "langue", "province", "po", "note", "distributeur", "livraison", "mode")  # fmt: skip
ROW = ("produit", "sku", "quantite", "prix", "libre", "taxe", "consigne", "categorie", "consigne_taxee")
_HEAD_PLACES = {
    "/id": "numero",
    "/buyer/id": "acheteur",
    "/buyer/name": "acheteur",
    "/buyer/email": "courriel",
    "/buyer/language": "langue",
    "/buyer/province": "province",
    "/buyer/po_number": "po",
    "/note": "note",
    "/distributor": "distributeur",
    "/planned_delivery": "livraison",
    "/delivery_method": "mode",
}
_ROW_PLACES = {"sku": "produit", "name": "produit", "quantity": "quantite", "unit_price": "prix", "deposit": "consigne"}


class Row(msgspec.Struct, frozen=True):
    """One line of the form: its place, what is typed in it, and which product that means."""

    place: int
    typed: dict[str, str]
    choice: Choice

    @property
    def is_blank(self) -> bool:
        return not self.typed["produit"]

    @property
    def is_free(self) -> bool:
        """A line of its own words, price and taxes: no product's."""
        return bool(self.typed["libre"]) and not self.is_blank

    @property
    def product(self) -> Product | None:
        found = None if self.is_free else self.choice.found
        return found if isinstance(found, Product) else None

    @property
    def is_settled(self) -> bool:
        return self.is_free or self.product is not None


class Form(msgspec.Struct, frozen=True):
    """The whole form as it was sent."""

    typed: dict[str, str]
    rows: tuple[Row, ...]
    buyer: Choice

    @property
    def retailer(self) -> Retailer | None:
        found = self.buyer.found
        return found if isinstance(found, Retailer) else None

    @property
    def is_new(self) -> bool:
        """Whether the retailer is to be made: nobody is called so, and whoever may be meant was passed over."""
        wanted, name = self.typed["nouveau"], self.typed["acheteur"]
        is_meant = folded(wanted) == folded(name) or not self.buyer.offered
        return bool(wanted and name) and self.retailer is None and is_meant

    @property
    def filled(self) -> list[Row]:
        return [row for row in self.rows if not row.is_blank]

    @property
    def is_settled(self) -> bool:
        """Whether it says who orders and what, so that it can be decided."""
        has_quantities = all(row.typed["quantite"] and row.is_settled for row in self.filled)
        return bool(self.filled) and has_quantities and (self.retailer is not None or self.is_new)


def read_form(said: Mapping[str, str], retailers: Sequence[Retailer], products: Sequence[Product]) -> Form:
    """What was sent; blank rows within stay where they are."""
    typed = {name: said.get(name, "").strip() for name in HEAD}
    count = next((each for each in range(MOST_ROWS) if f"produit_{each}" not in said), MOST_ROWS)
    rows = []
    for place in range(count):
        row = {name: said.get(f"{name}_{place}", "").strip() for name in ROW}
        rows.append(Row(place, row, product_meant(row["produit"], products, row["sku"])))
    return Form(typed, tuple(rows), retailer_meant(typed["acheteur"], retailers, typed["acheteur_id"]))


def document_of(form: Form, retailers: Sequence[Retailer], language: str) -> dict[str, Any]:
    """The order, but when it was placed. What can't be read stays as it is typed, for the order's own schema to tell.

    Raises Invalid where it does not say who orders or what.
    """
    faults = Faults()
    if form.retailer is None and not form.is_new:
        faults.add("retailer", "/acheteur", "Choisissez le détaillant.", "Choose the retailer.")
    if not form.filled:
        faults.add("required", "/produit_0", "Nommez au moins un produit.", "Name at least one product.")
    for row in form.filled:
        if not row.is_settled:
            faults.add(
                "product",
                f"/produit_{row.place}",
                f"«\u00a0{row.typed['produit']}\u00a0»\u00a0: choisissez le produit, ou faites-en une ligne libre.",
                f"“{row.typed['produit']}”: choose the product, or make it a free line.",
            )
        if not row.typed["quantite"]:
            faults.add("required", f"/quantite_{row.place}", "Écrivez la quantité.", "Write the quantity.")
        if row.is_free and not row.typed["prix"]:
            faults.add("required", f"/prix_{row.place}", "Écrivez le prix.", "Write the price.")
    faults.raise_if_any()
    said = form.typed
    buyer = _buyer(form, retailers)
    speaks = form.retailer.language if form.retailer else said["langue"]
    document: dict[str, Any] = {
        "id": said["numero"],
        "source": "saisie",
        "buyer": {**buyer, **({"po_number": said["po"]} if said["po"] else {})},
        "lines": [_line(row, speaks, language) for row in form.filled],
    }
    named = (("note", "note"), ("distributeur", "distributor"), ("livraison", "planned_delivery"), ("mode", "delivery_method"))  # fmt: skip
    return document | {member: said[name] for name, member in named if said[name]}


def _buyer(form: Form, retailers: Sequence[Retailer]) -> dict[str, str]:
    if form.retailer is not None:
        return {"id": form.retailer.id}
    said = form.typed
    made = {"id": id_of(said["acheteur"], {each.id for each in retailers}), "name": said["acheteur"]}
    named = (("courriel", "email"), ("langue", "language"), ("province", "province"))
    return made | {member: said[name] for name, member in named if said[name]}


def _line(row: Row, speaks: str | None, language: str) -> dict[str, Any]:
    said, product = row.typed, row.product
    line: dict[str, Any] = {"quantity": whole_or_text(said["quantite"], language)}
    if said["prix"]:
        line["unit_price"] = money_or_text(said["prix"], language)
    if product is not None:
        line = {"sku": product.sku, "name": product.name_in(speaks), "unit_price": dollars(product.price)} | line
        line |= {"taxable": product.taxable, "deposit_taxable": product.deposit_taxable}
        line |= {"category": product.category} if product.category else {}
        return line | ({} if product.deposit is None else {"deposit": dollars(product.deposit)})
    line = {"sku": said["sku"] or FREE, "name": said["produit"]} | line | {"taxable": said["taxe"] != "non"}
    line |= {"category": said["categorie"]} if said["categorie"] else {}
    line |= {"deposit_taxable": True} if said["consigne_taxee"] else {}
    return line | ({"deposit": money_or_text(said["consigne"], language)} if said["consigne"] else {})


def place_of(problem: Problem, form: Form) -> str:
    """The field where a fault is mended."""
    steps = problem.pointer.split("/")[1:]
    if len(steps) >= 2 and steps[0] == "lines" and steps[1].isdecimal() and int(steps[1]) < len(form.filled):
        row = form.filled[int(steps[1])]
        return f"{_ROW_PLACES.get(steps[2] if len(steps) > 2 else '', 'produit')}_{row.place}"
    return _HEAD_PLACES.get(problem.pointer) or (steps[0] if steps and steps[0] in _fields(form) else "acheteur")


def _fields(form: Form) -> set[str]:
    return {*HEAD, *(f"{name}_{row.place}" for row in form.rows for name in ROW)}


def of_order(
    document: Mapping[str, Any], retailer: Retailer | None, known: Sequence[Product], shown: Any
) -> dict[str, str]:
    """The form of an order that is there, to be made again: today's prices of what is offered still, and its own lines.

    `shown` writes an amount as a person types it.
    """
    offered = {each.sku: each for each in known}
    typed = {"note": document.get("note") or "", "distributeur": document.get("distributor") or ""}
    typed["mode"] = document.get("delivery_method") or ""
    if retailer is not None:
        typed |= {"acheteur": retailer.name, "acheteur_id": retailer.id}
    for place, line in enumerate(document.get("lines", ())[: MOST_ROWS - 1]):
        product = offered.get(line.get("sku", ""))
        row = {"quantite": str(line.get("quantity", "")), "sku": line.get("sku", "")}
        if product is not None:
            row["produit"] = product.name
        else:
            row |= {"produit": line.get("name") or line.get("sku", ""), "libre": "1"}
            row |= {"prix": shown(line.get("unit_price")), "taxe": "non" if line.get("taxable") is False else ""}
            row |= {"consigne": shown(line.get("deposit")), "categorie": line.get("category") or ""}
            row |= {"consigne_taxee": "1" if line.get("deposit_taxable") else ""}
        typed |= {f"{name}_{place}": value for name, value in row.items()}
    return typed

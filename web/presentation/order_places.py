"""Where in an order something is, in a clerk's words: the second line's price, the buyer's id."""

from houblon.engine.core.problem import Text

_MEMBERS = {
    "id": Text("numéro de la commande", "order number"),
    "placed_at": Text("date de la commande", "order date"),
    "currency": Text("monnaie", "currency"),
    "buyer": Text("acheteur", "buyer"),
    "lines": Text("lignes", "lines"),
    "charges": Text("frais et rabais", "charges"),
    "payment": Text("paiement", "payment"),
    "stated_total": Text("total annoncé", "stated total"),
    "planned_delivery": Text("livraison prévue", "planned delivery"),
    "distributor": Text("distributeur", "distributor"),
    "note": Text("note", "note"),
}
_OF_BUYER = {
    "id": Text("identifiant de l’acheteur", "buyer’s id"),
    "name": Text("nom de l’acheteur", "buyer’s name"),
    "email": Text("courriel de l’acheteur", "buyer’s mail"),
    "province": Text("province de l’acheteur", "buyer’s province"),
    "country": Text("pays de l’acheteur", "buyer’s country"),
}
_OF_LINE = {
    "sku": Text("code du produit", "product code"),
    "name": Text("nom du produit", "product name"),
    "quantity": Text("quantité", "quantity"),
    "unit_price": Text("prix", "price"),
    "discount": Text("rabais", "discount"),
    "available": Text("disponibilité", "availability"),
    "category": Text("catégorie", "category"),
}
_OF_CHARGE = {
    "amount": Text("montant", "amount"),
    "kind": Text("genre", "kind"),
    "name": Text("nom", "name"),
}
_ROWS = {"lines": (_OF_LINE, Text("ligne", "line")), "charges": (_OF_CHARGE, Text("frais", "charge"))}


def place_in_order(pointer: str) -> Text | None:
    """What a pointer of an order names; None where it is no place that a clerk has a word for."""
    first, *rest = pointer.removeprefix("/").split("/")
    if first in _ROWS and rest and rest[0].isdecimal():
        members, row = _ROWS[first]
        number = int(rest[0]) + 1
        whole = Text(f"{row.fr} {number}", f"{row.en} {number}")
        if len(rest) == 1:
            return whole
        member = members.get(rest[1]) if len(rest) == 2 else None
        return member and Text(f"{whole.fr}, {member.fr}", f"{whole.en}, {member.en}")
    if first == "buyer" and rest:
        return _OF_BUYER.get(rest[0]) if len(rest) == 1 else None
    return None if rest else _MEMBERS.get(first)

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
    "delivery_method": Text("mode de livraison", "delivery method"),
    "source": Text("provenance", "source"),
    "tax_exempt": Text("exemption de taxes", "tax exemption"),
    "tax_exempt_reason": Text("motif de l’exemption de taxes", "reason of the tax exemption"),
    "status": Text("état chez l’expéditeur", "sender’s state"),
    "payment_terms": Text("modalités demandées", "terms asked for"),
}
_OF_BUYER = {
    "id": Text("identifiant de l’acheteur", "buyer’s id"),
    "name": Text("nom de l’acheteur", "buyer’s name"),
    "email": Text("courriel de l’acheteur", "buyer’s mail"),
    "province": Text("province de l’acheteur", "buyer’s province"),
    "country": Text("pays de l’acheteur", "buyer’s country"),
    "language": Text("langue de l’acheteur", "buyer’s language"),
    "groups": Text("groupes de l’acheteur", "buyer’s groups"),
    "is_first_order": Text("première commande", "first order"),
    "overdue_balance": Text("solde en retard", "overdue balance"),
    "days_overdue": Text("jours de retard", "days overdue"),
    "outstanding_balance": Text("solde dû", "outstanding balance"),
    "credit_limit": Text("limite de crédit", "credit limit"),
    "company": Text("entreprise de l’acheteur", "buyer’s company"),
    "po_number": Text("bon de commande de l’acheteur", "buyer’s PO number"),
}
_OF_PAYMENT = {
    "state": Text("état du paiement", "payment’s state"),
    "amount": Text("montant payé", "amount paid"),
    "reference": Text("référence du paiement", "payment’s reference"),
}
_OF_TOTAL = {
    "amount": Text("total annoncé", "stated total"),
    "taxes_included": Text("taxes comprises dans le total annoncé", "taxes in the stated total"),
}
_OF_LINE = {
    "sku": Text("code du produit", "product code"),
    "name": Text("nom du produit", "product name"),
    "quantity": Text("quantité", "quantity"),
    "unit_price": Text("prix", "price"),
    "discount": Text("rabais", "discount"),
    "available": Text("disponibilité", "availability"),
    "category": Text("catégorie", "category"),
    "deposit": Text("consigne", "deposit"),
    "taxable": Text("taxable", "taxable"),
    "deposit_taxable": Text("consigne taxable", "taxable deposit"),
    "tax_exempt": Text("exemption de taxes", "tax exemption"),
}
_OF_CHARGE = {
    "amount": Text("montant", "amount"),
    "kind": Text("genre", "kind"),
    "name": Text("nom", "name"),
    "taxable": Text("taxable", "taxable"),
}
_PARTS = {"buyer": _OF_BUYER, "payment": _OF_PAYMENT, "stated_total": _OF_TOTAL}
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
    if first in _PARTS and rest:
        return _PARTS[first].get(rest[0]) if len(rest) == 1 else None
    return None if rest else _MEMBERS.get(first)

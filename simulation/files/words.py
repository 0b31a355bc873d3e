"""What a column of an uploaded file may mean, and the words of headers, French and English, that say so."""

from collections.abc import Sequence

import msgspec

from houblon.engine.core.problem import Text
from houblon.orders.csv_text import word

# Meanings by the place where the choice is shown.
ORDER, RETAILER, LINE, OTHER = "order", "retailer", "line", "other"


class Meaning(msgspec.Struct, frozen=True):
    """What a column holds; `words` are headers that say it, folded."""

    label: Text
    place: str
    words: tuple[str, ...]


def _meaning(place: str, fr: str, en: str, words: str) -> Meaning:
    return Meaning(Text(fr, en), place, tuple(words.split()))


MEANINGS: dict[str, Meaning] = {
    "order": _meaning(
        ORDER,
        "numéro de commande",
        "order number",
        "commande no_commande numero_commande n_commande num_commande id_commande "
        "commande_id bon_commande no_bon_commande bc reference ref order order_id orderid order_no order_number "
        "order_num po po_number purchase_order id",
    ),
    "date": _meaning(
        ORDER,
        "date de la commande",
        "order date",
        "date date_commande commandee_le passee_le order_date orderdate "
        "ordered_at ordered_on placed_at created_at date_order date_creation",
    ),
    "value": _meaning(
        ORDER,
        "valeur de la commande",
        "order value",
        "total montant montant_total valeur valeur_totale valeur_commande sous_total total_avant_taxes total_ht "
        "total_commande total_value order_value order_total order_amount subtotal sub_total value total_amount",
    ),
    "items": _meaning(
        ORDER,
        "nombre d’articles",
        "number of items",
        "articles nb_articles nombre_articles items items_count item_count quantite_totale "
        "qte_totale total_quantity total_qty total_items",
    ),
    "planned": _meaning(
        ORDER,
        "livraison prévue",
        "planned delivery",
        "livraison date_livraison livraison_prevue date_livraison_prevue "
        "planned_delivery delivery_date requested_delivery_date required_date",
    ),
    "lines": _meaning(
        ORDER, "lignes, en JSON", "lines, as JSON", "lignes lines line_items lignes_json lines_json order_lines"
    ),
    "buyer": _meaning(
        RETAILER,
        "détaillant",
        "retailer",
        "detaillant id_detaillant detaillant_id no_detaillant client id_client client_id no_client "
        "numero_client code_client acheteur magasin etablissement compte buyer buyer_id customer "
        "customer_id customer_no customer_number retailer retailer_id store store_id store_number account account_id",
    ),
    "buyer_name": _meaning(
        RETAILER,
        "nom du détaillant",
        "retailer’s name",
        "nom nom_client nom_detaillant raison_sociale name client_name "
        "customer_name buyer_name retailer_name store_name company",
    ),
    "groups": _meaning(
        RETAILER,
        "groupes",
        "groups",
        "groupe groupes group groups groupe_id group_id groupe_client customer_group segment categorie_client "
        "type_client customer_type",
    ),
    "province": _meaning(RETAILER, "province", "province", "province region_province prov state"),
    "is_first_order": _meaning(
        RETAILER, "première commande", "first order", "premiere_commande is_first_order first_order nouveau_client"
    ),
    "overdue_balance": _meaning(
        RETAILER, "solde en retard", "overdue balance", "solde_en_retard solde_echu overdue_balance overdue"
    ),
    "days_overdue": _meaning(
        RETAILER, "jours de retard", "days overdue", "jours_de_retard jours_en_retard days_overdue"
    ),
    "outstanding_balance": _meaning(
        RETAILER,
        "solde à payer",
        "outstanding balance",
        "solde solde_a_payer encours outstanding_balance balance outstanding",
    ),
    "credit_limit": _meaning(
        RETAILER, "limite de crédit", "credit limit", "limite_de_credit limite_credit marge_de_credit credit_limit"
    ),
    "sku": _meaning(
        LINE,
        "produit",
        "product",
        "produit code_produit id_produit no_produit article code_article no_article sku product product_id "
        "product_code product_name item item_id item_number item_code upc code_barres",
    ),
    "category": _meaning(
        LINE,
        "catégorie du produit",
        "product’s category",
        "categorie categorie_produit famille type_produit category product_category category_name",
    ),
    "quantity": _meaning(LINE, "quantité", "quantity", "quantite qte qty quantity units nb_unites caisses cases"),
    "unit_price": _meaning(
        LINE,
        "prix unitaire",
        "unit price",
        "prix prix_unitaire prix_unit pu price unit_price unitprice prix_par_unite",
    ),
    "discount": _meaning(
        LINE, "remise de la ligne", "line discount", "remise rabais escompte remise_ligne discount line_discount"
    ),
    "amount": _meaning(
        LINE,
        "montant de la ligne",
        "line amount",
        "montant_ligne total_ligne sous_total_ligne line_total line_amount amount extended_price net_amount",
    ),
    "available": _meaning(LINE, "disponible", "available", "disponible en_stock available in_stock"),
    "distributor": _meaning(
        OTHER, "distributeur", "distributor", "distributeur id_distributeur distributor distributor_id livreur carrier"
    ),
    "delivery_method": _meaning(
        OTHER,
        "mode de livraison",
        "delivery method",
        "mode_livraison delivery_method shipping_method delivery_mode",
    ),
    "currency": _meaning(OTHER, "devise", "currency", "devise monnaie currency currency_code"),
    "source": _meaning(OTHER, "source", "source", "source origine canal channel"),
    "note": _meaning(OTHER, "note", "note", "note notes commentaire commentaires comment comments remarque remarques"),
}
_SMALL = frozenset(("de", "du", "des", "d", "la", "le", "les", "l", "the", "of", "s"))


def _essential(header: str) -> str:
    """A header's word without articles: « Numéro de la commande » and « numero_commande » are one."""
    parts = word(header).split("_")
    return "_".join([part for part in parts if part not in _SMALL] or parts)


_BY_WORD = {_essential(each): name for name, meaning in MEANINGS.items() for each in meaning.words}


def meaning_of(header: str) -> str | None:
    """What a header says that its column holds."""
    return _BY_WORD.get(_essential(header))


def header_among(rows: Sequence[Sequence[object]]) -> int | None:
    """Which of a file's first rows is its header: the first that has two known words; else the first row with one."""
    known = [sum(isinstance(cell, str) and meaning_of(cell) is not None for cell in cells) for cells in rows]
    two = next((place for place, count in enumerate(known) if count >= 2), None)
    return two if two is not None else next((place for place, count in enumerate(known[:1]) if count), None)

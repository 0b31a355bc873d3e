"""The words of the vocabulary in French and English: facts with their help, operators, actions."""

from houblon.engine.core.problem import Text as T

# fact: (label, help)
FACT_LABELS: dict[str, tuple[T, T]] = {
    "order_value": (
        T("le montant", "the order value"),
        T(
            "Somme des lignes après leurs rabais, avant escompte, taxes et consignes.",
            "Sum of the lines after their discounts, before group discount, taxes and deposits.",
        ),
    ),
    "item_count": (
        T("le nombre d’articles", "the number of items"),
        T("Somme des quantités de toutes les lignes.", "Sum of the quantities of all lines."),
    ),
    "line_count": (
        T("le nombre de lignes", "the number of lines"),
        T("Nombre de lignes de la commande.", "Number of lines of the order."),
    ),
    "largest_line_value": (
        T("le montant de la plus grosse ligne", "the value of the largest line"),
        T(
            "Montant de la ligne la plus chère, après son rabais.",
            "Value of the most expensive line, after its discount.",
        ),
    ),
    "overdue_balance": (
        T("le solde en retard", "the overdue balance"),
        T("Ce que le détaillant doit et qui est échu.", "What the retailer owes that is past due."),
    ),
    "days_overdue": (
        T("le nombre de jours de retard", "the number of days overdue"),
        T("Âge de la plus ancienne facture échue.", "Age of the oldest past-due invoice."),
    ),
    "outstanding_balance": (
        T("le solde dû", "the outstanding balance"),
        T("Tout ce que le détaillant doit, échu ou non.", "All the retailer owes, due or not."),
    ),
    "credit_limit": (
        T("la limite de crédit", "the credit limit"),
        T("Crédit accordé au détaillant.", "Credit granted to the retailer."),
    ),
    "credit_available": (
        T("le crédit disponible après la commande", "the credit left after the order"),
        T(
            "Limite de crédit moins solde dû moins montant de la commande.",
            "Credit limit minus outstanding balance minus order value.",
        ),
    ),
    "lead_days": (
        T("le délai avant la livraison prévue", "the lead time to the planned delivery"),
        T("Jours entre la commande et sa livraison prévue.", "Days from the order to its planned delivery."),
    ),
    "placed_hour": (
        T("l’heure de la commande", "the hour of the order"),
        T("De 0 à 23, à l’heure de la brasserie.", "From 0 to 23, in the producer's time."),
    ),
    "is_first_order": (
        T("c’est une première commande", "it is a first order"),
        T("Le détaillant n’a jamais commandé.", "The retailer has never ordered before."),
    ),
    "all_available": (
        T("tous les produits sont disponibles", "every product is available"),
        T("Aucune ligne n’est marquée indisponible.", "No line is marked unavailable."),
    ),
    "has_planned_delivery": (
        T("une livraison est prévue", "a delivery is planned"),
        T("La commande porte sa propre date de livraison.", "The order carries its own delivery date."),
    ),
    "buyer_id": (
        T("l’identifiant du détaillant", "the retailer's id"),
        T("Identifiant tel que reçu avec la commande.", "The id as received with the order."),
    ),
    "note": (
        T("la note de la commande", "the order's note"),
        T("Texte libre ; vide quand il n’y en a pas.", "Free text; empty when there is none."),
    ),
    "province": (
        T("la province", "the province"),
        T(
            "Province du détaillant, en deux lettres ; hors du Canada, le pays d’abord (US-NY).",
            "The retailer's province, two letters; outside Canada, the country first (US-NY).",
        ),
    ),
    "distributor": (
        T("le distributeur", "the distributor"),
        T("Qui livre la commande.", "Who delivers the order."),
    ),
    "delivery_method": (
        T("le mode de livraison", "the delivery method"),
        T("Comment la commande se rend.", "How the order gets there."),
    ),
    "source": (
        T("la provenance de la commande", "the order's source"),
        T("Qui a passé la commande.", "Who placed the order."),
    ),
    "placed_weekday": (
        T("le jour de la commande", "the day of the order"),
        T("Jour de la semaine, à l’heure de la brasserie.", "Day of the week, in the producer's time."),
    ),
    "buyer_groups": (
        T("les groupes du détaillant", "the retailer's groups"),
        T("Groupes dont le détaillant fait partie, sans Tous.", "Groups that the retailer belongs to, without Tous."),
    ),
    "categories": (
        T("les catégories commandées", "the categories ordered"),
        T("Connues quand chaque ligne nomme la sienne.", "Known when every line names its own."),
    ),
    "skus": (
        T("les produits commandés", "the products ordered"),
        T("Codes de produit des lignes.", "Product codes of the lines."),
    ),
    "charges_value": (
        T("le total des frais", "the total of the charges"),
        T(
            "Livraison, frais, pourboires, et rabais de la commande en moins ; jamais dans le montant des articles.",
            "Shipping, fees, tips, less discounts of the order; never in the order value.",
        ),
    ),
    "is_paid": (
        T("la commande est déjà payée", "the order is already paid"),
        T("Payée chez l’expéditeur, en entier.", "Paid at the sender's, in full."),
    ),
    "country": (
        T("le pays", "the country"),
        T("Pays du détaillant, en deux lettres.", "The retailer's country, two letters."),
    ),
}

# How a yes-or-no fact reads when it does not hold.
NEGATED_LABELS: dict[str, T] = {
    "is_first_order": T("ce n’est pas une première commande", "it is not a first order"),
    "all_available": T("un produit n’est pas disponible", "a product is not available"),
    "has_planned_delivery": T("aucune livraison n’est prévue", "no delivery is planned"),
    "is_paid": T("la commande n’est pas payée", "the order is not paid"),
}

# (type, operator): the words that stand between the fact and the value
OPERATOR_LABELS: dict[tuple[str, str], T] = {
    ("numeric", "equal_to"): T("est égal à", "equals"),
    ("numeric", "greater_than"): T("est plus grand que", "is greater than"),
    ("numeric", "greater_than_or_equal_to"): T("est au moins", "is at least"),
    ("numeric", "less_than"): T("est plus petit que", "is less than"),
    ("numeric", "less_than_or_equal_to"): T("est au plus", "is at most"),
    ("boolean", "is_true"): T("oui", "yes"),
    ("boolean", "is_false"): T("non", "no"),
    ("string", "equal_to"): T("est exactement", "is exactly"),
    ("string", "equal_to_case_insensitive"): T("est", "is"),
    ("string", "starts_with"): T("commence par", "starts with"),
    ("string", "ends_with"): T("finit par", "ends with"),
    ("string", "contains"): T("contient", "contains"),
    ("string", "matches_regex"): T("correspond au motif", "matches the pattern"),
    ("string", "non_empty"): T("n’est pas vide", "is not empty"),
    ("select", "contains"): T("est", "is"),
    ("select", "does_not_contain"): T("n’est pas", "is not"),
    ("select_multiple", "contains_all"): T("comprennent tous", "include all of"),
    ("select_multiple", "is_contained_by"): T("sont tous parmi", "are all among"),
    ("select_multiple", "shares_at_least_one_element_with"): T("comprennent au moins un de", "include at least one of"),
    ("select_multiple", "shares_exactly_one_element_with"): T("comprennent exactement un de", "include exactly one of"),
    ("select_multiple", "shares_no_elements_with"): T("ne comprennent aucun de", "include none of"),
}

ACTION_LABELS: dict[str, T] = {
    "hold": T("Retenir la commande", "Hold the order"),
    "refuse": T("Refuser la commande", "Refuse the order"),
    "waive_minimums": T("Ne pas exiger les minimums", "Waive the minimums"),
    "set_terms": T("Fixer les modalités de paiement", "Set the payment terms"),
    "withhold_invoice": T("Ne pas facturer automatiquement", "Withhold the automatic invoice"),
    "notify_team": T("Prévenir l’équipe", "Notify the team"),
    "tag": T("Étiqueter la commande", "Tag the order"),
}

OPTION_LABELS: dict[tuple[str, str], T] = {
    ("province", "QC"): T("le Québec", "Québec"),
    ("province", "ON"): T("l’Ontario", "Ontario"),
    ("province", "NB"): T("le Nouveau-Brunswick", "New Brunswick"),
    ("province", "NS"): T("la Nouvelle-Écosse", "Nova Scotia"),
    ("province", "PE"): T("l’Île-du-Prince-Édouard", "Prince Edward Island"),
    ("province", "NL"): T("Terre-Neuve-et-Labrador", "Newfoundland and Labrador"),
    ("province", "MB"): T("le Manitoba", "Manitoba"),
    ("province", "SK"): T("la Saskatchewan", "Saskatchewan"),
    ("province", "AB"): T("l’Alberta", "Alberta"),
    ("province", "BC"): T("la Colombie-Britannique", "British Columbia"),
    ("province", "YT"): T("le Yukon", "Yukon"),
    ("province", "NT"): T("les Territoires du Nord-Ouest", "Northwest Territories"),
    ("province", "NU"): T("le Nunavut", "Nunavut"),
    ("country", "CA"): T("le Canada", "Canada"),
    ("country", "US"): T("les États-Unis", "the United States"),
    ("country", "FR"): T("la France", "France"),
    ("delivery_method", "distributor"): T("par distributeur", "by distributor"),
    ("delivery_method", "self_delivery"): T("par la brasserie", "by the brewery"),
    ("delivery_method", "pickup"): T("ramassage", "pickup"),
    ("source", "retailer"): T("le détaillant", "the retailer"),
    ("source", "representative"): T("un représentant", "a representative"),
    ("source", "shopify"): T("Shopify", "Shopify"),
    ("source", "woocommerce"): T("WooCommerce", "WooCommerce"),
    ("placed_weekday", "monday"): T("lundi", "Monday"),
    ("placed_weekday", "tuesday"): T("mardi", "Tuesday"),
    ("placed_weekday", "wednesday"): T("mercredi", "Wednesday"),
    ("placed_weekday", "thursday"): T("jeudi", "Thursday"),
    ("placed_weekday", "friday"): T("vendredi", "Friday"),
    ("placed_weekday", "saturday"): T("samedi", "Saturday"),
    ("placed_weekday", "sunday"): T("dimanche", "Sunday"),
}

"""What a person types into each form of Houblon, and what they see then; the order is that of the presses."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.clock import day_of, real
from tests.walk.pages import Page
from tests.walk.pressing import Example
from tests.web.houses import order
from tests.web.people import PASSWORD, address_of, code_for

TODAY = day_of(real())
_CSV = "text/csv"
_ORDERS = b"commande;date;detaillant;sku;quantite;prix\nA-1;2026-10-01;depanneur-1;IPA;24;27,00\n"
_PRODUCTS = b"code;nom;prix\nCID-12;Cidre;31,00\n"
_GROUPS = "détaillant;groupe\ndepanneur-9;Payeurs à risque\n".encode()
# The last day that could be read either way.
_UNSAID_DAY = min(TODAY, TODAY.replace(day=12))
_UNSAID = f"{_UNSAID_DAY:%m/%d/%Y},DEPOT AU COMPTOIR,,1.37,9.00\n".encode()
_RULES = [
    {
        "conditions": {"all": [{"name": "order_value", "operator": "greater_than", "value": 9000}]},
        "actions": [{"name": "hold", "params": {"reason": "large_amount"}}],
    }
]
_MAPPING = {
    "houblon_mapping": 1,
    "order": {"id": "number", "placed_at": {"path": "created", "as": "instant"}},
    "buyer": {"id": {"path": "customer.id", "as": "text"}},
    "lines_from": "items",
    "lines": {
        "sku": "sku",
        "quantity": {"path": "quantity", "as": "whole"},
        "unit_price": {"path": "price", "as": "money"},
    },
}
_NEW = "une autre phrase de passe"


def _first_boxes(name: str, count: int) -> Callable[[Page], list[str]]:
    """The values of the first boxes of a list."""
    return lambda page: [each.get("value") for each in page.elements("input") if each.get("name") == name][:count]


def _first_owed(page: Page) -> str:
    """The oldest of the invoices that a page offers to be paid."""
    return [each.get("value") for each in page.elements("option") if "-20" in (each.get("value") or "")][-1]


def _rule(page: Page) -> dict[str, Any]:
    """A rule with its names and the value of its one comparison."""
    names = {each.get("name") for each in page.elements("input", "select") if each.get("name")}
    value = {name: "5000" for name in names if name.endswith("-value")}
    return {"label-fr": "Très gros montants", "label-en": "Very large amounts", **value}


def _enrolled(page: Page) -> dict[str, Any]:
    key = next(each for each in page.elements("code") if each.get("class") == "key").text_content().replace("-", "")
    KEYS.append(key)
    return {"code": code_for(key)}


KEYS: list[str] = []

SET = "groups.change_setting"
NOTED = "Noté dans le brouillon"

_LETTER = {"subject_fr": "Rappel", "subject_en": "Reminder", "body_fr": "Merci.", "body_en": "Thank you."}
EXAMPLES: dict[str, Example] = {
    # Looking, trying, comparing: nothing is kept.
    "language.switch langue=en": Example("Connexion|Sign in"),
    "language.switch langue=fr": Example("Sign in", speaks="en"),
    "htmx deliveries.preview": Example("Sauter", status=200),
    "deliveries.preview": Example("Sauter", status=200, by="editor"),
    "deliveries.preview sauter": Example("Livraisons de", status=200, by="editor"),
    "deliveries.preview deplacer": Example("Livraisons de", status=200, by="editor"),
    "htmx groups.show_reach invoicing.discount_percent": Example("Avec cette valeur", {"value": "5"}, status=200),
    "htmx groups.show_reach invoicing.reminders": Example(
        "Avec cette valeur", {"before": "3", "after": "7"}, status=200
    ),
    "htmx groups.show_reach acceptance.tell_team_after_hours": Example(
        "Avec cette valeur", {"value": "48"}, status=200
    ),
    "htmx groups.show_reach messages.reminder": Example("Avec cette valeur", _LETTER, status=200),
    "htmx groups.show_reach *": Example("Avec cette valeur", status=200),
    f"{SET} invoicing.discount_percent etat=portee": Example("Avec cette valeur", {"value": "5"}, status=200),
    f"{SET} invoicing.reminders etat=portee": Example("Avec cette valeur", {"before": "3", "after": "7"}, status=200),
    f"{SET} acceptance.tell_team_after_hours etat=portee": Example("Avec cette valeur", {"value": "48"}, status=200),
    f"{SET} messages.reminder etat=portee": Example("Avec cette valeur", _LETTER, status=200),
    f"{SET} * etat=portee": Example("Avec cette valeur", status=200),
    "htmx rules.act": Example("Bloc de conditions", status=200),
    "htmx rules.preview": Example("En clair", _rule, status=200),
    "rules.act do=json": Example("La règle, en JSON", _rule, status=200, at="/nouvelle"),
    "rules.act do=form": Example("Bloc de conditions", status=200),
    **{
        f"rules.act do={deed}": Example("Bloc de conditions", status=200)
        for deed in ("act", "act-remove", "block", "condition", "down", "duplicate", "nest", "refresh", "remove", "up")
    },
    "rules.act do=unnest": Example("Bloc de conditions", status=200),
    "whatif.try_order": Example("Décision", {"items": "36", "price": "27"}, status=200, by="editor"),
    "entry.enter": Example("Nouvelle commande", status=200),
    "htmx entry.preview": Example(
        r"Il manque \d+ articles", {"acheteur": "epicerie-20", "produit_0": "IPA-24", "quantite_0": "12"}, status=200
    ),
    "entry.enter verifier": Example("ne s’appelle ainsi", {"acheteur": "Tout Neuf", "produit_0": "caisse"}, status=200),
    "entry.enter creer": Example("Sa fiche se fait", status=200),
    "entry.enter choisir": Example("caisse de", status=200),
    "entry.enter liberer": Example("Ligne libre", status=200),
    "entry.enter vider": Example("répondent", {"acheteur": "epicerie"}, status=200),
    "entry.enter choisir_acheteur": Example("Nouvelle commande", status=200),
    "scenarios.keep": Example("cas de test", {"nom": "Trente-six caisses"}),
    "mappings.change": Example("Ce que la commande dit", {"payload": json.dumps(order("PO-9"))}, status=200),
    "mappings.change act=keep": Example("se liront ainsi", {"mapping": json.dumps(_MAPPING)}, at="source=essai"),
    "mappings.change act=default": Example("se liront"),
    "simulations.start": Example("Simulation"),
    "simulations.again": Example("Simulation"),
    "simulations.cancel": Example("Simulation", passing=True),
    "simulation_files.upload": Example(
        "mai.csv", files={"fichier": ("mai.csv", _ORDERS, _CSV)}, at="/simulations/fichier"
    ),
    "simulation_files.upload lancer=1": Example("Simulation"),
    "views.keep *": Example("Ma vue", {"nom": "Ma vue"}),
    "views.forget *": Example("File d’attente|Commandes"),
    # What sources sent and could not be recorded, and what they called off.
    "refused_calls.retry_one": Example("Toujours refusé"),
    "refused_calls.retry_all": Example("restent? refusés?"),
    "refused_calls.dismiss": Example("L’appel est écarté"),
    "lifecycle.settle_called_off": Example("C’est noté"),
    # Orders, from the queue to what is paid.
    "lifecycle.remove_line": Example("Commande WEB-4|retirée"),
    "lifecycle.make_available": Example("disponible"),
    "bulk.preview acte=accepter": Example("Accepter", {"cle": _first_boxes("cle", 2)}, status=200),
    "bulk.preview acte=refuser": Example("Refuser", {"cle": _first_boxes("cle", 1)}, status=200),
    "bulk.confirm": Example("refusée", {"raison": "hors saison"}),
    "lifecycle.keep_address": Example("adresse", {"adresse": "1, rue du Houblon\nMontréal"}),
    "review.decide_again": Example("Redécidée"),
    "review.accept": Example("acceptée"),
    "review.refuse": Example("refusée", {"raison": "trop petit"}),
    "changes.accept": Example("Modification acceptée"),
    "changes.dismiss": Example("Modification écartée", {"raison": "au téléphone : rien ne change"}),
    "planned_delivery.change voir=1": Example(
        "Ce que cela change", {"date": TODAY + timedelta(days=21), "raison": "le camion"}, status=200
    ),
    "planned_delivery.change": Example("livraison", {"date": TODAY + timedelta(days=14), "raison": "le camion"}),
    "delivery.deliver": Example("[Ll]ivrée"),
    "lifecycle.undo_move": Example("C’est défait"),
    "lifecycle.cancel": Example("annulée", {"raison": "envoyée deux fois"}),
    "invoices.pay": Example("[Pp]ayée", {"le": TODAY}),
    "settling.enter": Example("[Pp]aiement de", {"montant": "10,00", "le": TODAY}),
    "settling.reverse": Example("annulé, par une écriture contraire", {"raison": "chèque sans provision"}),
    "disputes.dispute": Example("est contestée", {"raison": "une caisse manque"}),
    "disputes.close": Example("est close", {"raison": "créditée"}),
    "reminders.of_invoice etat=arreter": Example("ne part", {"raison": "en discussion"}),
    "reminders.of_invoice etat=reprendre": Example("reprennent"),
    "reminders.of_retailer etat=arreter": Example("ne part", {"raison": "en discussion"}),
    "reminders.of_retailer etat=reprendre": Example("reprennent"),
    "statements.send": Example("Le relevé part|Aucune adresse"),
    "payments.read": Example("Ce que le fichier ne dit pas", files={"fichier": ("td.csv", _UNSAID, _CSV)}, status=422),
    "payments.read preciser": Example("sans facture", {"jours": "mdy"}, status=200),
    "payments.read relire": Example("par vous", {"factures-1": _first_owed, "prendre-1": "1"}, status=200),
    "payments.read confirmer": Example("1 paiement est noté"),
    "payments.undo": Example("1 paiement est annulé", {"raison": "mauvais fichier"}),
    "settling.apply": Example("porté à cette facture", {"montant": "5,00"}),
    "settling.credit": Example("est émise", {"quantite-1": "1", "raison": "cassée"}),
    "entry.enter enregistrer": Example(
        "est acceptée|attend", {"acheteur": "epicerie-20", "produit_0": "IPA-24", "quantite_0": "60"}
    ),
    "invoices.send_link": Example("Le lien part"),
    "invoices.replace_link": Example("L’ancien lien ne vaut plus"),
    "outbox.again": Example("repart", {"adresse": "caisse@bar.example"}),
    "outbox.all_again": Example("repart"),
    # What is sold.
    "product_files.read": Example(
        "1 nouveau", files={"fichier": ("produits.csv", _PRODUCTS, _CSV)}, status=200, at="/produits/import"
    ),
    "product_files.read confirmer": Example("1 produit est enregistré"),
    "products.create": Example("est ajouté", {"sku": "NEU-1", "name": "Neuve", "price": "12,00"}),
    "products.edit": Example("enregistré", {"unit": "caisse"}),
    "products.set_available disponible": Example("disponible"),
    "products.archive archiver": Example("[Oo]ffert"),
    # Retailers and groups.
    "retailers.create": Example("depanneur-9", {"id": "depanneur-9", "name": "Dépanneur Neuf"}),
    "retailers.edit": Example("enregistré", {"email": "neuf@example.com"}),
    "memberships.add": Example("est dans .*Cela vaut tout de suite"),
    "memberships.remove": Example("n’est plus dans .*Cela vaut tout de suite"),
    "joining.join": Example(
        "les deux sont un seul détaillant",
        at="/detaillants/joindre?id=bars-et-restaurant-39&avec=depanneur-9",
        by="editor",
    ),
    "joining.part": Example("de nouveau un détaillant à part"),
    "membership_files.read": Example(
        "depanneur-9", files={"fichier": ("groupes.csv", _GROUPS, _CSV)}, status=200, at="/detaillants/import"
    ),
    "membership_files.read confirmer": Example("1 détaillant a changé de groupes"),
    "membership_files.undo": Example("a repris ses groupes"),
    f"{SET} acceptance.mode etat=propre": Example(NOTED, {"value": "automatic"}, at="/payeurs-a-risque"),
    f"{SET} acceptance.minimum_items etat=propre": Example(NOTED, {"value": "12"}),
    f"{SET} acceptance.minimum_value etat=propre": Example(NOTED, {"value": "150,00"}),
    f"{SET} acceptance.credit_limit etat=propre": Example(NOTED, {"value": "500,00"}),
    f"{SET} acceptance.maximum_days_overdue etat=propre": Example(NOTED, {"value": "20"}),
    f"{SET} acceptance.tell_team_after_hours etat=propre": Example(NOTED, {"value": "48"}),
    f"{SET} invoicing.discount_percent etat=propre": Example(NOTED, {"value": "5"}),
    f"{SET} invoicing.note etat=propre": Example(NOTED, {"fr": "Merci.", "en": "Thank you."}),
    f"{SET} invoicing.terms etat=propre": Example(NOTED, {"days": "45"}),
    f"{SET} invoicing.reminders etat=propre": Example(NOTED, {"before": "3", "after": "7, 21"}),
    f"{SET} messages.reminder etat=propre": Example(NOTED, _LETTER),
    f"{SET} messages.* etat=propre": Example(NOTED, {"fr": "Merci.", "en": "Thank you."}),
    f"{SET} * etat=propre": Example(NOTED),
    f"{SET} * etat=aucun": Example(NOTED),
    f"{SET} * etat=herite": Example(NOTED),
    "rules.act do=save": Example(NOTED, _rule),
    "rules.change etat=suspendre": Example(NOTED),
    "rules.change etat=reprendre": Example(NOTED),
    "rules.change etat=retirer": Example(NOTED),
    "rules.change etat=aucune": Example(NOTED),
    "groups.create": Example(NOTED, {"nom": "Traiteurs"}),
    "group_identity.change": Example(NOTED, {"nom": "Mauvais payeurs"}),
    "ranks.change descendre": Example(NOTED),
    "ranks.change monter": Example(NOTED),
    "deliveries.save": Example(NOTED, {"limite_jours": "1", "limite_heure": "12:00"}, at="id=transbroue"),
    "deliveries.remove": Example(NOTED),
    "scenarios.remove": Example(NOTED),
    # Drafts, from their first word to a version and back.
    "proposals.leave": Example("v4 en vigueur"),
    "proposals.create": Example("Été", {"nom": "Été : terrasses"}),
    "proposals.rename": Example("Terrasses", {"nom": "Terrasses", "description": "Elles ouvrent."}),
    "proposals.comment": Example("À relire", {"commentaire": "À relire lundi."}),
    "proposals.enter": Example("Groupes de détaillants"),
    "exchange.import_": Example(
        "devenu un brouillon",
        {"groupe": "epiceries"},
        {"fichier": ("regles.json", json.dumps(_RULES).encode(), "application/json")},
    ),
    "proposals.take_back": Example("Changements", at="/brouillons/import"),
    "proposals.take_off_its_date": Example("date est retirée"),
    "proposals.put_on_a_date": Example(
        "C’est planifié", {"moment": f"{TODAY + timedelta(days=40)}T06:00"}, at="/brouillons/bars"
    ),
    "proposals.publish": Example("ersion 4", at="/brouillons/grosses"),
    "proposals.discard": Example("écarté", at="/brouillons/ete"),
    "proposals.take_up": Example("Mettre en vigueur", at="/brouillons/ete-terrasses", by="editor"),
    "history.bring_back": Example("Le retour est un brouillon"),
    "group_identity.archive": Example(NOTED),
    "group_identity.bring_back": Example(NOTED),
    # What an administrator keeps.
    "journal.verify": Example("se suivent"),
    "privacy.erase quoi": Example(
        "est effacé", status=200, at="/renseignements?id=bars-et-restaurant-39&effacer=oui", by="administrator"
    ),
    "keys.create": Example("Caisse", {"nom": "Caisse", "portee": "read"}, status=200),
    "keys.revoke": Example("ne marche plus"),
    "sources.add_secret": Example("Kiosque", {"nom": "Kiosque"}, status=200),
    "sources.retire": Example("est retiré"),
    "endpoints.add": Example("whsec_", {"url": "https://paie.example/webhooks"}, status=201),
    "endpoints.change": Example("noté", {"description": "La paie"}),
    "endpoints.test": Example("essai part"),
    "endpoints.rotate": Example("whsec_", status=200),
    "endpoints.pause": Example("Suspendu"),
    "endpoints.resume": Example("Repris"),
    "endpoints.resend": Example("repart", {"depuis": "2021-01-01T09:30"}),
    "endpoints.remove": Example("retiré"),
    "invitation.accept": Example(
        "mot de passe est enregistré|Aperçu|Connexion", {"mot_de_passe": _NEW, "encore": _NEW}
    ),
    "users.invite": Example("L’invitation part", {"adresse": "dominique@houblon.example", "role": "operator"}),
    "users.invite_again": Example("Une nouvelle invitation part"),
    "users.change_role": Example("le rôle", {"role": "editor"}, at="/acces/3", by="administrator"),
    "users.deactivate": Example("Le compte est désactivé"),
    "users.reactivate": Example("Le compte est actif de nouveau"),
    # One's own account, and the ways in and out.
    "account.speak": Example("Houblon vous parle français"),
    "security.forgot_password": Example("un lien vient de partir", {"email": address_of("viewer")}, status=200),
    "security.reset_password": Example(
        "mot de passe est enregistré", {"password": PASSWORD, "password_confirm": PASSWORD}
    ),
    "security.two_factor_setup": Example("Inscrire votre téléphone", status=200, by="editor"),
    "security.two_factor_setup_validate": Example("deuxième facteur est actif", _enrolled),
    "security.two_factor_setup setup": Example("clé est abandonnée", by="editor"),
    "security.mf_recovery_codes generate_new_codes": Example("Gardez-les", by="editor", status=200),
    "security.login": Example("Code à six chiffres", {"email": address_of("editor"), "password": PASSWORD}),
    "security.two_factor_token_validation": Example("Le code est bon", lambda page: {"code": code_for(KEYS[-1], 1)}),
    "users.remove_two_factor": Example("deuxième facteur", at="/acces/4", by="administrator"),
    "users.end_sessions": Example("Fermé", at="/acces/3", by="administrator"),
    "account.end_sessions": Example("C’est fermé", by="administrator"),
    "security.change_password": Example(
        "Votre mot de passe est changé",
        {"password": PASSWORD, "new_password": _NEW, "new_password_confirm": _NEW},
        by="operator",
    ),
    "security.logout": Example("Connexion"),
    # Last of all: from here on every draft takes two people.
    "profile.change": Example("Avant d’enregistrer", {"timezone": "America/Vancouver", "approval": "1"}, status=200),
    "profile.change confirme": Example("enregistré|Réglages"),
    "proposals.ask_approval": Example("a demandé l’approbation"),
    "proposals.approve": Example("Approuvé", at="/brouillons/cas-de-test-trente-six-caisses", by="approver"),
    "history.bring_back urgence": Example("reprend ce que disait la version|dit déjà la même chose"),
}

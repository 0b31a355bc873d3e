"""Demonstration data from a seed: a fictional microbrewery, its retailers, a quarter of orders."""

import json
import random
from datetime import datetime, timedelta
from typing import Any

from orders.desk import Seller

BREWERY = Seller(
    "Microbrasserie du Faubourg",
    "1220, rue des Malteurs, Sherbrooke (Québec) J1H 0A1",
    "commandes@faubourg.example",
    "123456789 RT0001",
    "1234567890 TQ0001",
    "MF",
)
ORDERS = 500
DAYS = 91
_SETTINGS = {
    "acceptance.mode": "automatic",
    "acceptance.minimum_items": 24,
    "acceptance.minimum_value": "200.00",
    "invoicing.trigger": "on_acceptance",
    "notifications.buyer": ["order.accepted", "order.refused", "invoice.issued"],
}
_GROUPS: tuple[dict[str, Any], ...] = (
    {
        "id": "payeurs-a-risque",
        "name": "Payeurs à risque",
        "colour": "#b45309",
        "rank": 40,
        "settings": {"acceptance.mode": "manual"},
    },
    {
        "id": "epiceries",
        "name": "Épiceries",
        "colour": "#6b3fa0",
        "rank": 30,
        "settings": {"acceptance.minimum_items": 48, "invoicing.discount_percent": "5"},
        "rules": {
            "gros-montants": {
                "label": {"fr": "Gros montants", "en": "Large amounts"},
                "conditions": {"all": [{"name": "order_value", "operator": "greater_than", "value": 4000}]},
                "actions": [{"name": "hold", "params": {"reason": "large_amount"}}],
            }
        },
    },
    {
        "id": "bars-et-restaurants",
        "name": "Bars et restaurants",
        "colour": "#1c5d99",
        "rank": 20,
        "settings": {"acceptance.minimum_items": None, "invoicing.terms": {"kind": "net", "days": 15}},
    },
    {
        "id": "depanneurs",
        "name": "Dépanneurs",
        "colour": "#2c6a3c",
        "rank": 10,
        "settings": {"acceptance.minimum_items": 12},
    },
)
_CYCLES: tuple[dict[str, Any], ...] = (
    {"id": "transbroue", "name": "Transbroue", "dtstart": "2021-05-06", "rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH"},
    {"id": "tournee-locale", "name": "Tournée locale", "dtstart": "2021-05-04", "rrule": "FREQ=WEEKLY;BYDAY=TU"},
)
_BEERS = (
    ("BLA-24", "Blanche du Nord, caisse de 24", "blanche", "46.80"),
    ("IPA-24", "IPA du Faubourg, caisse de 24", "ipa", "54.00"),
    ("STO-12", "Stout au café, caisse de 12", "stout", "33.60"),
    ("SAI-12", "Saison des foins, caisse de 12", "saison", "31.20"),
    ("ROU-24", "Rousse de l’Estrie, caisse de 24", "rousse", "45.60"),
    ("BLO-50", "Blonde, fût de 50 L", "blonde", "189.00"),
)
_KINDS = (
    (
        "depanneurs",
        "Dépanneur",
        ("du Coin", "Chez Lise", "Beau-Soir 7", "du Lac", "Saint-Jean", "de la Gare", "Bonheur"),
    ),
    ("epiceries", "Épicerie", ("Lebeau", "du Marché", "Bélanger", "Fleurie", "du Village", "Mont-Bellevue")),
    (
        "bars-et-restaurants",
        "Bistro",
        ("L’Anis", "du Vieux-Port", "La Taverne Nord", "Le Zinc", "Chez Margot", "Le Parvis"),
    ),
)
_STREETS = ("", " (Est)", " (Ouest)", " (Nord)")


def bundle(seed: int = 2021) -> dict[str, Any]:
    """Groups, cycles and memberships as a bundle that `import` reads."""
    cycles = [
        {"timezone": "America/Toronto", "exdates": [], "rdates": [], "cut_off": None, "holidays": "ignore", **cycle}
        for cycle in _CYCLES
    ]
    members = {retailer["id"]: retailer["groups"] for retailer in retailers(seed)}
    tous = {"id": "tous", "name": "Tous", "settings": _SETTINGS}
    return {"houblon": 1, "groups": [tous, *_GROUPS], "cycles": cycles, "memberships": members}


def retailers(seed: int = 2021) -> list[dict[str, Any]]:
    """Sixty retailers; a few pay late, and one of them has no address to write to."""
    chance = random.Random(seed)  # nosec B311 - a demonstration, the same each time
    made = []
    for number in range(60):
        group, word, names = _KINDS[number % len(_KINDS)]
        name = f"{word} {names[number // 3 % len(names)]}{_STREETS[number // 21]}"
        groups = [group, "payeurs-a-risque"] if chance.random() < 0.1 else [group]
        made.append(
            {
                "id": f"{group.rstrip('s')}-{number + 1}",
                "name": name,
                "email": None if number == 17 else f"achats@{group}-{number + 1}.example",
                "language": "en" if chance.random() < 0.15 else "fr",
                "province": "ON" if chance.random() < 0.1 else "QC",
                "groups": groups,
            }
        )
    return made


def orders(until: datetime, seed: int = 2021) -> list[tuple[datetime, bytes]]:
    """Five hundred orders over the quarter before `until`, oldest first: reception and body."""
    chance, known = random.Random(seed + 1), retailers(seed)  # nosec B311 - the same
    starts = until - timedelta(days=DAYS)
    moments = sorted(starts + timedelta(seconds=chance.randrange(DAYS * 86_400 - 3_600)) for _ in range(ORDERS))
    return [(moment, _order(chance, chance.choice(known), moment, number)) for number, moment in enumerate(moments, 1)]


def _order(chance: random.Random, retailer: dict[str, Any], placed_at: datetime, number: int) -> bytes:
    late = "payeurs-a-risque" in retailer["groups"]
    buyer = {key: retailer[key] for key in ("id", "name", "email", "language", "province") if retailer[key]}
    document = {
        "id": f"PO-{number:05d}",
        "placed_at": placed_at.isoformat(),
        "currency": "CAD",
        "buyer": {
            **buyer,
            "is_first_order": False,
            "overdue_balance": f"{chance.randrange(100, 900) if late else 0}.00",
            "days_overdue": chance.randrange(5, 60) if late else 0,
        },
        "distributor": chance.choice(("transbroue", "transbroue", "tournee-locale", None)),
        "delivery_method": "distributor",
        "source": "retailer",
        "lines": [_line(chance, beer) for beer in chance.sample(_BEERS, chance.randint(1, 4))],
    }
    return json.dumps(document, ensure_ascii=False).encode()


def _line(chance: random.Random, beer: tuple[str, str, str, str]) -> dict[str, Any]:
    sku, name, category, price = beer
    quantity = chance.choice((1, 2, 2, 3, 4)) if sku == "BLO-50" else chance.choice((2, 6, 8, 12, 12, 16, 24, 36))
    return {
        "sku": sku,
        "name": name,
        "category": category,
        "quantity": quantity,
        "unit_price": price,
        "deposit": "30.00" if sku == "BLO-50" else "2.40" if sku.endswith("24") else "1.20",
        "available": chance.random() > 0.01,
    }

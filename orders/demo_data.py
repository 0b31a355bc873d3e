"""Demonstration data from a seed: a fictional microbrewery, its retailers, a quarter of orders."""

import json
import random
from datetime import datetime, timedelta
from typing import Any

from houblon.engine.core.money import price
from houblon.orders.products.catalogue import Product
from houblon.orders.services import Seller

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
        "settings": {"acceptance.minimum_items": 40, "invoicing.discount_percent": "5"},
        "rules": {
            "gros-montants": {
                "label": {"fr": "Gros montants", "en": "Large amounts"},
                "message": {"fr": "Plus de 5 000 $ : à confirmer.", "en": "More than $5,000: to be confirmed."},
                "conditions": {"all": [{"name": "order_value", "operator": "greater_than", "value": 5000}]},
                "actions": [{"name": "hold", "params": {"reason": "large_amount"}}],
            }
        },
    },
    {
        "id": "bars-et-restaurants",
        "name": "Bars et restaurants",
        "colour": "#1c5d99",
        "rank": 20,
        "settings": {
            "acceptance.minimum_items": None,
            "acceptance.amendable": True,
            "invoicing.terms": {"kind": "net", "days": 15},
            "invoicing.reminders": {"days": [-3, 7, 21]},
        },
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
# What a draft of the demonstration holds back.
LARGE: dict[str, Any] = {
    "label": {"fr": "Grosses commandes", "en": "Large orders"},
    "message": {"fr": "Plus de 3 000 $ : à confirmer par téléphone.", "en": "More than $3,000: confirm by phone."},
    "conditions": {"all": [{"name": "order_value", "operator": "greater_than", "value": 3000}]},
    "actions": [{"name": "hold", "params": {"reason": "large_order"}}],
}
# How much a retailer orders at a time: of most beers, by the group it belongs to.
_QUANTITIES = {
    "depanneurs": (4, 6, 6, 8, 12, 12, 16),
    "epiceries": (12, 12, 16, 24, 24, 36),
    "bars-et-restaurants": (4, 6, 8, 12, 12, 24),
}
# What waits at the end: one order that misses its minimum by little, one that is very large.
_STAGED: dict[int, tuple[str, tuple[tuple[str, int], ...]]] = {
    496: ("epicerie-2", (("IPA-24", 14), ("STO-12", 13))),
    499: ("epicerie-11", (("IPA-24", 60), ("BLA-24", 48), ("SAI-12", 12))),
}
# Its mailbox is full since a few days.
FULL_MAILBOX = "achats@epiceries-14.example"
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


def began(now: datetime) -> datetime:
    """When the installation of a demonstration that is made `now` was made: a day before its first order."""
    return now - timedelta(days=DAYS + 1)


def retailers(seed: int = 2021) -> list[dict[str, Any]]:
    """Sixty retailers; a few pay late."""
    chance = random.Random(seed)  # nosec B311 - a demonstration, the same each time
    made = []
    for number in range(60):
        group, word, names = _KINDS[number % len(_KINDS)]
        name = f"{word} {names[number // 3 % len(names)]}{_STREETS[number // 21]}"
        groups = [group, "payeurs-a-risque"] if chance.random() < 0.08 else [group]
        made.append(
            {
                "id": f"{group.rstrip('s')}-{number + 1}",
                "name": name,
                "email": f"achats@{group}-{number + 1}.example",
                "language": "en" if chance.random() < 0.15 else "fr",
                "province": "ON" if chance.random() < 0.1 else "QC",
                "groups": groups,
            }
        )
    return made


def products() -> list[Product]:
    """What the brewery sells, as its orders name it."""
    found = (_of(beer, 1) for beer in _BEERS)
    return [
        Product(
            each["sku"],
            each["name"],
            price(each["unit_price"]),
            category=each["category"],
            deposit=price(each["deposit"]),
            deposit_taxable=each.get("deposit_taxable", False),
        )
        for each in found
    ]


def orders(until: datetime, seed: int = 2021) -> list[tuple[datetime, bytes]]:
    """Five hundred orders over the quarter before `until`, oldest first: reception and body."""
    chance, known = random.Random(seed + 1), retailers(seed)  # nosec B311 - the same
    starts = until - timedelta(days=DAYS)
    moments = sorted(starts + timedelta(seconds=chance.randrange(DAYS * 86_400 - 3_600)) for _ in range(ORDERS))
    return [(moment, _body(_order(chance, known, moment, number))) for number, moment in enumerate(moments, 1)]


def _body(order: dict[str, Any]) -> bytes:
    return json.dumps(order, ensure_ascii=False).encode()


def _order(chance: random.Random, known: list[dict[str, Any]], placed_at: datetime, number: int) -> dict[str, Any]:
    retailer = chance.choice(known)
    lines = [_line(chance, beer, retailer["groups"][0]) for beer in chance.sample(_BEERS, chance.randint(2, 4))]
    if number in _STAGED:
        id, wanted = _STAGED[number]
        retailer = next(each for each in known if each["id"] == id)
        lines = [_of(beer, quantity) for sku, quantity in wanted for beer in _BEERS if beer[0] == sku]
    late = "payeurs-a-risque" in retailer["groups"]
    buyer = {key: retailer[key] for key in ("id", "name", "email", "language", "province")}
    return {
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
        "lines": lines,
    }


def _line(chance: random.Random, beer: tuple[str, str, str, str], group: str) -> dict[str, Any]:
    quantity = chance.choice((1, 2, 2, 3, 4) if beer[0] == "BLO-50" else _QUANTITIES[group])
    return {**_of(beer, quantity), "available": chance.random() > 0.006}


def _of(beer: tuple[str, str, str, str], quantity: int) -> dict[str, Any]:
    sku, name, category, price = beer
    return {
        "sku": sku,
        "name": name,
        "category": category,
        "quantity": quantity,
        "unit_price": price,
        **({"deposit_taxable": True} if sku == "BLO-50" else {}),
        "deposit": "30.00" if sku == "BLO-50" else "2.40" if sku.endswith("24") else "1.20",
        "available": True,
    }

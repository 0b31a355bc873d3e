"""A report as tables in French or English: what its exports are made of.

A cell is a text, a count (int), an amount in dollars (Decimal), a percentage (Share), a day or an instant.
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from houblon.engine.core.problem import Text
from houblon.simulation.report.summary import changed_orders

OUTCOMES = {
    "accepted": Text("acceptée", "accepted"),
    "held": Text("en attente", "held"),
    "refused": Text("refusée", "refused"),
}
_SIDES = ("before", "after")
_MINIMUMS = {
    "acceptance.minimum_items": Text("Minimum d’articles", "Minimum of items"),
    "acceptance.minimum_value": Text("Valeur minimum par commande", "Minimum value of an order"),
}


class Share(NamedTuple):
    """Percents, None where there is nothing to take a share of."""

    percent: float | None


Cell = str | int | Decimal | Share | date | datetime | None


class Table(NamedTuple):
    """One sheet: its title, its header, its rows; whether one looks for some of them."""

    title: str
    header: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    is_searched: bool = False


class ReportTables:
    """A report in one language, its instants on the installation's clocks."""

    def __init__(self, report: dict[str, Any], language: str, zone: ZoneInfo):
        self.report, self.language, self.zone = report, language, zone

    def tables(self) -> list[Table]:
        """Every sheet of the workbook, in its order."""
        found = [self.summary(), self.matrix(), self.retailers(), self.groups(), self.orders(), self.due(), self.near()]
        faults = self.report["source"].get("faults")
        return [*found, self.faults(faults)] if faults else found

    def summary(self) -> Table:
        report, say = self.report, self.say
        both = [
            (label, *(convert(report[name][side][what]) for side in _SIDES))
            for label, name, what, convert in (
                (say("Acceptées d’elles-mêmes", "Accepted by themselves"), "automation", "orders", int),
                (say("Taux d’acceptation", "Acceptance rate"), "automation", "rate", Share),
                (say("Valeur acceptée", "Accepted value"), "automation", "value", Decimal),
                (say("Factures émises", "Invoices issued"), "invoices", "orders", int),
                (say("Valeur facturée", "Invoiced value"), "invoices", "value", Decimal),
            )
        ]
        named = [self._content(report[side]) for side in _SIDES]
        return Table(
            say("Résumé", "Summary"),
            ("", say("Avant", "Before"), say("Après", "After")),
            [
                (say("Politique", "Policy"), *named),
                (say("Commandes simulées", "Orders simulated"), report["orders"], report["orders"]),
                (say("Valeur simulée", "Value simulated"), *[Decimal(report["value"])] * 2),
                *both,
                (
                    say("Même issue, autres modalités", "Same outcome, other terms"),
                    None,
                    report["other_terms"]["orders"],
                ),
                *self._changed(),
                *self._source(),
                (say("Empreinte des entrées", "Hash of the inputs"), None, report["inputs_hash"]),
            ],
        )

    def matrix(self) -> Table:
        say = self.say
        return Table(
            say("Matrice", "Matrix"),
            (say("Avant", "Before"), say("Après", "After"), say("Commandes", "Orders"), say("Valeur", "Value")),
            [
                (self._outcome(each["before"]), self._outcome(each["after"]), each["orders"], Decimal(each["value"]))
                for each in self.report["matrix"]
            ],
        )

    def retailers(self) -> Table:
        return self._affected(
            self.say("Détaillants", "Retailers"), self.say("Détaillant", "Retailer"), self.report["retailers"]
        )

    def groups(self) -> Table:
        return self._affected(self.say("Groupes", "Groups"), self.say("Groupe", "Group"), self.report["groups"])

    def orders(self) -> Table:
        """The orders that the report lists, the largest first, with both explanations."""
        rows = [self.order(changed_order) for changed_order in self.report["flips"]]
        return Table(self.say("Commandes", "Orders"), self.orders_header(), rows, is_searched=True)

    def orders_header(self) -> tuple[str, ...]:
        say = self.say
        header = [say("Commande", "Order"), say("Détaillant", "Retailer"), "Date", say("Valeur", "Value")]
        for side in (say("avant", "before"), say("après", "after")):
            header += [
                say(f"Issue {side}", f"Outcome {side}"),
                say(f"Raisons {side}", f"Reasons {side}"),
                say(f"Facture {side}", f"Invoice {side}"),
                say(f"Échéance {side}", f"Due {side}"),
            ]
        return tuple(header)

    def order(self, changed_order: dict[str, Any]) -> tuple[Cell, ...]:
        """The row of an order that changes."""
        return (
            changed_order["order_id"],
            changed_order["retailer"],
            datetime.fromisoformat(changed_order["at"]).astimezone(self.zone),
            Decimal(changed_order["value"]),
            *(cell for side in _SIDES for cell in self._side(changed_order[side])),
        )

    def due(self) -> Table:
        """What is expected by week, then how far due dates move."""
        say, due = self.say, self.report["due"]
        weeks: list[tuple[Cell, ...]] = [
            (date.fromisoformat(week["week"]), Decimal(week["before"]), Decimal(week["after"]), None, None, None)
            for week in due["weeks"]
        ]
        shifts = [(each["days"], each["orders"], Decimal(each["value"])) for each in due["shifts"]]
        rows = [
            (*(week[:3] if week else (None, None, None)), *(shift or (None, None, None)))
            for week, shift in _together(weeks, shifts)
        ]
        return Table(
            say("Échéances", "Due dates"),
            (
                say("Semaine du", "Week of"),
                say("Attendu avant", "Expected before"),
                say("Attendu après", "Expected after"),
                say("Échéance déplacée (jours)", "Due date moves (days)"),
                say("Commandes", "Orders"),
                say("Valeur", "Value"),
            ),
            rows,
        )

    def near(self) -> Table:
        say = self.say
        rows: list[tuple[Cell, ...]] = []
        for each in self.report["near_misses"]:
            label = self._threshold(each)
            for near in each["nearest"]:
                figures = [_figure(near[name]) for name in ("actual", "minimum", "missing")]
                rows.append((label, near["order_id"], near["retailer"], *figures, Decimal(near["value"])))
        return Table(
            say("Près du seuil", "Near misses"),
            (
                say("Seuil", "Threshold"),
                say("Commande", "Order"),
                say("Détaillant", "Retailer"),
                say("Avait", "Had"),
                say("Seuil fixé à", "Threshold set at"),
                say("Manque", "Missing"),
                say("Valeur", "Value"),
            ),
            rows,
        )

    def faults(self, faults: Iterable[dict[str, Any]]) -> Table:
        say = self.say
        return Table(
            say("Lignes fautives", "Faulty rows"),
            (say("Ligne", "Row"), say("Colonne", "Column"), say("Ce qui ne va pas", "What is wrong")),
            [(each["row"], each["column"], each["message"][self.language]) for each in faults],
        )

    def say(self, fr: str, en: str) -> str:
        return en if self.language == "en" else fr

    def _affected(self, title: str, label: str, found: Iterable[dict[str, Any]]) -> Table:
        say = self.say
        header = (
            label,
            say("Commandes changées", "Orders changed"),
            say("Valeur", "Value"),
            say("Acceptations gagnées", "Acceptances gained"),
            say("Acceptations perdues", "Acceptances lost"),
        )
        rows: list[tuple[Cell, ...]] = [
            (each["name"], each["orders"], Decimal(each["value"]), each["gained"], each["lost"]) for each in found
        ]
        return Table(title, header, rows)

    def _side(self, side: dict[str, Any]) -> tuple[Cell, ...]:
        reasons = " ".join(each["message"][self.language] for each in side["reasons"])
        due = side["due_date"]
        issued = self.say("oui", "yes") if side["issue"] else self.say("non", "no")
        return self._outcome(side["outcome"]), reasons, issued, due and date.fromisoformat(due)

    def _outcome(self, outcome: str) -> str:
        return OUTCOMES[outcome].in_(self.language)

    def _content(self, named: dict[str, Any]) -> str:
        if named.get("name"):
            return self.say(f"Brouillon « {named['name']} »", f"Draft “{named['name']}”")
        return f"Version {named['version']}"

    def _changed(self) -> list[tuple[Cell, ...]]:
        """How many orders change, and how many of them are listed."""
        changed, listed = changed_orders(self.report), len(self.report["flips"])
        rows: list[tuple[Cell, ...]] = [(self.say("Commandes qui changent", "Orders that change"), None, changed)]
        if changed > listed:
            rows.append((self.say("dont listées ici, les plus grandes", "listed here, the largest"), None, listed))
        return rows

    def _source(self) -> list[tuple[Cell, ...]]:
        say, source = self.say, self.report["source"]
        rows: list[tuple[Cell, ...]] = []
        if source["kind"] == "file":
            rows.append((say("Fichier", "File"), None, source["name"]))
            rows.append((say("Lignes lues", "Rows read"), None, source["rows"]))
            rows.append(
                (say("Lignes fautives, laissées de côté", "Faulty rows, left out"), None, source["faulty_rows"])
            )
        else:
            rows.append((say("Source", "Source"), None, say("Commandes reçues", "Orders received")))
        for name, label in (("from", say("Depuis le", "From")), ("to", say("Avant le", "Before"))):
            if source.get(name):
                rows.append((label, None, datetime.fromisoformat(source[name]).astimezone(self.zone).date()))
        return rows

    def _threshold(self, each: dict[str, Any]) -> str:
        if "label" in each:
            return str(each["label"][self.language])
        return _MINIMUMS[each["path"]].in_(self.language)


def _figure(value: Any) -> Cell:
    return Decimal(value) if isinstance(value, str) else value


def _together(one: list[Any], other: list[Any]) -> Iterable[tuple[Any, Any]]:
    """Two lists side by side, the shorter one filled up with None."""
    length = max(len(one), len(other))
    return zip(one + [None] * (length - len(one)), other + [None] * (length - len(other)), strict=True)
